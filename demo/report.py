"""The demo's last lines: the score, and where everything is."""

import json
import os
import shlex
import sys

from shared.errors import FaultsFound, exit_code

# The majority class is right in 0.52, a bag of words in less than 0.8 (tests/test_demo.py).
_LEARNT = 0.9


def main(folder: str) -> None:
    """Raises FaultsFound if the model did not learn what every training before it has learnt."""
    run = os.path.join(folder, "run")
    with open(os.path.join(run, "eval_validation.json"), encoding="utf-8") as file:
        result = json.load(file)
    print(
        f"\ndemo: accuracy {result['accuracy']:.3f} on {result['examples']} unseen sentences "
        f"after {result['step']} steps\n"
        f"  sentences    {folder}/glue/SST-2\n"
        f"  TFDS dataset {folder}/tfds\n"
        f"  vocabulary   {folder}/vocab.txt\n"
        f"  records      {folder}/data/sst2\n"
        f"  model        {run} (.venv/bin/tensorboard --logdir {shlex.quote(run)})\n"
        f"  report       {run}/report.html\n"
        f"  SavedModel   {folder}/saved_model\n"
        f"Ask it yourself: make classify MODEL_DIR={shlex.quote(run)} TEXT='...'"
    )
    if result["accuracy"] < _LEARNT:
        raise FaultsFound(f"the demo's accuracy should be at least {_LEARNT}")


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1])))
