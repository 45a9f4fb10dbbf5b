"""One fault of every kind, put into a dataset of three records, is found where it is."""

import json

import numpy as np
import pytest

from preprocess import verify
from preprocess.formats import tfrecord
from shared import source_order, vocab, word_pieces
from shared.errors import FaultsFound, exit_code
from shared.manifest import Manifest, Shard, Split, Vocabulary
from shared.manifest_file import read_manifest, write_manifest
from tests.inputs import to_example

PAD, CLS, SEP, SIZE = 0, 2, 3, 9
ROWS = [
    {"input_ids": [CLS, 5, 6, SEP, 7, SEP, PAD, PAD], "input_mask": [0] * 6 + [1] * 2,
     "segment_ids": [0, 0, 0, 0, 1, 1, 0, 0], "labels": 1},
    {"input_ids": [CLS, 5, SEP, 7, 8, 4, 4, SEP], "input_mask": [0] * 8,
     "segment_ids": [0, 0, 0, 1, 1, 1, 1, 1], "labels": 0},
    {"input_ids": [CLS, SEP, SEP, PAD, PAD, PAD, PAD, PAD], "input_mask": [0] * 3 + [1] * 5,
     "segment_ids": [0, 0, 1, 0, 0, 0, 0, 0], "labels": 1},
]  # fmt: skip
PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcde")
VOCABULARY = vocab.Vocabulary("v", "", PIECES, word_pieces.sha256_of(PIECES), True, True, True)
LENGTHS, LABELS = {6: 1, 11: 1, 3: 1}, {"no": 1, "yes": 2}


def write(tmp_path, records, is_regression=False, **changes):
    """A dataset of one shard with these serialized records, and a manifest that fits the file."""
    import hashlib

    content = tfrecord.frame(records)
    (tmp_path / "train").mkdir(exist_ok=True)
    name = "train-00000-of-00001.tfrecord"
    (tmp_path / "train" / name).write_bytes(content)
    shard = Shard(name, len(records), len(content), hashlib.sha256(content).hexdigest())
    split = Split(
        **{"examples": len(records), "shards": (shard,), "length_histogram": LENGTHS,
           "truncated": 1, "unknown_share": 0.0, "unlabelled": 0, "index_sha256": None,
           "label_counts": {} if is_regression else LABELS, **changes}
    )  # fmt: skip
    special = {"[PAD]": PAD, "[UNK]": 1, "[CLS]": CLS, "[SEP]": SEP}
    made = Manifest(
        task="mine",
        source={},
        text_columns=("a", "b"),
        max_sequence_length=8,
        vocabulary=Vocabulary("v", SIZE, VOCABULARY.sha256, True, True, True, special),
        label_names=None if is_regression else ("no", "yes"),
        splits={"train": split},
        versions={},
    )
    vocab.write(str(tmp_path), VOCABULARY)
    write_manifest(str(tmp_path), made)
    return str(tmp_path)


def serialized(*rows, is_regression=False):
    return [to_example(row, is_regression) for row in rows]


def faults(dataset, capsys):
    """The lines that `verify` prints before its own, without the file's path."""
    with pytest.raises(
        FaultsFound, match="Rebuild the dataset .*: make data TASK=mine DATA=... TEXT"
    ):
        verify.main([dataset])
    lines = capsys.readouterr().out.splitlines()
    prefix = f"{dataset}/train/train-00000-of-00001.tfrecord: "
    assert lines.pop().startswith("train: ")
    return [line.removeprefix(prefix) for line in lines]


def test_a_right_dataset(tmp_path, capsys):
    dataset = write(tmp_path, serialized(*ROWS))
    verify.main([dataset])
    assert capsys.readouterr().out == (
        f"train: 3 records in 1 files, 0 faults\n{dataset}: 3 records, no fault\n"
    )


def change(name, *positions_and_values):
    values = list(ROWS[0][name])
    for position, value in positions_and_values:
        values[position] = value
    return {**ROWS[0], name: values}


