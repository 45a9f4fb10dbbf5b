"""Runs the trainer: python -m bench.modelzoo.ours <arguments as JSON>, a list for each run."""

import json
import sys

from shared.errors import exit_code
from train import run


def main(runs: list) -> None:
    for arguments in runs:
        run.main(arguments)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(json.loads(sys.argv[1]))))
