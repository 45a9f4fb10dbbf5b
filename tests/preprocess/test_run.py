import dataclasses
import hashlib
import json
import os
import re
import shutil
from collections import Counter

import numpy as np
import pytest

from preprocess import options, run
from preprocess.beam import pipeline, reports, summary, versions
from preprocess.beam.reports import ShardReport
from preprocess.encoding.statistics import Statistics
from preprocess.formats import tfrecord
from preprocess.sources import glue_files, tfds_download
from preprocess.sources.tfds_dataset import prepared_folder
from shared import records, tasks
from shared.errors import UserError
from shared.manifest import Shard
from shared.manifest_file import read_manifest
from tests.inputs import data_arguments, read_rows, reference, spelt


def contents(folder):
    """{relative path: sha256} of every file but manifest.json, whose versions may differ."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def test_the_dataset_holds_every_row_of_the_source(demo_input, demo_data):
    manifest = read_manifest(str(demo_data))
    assert {name: split.examples for name, split in manifest.splits.items()} == {
        "train": 4000,
        "validation": 500,
        "test": 500,
    }
    assert manifest.vocabulary.name == "vocab" and manifest.max_sequence_length == 32
    assert manifest.label_names == ("negative", "positive")
    # The labels of the TSV file, which TFDS shuffles.
    lines = (demo_input / "glue/SST-2/dev.tsv").read_text().splitlines()[1:]
    positive = sum(line.endswith("\t1") for line in lines)
    expected = {"negative": 500 - positive, "positive": positive}
    assert manifest.splits["validation"].label_counts == expected
    rows = read_rows(demo_data, "validation")
    assert rows["labels"].sum() == positive
    assert set(read_rows(demo_data, "test")["labels"]) == {-1}
    assert manifest.splits["test"].unlabelled == 500


def test_the_ids_spell_the_sentences(demo_input, demo_data):
    pieces = (demo_input / "vocab.txt").read_text().splitlines()
    texts = spelt(pieces, read_rows(demo_data, "validation"))
    lines = (demo_input / "glue/SST-2/dev.tsv").read_text().splitlines()[1:]
    assert set(texts) == {line.split("\t")[0] for line in lines}


def test_the_manifest_describes_the_files(demo_data):
    manifest = read_manifest(str(demo_data))
    files = contents(demo_data)
    for name, split in manifest.splits.items():
        for shard in split.shards:
            assert files.pop(os.path.join(name, shard.file)) == shard.sha256
            assert (demo_data / name / shard.file).stat().st_size == shard.bytes
        if split.index_sha256:
            assert files.pop(os.path.join(name, "index.npy")) == split.index_sha256
        lengths = (read_rows(demo_data, name)["input_mask"] == records.TOKEN).sum(axis=1)
        assert split.length_histogram == Counter(lengths.tolist()) and split.truncated == 0
    assert files.pop("vocab.txt") == manifest.vocabulary.sha256
    assert set(files) == {"tokenizer_config.json"}


def test_the_same_options_are_up_to_date(demo_input, demo_data, capsys):
    before = contents(demo_data)
    run.main(data_arguments(demo_input, demo_input / "data"))
    assert capsys.readouterr().out == f"{demo_data} is up to date\n"
    assert contents(demo_data) == before


def test_the_same_vocabulary_under_another_name_is_up_to_date(
    demo_input, demo_data, tmp_path, capsys
):
    shutil.copy(demo_input / "vocab.txt", tmp_path / "words.txt")
    more = ("--vocab_file", tmp_path / "words.txt")
    run.main(data_arguments(demo_input, demo_input / "data", *more))
    assert capsys.readouterr().out == f"{demo_data} is up to date\n"


def test_other_options_stop_and_say_how_to_overwrite(demo_input, demo_data, tmp_path):
    pieces = (demo_input / "vocab.txt").read_text()
    (tmp_path / "vocab.txt").write_text(pieces + "more\n")
    arguments = data_arguments(demo_input, demo_input / "data", "--num_shards", "2")
    arguments += ["--vocab_file", str(tmp_path / "vocab.txt")]
    with pytest.raises(UserError) as error:
        run.main(arguments)
    message = str(error.value)
    assert "vocabulary size: it has" in message and "ARGS=--overwrite" in message
    assert "shards of train: it has 1, this run would write 2" in message


def test_a_missing_or_short_shard_is_not_up_to_date(demo_input, data_copy, tmp_path):
    shard = data_copy / "test" / "test-00000-of-00001.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-1])
    (data_copy / "train" / "train-00000-of-00001.tfrecord").unlink()
    with pytest.raises(UserError) as error:
        run.main(data_arguments(demo_input, tmp_path))
    assert "train-00000-of-00001.tfrecord:" in str(error.value)
    assert "test-00000-of-00001.tfrecord:" in str(error.value)


def test_overwriting_gives_the_same_bytes_and_another_length_other_files(
    demo_input, demo_data, data_copy, tmp_path, capsys
):
    run.main(data_arguments(demo_input, tmp_path, "--overwrite"))
    assert contents(data_copy) == contents(demo_data)
    ours, theirs = (read_manifest(str(folder)) for folder in (data_copy, demo_data))
    assert ours.fingerprint() == theirs.fingerprint()
    out = capsys.readouterr().out
    assert "train 1/1 shards, validation 1/1 shards, test 1/1 shards: 5,000 of 5,000" in out
    assert "negative 260, positive 240" in out


def test_the_rows_do_not_depend_on_the_number_of_shards(demo_input, demo_data, tmp_path):
    arguments = data_arguments(demo_input, tmp_path, "--num_shards", "7")
    run.main(arguments)
    dataset = tmp_path / "sst2" / "msl32"
    manifest = read_manifest(str(dataset))
    assert [len(split.shards) for split in manifest.splits.values()] == [7, 7, 7]
    assert manifest.source == read_manifest(str(demo_data)).source
    for name, values in read_rows(dataset, "train").items():
        np.testing.assert_array_equal(values, read_rows(demo_data, "train")[name])
    indices = [folder / "test" / "index.npy" for folder in (dataset, demo_data)]
    assert indices[0].read_bytes() == indices[1].read_bytes()


def test_a_short_length_truncates_and_is_counted(demo_input, tmp_path):
    run.main([*data_arguments(demo_input, tmp_path), "--max_sequence_length", "8"])
    manifest = read_manifest(str(tmp_path / "sst2" / "msl8"))
    rows = read_rows(tmp_path / "sst2" / "msl8", "validation")
    assert rows["input_ids"].shape == (500, 8)
    longer = sum(
        n for length, n in manifest.splits["validation"].length_histogram.items() if length > 8
    )
    assert manifest.splits["validation"].truncated == longer > 400


@pytest.fixture
def pair_tfds(tmp_path):
    """A TFDS folder with six RTE pairs, made from files in GLUE's layout."""
    folder = tmp_path / "glue" / "RTE"
    folder.mkdir(parents=True)
    rows = [("the film", "a film", 0), ("a", "", 1), ("", "b", 0)]
    for name in ("train", "dev"):
        lines = [f"{n}\t{a}\t{b}\t{('entailment', 'not_entailment')[c]}"
                 for n, (a, b, c) in enumerate(rows)]  # fmt: skip
        header = "index\tsentence1\tsentence2\tlabel"
        (folder / f"{name}.tsv").write_text("\n".join([header, *lines]) + "\n")
    (folder / "test.tsv").write_text("index\tsentence1\tsentence2\n0\tx\ty\n")
    glue_files.prepare(tasks.get("rte"), str(tmp_path / "glue"), str(tmp_path / "tfds"))
    return tmp_path / "tfds"


