"""Weights of training rows, from the command line to the records."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from preprocess import inspect_dataset, run, verify
from preprocess.encoding.encode import Tokens
from preprocess.encoding.record_checker import RecordChecker
from preprocess.encoding.serialize import Serializer
from preprocess.sources import user_spec
from preprocess.sources.user_files import UserFiles
from shared import source_order
from shared.errors import FaultsFound, UserError
from shared.manifest_file import read_manifest
from shared.row_weights import RowWeights
from shared.shards import shard_paths
from tests.inputs import read_rows

VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\nfilm\na\nbad\ngood\n"
TRAIN = (
    "text,label,trust\n"
    "the film,yes,1\n"
    "the bad film a the film a good,no,3\n"
    "film,,7\n"  # no label: left out
    "good,yes,0\n"
    'a film,no,"1e-1"\n'
)


@pytest.fixture
def make(tmp_path):
    """A function: {split: content of a CSV file}, more arguments -> the dataset's folder."""
    (tmp_path / "v.txt").write_text(VOCABULARY)

    def made(files, *more):
        for name, content in files.items():
            (tmp_path / f"{name}.csv").write_text(content)
        data = ",".join(f"{name}={tmp_path}/{name}.csv" for name in files)
        arguments = ["--task", "mine", "--data", data, "--vocab_file", tmp_path / "v.txt"]
        arguments += ["--data_dir", tmp_path / "data", "--max_sequence_length", "6"]
        run.main([*map(str, arguments), "--text", "text", "--label", "label", *more])
        return tmp_path / "data" / "mine" / "msl6"

    return made


def features_of(dataset, split):
    """The names of the features of its first record."""
    path = shard_paths(str(dataset), split, read_manifest(str(dataset)))[0]
    (record,) = tf.data.TFRecordDataset(path).take(1)
    return set(tf.train.Example.FromString(record.numpy()).features.feature)


def test_the_records_of_training_rows_hold_them(make, capsys):
    files = {
        "train": TRAIN,
        "validation": "text,label\nfilm,yes\n",
        "test": "text,label,trust\nfilm,no,nobody looks at it\n",
    }
    dataset = make(files, "--weight", "trust")
    weights = np.array([1, 3, 0, 0.1], np.float32)
    np.testing.assert_array_equal(read_rows(dataset, "train")["weights"], weights)
    manifest = read_manifest(str(dataset))
    mean = (4 + float(np.float32(0.1))) / 4
    assert manifest.splits["train"].weights == RowWeights(0.0, mean, 3.0)
    assert (manifest.schema_version, manifest.weight_column) == (7, "trust")
    four = {"input_ids", "input_mask", "segment_ids", "labels"}
    assert features_of(dataset, "train") == {*four, "weights"}
    for split in ("validation", "test"):
        assert features_of(dataset, split) == four
        assert not manifest.splits[split].has_weights
    line = "training rows weigh from 0 to 3, 1.025 on average (column 'trust')\n"
    assert line in capsys.readouterr().out
    verify.main([str(dataset)])
    assert "6 records, no fault" in capsys.readouterr().out
    inspect_dataset.main([str(dataset)])
    assert line in capsys.readouterr().out
    make(files, "--weight", "trust")
    assert "is up to date" in capsys.readouterr().out
    with pytest.raises(UserError, match="source weight: it has trust, this run would write none"):
        make(files)


def test_each_window_has_its_documents_and_drawn_rows_have_none(make, capsys):
    long = "the film a bad good the film"  # 7 tokens: two windows of 4 that share 1
    rows = [f"{'film' if n % 4 else long},{'a|b' if n % 2 else 'a'},{n}\n" for n in range(20)]
    more = ("--weight", "trust", "--labels", "several", "--windows", "1", "--validation", "0.1")
    dataset = make({"train": "text,label,trust\n" + "".join(rows)}, *more)
    manifest = read_manifest(str(dataset))
    documents, places = (
        of.read(str(dataset), "train", manifest)
        for of in (source_order.DOCUMENTS, source_order.ROWS)
    )
    weights = places[:, 1] - 2  # the line of column names is line 1
    assert len(weights) == 18 < len(documents) and manifest.schema_version == 7
    np.testing.assert_array_equal(read_rows(dataset, "train")["weights"], weights[documents])
    assert manifest.splits["train"].weights.mean == weights.sum() / 18
    assert features_of(dataset, "validation") == {
        *("input_ids", "input_mask", "segment_ids", "labels")
    }
    capsys.readouterr()
    verify.main([str(dataset)])
    content = json.loads((dataset / "manifest.json").read_text())
    content["splits"]["train"]["weights"]["mean"] += 1
    (dataset / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(FaultsFound):
        verify.main([str(dataset)])
    assert "train: the weights are RowWeights(minimum=" in capsys.readouterr().out


def test_without_weights_nothing_says_so(multi_label_data, tmp_path):
    manifest = json.loads((multi_label_data / "manifest.json").read_text())
    assert manifest["schema_version"] == 5
    assert "weight" not in manifest["source"] and "weights" not in manifest["splits"]["train"]
    manifest["source"]["weight"] = "trust"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="has schema_version 5, expected 7. Rebuild"):
        read_manifest(str(tmp_path))


