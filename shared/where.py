"""Prints the folder of a dataset, for the Makefile.

python -m shared.where data sst2       ->  data/sst2/msl72
python -m shared.where data sst2 128   ->  data/sst2/msl128
"""

import os
import sys

from shared import manifest, tasks
from shared.errors import UserError, exit_code
from shared.suggest import unknown


def main(data_dir: str, task: str, length: str = "") -> None:
    """A task that GLUE does not have is the user's own, whose length is the usual one.

    Raises:
      UserError: neither GLUE nor data_dir has the task.
    """
    known = tasks.TASKS.get(task)
    if known is None and not os.path.isdir(os.path.join(data_dir, task)):
        raise UserError(unknown("task", task, tasks.TASKS) + f"; and {data_dir} has no {task}/")
    default = known.max_sequence_length if known else tasks.DEFAULT_LENGTH
    print(manifest.folder(data_dir, task, length or default))


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(*sys.argv[1:])))