def test_pairs_have_two_segments_and_empty_texts_a_form(pair_tfds, tmp_path):
    (tmp_path / "v.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\na\nfilm\nb\n")
    run.main(
        [*("--task", "rte", "--max_sequence_length", "8", "--tfds_data_dir", str(pair_tfds)),
         *("--vocab_file", str(tmp_path / "v.txt"), "--data_dir", str(tmp_path / "data"))]
    )  # fmt: skip
    dataset = tmp_path / "data" / "rte" / "msl8"
    rows = read_rows(dataset, "validation")
    assert sorted(rows["input_ids"].tolist()) == [
        [2, 3, 7, 3, 0, 0, 0, 0],  # "", "b"
        [2, 4, 6, 3, 5, 6, 3, 0],  # "the film", "a film"
        [2, 5, 3, 3, 0, 0, 0, 0],  # "a", ""
    ]
    by_ids = {tuple(ids): n for n, ids in enumerate(rows["input_ids"].tolist())}
    n = by_ids[2, 4, 6, 3, 5, 6, 3, 0]
    assert rows["segment_ids"][n].tolist() == [0, 0, 0, 0, 1, 1, 1, 0]
    assert rows["input_mask"][n].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    assert rows["labels"][n] == 0
    split = read_manifest(str(dataset)).splits["test"]
    assert (split.examples, split.unlabelled, split.unknown_share) == (1, 1, 1.0)


