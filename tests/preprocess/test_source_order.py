"""Which row of the test file a record is: from TFDS' rows to index.npy, and back to the text."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from preprocess import run
from preprocess.formats import tfrecord
from shared import source_order
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.inputs import data_arguments, read_rows, reference, spelt


def test_the_index_leads_back_to_the_test_file(demo_input, demo_data):
    manifest = read_manifest(str(demo_data))
    index = source_order.INDEX.read(str(demo_data), "test", manifest)
    assert index.dtype == np.int64 and sorted(index) == list(range(500))
    texts = spelt((demo_input / "vocab.txt").read_text().splitlines(), read_rows(demo_data, "test"))
    lines = (demo_input / "glue/SST-2/test.tsv").read_text().splitlines()[1:]
    in_file = [line.split("\t")[1] for line in lines]
    assert texts == [in_file[n] for n in index] != in_file


def test_only_test_splits_have_one(demo_data):
    manifest = read_manifest(str(demo_data))
    for split in ("train", "validation"):
        assert manifest.splits[split].index_sha256 is None
        assert source_order.INDEX.read(str(demo_data), split, manifest) is None
        assert not (demo_data / split / "index.npy").exists()


def test_the_index_is_what_tfds_reads(demo_input, demo_data):
    import tensorflow_datasets as tfds

    builder = tfds.builder("glue/sst2", data_dir=str(demo_input / "tfds"))
    rows = builder.as_dataset(split="test").as_numpy_iterator()
    index = np.load(demo_data / "test" / "index.npy")
    assert index.tolist() == [row["idx"] for row in rows]


def test_an_index_that_is_missing_or_changed_is_not_up_to_date(demo_input, data_copy, tmp_path):
    path, manifest = data_copy / "test" / "index.npy", read_manifest(str(data_copy))

    def check(problem):
        with pytest.raises(UserError, match=f"is damaged:\n  .*index.npy: {problem}"):
            run.main(data_arguments(demo_input, tmp_path))
        with pytest.raises(UserError, match=f"index.npy {problem}.*make data TASK=sst2 MSL=32"):
            source_order.INDEX.read(str(data_copy), "test", manifest)

    path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    check("has the sha256 ")
    path.unlink()
    check("is missing")


def write_numbers(tfds_data_dir, numbers):
    """Gives the first rows of SST-2's test split, as TFDS prepared it, these `idx`."""
    (path,) = tfds_data_dir.glob("glue/sst2/2.0.0/glue-test.tfrecord-*")
    rows = [
        tf.train.Example.FromString(serialized)
        for serialized in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    ]
    for row, values in zip(rows, numbers, strict=False):
        row.features.feature["idx"].int64_list.value[:] = values
    path.write_bytes(tfrecord.frame([row.SerializeToString(deterministic=True) for row in rows]))


@pytest.mark.parametrize(
    "numbers, message",
    [
        (
            [[7], [7], [7]],
            "the 500 rows of split test are not numbered from 0 to 499 .idx.; missing: .*",
        ),
        ([[500]], "are not numbered from 0 to 499 .idx.; missing: .*. Predictions could not"),
        ([[-1]], "are not numbered from 0 to 499"),
        ([[]], "glue-test.tfrecord-.* is damaged .*idx.*; prepare glue/sst2 again with TFDS"),
    ],
)
def test_rows_without_their_numbers_stop_the_run(demo_input, tmp_path, numbers, message):
    shutil.copytree(demo_input / "tfds", tmp_path / "tfds")
    write_numbers(tmp_path / "tfds", numbers)
    arguments = [*data_arguments(demo_input, tmp_path), "--tfds_data_dir", str(tmp_path / "tfds")]
    with pytest.raises(UserError, match=message):
        run.main(arguments)
    assert [path.name for path in (tmp_path / "sst2").iterdir()] == [".msl32.lock"]


def test_the_index_of_rte_leads_to_the_lines_of_its_test_file(tmp_path):
    vocabulary = reference("data/vocab/bert_base_uncased.txt")
    lines = reference("data/glue/RTE/test.tsv").read_text(encoding="utf-8").splitlines()[1:]
    run.main(
        [*("--task", "rte", "--tfds_data_dir", str(reference("data/tfds"))),
         *("--vocab_file", str(vocabulary), "--data_dir", str(tmp_path))]
    )  # fmt: skip
    dataset = tmp_path / "rte" / "msl128"
    index = source_order.INDEX.read(str(dataset), "test", read_manifest(str(dataset)))
    rows = read_rows(dataset, "test")
    texts = spelt(vocabulary.read_text(encoding="utf-8").splitlines(), rows)
    is_cut = (rows["input_mask"] == 0).all(axis=1)
    in_file = {}  # by what the file itself gives as the row's index
    for line in lines:
        number, *pair = line.split("\t")
        in_file[int(number)] = "[SEP]".join("".join(text.lower().split()) for text in pair)
    compared = [
        (text.replace(" ", ""), in_file[n])
        for text, n, cut in zip(texts, index.tolist(), is_cut, strict=True)
        if not cut and in_file[n].isascii()
    ]
    assert len(in_file) == len(index) == 3000 and len(compared) > 2500
    assert [text for text, _ in compared] == [text for _, text in compared]


def test_a_test_file_that_loses_a_row(tmp_path):
    folder = tmp_path / "RTE"
    folder.mkdir()
    pairs = "index\tsentence1\tsentence2"
    labelled = [pairs + "\tlabel", "0\ta\tb\tentailment", "1\tb\ta\tnot_entailment"]
    (folder / "train.tsv").write_text("\n".join(labelled))
    (folder / "dev.tsv").write_text("\n".join(labelled))
    (folder / "test.tsv").write_text("\n".join([pairs, "0\ta\tb", "1\ta", "2\tb\tb"]))
    (tmp_path / "v.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n")
    arguments = [*("--task", "rte", "--glue_dir", str(tmp_path), "--max_sequence_length", "8"),
                 *("--vocab_file", str(tmp_path / "v.txt")),
                 *("--data_dir", str(tmp_path / "data"))]  # fmt: skip
    with pytest.raises(UserError, match="2 rows .* from 0 to 1 .idx.; missing: 1.*lines of that"):
        run.main(arguments)


@pytest.mark.parametrize("block", [1, 2, 3, 4])
def test_rows_are_in_order_across_blocks(block, monkeypatch):
    monkeypatch.setattr(source_order, "_BLOCK", block)
    rows = np.array([[0, 2], [0, 5], [1, 2], [1, 3]])
    assert source_order.is_in_order(rows, 4)
    assert source_order.is_in_order(rows[:0], 0)
    for at in range(1, 4):
        twice = rows.copy()
        twice[at] = twice[at - 1]
        assert not source_order.is_in_order(twice, 4)
