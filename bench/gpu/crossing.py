"""Step crossing: a checkpoint of one device gives the same scores on the other, and resumes there.

Train on the GPU and score there; score on the CPU; continue training on the CPU and score there;
score on the GPU. Without a GPU everything runs on the CPU. In float32, which a GPU multiplies as
TF32.
"""

import json
import os

from bench.gpu import device, row, trainer
from bench.gpu.row import FAILED, check, judge, tell

_STEPS = 20
_TOLERANCE = 2e-3  # of the mean loss


def main(job: dict) -> None:
    here = device.begin({**job, "small": True})
    from bench.gpu import records

    dataset = records.make(job["work"], 600)
    run = _Runs(job["work"], dataset)
    crossings = [(here, "cpu", _STEPS), ("cpu", here, 2 * _STEPS)]
    for trained, scored, steps in crossings[: 1 if job["small"] else 2]:
        expected = run.train_and_eval(trained, steps)
        found = run.eval(scored)
        if expected is None or found is None:
            tell(f"trained on {trained}, scored on {scored}", "a run failed", FAILED)
            return
        error = abs(found["loss"] - expected["loss"]) / expected["loss"]
        judge(f"trained on {trained}, scored on {scored}: mean loss", error, _TOLERANCE)
        same = found["step"] == expected["step"] == steps
        check(f"trained on {trained}, scored on {scored}: step, rows",
              f"step {found['step']}, {found['examples']} rows",
              same and found["examples"] == expected["examples"])  # fmt: skip


class _Runs:
    """Runs of the trainer in one model_dir."""

    def __init__(self, work: str, dataset: str):
        self._folder, self._dataset = os.path.join(work, "crossing"), dataset
        self._config = trainer.configuration(os.path.join(work, "crossing.yaml"), "smallest", 8,
                                             runconfig={"max_steps": _STEPS})  # fmt: skip

    def train_and_eval(self, backend: str, steps: int):
        return self._run("train_and_eval", backend, "--max_steps", steps)

    def eval(self, backend: str):
        return self._run("eval", backend)

    def _run(self, mode, backend, *more):
        """The content of its eval_validation.json; None if it failed."""
        finished = trainer.run(
            mode, self._config, self._folder, self._dataset, "--backend", backend, *more
        )
        if finished.code:
            return None
        with open(os.path.join(self._folder, "eval_validation.json"), encoding="utf-8") as file:
            return json.load(file)


if __name__ == "__main__":
    row.main(main)
