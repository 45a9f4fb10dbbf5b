"""The proof on a GPU runs on a CPU too, in small sizes."""

import json
import os
import subprocess
import sys

import pytest

from bench.gpu import compared, row, runner, steps
from bench.gpu.results import Results
from bench.gpu.row import FAILED, PASSED, SKIPPED, Row
from tests.inputs import ROOT

WHOLE = "the whole step"
ALWAYS_SKIPPED = {
    *("golden-tf32", "resume-deterministic", "memory"),
    *(name + kind for name in ("speed-more", "speed-large")
      for kind in ("", "-torch", "-torch-compiled")),
}  # fmt: skip
WHERE_PYTORCH_IS = {"speed-torch", "speed-torch-compiled"}


def test_every_row_passes_or_says_why_it_is_skipped(tmp_path):
    finished = subprocess.run(
        [sys.executable, "-m", "bench.gpu", "--small", "--out", str(tmp_path)],
        cwd=ROOT, env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}, text=True, capture_output=True,
    )  # fmt: skip
    log = (tmp_path / "log.txt").read_text(errors="replace")
    assert finished.returncode == 0, finished.stdout + finished.stderr + log
    rows = json.loads((tmp_path / "results.json").read_text())
    of_steps = [found for found in rows if found["step"] != "compared"]
    names = list(dict.fromkeys(found["step"] for found in of_steps))
    assert names == [step.name for step in steps.steps(small=True)]
    assert {found["verdict"] for found in rows} <= {PASSED, SKIPPED, ""}
    assert all(found["value"] for found in rows if found["verdict"] == SKIPPED)
    skipped = {found["step"] for found in of_steps
               if found["what"] == WHOLE and found["verdict"] == SKIPPED}  # fmt: skip
    assert skipped - WHERE_PYTORCH_IS == ALWAYS_SKIPPED
    table = (tmp_path / "table.md").read_text()
    assert len(table.splitlines()) == 2 + len(rows) and table in finished.stdout


def test_small_or_not_the_steps_are_the_same():
    assert [step.name for step in steps.steps(True)] == [step.name for step in steps.steps(False)]


def rows_of(step, tmp_path, python=sys.executable):
    found = []
    runner.run(step, python, str(tmp_path / "log"), found.append)
    return found


def test_a_step_that_hangs_is_killed_and_reported(tmp_path):
    job = {"small": True, "size": 256}
    (*_, last) = rows_of(steps.Step("smoke", "smoke", 1, job), tmp_path)
    assert last.verdict == FAILED and last.value.startswith("not within 1 s")


def test_a_step_that_crashes_is_reported_with_its_last_words(tmp_path):
    (only,) = rows_of(steps.Step("x", "absent", 60, {}), tmp_path)
    assert only.verdict == FAILED
    assert only.value.startswith("code 1: ") and "bench.gpu.absent" in only.value
    assert "==== x" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("value, verdict", [(0.5, PASSED), (1.5, FAILED), (float("nan"), FAILED)])
def test_an_error_is_judged_by_its_limit(capsys, value, verdict):
    row.judge("logits", value, 1.0)
    assert row.heard(capsys.readouterr().out).verdict == verdict


def test_rows_outlive_a_kill(tmp_path):
    results = Results(str(tmp_path))
    results.add("smoke", Row("device", "gpu", numbers={"gpus": 1}))
    (found,) = json.loads((tmp_path / "results.json").read_text())
    assert found["step"] == "smoke" and found["numbers"] == {"gpus": 1}


def test_ours_beside_pytorch_and_the_goals():
    results = Results(None)

    def add(step, seconds, **numbers):
        shape = Row("base, 128 x 128", "", numbers={"seconds": seconds, **numbers})
        results.add(step, shape)

    add("speed", 0.025, share=0.40)
    add("speed-torch", 0.030)
    add("speed-torch-compiled", 0.020)
    for step, seconds in (("resume", 0.010), ("resume-deterministic", 0.012)):
        results.add(step, Row("steps", "", numbers={"seconds": seconds}))
    compared.add(results)
    table = results.table()
    assert "our examples/s to torch's | 1.20 | goal met" in table
    assert "our examples/s to torch-compiled's | 0.80 | goal missed" in table
    assert "share of the peak | 40% | goal missed" in table
    assert "cost of determinism | +2.00 ms a step, +20%" in table
