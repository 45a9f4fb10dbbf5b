"""csrun_wse runs the same command in every task at once: nobody disturbs the others."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.wse import runs
from tests.wse.conftest import ROOT, STANDIN
from train.checkpoints import files as checkpoint_files
from train.model import variables
from train.pretrained.read import read
from train.wse import estimator as wse

TASKS = 3


@pytest.fixture
def at_once(tmp_path):
    """A function: number of tasks, arguments of train.run -> what each of them printed."""

    def run(tasks, *arguments):
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "train.run", *map(str, arguments)],
                cwd=str(ROOT),
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join([str(ROOT), str(STANDIN)]),
                    "SLURM_STEP_NUM_TASKS": str(tasks),
                    "SLURM_PROCID": str(number),
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                universal_newlines=True,
            )
            for number in range(tasks)
        ]
        outputs = [process.communicate(timeout=300) for process in started]
        for process, (_, errors) in zip(started, outputs):
            assert process.returncode == 0, errors
        return [output for output, _ in outputs]

    return run


def test_three_tasks_train_and_two_predict(tmp_path, sentences, pretrained, at_once):
    params, folder, alone = tmp_path / "p.yaml", tmp_path / "m", tmp_path / "alone"
    runs.write_yaml(params, {"model": {**runs.MIXED["model"], "num_hidden_layers": 2}})
    source = pretrained("hf/pretrained")
    more = ["--checkpoint_path", source, "--cs_ip", "10.0.0.1"]
    outputs = at_once(TASKS, *runs.arguments("train", folder, params, sentences, *more))
    assert sum("input worker" in output for output in outputs) == TASKS - 1
    assert all("training finished at step 4" in output for output in outputs)
    assert checkpoint_files.steps(str(folder)) == [0, 2, 4]

    begun, words = runs.weights(folder, step=0), variables.WORD_EMBEDDINGS
    np.testing.assert_array_equal(begun[words], read(str(source)).weights[words])

    # One conversion, whole; and nothing that differs from what a single task writes.
    runs.main("train", alone, params, sentences, *more)
    assert [name for name in os.listdir(str(folder)) if "tmp" in name] == []
    (conversion,) = (name for name in os.listdir(str(folder)) if name.startswith("warm_start"))
    assert files(alone / conversion) == files(folder / conversion)
    assert (alone / "params.yaml").read_bytes() == (folder / "params.yaml").read_bytes()

    arguments = runs.arguments("predict", folder, params, sentences, "--cs_ip", "10.0.0.1")
    chief, worker = at_once(2, *arguments)
    assert "10 examples in" in chief and "the chief has all" in worker
    assert len(runs.predictions(folder)) == 10


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_task_that_received_some_answers_ends_well(
    trained, tmp_path, sentences, monkeypatch, capsys
):
    """csrun_wse ends all tasks when one ends with an error."""
    params = tmp_path / "p.yaml"
    runs.write_yaml(params)
    monkeypatch.setattr(wse.Estimator, "predict", lambda *_: iter([np.zeros(2, np.float32)] * 3))
    runs.main("predict", trained, params, sentences)
    assert "this task received 3 of 10 answers and writes nothing" in capsys.readouterr().out
    assert not list(trained.glob("predict*"))
