"""The page as a browser shows it: its content, its width, its colours, and nothing that runs."""

import json
import re

import numpy as np
import pytest

from inference.report import page, predictions, scoring
from tests import browser
from tests.inference.report import files

RUNS = "<script>window.ran = true</script><img src=x onerror='window.ran = true'>"
NAMES = ["login & more", "refund", "<b>other</b>"]
LONG = "donaudampfschifffahrtsgesellschaft" * 20


def a_report(found, **more):
    """What content.of_model returns, around the figures of prediction files."""
    points = {"steps": [10.0, 20.0, 30.0], "values": [0.7, 0.5, 0.4]}
    return {
        "model_dir": "runs/tickets",
        "task": "tickets",
        "step": 30,
        "predictions": found,
        "data": None,
        "training": dict.fromkeys(
            ("train/loss", "train/learning_rate", "eval_dev/accuracy"), points
        ),
        "cost": {
            "parameters": 4386178, "checkpoint_bytes": 52640000, "steps": 30, "examples": 960,
            "epochs": 0.5, "examples_per_second": 200.0, "seconds": 4.8,
        },
        "initialized_from": "random weights",
        "configuration": {"model": {"hidden_size": 128}, "note": RUNS},
        "environment": {"training": {"backend": "cpu"}, "report": {"python": "3.11"}},
        **more,
    }  # fmt: skip


def tickets(path, rows, texts):
    given, probabilities = files.drawn(rows, 3)
    lines = files.class_lines(given, probabilities, NAMES, text=texts)
    return scoring.of_predictions(predictions.read(str(files.write_json_lines(path, lines))))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of a report on tickets, two of which are HTML or one long word."""
    folder = tmp_path_factory.mktemp("report")
    texts = [RUNS, LONG] * 100
    found = tickets(folder / "predict_dev.jsonl", 200, texts)
    page.write(str(folder), a_report({"dev": found}))
    return folder


@pytest.fixture(scope="module")
def seen(written):
    """What a browser shows of it, in light colours."""
    return browser.seen(written / page.PAGE_FILE, written)


def test_it_says_what_report_json_holds(seen, written):
    report = json.loads((written / page.JSON_FILE).read_text())["predictions"]["dev"]
    for view in seen:
        for score in report["scores"].values():
            assert f"{score['value']:.4f}" in view["text"]
        assert f"{report['scores']['accuracy']['low']:.4f} to" in view["text"]
        assert all(name in view["text"] for name in NAMES)
        assert "4,386,178" in view["text"] and view["title"] == "Report on runs/tickets"
        assert [title.split(":")[0] for title in view["charts"]] == [
            "Reliability", "Probability of the answer", "loss", "learning rate", "accuracy",
        ]  # fmt: skip


def test_nothing_is_wider_than_the_window(seen):
    assert [(view["overflow"], view["wide"]) for view in seen] == [(0, [])] * 2


def test_html_in_a_text_is_shown_and_never_runs(seen):
    for view in seen:
        assert RUNS in view["text"]
        assert not view["ran"] and view["scripts"] == 0


def test_it_is_dark_for_who_prefers_that(seen, written):
    dark = browser.seen(written / page.PAGE_FILE, written, is_dark=True)

    def brightness(view):
        return np.mean([int(part) for part in re.findall(r"\d+", view["ground"])])

    assert all(brightness(view) > 200 for view in seen)
    assert all(brightness(view) < 60 for view in dark)
    assert [view["overflow"] for view in dark] == [0, 0]


def test_it_needs_nothing_else(written):
    text = (written / page.PAGE_FILE).read_text()
    assert "<script" not in text and "<link" not in text and "<img" not in text
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", text) and "url(" not in text


def test_many_classes_have_a_list_of_confusions_but_no_matrix(tmp_path):
    names = [f"intent {number}" for number in range(77)]
    lines = files.class_lines(*files.drawn(2000, 77), names)
    path = files.write_json_lines(tmp_path / "p.jsonl", lines)
    page.write(str(tmp_path), a_report({"p": scoring.of_predictions(predictions.read(str(path)))}))
    text = (tmp_path / page.PAGE_FILE).read_text()
    assert "The largest confusions" in text and 'class="matrix' not in text
    assert all(name in text for name in names) and len(text) < 200_000


def test_many_rows_make_a_small_page(tmp_path):
    given, probabilities = files.drawn(1000, 2)
    rows = list(files.class_lines(given, probabilities, ["a", "b"], text=["one text"] * 1000))
    text = "".join(json.dumps(row) + "\n" for row in rows)
    with (tmp_path / "p.jsonl").open("w") as file:
        for _ in range(200):
            file.write(text)
    read = predictions.read(str(tmp_path / "p.jsonl"))
    assert len(read.given) == 200_000
    page.write(str(tmp_path), a_report({"p": scoring.of_predictions(read)}))
    assert (tmp_path / page.PAGE_FILE).stat().st_size < 100_000


def test_a_regression(tmp_path):
    draw = np.random.default_rng(0)
    given = draw.uniform(0, 5, 5000)
    rows = [
        {"given_score": right, "score": right + error, "text": "a", "text_b": RUNS}
        for right, error in zip(given, draw.normal(size=5000), strict=True)
    ]
    path = files.write_json_lines(tmp_path / "p.jsonl", rows)
    page.write(str(tmp_path), a_report({"p": scoring.of_predictions(predictions.read(str(path)))}))
    text = (tmp_path / page.PAGE_FILE).read_text()
    assert "Largest errors" in text and "Residuals: rows by answer" in text
    assert RUNS not in text and "&lt;script&gt;" in text and len(text) < 250_000
