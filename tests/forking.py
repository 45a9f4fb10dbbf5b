"""Runs of a program in forks of one process that has imported TensorFlow, which takes long."""

import json
import subprocess
import sys
from contextlib import contextmanager

from tests.inputs import ROOT

_FORKING = """
import json, os, sys
from shared.errors import exit_code
{imports}
print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        os.dup2(2, 1)
        os._exit(exit_code(lambda: run.main(json.loads(line))))
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@contextmanager
def forking(imports):
    """Yields start(arguments) -> (process id, a function that waits for the exit code).

    Args: imports, code that imports the program as `run`, and all that it would import later.
    """
    code = _FORKING.format(imports=imports)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout.readline() == "ready\n"

        def start(arguments):
            process.stdin.write(json.dumps(list(map(str, arguments))) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline()), lambda: int(process.stdout.readline())

        yield start
        process.kill()
