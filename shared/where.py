"""Prints the folder of a dataset, for the Makefile.

python -m shared.where data sst2       ->  data/sst2/msl72
python -m shared.where data sst2 128   ->  data/sst2/msl128
"""

import sys

from shared import manifest, tasks
from shared.errors import exit_code


def main(data_dir: str, task: str, length: str = "") -> None:
    """A task that GLUE does not have is the user's own, whose length is the usual one."""
    known = tasks.TASKS.get(task)
    default = known.max_sequence_length if known else tasks.DEFAULT_LENGTH
    print(manifest.folder(data_dir, task, length or default))


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(*sys.argv[1:])))
