"""Old copies are noticed where objects have no checksum, as in HDFS: by times and sizes."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.errors import UserError
from shared.remote import mirror, sources
from tests.loopback import send, served


@pytest.fixture
def files():
    """{path: (content, what else the server tells of it)}, to be filled."""
    return {}


@pytest.fixture
def hdfs(files, as_elsewhere):
    """The URL of a server that speaks WebHDFS, as far as reading goes."""

    def status(path):
        content, told = files[path]
        return {"type": "FILE", "length": len(content), "pathSuffix": Path(path).name, **told}

    def answer(ask):
        url = urlsplit(ask.path)
        path, asked = url.path[len("/webhdfs/v1") :], parse_qs(url.query)["op"][0]
        below = [status(other) for other in files if other.startswith(path + "/")]
        if asked == "LISTSTATUS":
            send(ask, 200, [json.dumps({"FileStatuses": {"FileStatus": below}}).encode()])
        elif asked == "GETFILESTATUS":
            send(ask, 200, [json.dumps({"FileStatus": status(path)}).encode()])
        else:
            send(ask, 200, [files[path][0]])

    as_elsewhere()
    with served(answer) as address:
        yield address.replace("http", "webhdfs")


FIRST, SECOND = {"modificationTime": 1700000000001}, {"modificationTime": 1700000000002}


def test_a_copy_of_a_file_is_of_its_time(hdfs, files):
    for content, told in ((b"old", FIRST), (b"new", SECOND)):
        files["/a.csv"] = (content, told)
        assert Path(sources.file(f"{hdfs}/a.csv")).read_bytes() == content


@pytest.mark.parametrize("content, told", [(b"new", SECOND), (b"longer", FIRST)])
def test_a_file_of_a_model_that_was_replaced_is_fetched_again(hdfs, files, content, told):
    for given in ((b"old", FIRST), (content, told)):
        files["/m/vocab.txt"] = given
        with mirror.at(f"{hdfs}/m", writes=False) as folder:
            assert Path(folder, "vocab.txt").read_bytes() == given[0]


def test_what_has_neither_checksum_nor_time_is_refused(hdfs, files):
    files["/m/vocab.txt"] = (b"old", {})
    said = f"^{hdfs}/m/vocab.txt: this store tells neither a checksum nor a time of it, so a copy"
    with pytest.raises(UserError, match=said):
        sources.file(f"{hdfs}/m/vocab.txt")
    with pytest.raises(UserError, match=said), mirror.at(f"{hdfs}/m", writes=False):
        pass
