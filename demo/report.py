"""The demo's last lines: the score, and where everything is."""

import json
import os
import shlex
import sys


def main(folder: str) -> None:
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


if __name__ == "__main__":
    main(sys.argv[1])
