"""Prints the folder of a dataset, for the Makefile.

python -m shared.where data sst2       ->  data/sst2/msl72
python -m shared.where data sst2 128   ->  data/sst2/msl128

It must run on the login node of a Cerebras system: Python 3.6, standard library only.
"""

import glob
import math
import os
import re
import sys

from shared import tasks
from shared.errors import USER_MISTAKE, UserError
from shared.remote.urls import is_remote
from shared.suggest import unknown

MANIFEST_FILE = "manifest.json"
# The attention scores of one record of this length take 12 heads x 16384^2 x 4 bytes a layer.
MAXIMUM_LENGTH = 16384


def folder(data_dir: str, task: str, max_sequence_length: int) -> str:
    """data_dir/<task>/msl<N>, the folder of one dataset."""
    return os.path.join(data_dir, task, f"msl{max_sequence_length}")


def length(text: str) -> int:
    """MSL, spelt like other numbers: 128, 0128, 128.0 and 1.28e2 are one length.

    Raises:
      UserError: it is no whole number of tokens, or too large.
    """
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf or found != int(found):
        raise UserError(f"MSL is '{text}', expected a number of tokens (--max_sequence_length)")
    if found > MAXIMUM_LENGTH:
        raise UserError(
            f"MSL is {text}, expected at most {MAXIMUM_LENGTH:,} tokens (--max_sequence_length): "
            "the attention scores of one longer record take over 12 GB in each layer of BERT-base"
        )
    return int(found)


def lengths(data_dir: str, task: str) -> list:
    """The lengths of which data_dir has a dataset of the task, ascending."""
    if is_remote(data_dir):
        from shared.remote import datasets

        return datasets.lengths(data_dir, task)
    pattern = os.path.join(glob.escape(data_dir), glob.escape(task), "msl*", MANIFEST_FILE)
    names = [os.path.basename(os.path.dirname(path)) for path in glob.glob(pattern)]
    return sorted(int(name[3:]) for name in names if re.match(r"msl\d+$", name))


def main(data_dir: str, task: str, msl: str = "") -> None:
    """Without MSL, the length is the only one that data_dir has of the task, or else its default; a
    task outside GLUE is the user's own.

    Raises:
      UserError: neither GLUE nor data_dir has the task, or the length is wrong.
    """
    data_dir = os.path.expanduser(data_dir)
    known = tasks.TASKS.get(task)
    existing = lengths(data_dir, task)
    if known is None and not (existing or os.path.isdir(os.path.join(data_dir, task))):
        own = [name for name in _names_in(data_dir) if lengths(data_dir, name)]
        raise UserError(
            unknown("task", task, {*tasks.TASKS, *own}) + f"; and {data_dir} has no {task}/"
        )
    default = known.max_sequence_length if known else tasks.DEFAULT_LENGTH
    if len(existing) == 1:
        (default,) = existing
    found = folder(data_dir, task, length(msl) if msl else default)
    sys.stdout.buffer.write(os.fsencode(found) + b"\n")  # as it is, UTF-8 or not


def _names_in(data_dir: str) -> list:
    if is_remote(data_dir):
        from shared.remote import datasets

        return sorted({name.split("/")[0] for name in datasets.sizes(data_dir)})
    return os.listdir(data_dir) if os.path.isdir(data_dir) else []


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(USER_MISTAKE)
