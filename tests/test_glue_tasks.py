"""Every task of GLUE from its official files to the leaderboard's: train, eval, predict."""

import json

import pytest
import yaml

from tests.preprocess import test_glue_files as glue
from tests.train import runs
from train import run

# {task: (its metrics, the first one decides; its leaderboard files)}
EXPECTED = {
    "cola": (["matthews_correlation"], ["CoLA.tsv"]),
    "sst2": (["accuracy"], ["SST-2.tsv"]),
    "mrpc": (["f1", "accuracy"], ["MRPC.tsv"]),
    "qqp": (["f1", "accuracy"], ["QQP.tsv"]),
    "stsb": (["spearman", "pearson"], ["STS-B.tsv"]),
    "mnli": (["accuracy"], ["MNLI-m.tsv", "MNLI-mm.tsv"]),
    "qnli": (["accuracy"], ["QNLI.tsv"]),
    "rte": (["accuracy"], ["RTE.tsv"]),
    "wnli": (["accuracy"], ["WNLI.tsv"]),
}
# As one of the others, but for names and metrics; that these are read is tested in
# test_glue_files.py, too, and every metric in train/test_metrics.py.
ALIKE = ("cola", "sst2", "mrpc", "qqp", "qnli", "rte", "wnli")


@pytest.mark.parametrize(
    "task",
    [pytest.param(task, marks=pytest.mark.long if task in ALIKE else []) for task in EXPECTED],
)
def test_a_task_from_file_to_leaderboard(tmp_path, task):
    glue.write(tmp_path, glue.FILES[task])
    dataset = glue.make(tmp_path, task)
    glue.assert_holds(dataset, task)
    params, folder = tmp_path / "p.yaml", tmp_path / "m"
    content = runs.configuration({"train_input": {"batch_size": 2}, "model": {"hidden_size": 8},
                                  "runconfig": {"max_steps": 1}})  # fmt: skip
    params.write_text(yaml.safe_dump(content))
    for mode in ("train", "eval", "predict"):
        run.main(runs.arguments(mode, folder, params, dataset))
    metrics, files = EXPECTED[task]
    splits = ["validation_matched", "validation_mismatched"] if task == "mnli" else ["validation"]
    for split in splits:
        result = json.loads((folder / f"eval_{split}.json").read_text())
        named_twice = [] if task == "stsb" else ["modelzoo"]
        assert list(result) == ["step", "examples", *metrics, "loss", "constant", *named_twice]
    assert sorted(path.name for path in folder.glob("*.tsv")) == files
    if task == "mnli":
        assert_its_model_answers_ax(tmp_path, params, folder)


def assert_its_model_answers_ax(tmp_path, params, folder):
    glue.write(tmp_path, glue.FILES["ax"])
    dataset = glue.make(tmp_path, "ax")
    glue.assert_holds(dataset, "ax")
    run.main(runs.arguments("predict", folder, params, dataset))
    index, answer = (folder / "AX.tsv").read_text().splitlines()[1].split("\t")
    assert index == "0" and answer in ("entailment", "neutral", "contradiction")
