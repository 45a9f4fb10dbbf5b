"""Multi-label files, from the command line to the records."""

import json
import shutil

import numpy as np
import pytest

from preprocess import inspect_dataset, run, verify
from preprocess.encoding.encode import Tokens
from preprocess.encoding.record_checker import RecordChecker
from preprocess.encoding.serialize import Serializer
from preprocess.sources.label_sets import LabelSets, names_of
from preprocess.sources.user_labels import LabelError
from shared import source_order
from shared.errors import FaultsFound, UserError
from shared.manifest_file import read_manifest
from tests.inputs import read_rows

VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\nfilm\na\nbad\ngood\n"
TRAIN = "text,labels\nthe film,b | a\na film,\nfilm,a|a\nthe,c\n"


@pytest.fixture
def make(tmp_path):
    """A function: {split: (file, content)}, more arguments -> the dataset's folder."""
    (tmp_path / "v.txt").write_text(VOCABULARY)

    def made(files, *more, labels="several"):
        for name, content in files.values():
            (tmp_path / name).write_text(content)
        data = ",".join(f"{split}={tmp_path}/{name}" for split, (name, _) in files.items())
        arguments = ["--task", "mine", "--data", data, "--vocab_file", tmp_path / "v.txt"]
        arguments += ["--data_dir", tmp_path / "data", "--max_sequence_length", "8"]
        arguments += ["--text", "text", "--label", "labels", "--labels", labels, *more]
        run.main([*map(str, arguments)])
        return tmp_path / "data" / "mine" / "msl8"

    return made


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_each_class_has_a_place_in_the_record(make, capsys):
    rows = [
        {"text": "film", "labels": ["c", " b "]},
        {"text": "film", "labels": []},
        {"text": "film", "labels": None},
        {"text": "film"},
        {"text": "film", "labels": "a|c"},
    ]
    dataset = make({"train": ("t.csv", TRAIN), "test": ("e.jsonl", jsonl(*rows))})
    manifest = read_manifest(str(dataset))
    assert manifest.label_names == ("a", "b", "c")
    assert (manifest.is_multi_label, manifest.schema_version) == (True, 5)
    train, test = manifest.splits["train"], manifest.splits["test"]
    assert (train.label_counts, train.unlabelled) == ({"a": 2, "b": 1, "c": 1}, 0)
    assert (test.label_counts, test.unlabelled) == ({"a": 1, "b": 1, "c": 2}, 2)
    assert read_rows(dataset, "train")["labels"].tolist() == [
        [1, 1, 0],
        [0, 0, 0],
        [1, 0, 0],
        [0, 0, 1],
    ]
    assert read_rows(dataset, "test")["labels"].tolist() == [
        [0, 1, 1],
        [0, 0, 0],
        [-1, -1, -1],
        [-1, -1, -1],
        [1, 0, 1],
    ]
    assert "3 classes, 'a', 'b', 'c'" in capsys.readouterr().out
    verify.main([str(dataset)])
    assert "9 records, no fault" in capsys.readouterr().out
    inspect_dataset.main([str(dataset), "--json"])
    found = json.loads(capsys.readouterr().out)["splits"]
    assert [row["label"] for row in found["train"]["decoded"]] == ["a|b", "(none)", "a"]
    assert [row["label"] for row in found["test"]["decoded"]] == ["b|c", "(none)", None]


def test_the_same_rows_with_one_label_are_as_before(make):
    one = "text,labels\nthe film,b\na film,a\n"
    dataset = make({"train": ("t.csv", one)}, labels="classes")
    manifest = json.loads((dataset / "manifest.json").read_text())
    assert manifest["schema_version"] == 4 and "multi_label" not in manifest
    changed = {**manifest, "multi_label": True}
    (dataset / "manifest.json").write_text(json.dumps(changed))
    with pytest.raises(UserError, match="has schema_version 4, expected 5. Rebuild"):
        read_manifest(str(dataset))


@pytest.mark.parametrize(
    "labels, fault",
    [
        ([1, 0, 1], None),
        ([-1, -1, -1], None),
        ([1, 2, 0], "labels from -1 to 1"),
        ([1, -1, 0], "labels -1 for every class or for none"),
        ([1, 0], "labels has 2 values, expected 3"),
    ],
)
def test_the_labels_of_a_record_are_checked(multi_label_data, labels, fault):
    manifest = read_manifest(str(multi_label_data))
    tokens = Tokens(np.array([2, 5, 3]), np.array([3]), np.array([3]))
    record = Serializer(8, 9, 0).serialize(tokens, np.array([labels]))
    faults, rows = RecordChecker(manifest, "train").check(record)
    if fault is None:
        assert not faults and rows["labels"].tolist() == [labels]
    else:
        assert faults[0].endswith(fault)