def test_a_run_that_was_killed_is_done_again(demo_input, demo_data, tmp_path):
    left = tmp_path / "sst2" / "msl32.incomplete-af09" / "train"
    left.mkdir(parents=True)
    (left / "train-00000-of-00001.tfrecord").write_bytes(b"half")
    run.main(data_arguments(demo_input, tmp_path))
    assert contents(tmp_path / "sst2" / "msl32") == contents(demo_data)
    assert sorted(path.name for path in (tmp_path / "sst2").iterdir()) == [".msl32.lock", "msl32"]


def test_a_lost_shard_is_found_before_the_manifest_is_written(demo_data, tmp_path):
    shutil.copytree(demo_data, tmp_path / "d")
    shards = [pipeline.ShardRange("test", 0, 1, 0, 500, ())]
    shard = read_manifest(str(demo_data)).splits["test"].shards[0]
    fewer = dataclasses.replace(shard, examples=499)
    folder = str(tmp_path / "d")
    with pytest.raises(RuntimeError, match="the runner lost rows: shard test/.*report is None"):
        summary.checked_reports(folder, folder, shards)
    reports.write(folder, ShardReport("test", 0, fewer, Statistics(examples=499)))
    with pytest.raises(RuntimeError, match="the runner lost rows: shard test/test-00000-of-"):
        summary.checked_reports(folder, folder, shards)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--task", "sst"], "unknown task 'sst': did you mean 'sst2'"),
        (["--max_sequence_length", "2"], "needs at least 3"),
        (["--task", "rte", "--max_sequence_length", "4"], "needs at least 5"),
        (["--num_shards", "0"], "expected 1 or more"),
        (["--vocab_file", "nowhere.txt"], "cannot read the vocabulary nowhere.txt"),
    ],
)
def test_wrong_options(demo_input, tmp_path, arguments, message):
    with pytest.raises(UserError, match=message):
        run.main([*data_arguments(demo_input, tmp_path), *arguments])
    assert not (tmp_path / "sst2").exists()


def test_an_incomplete_copy_of_tfds_data(demo_input, tmp_path, monkeypatch):
    (tmp_path / "tfds" / "glue" / "sst2" / "2.0.0").mkdir(parents=True)
    monkeypatch.setattr(tfds_download, "unreachable", lambda url: None)
    arguments = [*data_arguments(demo_input, tmp_path), "--tfds_data_dir", str(tmp_path / "tfds")]
    with pytest.raises(UserError, match="incomplete copy of TFDS data|cannot be had"):
        run.main(arguments)


def test_an_unknown_runner(demo_input, tmp_path):
    with pytest.raises(UserError, match="Beam rejects the options --runner=Foo"):
        run.main(data_arguments(demo_input, tmp_path, "--", "--runner=Foo"))


def test_a_worker_with_another_library_writes_nothing(demo_input, tmp_path, monkeypatch):
    own = versions.here()
    monkeypatch.setattr(versions, "here", lambda: {**own, "numpy": "1.0"})
    with pytest.raises(UserError) as error:
        run.main(data_arguments(demo_input, tmp_path))
    assert f" has numpy 1.0, not {own['numpy']}, which the launcher has. " in str(error.value)
    assert not list(tmp_path.rglob("*.tfrecord"))