@pytest.mark.parametrize(
    "row, fault",
    [
        (change("input_ids", (1, SIZE)), "breaks the rule: input_ids from 0 to 8"),
        (change("input_ids", (1, -1)), "breaks the rule: input_ids from 0 to 8"),
        (
            change("input_mask", (1, 1)),
            "breaks the rule: input_mask 1 exactly on the padding, after all tokens",
        ),
        (
            change("input_mask", (7, 2)),
            "breaks the rule: input_mask 1 exactly on the padding, after all tokens",
        ),
        (change("input_mask", (6, 0)), "input_mask: 1 is not exactly where input_ids is [PAD]"),
        (change("input_mask", (5, 1)), "input_mask: 1 is not exactly where input_ids is [PAD]"),
        (change("input_ids", (1, PAD)), "input_mask: 1 is not exactly where input_ids is [PAD]"),
        (change("input_ids", (6, 5)), "input_mask: 1 is not exactly where input_ids is [PAD]"),
        (change("input_ids", (0, 5)), "input_ids: does not begin with [CLS]"),
        (change("input_ids", (3, 5)), "input_ids: not exactly 2 [SEP]"),
        (change("input_ids", (2, SEP)), "input_ids: not exactly 2 [SEP]"),
        (change("input_ids", (4, SEP), (5, 7)), "input_ids: the last token is not [SEP]"),
        (
            change("segment_ids", (3, 1)),
            "breaks the rule: segment_ids 1 exactly on the second text and its [SEP]",
        ),
        (
            change("segment_ids", (7, 1)),
            "breaks the rule: segment_ids 1 exactly on the second text and its [SEP]",
        ),
        (
            change("segment_ids", (4, 0)),
            "breaks the rule: segment_ids 1 exactly on the second text and its [SEP]",
        ),
        ({**ROWS[0], "labels": 2}, "breaks the rule: labels from -1 to 1"),
        ({**ROWS[0], "labels": -2}, "breaks the rule: labels from -1 to 1"),
        ({**ROWS[0], "input_ids": ROWS[0]["input_ids"][:7]}, "input_ids has 7 values, expected 8"),
        ({**ROWS[0], "input_mask": [0] * 9}, "input_mask has 9 values, expected 8"),
    ],
)
def test_a_faulty_record_is_named(tmp_path, capsys, row, fault):
    dataset = write(tmp_path, serialized(ROWS[2], ROWS[1], row))
    assert faults(dataset, capsys) == [f"record 2: {fault}"]


def example(features):
    import tensorflow as tf

    made = tf.train.Example()
    for name, value in features.items():
        made.features.feature[name].int64_list.value.extend(np.atleast_1d(value).tolist())
    return made.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    "record, fault",
    [
        (b"no example", "is not a tf.train.Example"),
        (example({**ROWS[0], "weights": 1}),
         "has the features ['input_ids', 'input_mask', 'labels', 'segment_ids', 'weights'], "
         "expected ['input_ids', 'input_mask', 'labels', 'segment_ids']"),
        (example({k: v for k, v in ROWS[0].items() if k != "labels"}),
         "has the features ['input_ids', 'input_mask', 'segment_ids'], expected "
         "['input_ids', 'input_mask', 'labels', 'segment_ids']"),
        (to_example(ROWS[0], is_regression=True), "labels is float_list, expected int64_list"),
        (to_example(ROWS[0], False) + b"\x0a\x00", "is not what `make data` writes"),
    ],
)  # fmt: skip
def test_exactly_four_features(tmp_path, capsys, record, fault):
    dataset = write(tmp_path, [*serialized(ROWS[1]), record, *serialized(ROWS[2])])
    assert faults(dataset, capsys) == [f"record 1: {fault}"]


