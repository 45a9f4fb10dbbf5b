"""A task of the user's own, the whole way: records -> training -> a score -> answers."""

import csv
import json

import pytest

from preprocess import run as preprocess
from tests.inputs import ROOT
from train import run


@pytest.mark.parametrize(
    "labels, metrics",
    [
        (("bad", "good"), {"accuracy"}),
        pytest.param(("0.0", "4.5"), {"spearman", "pearson"}, marks=pytest.mark.long),
    ],
)
def test_a_task_of_the_users_own_trains_like_one_of_glue(demo_input, tmp_path, labels, metrics):
    with open(demo_input / "glue/SST-2/dev.tsv", newline="") as file:
        rows = [
            (text, labels[int(label)]) for text, label in list(csv.reader(file, "excel-tab"))[1:]
        ]
    with open(tmp_path / "own.csv", "w", newline="") as file:
        csv.writer(file).writerows([("text", "opinion"), *rows[:98], ("short",), *rows[98:]])
    preprocess.main(
        [*("--task", "films", "--data", f"train={tmp_path}/own.csv,validation={tmp_path}/own.csv"),
         *("--text", "text", "--label", "opinion", "--bad_rows", "drop"),
         *("--max_sequence_length", "32"),
         *("--vocab_file", str(demo_input / "vocab.txt"), "--data_dir", str(tmp_path))]
    )  # fmt: skip
    common = [
        *("--params", str(ROOT / "configs" / "params_bert_tiny.yaml"), "--backend", "cpu"),
        *("--set", "model.num_hidden_layers=1"),
        *("--data_dir", str(tmp_path / "films" / "msl32"), "--model_dir", str(tmp_path / "run")),
    ]
    run.main(["--mode", "train", "--max_steps", "3", *common])
    run.main(["--mode", "eval", *common])
    result = json.loads((tmp_path / "run" / "eval_validation.json").read_text())
    assert result["examples"] == 500 and metrics < set(result)
    run.main(["--mode", "predict", "--split", "validation", *common])
    with open(tmp_path / "run" / "predict_validation.jsonl") as file:
        answers = [json.loads(line) for line in file]
    assert [answer["index"] for answer in answers] == list(range(500))
    lines = [line for line in range(2, 503) if line != 100]  # the short row
    assert [(answer["file"], answer["line"]) for answer in answers] == [
        ("own.csv", line) for line in lines
    ]
    is_score = "spearman" in metrics
    assert set(answers[0]) - {"index", "file", "line"} == (
        {"given_score", "score"} if is_score else {"given_label", "label", "probabilities"}
    )
