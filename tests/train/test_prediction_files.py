"""The files' exact bytes, by hand."""

import json

import numpy as np
import pytest

from shared import tasks
from shared.errors import UserError
from shared.files import sha256_of
from shared.manifest import Manifest, Split, Vocabulary
from shared.manifest_file import read_manifest
from tests.inputs import read_rows, spelt
from tests.wse import dataset
from train.scoring import prediction_files, prediction_record, row_facts

LN3 = np.log(3.0)
UNORDERED = object()


@pytest.fixture
def predict(tmp_path):
    """A function: (task, split, label names, scores, maps, ...) -> {file name: its text}."""

    def save(split, name, array):
        if array is UNORDERED:
            return None
        (tmp_path / split).mkdir(exist_ok=True)
        if name.endswith(".txt"):
            (tmp_path / split / name).write_text("".join(f"{row}\n" for row in array))
        else:
            np.save(tmp_path / split / name, np.array(array))
        return sha256_of(str(tmp_path / split / name))

    def run(
        task, split, label_names, scores, index=UNORDERED, rows=UNORDERED, ids=UNORDERED, **more
    ):
        files = {"index.npy": index, "rows.npy": rows, "ids.txt": ids}
        maps = [save(split, name, array) for name, array in files.items()]
        entry = Split(len(scores), (), {}, 0, 0.0, {}, len(scores), *maps)
        vocabulary = Vocabulary("v", 9, "", True, True, True, {})
        source = {"splits": {split: {"files": [{"file": "a.csv"}, {"file": "é.csv"}]}}}
        found = Manifest(task, source, ("x",), 8, vocabulary, label_names, {split: entry}, {})
        (tmp_path / "run").mkdir(exist_ok=True)
        facts = row_facts.read(str(tmp_path), split, found)
        written = prediction_files.write(
            str(tmp_path / "run"), found, split, np.array(scores, np.float32), facts, 7, **more
        )
        outputs = tmp_path / "run" / "predict" / f"predictions_{split}.npz"
        ordered = np.array(scores)[... if index is UNORDERED else np.argsort(index)]
        np.testing.assert_array_equal(np.load(outputs)["arr_0"], ordered.astype(np.float32))
        written.remove(str(outputs))
        texts = [path for path in (tmp_path / "run").iterdir() if path.is_file()]
        folder = {str(path): path.read_text("utf-8") for path in texts}
        record = json.loads(folder.pop(str(tmp_path / "run" / f"predict_{split}.json")))
        facts_of_run = {"task": task, "split": split, "fingerprint": found.fingerprint(), "step": 7}
        assert record == facts_of_run
        assert sorted(written) == sorted(folder)
        return {path.rsplit("/", 1)[1]: folder[path] for path in written}

    return run


def test_probabilities_and_labels_in_the_order_of_the_records(predict):
    found = predict("mine", "test", ("good", "bäd"), [[0, LN3], [LN3, 0], [1e4, -1e4]])
    assert found == {
        "predict_test.jsonl": (
            '{"index": 0, "label": "bäd", "probabilities": {"good": 0.25, "bäd": 0.75}}\n'
            '{"index": 1, "label": "good", "probabilities": {"good": 0.75, "bäd": 0.25}}\n'
            '{"index": 2, "label": "good", "probabilities": {"good": 1.0, "bäd": 0.0}}\n'
        )
    }


def test_the_index_puts_examples_in_the_order_of_the_test_file(predict):
    # The first record is the file's row 2, the second its row 0.
    found = predict("sst2", "test", ("negative", "positive"), [[0, 1], [LN3, 0], [0, LN3]],
                    index=[2, 0, 1])  # fmt: skip
    lines = [json.loads(line) for line in found["predict_test.jsonl"].splitlines()]
    assert [line["index"] for line in lines] == [0, 1, 2]
    positive = [line["probabilities"]["positive"] for line in lines]
    np.testing.assert_allclose(positive, [0.25, 0.75, 0.73105858], rtol=1e-7)
    assert [line["label"] for line in lines] == ["negative", "positive", "positive"]
    assert found["SST-2.tsv"] == "index\tprediction\n0\t0\n1\t1\n2\t1\n"
    assert list(found) == ["predict_test.jsonl", "SST-2.tsv"]


def test_answers_of_own_files_say_which_row_they_are_of(predict):
    found = predict("mine", "test", ("no", "yes"), [[0, LN3], [LN3, 0]], rows=[[0, 7], [1, 2]])
    assert found["predict_test.jsonl"] == (
        '{"index": 0, "file": "a.csv", "line": 7, "label": "yes", '
        '"probabilities": {"no": 0.25, "yes": 0.75}}\n'
        '{"index": 1, "file": "é.csv", "line": 2, "label": "no", '
        '"probabilities": {"no": 0.75, "yes": 0.25}}\n'
    )
    found = predict("mine", "test", None, [[3.2]], rows=[[0, 3]])
    assert found["predict_test.jsonl"] == '{"index": 0, "file": "a.csv", "line": 3, "score": 3.2}\n'