@pytest.mark.parametrize(
    "given, expected",
    [
        ([], ["--dask_partition_size=1"]),
        (["--dask_npartitions=4"], ["--dask_npartitions=4"]),
        (["--dask_partition_size", "2"], ["--dask_partition_size", "2"]),
    ],
)
def test_a_shard_is_a_task_of_dasks(demo_input, tmp_path, given, expected):
    runner = "--runner=apache_beam.runners.dask.dask_runner.DaskRunner"
    arguments = data_arguments(demo_input, tmp_path, "--", runner, *given)
    assert options.parse(arguments).beam_options == (runner, *expected)


@pytest.mark.parametrize(
    "file, change, message",
    [
        ("dataset_info.json", lambda text: text[:50], "is not TFDS metadata"),
        ("dataset_info.json", lambda text: text.replace('"test"', '"tset"'), "has the splits"),
        ("label.labels.txt", lambda text: "positive\nnegative\n", "has the label order"),
    ],
)
def test_damaged_tfds_data(demo_input, tmp_path, file, change, message):
    shutil.copytree(demo_input / "tfds", tmp_path / "tfds")
    path = tmp_path / "tfds" / "glue" / "sst2" / "2.0.0" / file
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=message):
        run.main([*data_arguments(demo_input, tmp_path), "--tfds_data_dir", str(tmp_path / "tfds")])


def test_tfds_data_of_before_2021_does_not_name_its_format(demo_input, demo_data, tmp_path):
    shutil.copytree(demo_input / "tfds", tmp_path / "tfds")
    path = tmp_path / "tfds" / "glue" / "sst2" / "2.0.0" / "dataset_info.json"
    info = json.loads(path.read_text())
    assert info.pop("fileFormat") == "tfrecord"
    path.write_text(json.dumps(info))
    run.main([*data_arguments(demo_input, tmp_path), "--tfds_data_dir", str(tmp_path / "tfds")])
    assert contents(tmp_path / "sst2" / "msl32") == contents(demo_data)
    path.write_text(json.dumps({**info, "fileFormat": "riegeli"}))
    with pytest.raises(
        UserError, match="has fileFormat 'riegeli'; prepare the dataset as tfrecord"
    ):
        run.main([*data_arguments(demo_input, tmp_path), "--tfds_data_dir", str(tmp_path / "tfds")])


def test_a_shard_for_which_there_is_no_room_is_one_message(
    demo_input, tmp_path, little_room, capsys
):
    with little_room(100_000), pytest.raises(UserError) as error:
        run.main(data_arguments(demo_input, tmp_path))
    assert re.fullmatch(
        f"cannot write {tmp_path}/sst2/msl32.incomplete-.{{8}}/(\\w+)/\\1-00000-of-00001.tfrecord: "
        "File too large. Raise the limit on the size of files .*; then run this again.",
        str(error.value),
    )
    assert [path.name for path in (tmp_path / "sst2").iterdir()] == [".msl32.lock"]
    assert capsys.readouterr().err == ""


def test_a_damaged_tfds_file(demo_input, tmp_path):
    shutil.copytree(demo_input / "tfds", tmp_path / "tfds")
    file = tmp_path / "tfds/glue/sst2/2.0.0/glue-train.tfrecord-00000-of-00001"
    file.write_bytes(file.read_bytes()[:-9])
    arguments = [*data_arguments(demo_input, tmp_path), "--tfds_data_dir", str(tmp_path / "tfds")]
    with pytest.raises(UserError, match="glue-train.tfrecord-00000-of-00001 is damaged"):
        run.main(arguments)
    file.unlink()
    with pytest.raises(UserError, match="lacks glue-train.tfrecord-00000-of-00001"):
        run.main(arguments)
    assert [path.name for path in (tmp_path / "sst2").iterdir()] == [".msl32.lock"]


def test_a_damaged_record_is_the_users_to_repair(demo_input, tmp_path):
    shutil.copytree(demo_input / "tfds", tmp_path / "tfds")
    file = tmp_path / "tfds/glue/sst2/2.0.0/glue-train.tfrecord-00000-of-00001"
    content = bytearray(file.read_bytes())
    content[20] ^= 1
    file.write_bytes(content)
    arguments = [*data_arguments(demo_input, tmp_path), "--tfds_data_dir", str(tmp_path / "tfds")]
    with pytest.raises(UserError, match="record 0: the checksum of its content.*prepare glue/sst2"):
        run.main(arguments)
    file.write_bytes(tfrecord.frame([b"no example"] * 4000))
    with pytest.raises(UserError, match="is damaged.*prepare glue/sst2 again with TFDS"):
        run.main(arguments)
    assert [path.name for path in (tmp_path / "sst2").iterdir()] == [".msl32.lock"]


