"""The command: of a model folder, its dataset, a given file, and several seeds."""

import json
import re
import shutil
from importlib import import_module

import pytest

from inference.report import duplicates, page, training
from preprocess import run as preprocess
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.inference.report import files
from tests.inputs import ROOT

command = import_module("inference.report.__main__")


def report_of(folder, *arguments):
    command.main(["--model_dir", str(folder), *map(str, arguments)])
    assert (folder / page.PAGE_FILE).stat().st_size > 5_000
    return json.loads((folder / page.JSON_FILE).read_text())


def answers_of(folder):
    return list(map(json.loads, (folder / "predict_validation.jsonl").open()))


@pytest.fixture(scope="module")
def reported(trained, tmp_path_factory):
    """(a copy of the model folder, its report); its prediction was of another step."""
    folder = tmp_path_factory.mktemp("reported") / "m"
    shutil.copytree(trained, folder)
    record = folder / "predict_validation.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "step": 30}))
    return folder, report_of(folder)


def test_the_figures_are_those_of_a_new_prediction_with_texts(reported):
    folder, report = reported
    (found,) = report["predictions"].values()
    answers = answers_of(folder)
    right = [answer["label"] == answer["given_label"] for answer in answers]
    assert found["scores"]["accuracy"]["value"] == sum(right) / len(right)
    assert found["mistakes"][0]["text"] in {answer["text"] for answer in answers}
    assert json.loads((folder / "predict_validation.json").read_text())["step"] == 60


def test_a_prediction_of_the_newest_checkpoint_is_used_as_it_is(reported, capsys):
    folder, report = reported
    before = (folder / "predict_validation.jsonl").stat().st_mtime_ns
    assert report_of(folder)["predictions"] == report["predictions"]
    assert (folder / "predict_validation.jsonl").stat().st_mtime_ns == before
    scores = {
        name: of["value"] for name, of in report["predictions"]["validation"]["scores"].items()
    }
    assert capsys.readouterr().out.splitlines() == [
        f"validation: accuracy {scores['accuracy']:.4f}  f1_macro {scores['f1_macro']:.4f}  "
        "(500 examples)",
        f"report: {folder / page.PAGE_FILE}",
    ]


def test_the_headline_of_scores():
    found = {"scores": {"pearson": {"value": 0.5}, "spearman": {"value": 0.25}}, "examples": 1500}
    assert page.headline("dev", found) == "dev: pearson 0.5000  spearman 0.2500  (1,500 examples)"


def test_what_it_says_of_training_and_data(reported, demo_data):
    report = reported[1]
    manifest = read_manifest(str(demo_data))
    assert (report["task"], report["step"]) == ("sst2", 60)
    assert report["initialized_from"] == "random weights"
    assert report["cost"]["examples"] == 60 * 8 and report["cost"]["epochs"] == 480 / 4000
    assert report["training"]["train/loss"]["steps"][-1] == 60
    assert report["configuration"]["model"]["hidden_size"] == 32
    assert report["environment"]["training"]["backend"] == "cpu"
    split = report["data"]["splits"]["validation"]
    assert split["labels"] == manifest.splits["validation"].label_counts
    assert split["duplicates"] == {"repeated": 0, "in_train": 0}


def test_every_key_is_documented(reported):
    table = (ROOT / "docs" / "report.md").read_text().split("## report.json")[1]
    named = {word for code in re.findall(r"`([^`]+)`", table) for word in re.findall(r"\w+", code)}
    report = reported[1]
    (found,) = report["predictions"].values()
    keys = [report, found, *found["classes"], *found["confusion"], *found["mistakes"]]
    keys += [found["calibration"], *found["calibration"]["bins"], report["cost"]]
    assert not {key for mapping in keys for key in mapping} - named


@pytest.fixture
def moved(trained, tmp_path):
    """A copy of the model folder whose dataset is not where it was."""
    folder = tmp_path / "m"
    shutil.copytree(trained, folder)
    path = folder / "params.yaml"
    path.write_text(re.sub(r"data_dir: .*", "data_dir: /nowhere/msl32", path.read_text()))
    return folder


def test_a_dataset_that_has_moved(moved, demo_data):
    with pytest.raises(UserError, match="on /nowhere/msl32, which is not there: .*DATASET="):
        report_of(moved)
    with pytest.raises(UserError, match="no split 'dev'; the dataset has"):
        report_of(moved, "--data_dir", demo_data, "--split", "dev")
    assert not (moved / page.JSON_FILE).exists()