def test_scores(tmp_path, capsys):
    rows = [{**row, "labels": label} for row, label in zip(ROWS, (0.5, -1.0, 5.0), strict=True)]
    verify.main(
        [write(tmp_path, serialized(*rows, is_regression=True), is_regression=True, unlabelled=1)]
    )
    dataset = write(tmp_path, serialized(*rows, is_regression=True), is_regression=True)
    verify.main([dataset])  # -1 is a score here
    dataset = write(
        tmp_path, serialized(*rows, is_regression=True), is_regression=True, unlabelled=2
    )
    capsys.readouterr()
    assert faults(dataset, capsys) == ["train: 1 records have no label, the manifest says 2"]
    rows[1]["labels"] = float("nan")
    dataset = write(tmp_path, serialized(*rows, is_regression=True), is_regression=True)
    assert faults(dataset, capsys)[-1] == "record 1: labels: not a finite number"


def test_counts_that_are_not_the_manifests(tmp_path, capsys):
    dataset = write(
        tmp_path,
        serialized(*ROWS[:2], {**ROWS[2], "labels": -1}),
        length_histogram={6: 1, 7: 1, 3: 1},
        truncated=0,
    )
    assert faults(dataset, capsys) == [
        "train: the lengths of the records differ from length_histogram",
        "train: 1 records have no label, the manifest says 0",
        "train: 1 records have the label 'yes', the manifest says 2",
    ]


def test_a_truncated_count_that_is_not_the_histograms(tmp_path, capsys):
    dataset = write(tmp_path, serialized(*ROWS), truncated=2)
    assert faults(dataset, capsys) == ["train: truncated is 2, expected 1 (from length_histogram)"]


def test_damaged_and_missing_and_stray_files(tmp_path, capsys):
    dataset = write(tmp_path, serialized(*ROWS))
    path = tmp_path / "train" / "train-00000-of-00001.tfrecord"
    whole = bytearray(path.read_bytes())
    for position in (20, len(whole) - 20):  # inside the first and the last record
        whole[position] ^= 1
    path.write_bytes(whole)
    for name in ("more", ".DS_Store", "._more", "Thumbs.db", "desktop.ini"):
        (tmp_path / "train" / name).write_bytes(b"")
    found = faults(dataset, capsys)
    assert found[0] == f"{dataset}/train/more: is not in the manifest"
    assert found[1].startswith("has the sha256 ")
    assert found[2:] == [
        "record 0: the checksum of its content is wrong",
        "record 2: the checksum of its content is wrong",
    ]
    (tmp_path / "train" / "more").unlink()
    path.write_bytes(whole[:-3])
    last = "record 2: the file ends within it; the rest of the file cannot be read"
    assert faults(dataset, capsys)[-1] == last
    path.unlink()
    assert faults(dataset, capsys)[0] == "is missing"


def write_index(tmp_path, numbers, name="index.npy"):
    """An array of these numbers; returns its file's sha256."""
    import hashlib
    import io

    content = io.BytesIO()
    np.save(content, numbers)
    (tmp_path / "train").mkdir(exist_ok=True)
    (tmp_path / "train" / name).write_bytes(content.getvalue())
    return hashlib.sha256(content.getvalue()).hexdigest()


def test_an_index(tmp_path, capsys):
    sha256 = write_index(tmp_path, np.array([2, 0, 1]))
    dataset = write(tmp_path, serialized(*ROWS), index_sha256=sha256)
    verify.main([dataset])
    assert source_order.INDEX.read(dataset, "train", read_manifest(dataset)).tolist() == [2, 0, 1]
    capsys.readouterr()
    path = f"{dataset}/train/index.npy"
    changed = write_index(tmp_path, np.array([2, 1, 0]))
    assert faults(dataset, capsys) == [
        f"{path}: has the sha256 {changed}, the manifest says {sha256}"
    ]
    (tmp_path / "train" / "index.npy").unlink()
    assert faults(dataset, capsys) == [f"{path}: is missing"]


@pytest.mark.parametrize("numbers", [[0, 1, 1], [1, 2, 3], [-1, 0, 1], [0, 1], [0, 1, 2, 3],
                                     [0.0, 1.0, 2.0], [[0], [1], [2]]])  # fmt: skip
def test_an_index_that_does_not_hold_every_row_once(tmp_path, capsys, numbers):
    sha256 = write_index(tmp_path, np.array(numbers))
    dataset = write(tmp_path, serialized(*ROWS), index_sha256=sha256)
    fault = f"{dataset}/train/index.npy: does not hold each number from 0 to 2 once"
    assert faults(dataset, capsys) == [fault]


