import socket

import pytest

from preprocess.sources.tfds_download import unreachable
from tests.loopback import send, served


def test_a_closed_port_is_unreachable_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "refused" in unreachable(f"http://127.0.0.1:{port}/x.zip")


def test_a_silent_host_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.zip"
        assert unreachable(url, seconds=0.3) in ("no answer within 0.3 s", "timed out")


@pytest.mark.parametrize("status, problem", [(200, None), (404, "Not Found")])
def test_a_host_that_answers(status, problem):
    with served(lambda ask: send(ask, status)) as address:
        assert unreachable(address + "/x.zip") == problem
