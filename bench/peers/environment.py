"""The Python environment of the programs that we are compared with (see bench/README.md).

They import nothing of ours and are run as `<python> -m bench.peers....`.
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
    """Raises UserError if `python` cannot be run or lacks one of these packages."""
    command = [python, "-c", _MISSING, *packages]
    try:
        missing = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(
            f"--peers_python {python} cannot be run ({error}); bench/README.md says how to create "
            "the peers' environment"
        ) from None
    if missing:
        raise UserError(
            f"--peers_python {python} lacks {', '.join(missing)}; bench/README.md says how to "
            "create the peers' environment"
        )