@pytest.mark.parametrize(
    "weight, fault",
    [
        (0.0, None),
        (-1.0, "breaks the rule: weights finite and not below 0"),
        (np.nan, "breaks the rule: weights finite and not below 0"),
        (np.inf, "breaks the rule: weights finite and not below 0"),
        (None, "expected ['input_ids', 'input_mask', 'labels', 'segment_ids', 'weights']"),
    ],
)
def test_the_weight_of_a_record_is_checked(multi_label_data, weight, fault):
    manifest = read_manifest(str(multi_label_data))
    weighted = dataclasses.replace(manifest.splits["train"], weights=RowWeights(0.0, 1.0, 2.0))
    manifest = dataclasses.replace(manifest, splits={"train": weighted})
    tokens, weights = Tokens(np.array([2, 5, 3]), np.array([3]), np.array([3])), None
    if weight is not None:
        weights = np.array([weight], np.float32)
    (record,) = Serializer(8, 9, 0).serialize(tokens, np.array([[1, 0, 1]]), weights)
    faults, rows = RecordChecker(manifest, "train").check([record])
    if fault is None:
        assert not faults and rows["weights"].tolist() == [weight]
    else:
        assert faults[0].endswith(fault)


def test_the_bytes_are_those_of_protobuf():
    tokens = Tokens(np.array([2, 5, 3] * 3), np.array([3] * 3), np.array([3] * 3))
    weights = np.array([2.5, 1e-9, 2.5], np.float32)
    found = Serializer(8, 9, 0).serialize(tokens, np.array([0, 1, 1]), weights)
    for record, weight in zip(found, weights, strict=True):
        example = tf.train.Example.FromString(record)
        assert example.features.feature["weights"].float_list.value == [weight]
        assert example.SerializeToString(deterministic=True) == record


# Without TensorFlow or Beam


@pytest.fixture
def read(tmp_path):
    """A function: name of the training file, its content, more options -> weights, or the
    message."""

    def run(name, content, **more):
        (tmp_path / name).write_text(content)
        given = dict.fromkeys(user_spec.OPTIONS)
        given.update(text="text", label="label", weight="trust", **more)
        spec = user_spec.parse("mine", f"train={tmp_path / name}", given)
        try:
            return UserFiles(spec).rows(str(tmp_path)).of_files["train"].weights.tolist()
        except UserError as error:
            return str(error).replace(f"{tmp_path}/", "")

    return run


@pytest.mark.parametrize(
    "written, found",
    [
        ("", "no weight"),
        (" ", "no weight"),
        ("high", "the weight 'high'"),
        ("-0.5", "the weight '-0.5'"),
        ("nan", "the weight 'nan'"),
        ("inf", "the weight 'inf'"),
        ("1e39", "the weight '1e39'"),  # beyond float32
        ('"1,5"', "the weight '1,5'"),
        ("1_0", "the weight '1_0'"),
    ],
)
def test_what_is_no_weight(read, written, found):
    content = f"text,label,trust\nfilm,yes,2\nbad,no,{written}\nthe,no,-0\n"
    message = read("t.csv", content)
    assert message.startswith(
        f"t.csv line 3: found {found}; expected a number that is not below 0 in 'trust'. Correct "
    )
    assert str(read("t.csv", content, bad_rows="drop")) == "[2.0, 0.0]"  # not -0.0


def test_weights_in_json(read):
    values = [1, 2.5, "3", "4e0", True, None, [1], float("nan")]
    rows = [{"text": "film", "label": "ab"[n % 2], "trust": of} for n, of in enumerate(values)]
    lines = [*map(json.dumps, rows), '{"text": "film", "label": "a"}']
    content = "\n".join(lines) + "\n"
    message = read("t.jsonl", content)
    assert message.startswith("5 bad rows:\n  t.jsonl line 5: found the weight True; expected a")
    for line, found in ((6, "no weight"), (7, "the weight [1]"), (8, "the weight nan")):
        assert f"t.jsonl line {line}: found {found}" in message
    assert "t.jsonl line 9: no key 'trust'; its keys are: text, label" in message
    assert read("t.jsonl", content, bad_rows="drop") == [1, 2.5, 3, 4]


def test_rows_that_are_dropped_take_theirs_along(read):
    content = "text,label,trust\nfilm,yes,2\nFilm,yes,9\nbad,no,4\n"
    assert read("t.csv", content, deduplicate="train") == [2, 4]


def test_scores_have_weights_too(read):
    content = "text,label,trust\nfilm,1.5,2\nbad,1.5,4\nthe,-0.0,4\n"
    assert read("t.csv", content) == [2, 4, 4]


@pytest.mark.parametrize(
    "content, message",
    [
        ("text,label\nfilm,yes\nbad,no\n", "t.csv has no column 'trust'; its columns are: text, "),
        (
            "text,label,trust\nfilm,yes,0\nbad,no,0.0\n",
            "train: every row has the weight 0 in 'trust'; expected some above 0",
        ),
    ],
)
def test_what_is_wrong_with_a_file(read, content, message):
    assert read("t.csv", content).startswith(message)


@pytest.mark.parametrize("stated", ["text", "label", "", "who", "3", "[trust]"])
def test_the_column_is_one_of_its_own(tmp_path, stated):
    (tmp_path / "t.csv").write_text("text,label,who\nfilm,yes,a\n")
    (tmp_path / "mine.yaml").write_text(
        "data: {train: t.csv}\ntext: text\nlabel: label\nvalidation: 0.5\ngroup: who\n"
        f"weight: {stated or repr(stated)}\n"
    )
    with pytest.raises(UserError, match="weight .--weight. is .*; expected a column that is not i"):
        user_spec.parse("mine", str(tmp_path / "mine.yaml"), dict.fromkeys(user_spec.OPTIONS))
