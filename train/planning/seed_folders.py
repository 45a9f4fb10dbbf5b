"""Where several trainings go that differ only in their seed: <model_dir>/seed-<n>."""

import argparse
import os
import re
from typing import List

_NAME = "seed-{}"


def path(model_dir: str, seed: int) -> str:
    return os.path.join(model_dir, _NAME.format(seed))


def seeds(model_dir: str) -> List[int]:
    """Those that have a folder, ascending."""
    names = os.listdir(model_dir) if os.path.isdir(model_dir) else []
    found = (re.fullmatch(_NAME.format(r"(\d+)"), name) for name in names)
    return sorted(int(match.group(1)) for match in found if match)


def options_of(options: argparse.Namespace, seed: int) -> argparse.Namespace:
    """The options for one of the trainings."""
    folder = path(options.model_dir, seed)
    return argparse.Namespace(**{**vars(options), "seed": seed, "model_dir": folder})