def test_the_rows_of_each_class_are_counted_again(multi_label_data, tmp_path, capsys):
    dataset = shutil.copytree(multi_label_data, tmp_path / "copy")
    content = json.loads((dataset / "manifest.json").read_text())
    content["splits"]["test"]["label_counts"]["good"] += 1
    (dataset / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(FaultsFound):
        verify.main([str(dataset)])
    assert "test: 11 records have the label 'good', the manifest says 12" in capsys.readouterr().out


@pytest.mark.parametrize(
    "value, names",
    [
        ("b|a|b", ("b", "a")),
        (" b | a ", ("b", "a")),
        ("", ()),
        ("  ", ()),
        ([], ()),
        (["b", " a"], ("b", "a")),
        ([1, True], ("1", "true")),
        (3, ("3",)),
        (None, None),
        (float("nan"), None),
    ],
)
def test_names_of_a_row(value, names):
    assert names_of(value) == names


@pytest.mark.parametrize(
    "value, problem",
    [
        ("a|", "the labels 'a|', of which one has no name"),
        ("|", "the labels '|', of which one has no name"),
        (["a", ""], "of which one has no name"),
        (["a", None], "of which one has no name"),
        (["a|b"], r"the label 'a\|b' with \| in its name"),
        ([["a"]], "the label"),
        ({"a": 1}, "the label"),
    ],
)
def test_what_no_names_can_be(value, problem):
    with pytest.raises(LabelError, match=problem.replace("|'", r"\|'")):
        names_of(value)


def test_minus_one_alone_is_no_label_and_beside_others_an_unknown_one():
    labels = LabelSets(["a", "b"])
    assert labels.value(("-1",)) is None
    with pytest.raises(LabelError, match="'a|-1'"):
        labels.value(("a", "-1"))
    assert LabelSets(["a", "-1"]).value(("-1",)) == (1, 0)


def test_equal_sets_have_equal_marks_in_every_file():
    marks = [LabelSets(names).mark((1, 0, 1)) for names in (["x", "y", "z"], ["z", "y", "x"])]
    assert marks[0] == marks[1] >= 0
    labels = LabelSets(["x", "y", "z"])
    assert labels.mark((1, 0, 1)) != labels.mark((0, 0, 1))
    assert labels.mark((-1, -1, -1)) == -1


def test_unknown_labels_are_bad_rows(make):
    files = {
        "train": ("t.csv", TRAIN),
        "validation": ("d.tsv", "text\tlabels\nfilm\ta|x\nbad\tA\n"),
    }
    with pytest.raises(UserError) as error:
        make(files)
    message = str(error.value)
    assert (
        "line 2: found the label 'x'; expected some of the training file's labels 'a', 'b'"
        in message
    )
    assert "line 3: found the label 'A' instead of 'a'; expected a label to the letter" in message


@pytest.mark.parametrize(
    "rows, problem",
    [
        ("film,\nbad,\n", "no row has a class; expected at least two classes"),
        ("film,a\nbad,\n", "the only class is 'a'; expected at least two classes"),
        ("", "has no readable row"),
    ],
)
def test_fewer_than_two_classes(make, rows, problem):
    with pytest.raises(UserError, match=problem):
        make({"train": ("t.csv", "text,labels\n" + rows)})


def test_splits_are_drawn_by_set_and_rare_sets_together(make, capsys):
    sets = ["a"] * 40 + ["a|b"] * 20 + [""] * 20 + [f"b|c{n}" for n in range(20)]
    rows = "".join(f"text {n},{labels}\n" for n, labels in enumerate(sets))
    dataset = make({"train": ("t.csv", "text,labels\n" + rows)}, "--validation", "0.1")
    assert "rows drawn: train 90, validation 10" in capsys.readouterr().out
    places = source_order.ROWS.read(str(dataset), "validation", read_manifest(str(dataset)))
    drawn = [sets[line - 2] for line in places[:, 1]]
    assert sorted(drawn)[:8] == ["", "", "a", "a", "a", "a", "a|b", "a|b"]
    assert all(labels.startswith("b|c") for labels in sorted(drawn)[8:])


def test_one_text_with_two_sets_is_told(make, capsys):
    rows = "film,a|b\nfilm,b|a\nbad,a\nbad,a|b\n"
    make({"train": ("t.csv", "text,labels\n" + rows)})
    out = capsys.readouterr().out
    assert "train: 2 rows with the text of an earlier row\n1 text with several labels\n" in out