def test_a_given_file_needs_no_dataset(moved, tmp_path):
    given, probabilities = files.drawn(40, 2)
    lines = files.class_lines(given, probabilities, ["negative", "positive"])
    path = files.write_csv(tmp_path / "answers.csv", lines)
    report = report_of(moved, "--predictions", path)
    assert list(report["predictions"]) == ["answers.csv"] and report["data"] is None
    assert report["cost"]["epochs"] is None


def test_what_cannot_be_reported_on(moved, tmp_path):
    lines = files.class_lines(*files.drawn(5, 2), ["ham", "spam"])
    other = files.write_json_lines(tmp_path / "p.jsonl", lines)
    with pytest.raises(UserError, match="another model: ham, spam; .* answers negative, positive"):
        report_of(moved, "--predictions", other)
    with pytest.raises(UserError, match="give one of --split and PREDICTIONS"):
        report_of(moved, "--predictions", other, "--split", "validation")
    with pytest.raises(UserError, match="has no trained model"):
        report_of(tmp_path)


def test_several_seeds(trained, tmp_path, capsys):
    for seed in (2, 10):
        shutil.copytree(trained, tmp_path / f"seed-{seed}")
    (tmp_path / "seed-3").mkdir()
    kept = shutil.copytree(trained, tmp_path / "seed-10" / "best")
    lines = answers_of(trained)
    for line in lines[:50]:  # other answers than those of seed 2
        line["label"] = "negative" if line["given_label"] == "positive" else "positive"
    files.write_json_lines(kept / "predict_validation.jsonl", lines)
    found = report_of(tmp_path)
    seeds = found["seeds"]
    assert list(seeds) == ["2", "10"] and found["untrained"] == [3]
    assert "seed 3 has no trained model: left out" in capsys.readouterr().out
    split = "validation"
    first, second = (of["predictions"][split]["scores"]["accuracy"] for of in seeds.values())
    mean, apart = (first["value"] + second["value"]) / 2, abs(first["value"] - second["value"])
    assert found["summary"][split]["accuracy"] == pytest.approx(
        {"median": mean, "mean": mean, "std": apart / 2**0.5}
    )
    assert apart > 0
    text = (tmp_path / page.PAGE_FILE).read_text()
    assert [of["page"] for of in seeds.values()] == [
        "seed-2/report.html", "seed-10/best/report.html",
    ]  # fmt: skip
    for of in seeds.values():
        assert f'href="{of["page"]}"' in text and (tmp_path / of["page"]).exists()
    with pytest.raises(UserError, match=r"several seeds, .* such as MODEL_DIR=.*seed-2"):
        report_of(tmp_path, "--predictions", "p.jsonl")


def test_texts_that_are_there_twice(demo_input, tmp_path):
    texts = {"train": ["a good film", "a bad film", "a good film"]}
    texts["validation"] = ["A  Good film", "a good film", "a dull film"]
    for split, rows in texts.items():
        lines = ["text,label", *(f"{row},{number % 2}" for number, row in enumerate(rows))]
        (tmp_path / f"{split}.csv").write_text("\n".join(lines) + "\n")
    data = ",".join(f"{split}={tmp_path}/{split}.csv" for split in texts)
    preprocess.main(
        [*("--task", "films", "--data", data, "--text", "text", "--label", "label"),
         *("--max_sequence_length", "8", "--vocab_file", str(demo_input / "vocab.txt")),
         *("--data_dir", str(tmp_path))]
    )  # fmt: skip
    dataset = str(tmp_path / "films" / "msl8")
    assert duplicates.count(dataset, read_manifest(dataset)) == {
        "train": {"repeated": 1, "in_train": 0},
        "validation": {"repeated": 1, "in_train": 2},
    }


def test_curves(tmp_path):
    lines = [{"step": step, "train/loss": None if step == 3 else step / 2} for step in range(1, 5)]
    text = "".join(json.dumps(line) + "\n" for line in lines) + '{"step": 5, "train'
    (tmp_path / "metrics.jsonl").write_text(text)
    for folder in (tmp_path, tmp_path / "best"):
        assert training.curves(str(folder)) == {
            "train/loss": {"steps": [1, 2, 4], "values": [0.5, 1.0, 2.0]}
        }


def test_long_curves_are_means_of_neighbours(tmp_path):
    lines = (json.dumps({"step": step, "x": step % 2}) + "\n" for step in range(600))
    (tmp_path / "metrics.jsonl").write_text("".join(lines))
    found = training.curves(str(tmp_path))["x"]
    assert found["steps"][:2] == [0.5, 2.5] and set(found["values"]) == {0.5}