@pytest.mark.parametrize("name", ["index.npy", "rows.npy"])
def test_an_index_that_nobody_asked_for(tmp_path, capsys, name):
    write_index(tmp_path, np.array([0, 1, 2]), name)
    dataset = write(tmp_path, serialized(*ROWS))
    assert faults(dataset, capsys) == [f"{dataset}/train/{name}: is not in the manifest"]


@pytest.mark.parametrize(
    "rows, is_right",
    [
        ([[0, 2], [0, 3], [0, 9]], True),
        ([[0, 5], [1, 2], [3, 2]], True),
        ([[0, 2], [0, 2], [0, 9]], False),
        ([[1, 2], [0, 3], [0, 9]], False),
        ([[0, 0], [0, 3], [0, 9]], False),
        ([[-1, 2], [0, 3], [0, 9]], False),
        ([[0, 2], [0, 3]], False),
        ([2, 3, 9], False),
        ([[0.0, 2.0], [0.0, 3.0], [0.0, 9.0]], False),
    ],
)
def test_a_file_and_a_line_for_every_record(tmp_path, capsys, rows, is_right):
    sha256 = write_index(tmp_path, np.array(rows), "rows.npy")
    dataset = write(tmp_path, serialized(*ROWS), rows_sha256=sha256)
    fault = f"{dataset}/train/rows.npy: does not hold a file and a line for each of 3 rows, "
    if is_right:
        verify.main([dataset])
    else:
        assert faults(dataset, capsys) == [fault + "in order"]


def test_a_record_too_few(tmp_path, capsys):
    dataset = write(tmp_path, serialized(*ROWS))
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text())
    content["splits"]["train"]["examples"] = content["splits"]["train"]["shards"][0]["examples"] = 4
    path.write_text(json.dumps(content))
    assert faults(dataset, capsys) == ["holds 3 records, the manifest says 4"]


def test_many_faults_of_a_file_are_counted(tmp_path, capsys):
    dataset = write(tmp_path, serialized(*[{**ROWS[0], "labels": 7}] * 50))
    with pytest.raises(FaultsFound, match="50 faults"):
        verify.main([dataset])
    out = capsys.readouterr().out
    assert (
        "record 19: breaks the rule: labels" in out
        and "record 20:" not in out
        and "and 30 more" in out
    )


def test_what_make_data_writes_has_no_fault(demo_data, capsys):
    verify.main([str(demo_data)])
    assert f"{demo_data}: 5,000 records, no fault" in capsys.readouterr().out


def test_exit_codes(program, tmp_path, capsys):
    dataset = write(tmp_path, serialized(*ROWS[:2], {**ROWS[2], "labels": 5}))
    assert exit_code(lambda: verify.main([str(dataset)])) == 1
    assert capsys.readouterr().err.startswith(f"error: {dataset}: 1 faults")
    finished = program("preprocess.verify", tmp_path / "nowhere")
    assert finished.returncode == 2 and "is not a complete dataset" in finished.stderr


@pytest.mark.parametrize(
    "change, fault",
    [
        (lambda folder: (folder / "vocab.txt").unlink(), "vocab.txt is missing"),
        (lambda folder: (folder / "tokenizer_config.json").unlink(), "_config.json is missing"),
        (
            lambda folder: (folder / "vocab.txt").write_text("\n".join([*PIECES[:-1], "x"])),
            "vocab.txt did not make the records: another sha256",
        ),
        (
            lambda folder: (folder / "tokenizer_config.json").write_text(
                '{"do_lower_case": false, "strip_accents": true}'
            ),
            "vocab.txt did not make the records: another lower_case",
        ),
    ],
)
def test_the_vocabulary_is_that_of_the_records(tmp_path, capsys, change, fault):
    dataset = write(tmp_path, serialized(*ROWS))
    change(tmp_path)
    (found,) = faults(dataset, capsys)
    assert found.endswith(fault)