def test_an_option_that_beam_does_not_know(demo_input, tmp_path):
    with pytest.raises(UserError, match="Beam rejects the options .*direct_num_wrkers"):
        run.main(data_arguments(demo_input, tmp_path, "--", "--direct_num_wrkers=2"))


def test_what_a_killed_worker_left_does_not_get_into_the_dataset(tmp_path):
    shard = pipeline.ShardRange("test", 0, 1, 0, 1, ())
    for name in (shard.file, shard.file + ".af09.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    report = ShardReport("test", 0, Shard("", 1, 1, ""), Statistics(examples=1))
    reports.write(str(tmp_path), report)
    assert summary.checked_reports(str(tmp_path), str(tmp_path), [shard]) == {"test": [report]}
    assert list(contents(tmp_path)) == [shard.file]


def test_the_newest_version_is_read(tmp_path):
    for version in ("2.0.0", "10.0.0", "1.9.9", "10.0.0.incompleteAB12", "11.0.0.bak", "12.0."):
        folder = tmp_path / "glue" / "sst2" / version
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").write_text("{}")
    assert prepared_folder(tasks.get("sst2"), str(tmp_path)).endswith("10.0.0")
    assert prepared_folder(tasks.get("rte"), str(tmp_path)) is None


@pytest.mark.usefixtures("demo_data")
def test_up_to_date_and_errors_need_no_tensorflow(program, demo_input):
    arguments = data_arguments(demo_input, demo_input / "data")
    finished = program("preprocess.run", *arguments, PYTHONPROFILEIMPORTTIME="1")
    assert finished.returncode == 0 and "is up to date" in finished.stdout
    assert "tensorflow" not in finished.stderr and "apache_beam" not in finished.stderr
    finished = program("preprocess.run", *arguments, "--num_shards", "3")
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: ") and "Traceback" not in finished.stderr


def test_no_data_and_no_network_is_one_message(program, demo_input, tmp_path):
    finished = program(
        *("preprocess.run", "--task", "rte", "--tfds_data_dir", tmp_path / "none"),
        *("--vocab_file", demo_input / "vocab.txt", "--data_dir", tmp_path / "data"),
        # A proxy that nobody serves stands for a missing network, also where there is one.
        https_proxy="http://127.0.0.1:9",
    )
    assert finished.returncode == 2
    assert "no prepared TFDS data for glue/rte" in finished.stderr
    assert "TFDS_DATA_DIR" in finished.stderr and "Traceback" not in finished.stderr
    assert not (tmp_path / "data").exists() and not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "task, sizes, truncated",
    [
        ("sst2", {"train": 67349, "validation": 872, "test": 1821}, 0),
        ("rte", {"train": 2490, "validation": 277, "test": 3000}, 665),
    ],
)
def test_real_glue(task, sizes, truncated, tmp_path):
    run.main(
        [*("--task", task, "--tfds_data_dir", str(reference("data/tfds"))),
         *("--vocab_file", str(reference("data/vocab/bert_base_uncased.txt"))),
         *("--data_dir", str(tmp_path))]
    )  # fmt: skip
    length = tasks.get(task).max_sequence_length
    manifest = read_manifest(str(tmp_path / task / f"msl{length}"))
    assert {name: split.examples for name, split in manifest.splits.items()} == sizes
    assert sum(split.truncated for split in manifest.splits.values()) == truncated
    assert manifest.splits["test"].unlabelled == sizes["test"]
    assert manifest.vocabulary.name == "bert_base_uncased"
    # TFDS' metadata of the source goes into the manifest as it is.
    info = reference(f"data/tfds/glue/{task}/2.0.0/dataset_info.json")
    stated = {
        split["name"]: int(split["numBytes"]) for split in json.loads(info.read_text())["splits"]
    }
    assert {name: entry["bytes"] for name, entry in manifest.source["splits"].items()} == stated