def test_answers_have_the_ids_of_their_rows_and_csv_has_the_same(predict):
    found = predict(
        "mine", "test", ("no", "yes"), [[0, LN3], [LN3, 0]], rows=[[0, 7], [1, 2]],
        ids=["T-1", "0,2"], with_csv=True,
    )  # fmt: skip
    assert found == {
        "predict_test.jsonl": (
            '{"index": 0, "file": "a.csv", "line": 7, "id": "T-1", "label": "yes", '
            '"probabilities": {"no": 0.25, "yes": 0.75}}\n'
            '{"index": 1, "file": "é.csv", "line": 2, "id": "0,2", "label": "no", '
            '"probabilities": {"no": 0.75, "yes": 0.25}}\n'
        ),
        "predict_test.csv": (
            "index,file,line,id,label,probability of no,probability of yes\n"
            "0,a.csv,7,T-1,yes,0.25,0.75\n"
            '1,é.csv,2,"0,2",no,0.75,0.25\n'
        ),
    }


def test_a_table_of_an_earlier_prediction_does_not_stay(predict, tmp_path, capsys):
    predict("mine", "test", ("no", "yes"), [[0, 1]], with_csv=True)
    assert list(predict("mine", "test", ("no", "yes"), [[1, 0]])) == ["predict_test.jsonl"]
    assert f"removed {tmp_path}/run/predict_test.csv, which an earlier" in capsys.readouterr().out


def test_files_of_other_data_are_not_replaced(tmp_path):
    first, other = (
        read_manifest(dataset.write(tmp_path / task, task, splits={"test": (3,)}))
        for task in ("sst2", "mine")
    )

    def check(manifest):
        prediction_record.check_replaceable(str(tmp_path), manifest, "test")

    check(first)
    prediction_record.write(str(tmp_path), first, "test", 7)
    check(other)  # there is nothing to replace
    (tmp_path / "predict_test.csv").touch()
    (tmp_path / "SST-2.tsv").touch()
    check(first)
    with pytest.raises(UserError) as caught:
        check(other)
    assert str(caught.value) == (
        f"{tmp_path}/predict_test.csv: made from other data (sst2, fingerprint "
        f"{first.fingerprint()[:12]}) than this prediction would be (mine, "
        f"{other.fingerprint()[:12]}). Move away what you want to keep, remove the rest, and run "
        "this again."
    )
    (tmp_path / "predict_test.json").unlink()
    with pytest.raises(UserError, match=r"test.csv and .*/SST-2.tsv: nothing says what this was"):
        check(first)


@pytest.mark.parametrize("columns", [("a",), ("a", "b")])
@pytest.mark.parametrize("names", [("no", "yes"), None])
def test_given_labels_and_texts_are_those_of_the_records(tmp_path, columns, names):
    folder = dataset.write(tmp_path, "mine", columns, names, {"validation": (14, 7), "test": (10,)})
    manifest = read_manifest(folder)

    def lines(split, **more):
        facts = row_facts.read(folder, split, manifest, **more)
        return list(facts.lines({"label": "x"} for _ in range(manifest.splits[split].examples)))

    rows = read_rows(folder, "validation")
    given = rows["labels"]
    key, wanted = (
        ("given_score", [float(str(score)) for score in given])
        if names is None
        else ("given_label", [names[label] for label in given])
    )
    keys = ("text", "text_b")[: len(columns)]
    texts = [text.split(" [SEP] ") for text in spelt(dataset.pieces(), rows)]
    expected = [
        {"index": n, key: wanted[n], "label": "x", **dict(zip(keys, texts[n], strict=True))}
        for n in range(21)
    ]
    found = lines("validation", with_text=True)
    assert [list(line.items()) for line in found] == [list(line.items()) for line in expected]
    assert {len(line) for line in found} == {3 + len(columns)}
    assert list(lines("validation")[0]) == ["index", key, "label"]
    assert list(lines("test")[0]) == ["index", "label"]


def test_a_damaged_map_to_the_rows_writes_nothing(predict, tmp_path):
    with pytest.raises(
        UserError, match="rows.npy does not hold a file and a line for each of 2 rows"
    ):
        predict("mine", "test", ("no", "yes"), [[0, 1], [0, 1]], rows=[[0, 3], [0, 3]])
    assert list((tmp_path / "run").iterdir()) == []


