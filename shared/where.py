"""Prints the folder of a dataset, for the Makefile.

python -m shared.where data sst2       ->  data/sst2/msl72
python -m shared.where data sst2 128   ->  data/sst2/msl128

It must run on the login node of a Cerebras system: Python 3.6, standard library only.
"""

import os
import sys

from shared import tasks
from shared.errors import USER_MISTAKE, UserError
from shared.suggest import unknown


def folder(data_dir: str, task: str, max_sequence_length: int) -> str:
    """data_dir/<task>/msl<N>, the folder of one dataset."""
    return os.path.join(data_dir, task, f"msl{max_sequence_length}")


def main(data_dir: str, task: str, length: str = "") -> None:
    """A task outside GLUE is the user's own and has the default length.

    Raises:
      UserError: neither GLUE nor data_dir has the task, or the length is not a number.
    """
    known = tasks.TASKS.get(task)
    if known is None and not os.path.isdir(os.path.join(data_dir, task)):
        raise UserError(unknown("task", task, tasks.TASKS) + f"; and {data_dir} has no {task}/")
    if length and not length.isdigit():
        raise UserError(f"MSL is '{length}', expected a number of tokens")
    default = known.max_sequence_length if known else tasks.DEFAULT_LENGTH
    print(folder(data_dir, task, int(length) if length else default))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(USER_MISTAKE)
