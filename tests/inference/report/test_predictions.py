"""Reading prediction files: both formats, what is left out, what is refused, what is kept."""

import json

import numpy as np
import pytest

from inference.report import predictions, worst
from shared.errors import UserError
from tests.inference.report import files

GIVEN, PROBABILITIES = files.drawn(50, 2)
NAMES = ("no", "yes")
LINE = {"given_label": "no", "label": "yes", "probabilities": {"no": 0.25, "yes": 0.75}}


@pytest.fixture
def written(tmp_path):
    """The path of a file of these lines."""

    def write(*lines, name="p.jsonl"):
        path = tmp_path / name
        path.write_text(
            "".join(text if isinstance(text, str) else json.dumps(text) + "\n" for text in lines)
        )
        return str(path)

    return write


def lines():
    texts = [f'row {row}, "quoted"\nof two lines' for row in range(50)]
    return list(files.class_lines(GIVEN, PROBABILITIES, NAMES, id=list(range(50)), text=texts))


def test_both_formats_hold_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(predictions, "_BLOCK", 16)
    of_json = predictions.read(str(files.write_json_lines(tmp_path / "p.jsonl", lines())))
    of_csv = predictions.read(str(files.write_csv(tmp_path / "p.csv", lines())))
    for name in ("given", "answers", "probabilities"):
        np.testing.assert_array_equal(getattr(of_json, name), getattr(of_csv, name))
    assert of_json.label_names == of_csv.label_names == NAMES
    as_text = [
        {**mistake, "id": str(mistake["id"]), "index": str(mistake["index"])}
        for mistake in of_json.mistakes
    ]
    assert of_csv.mistakes == as_text


def test_scores_of_both_formats(written):
    of_json = predictions.read(written({"given_score": 1.5, "score": 2.25}, {"score": 1.0}))
    of_csv = predictions.read(written("given_score,score\n1.5,2.25\n,1.0\n", name="p.csv"))
    for read in (of_json, of_csv):
        assert (read.given.tolist(), read.answers.tolist()) == ([1.5], [2.25])
        assert read.label_names is None and read.not_given == 1
        assert read.mistakes == [{"given": 1.5, "answer": 2.25, "error": 0.75}]


def test_the_most_confident_mistakes_come_first(tmp_path):
    read = predictions.read(str(files.write_json_lines(tmp_path / "p.jsonl", lines())))
    answers = PROBABILITIES.argmax(axis=1)
    wrong = np.flatnonzero(answers != GIVEN)
    order = wrong[np.argsort(-PROBABILITIES[wrong].max(axis=1), kind="stable")]
    assert [mistake["id"] for mistake in read.mistakes] == order[: worst.MISTAKES].tolist()
    first = order[0]
    assert read.mistakes[0] == {
        "index": first,
        "id": first,
        "given": NAMES[GIVEN[first]],
        "answer": NAMES[answers[first]],
        "probability": PROBABILITIES[first].max(),
        "text": lines()[first]["text"],
    }


def test_of_equal_mistakes_the_first_are_kept(written):
    read = predictions.read(written(*({**LINE, "index": index} for index in range(60))))
    assert [mistake["index"] for mistake in read.mistakes] == list(range(worst.MISTAKES))


def test_a_long_text_is_cut(written):
    (mistake,) = predictions.read(written({**LINE, "text": "x" * 5000})).mistakes
    assert mistake["text"] == "x" * 2000 + "... (5,000 characters)"


def test_rows_that_cannot_be_judged_are_counted(written):
    unlabelled = {key: value for key, value in LINE.items() if key != "given_label"}
    path = written(
        LINE, unlabelled, {**LINE, "given_label": None}, {**LINE, "given_label": "maybe"}
    )
    read = predictions.read(path)
    assert (len(read.given), read.not_given, read.unknown) == (1, 2, {"maybe": 1})


@pytest.mark.parametrize(
    "content, message",
    [
        ([], "p.jsonl is empty"),
        (["{"], "line 1: expected a JSON object"),
        (["3\n"], "line 1: expected a JSON object (found 3)"),
        ([LINE, {**LINE, "label": "yess"}], "line 2: unknown label 'yess': did you mean 'yes'?"),
        ([LINE, {**LINE, "probabilities": {"no": 1.0}}], "line 2: 1 probabilities, the lines"),
        ([LINE, {**LINE, "probabilities": {"no": 0.5, "x": 0.5}}], "line 2: no 'yes'"),
        ([{**LINE, "probabilities": {"no": 0.5, "yes": float("nan")}}], "add up to 1"),
        ([{**LINE, "probabilities": {"no": -0.5, "yes": 1.5}}], "add up to 1"),
        ([{"given_score": 1.0, "score": float("inf")}], "line 1: expected finite scores"),
        ([{"given_score": "much", "score": 1.0}], "line 1: could not convert string to"),
        ([{"text": "a"}], "`probabilities` or `score`; found text"),
        ([{"score": 1.0}], "does not say what is right: no line has given_score"),
        ([{**LINE, "given_label": "other"}], "the model has none of the given labels: other"),
    ],
)  # fmt: skip
def test_what_is_refused(written, content, message):
    with pytest.raises(UserError) as error:
        predictions.read(written(*content))
    assert message in str(error.value)


@pytest.mark.parametrize("name, message", [("p.txt", "expected a .jsonl"), ("none.csv", "exist")])
def test_what_is_no_prediction_file(name, message, tmp_path):
    with pytest.raises(UserError, match=message):
        predictions.read(str(tmp_path / name))


def test_bytes_that_are_not_utf8(tmp_path):
    (tmp_path / "p.jsonl").write_bytes(json.dumps(LINE).encode() + b'\n{"text": "\xff"}\n')
    with pytest.raises(UserError, match="not UTF-8"):
        predictions.read(str(tmp_path / "p.jsonl"))
