"""From one's own files with ids to answers that say which row they are of, on both ways."""

import csv
import json
from types import SimpleNamespace

import pyarrow
import pytest
import yaml
from pyarrow import parquet

import inference
from inference import classify, rows
from preprocess import run as preprocess
from preprocess.sources.table_files import UTF8
from shared.errors import UserError
from tests.train import runs

VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nfilm\n##s\ngood\nbad\nthe\n"
TRAIN = "no,title,body,category\n1,film,good,pos\n2,films,bad,neg\n"
TEST = (
    "category,body,title,no\n"
    ",The the the the the films!,Films,T-1\n"
    "neg,bad,good,017\n"
)  # fmt: skip
CONFIG = {"runconfig": {"max_steps": 1, "save_checkpoints_steps": 1}}


class Own:
    """A model of two texts, trained on train.csv, and its dataset, which has test.csv, too."""

    def __init__(self, folder):
        self.folder, self.model_dir = folder, folder / "m"
        for name, content in (("v.txt", VOCABULARY), ("train.csv", TRAIN), ("test.csv", TEST)):
            (folder / name).write_text(content)
        self.make_data()
        self.train("train")

    def make_data(self, *more):
        folder = self.folder
        files = f"train={folder}/train.csv,test={folder}/test.csv"
        preprocess.main(
            [*("--task", "mine", "--data", files, "--text", "title,body", "--label", "category"),
             *("--id", "no", "--vocab_file", f"{folder}/v.txt", "--data_dir", str(folder)),
             *("--max_sequence_length", "8", *more)]
        )  # fmt: skip

    def train(self, mode, *more):
        data = self.folder / "mine" / "msl8"
        config = {**CONFIG, "train_input": {"batch_size": 2}}
        runs.run_main(mode, self.model_dir, self.folder / "p.yaml", data, *more, changes=config)

    def predicted(self, split, *more):
        self.train("predict", "--split", split, *more)
        lines = (self.model_dir / f"predict_{split}.jsonl").read_text().splitlines()
        return list(map(json.loads, lines))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return Own(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def model(own):
    return inference.load(str(own.model_dir))


@pytest.fixture
def answered(own, model, tmp_path, monkeypatch):
    """A function: the name of a file, its content -> the answers."""
    monkeypatch.setattr("inference.of_folder", lambda folder: model)

    def run(name, content, *more, ending=".jsonl"):
        """Args: content, text, or the columns of a Parquet file."""
        if isinstance(content, dict):
            parquet.write_table(pyarrow.table(content), tmp_path / name)
        else:
            (tmp_path / name).write_text(content, encoding="utf-8")
        output = tmp_path / f"answers{ending}"
        output.unlink(missing_ok=True)
        arguments = ["--model_dir", own.model_dir, "--input", tmp_path / name, "--output", output]
        classify.main([*map(str, arguments), *more])
        if ending == ".csv":
            return list(csv.DictReader(output.open(newline="")))
        return list(map(json.loads, output.read_text("utf-8").splitlines()))

    return run


def facts(line):
    """All of an answer but what the model says; the order of the keys is tested, too."""
    return [(key, value) for key, value in line.items() if key not in ("label", "probabilities")]


def test_predictions_have_file_line_id_label_and_text(own):
    first, second = own.predicted("test", "--with_text", "--csv")
    assert list(second) == [
        *("index", "file", "line", "id", "given_label", "label", "probabilities"),
        *("text", "text_b"),
    ]
    # As the model read it: lower-cased, put together, cut to 8 tokens with three special ones.
    assert facts(first) == [
        ("index", 0), ("file", "test.csv"), ("line", 2), ("id", "T-1"),
        ("text", "films"), ("text_b", "the the the"),
    ]  # fmt: skip
    assert facts(second) == [
        ("index", 1), ("file", "test.csv"), ("line", 3), ("id", "017"), ("given_label", "neg"),
        ("text", "good"), ("text_b", "bad"),
    ]  # fmt: skip
    table = list(csv.DictReader((own.model_dir / "predict_test.csv").open(newline="")))
    assert list(table[0]) == [
        *("index", "file", "line", "id", "given_label", "label"),
        *("probability of neg", "probability of pos", "text", "text_b"),
    ]
    assert [row["given_label"] for row in table] == ["", "neg"]
    assert [row["text_b"] for row in table] == ["the the the", "bad"]
    assert float(table[1]["probability of neg"]) == second["probabilities"]["neg"]
    assert [line["given_label"] for line in own.predicted("train")] == ["pos", "neg"]


def test_a_prediction_of_other_data_stays(own):
    before = own.predicted("test")
    (own.folder / "test.csv").write_text(TEST + "neg,bad,bad,T-2\n")
    own.make_data("--overwrite")
    try:
        said = r"predict_test.jsonl and .*_test.npz: made from other data .mine, fing"
        with pytest.raises(UserError, match=said):
            own.predicted("test")
        lines = (own.model_dir / "predict_test.jsonl").read_text().splitlines()
        assert list(map(json.loads, lines)) == before
    finally:
        (own.folder / "test.csv").write_text(TEST)
        own.make_data("--overwrite")


def test_the_model_folder_knows_the_columns(own):
    data = yaml.safe_load((own.model_dir / "params.yaml").read_text())["data"]
    assert (data["label_column"], data["id_column"]) == ("category", "no")


def test_classify_carries_the_same_with_the_raw_text(own, answered):
    found = answered("test.csv", TEST, "--with_text")
    assert [facts(line) for line in found] == [
        [("file", "test.csv"), ("line", 2), ("id", "T-1"),
         ("text", "Films"), ("text_b", "The the the the the films!")],
        [("file", "test.csv"), ("line", 3), ("id", "017"), ("given_label", "neg"),
         ("text", "good"), ("text_b", "bad")],
    ]  # fmt: skip
    predicted = own.predicted("test")
    assert [line["label"] for line in found] == [line["label"] for line in predicted]


def test_parquet_is_answered_by_row(answered):
    columns = {"no": [17, None], "title": ["a", "b"], "category": ["neg", ""], "body": ["", "c"]}
    assert [facts(line) for line in answered("new.parquet", columns, "--with_text")] == [
        [("file", "new.parquet"), ("line", 1), ("id", "17"), ("given_label", "neg"),
         ("text", "a"), ("text_b", "")],
        [("file", "new.parquet"), ("line", 2), ("text", "b"), ("text_b", "c")],
    ]  # fmt: skip
    with pytest.raises(UserError, match="line 2: found the text 5, expected a text"):
        answered("new.parquet", {"title": [4, 5], "body": ["a", "b"]})
    for option, value in (("--encoding", "cp1252"), ("--delimiter", ";")):
        with pytest.raises(UserError, match=f"INPUT: {option[2:]} .{option}. is for "):
            answered("new.parquet", columns, option, value)


def test_a_file_without_labels_or_ids_has_none(answered):
    (line,) = answered("new.tsv", "title\tbody\ngood\tbad\n")
    assert facts(line) == [("file", "new.tsv"), ("line", 2)]


def test_what_only_some_rows_have_is_left_out_of_the_others(answered):
    objects = [
        {"title": "a", "body": "b"},
        {"title": "a", "body": "b", "no": 7, "category": "other"},  # no class of the model's
        {"title": "a", "body": "b", "no": "", "category": "-1"},
        {"title": "a", "body": "b", "no": "é", "category": None},
    ]
    content = "\n".join(map(json.dumps, objects))
    known = [facts(line)[2:] for line in answered("new.jsonl", content)]
    assert known == [[], [("id", "7"), ("given_label", "other")], [], [("id", "é")]]
    table = answered("new.jsonl", content, ending=".csv")
    assert [(row["id"], row["given_label"]) for row in table] == [
        *(("", ""), ("7", "other"), ("", ""), ("é", "")),
    ]
    table = answered("new.jsonl", json.dumps(objects[0]), ending=".csv")
    assert list(table[0])[:3] == ["file", "line", "label"]


def test_columns_are_joined_as_for_the_training(tmp_path):
    folder = SimpleNamespace(
        text_columns=("subject+body", "c++"),
        label_names=("x",),
        label_column="y",
        id_column=None,
        thresholds=None,
    )
    (tmp_path / "j.csv").write_text("c++,body,y,subject\n1,you,x,Hi\n2,,x,\n")
    found = [row.texts for row in rows.of_file(str(tmp_path / "j.csv"), folder, UTF8).rows]
    assert found == [("Hi you", "1"), (" ", "2")]
    (tmp_path / "j.csv").write_text("c++,subject\n1,Hi\n")
    with pytest.raises(UserError, match="j.csv has no column 'body'; its columns are: c.., subj"):
        rows.of_file(str(tmp_path / "j.csv"), folder, UTF8)


def test_given_scores(tmp_path):
    folder = SimpleNamespace(
        text_columns=("t",), label_names=None, label_column="y", id_column=None, thresholds=None
    )  # fmt: skip

    def known(*scores):
        (tmp_path / "s.csv").write_text("t,y\n" + "".join(f"a,{score}\n" for score in scores))
        return [row.known for row in rows.of_file(str(tmp_path / "s.csv"), folder, UTF8).rows]

    found = known("3.2", "", "-1", "1e-3")
    assert [row["given_score"] for row in found] == [3.2, None, -1.0, 0.001]
    assert known("-1", "", "-1.0") == [{}, {}, {}]  # as in `make data`
    with pytest.raises(UserError, match="line 2: found the label 'high'"):
        known("high")


def test_ids_and_labels_that_cannot_be_meant_are_bad_rows(answered):
    values = [{"no": 1.5}, {"no": "a\nb"}, {"category": ["pos"]}, {"category": "pos "}]
    content = "\n".join(json.dumps({"title": "a", "body": "b", **value}) for value in values)
    with pytest.raises(UserError) as caught:
        answered("new.jsonl", content)
    lines = [line.partition("new.jsonl line ")[2] for line in str(caught.value).splitlines()]
    assert lines[1:-1] == [
        "1: found the id 1.5",
        "2: found the id 'a\\nb' over several lines",
        "3: found the label ['pos']",
        "4: found the label 'pos ' with white space around it",
    ]
