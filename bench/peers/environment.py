"""The Python environment that holds what we are compared with; bench/README.md says how to make it.

What runs there imports nothing of ours, and is run as `<python> -m bench.peers....`.
"""

import subprocess

from shared.errors import UserError

DEFAULT_PYTHON = ".venv-bench/bin/python"
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
_MISSING = (
    "import sys, importlib.util as u; "
    "print(*[name for name in sys.argv[1:] if u.find_spec(name) is None])"
)


def check(python: str, *packages: str) -> None:
    """Raises UserError where `python` cannot be run or lacks one of these packages."""
    command = [python, "-c", _MISSING, *packages]
    try:
        missing = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(
            f"--peers_python {python} cannot be run ({error}); bench/README.md says how the "
            "peers' environment is made"
        ) from None
    if missing:
        raise UserError(
            f"--peers_python {python} lacks {', '.join(missing)}; bench/README.md says how the "
            "peers' environment is made"
        )