def test_probabilities_sum_to_one_as_written(predict):
    scores = np.random.default_rng(3).normal(scale=4, size=(50, 700))
    names = tuple(map(str, range(700)))
    lines = predict("mine", "test", names, scores)["predict_test.jsonl"].splitlines()
    for line, row in zip(lines, scores.astype(np.float32).astype(np.float64), strict=True):
        written = np.array(list(json.loads(line)["probabilities"].values()))
        assert abs(written.sum() - 1) < 1e-7
        np.testing.assert_allclose(written, np.exp(row) / np.exp(row).sum(), rtol=1e-7)


def test_scores(predict):
    scores = [[3.2], [-0.4], [5.25], [2.71828], [1e-6]]
    found = predict("stsb", "test", None, scores, index=[1, 0, 3, 2, 4])
    assert found["predict_test.jsonl"] == (
        '{"index": 0, "score": -0.4}\n{"index": 1, "score": 3.2}\n{"index": 2, "score": 2.71828}\n'
        '{"index": 3, "score": 5.25}\n{"index": 4, "score": 1e-06}\n'
    )
    assert found["STS-B.tsv"] == (
        "index\tprediction\n0\t0.000\n1\t3.200\n2\t2.718\n3\t5.000\n4\t0.000\n"
    )


@pytest.mark.parametrize(
    "task, split, file, predictions",
    [
        ("cola", "test", "CoLA.tsv", "1 0"),
        ("sst2", "test", "SST-2.tsv", "1 0"),
        ("mrpc", "test", "MRPC.tsv", "1 0"),
        ("qqp", "test", "QQP.tsv", "1 0"),
        ("wnli", "test", "WNLI.tsv", "1 0"),
        ("qnli", "test", "QNLI.tsv", "not_entailment entailment"),
        ("rte", "test", "RTE.tsv", "not_entailment entailment"),
        ("mnli", "test_matched", "MNLI-m.tsv", "neutral entailment contradiction"),
        ("mnli", "test_mismatched", "MNLI-mm.tsv", "neutral entailment contradiction"),
        ("ax", "test", "AX.tsv", "neutral entailment contradiction"),
    ],
)
def test_the_leaderboards_names(predict, task, split, file, predictions):
    names = tasks.get(task).label_names
    scores = np.roll(np.eye(len(names)), 1, axis=1)  # the best are 1, 2, ..., 0
    index = range(len(names))
    if len(names) == 3:
        index = [0, 2, 1]
    expected = [f"{n}\t{answer}\n" for n, answer in enumerate(predictions.split())]
    found = predict(task, split, names, scores, index=index)
    assert found[file] == "index\tprediction\n" + "".join(expected)
    assert set(found) == {file, f"predict_{split}.jsonl"}


def test_a_tie_goes_to_the_first_label(predict):
    found = predict("rte", "test", ("entailment", "not_entailment"), [[0.5, 0.5]], index=[0])
    assert found["RTE.tsv"] == "index\tprediction\n0\tentailment\n"
    assert json.loads(found["predict_test.jsonl"])["label"] == "entailment"


def test_no_leaderboard_file_for_own_tasks(predict):
    names = ("negative", "positive")
    assert list(predict("mine", "test", names, [[0, 1]], index=[0])) == ["predict_test.jsonl"]


def test_no_leaderboard_file_for_a_split_with_labels(predict):
    found = predict("sst2", "validation", ("negative", "positive"), [[0, 1]])
    assert list(found) == ["predict_validation.jsonl"]


def test_no_leaderboard_file_without_an_index(predict, capsys):
    assert list(predict("sst2", "test", ("negative", "positive"), [[0, 1]])) == [
        "predict_test.jsonl"
    ]
    assert "no SST-2.tsv: " in capsys.readouterr().out


def test_only_the_whole_split_is_written(tmp_path):
    entry = Split(3, (), {}, 0, 0.0, {}, 3, None)
    vocabulary = Vocabulary("v", 9, "", True, True, True, {})
    found = Manifest("sst2", {}, ("x",), 8, vocabulary, ("no", "yes"), {"test": entry}, {})
    for shape in ((2, 2), (4, 2), (3, 1), (3,)):
        with pytest.raises(AssertionError):
            facts = row_facts.RowFacts("", None, {}, {})
            scores = np.zeros(shape, np.float32)
            prediction_files.write(str(tmp_path), found, "test", scores, facts, 7)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_not_written(predict, tmp_path, score):
    with pytest.raises(UserError, match="the model's outputs on split test are NaN or infinite"):
        predict("sst2", "test", ("negative", "positive"), [[0, 1], [0, score]], index=[0, 1])
    assert list((tmp_path / "run").iterdir()) == []


def test_a_damaged_index_writes_nothing(predict, tmp_path):
    with pytest.raises(UserError, match="index.npy does not hold each number from 0 to 1 once"):
        predict("sst2", "test", ("negative", "positive"), [[0, 1], [0, 1]], index=[0, 0])
    assert list((tmp_path / "run").iterdir()) == []
