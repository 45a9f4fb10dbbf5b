"""Workers wait for each other, not without end, and say for whom."""

import contextlib
import signal
import socket
import threading
import time

import pytest

from shared.errors import Terminated, UserError
from tests.loopback import free_port
from train import roll_call, signals
from train.tf_config import Cluster


@pytest.fixture
def addresses():
    return [f"localhost:{free_port()}" for _ in range(3)]


def call(addresses, index, **limit):
    roll_call.wait(Cluster({"worker": addresses}, {}, index), **limit)


@contextlib.contextmanager
def listening(address):
    with socket.create_server(("", int(address.split(":")[1]))):
        yield


def test_all_go_on_when_the_last_one_has_started(addresses, capsys):
    ended = []

    def worker(index):
        call(addresses, index, limit=60)
        # TensorFlow now listens there, and those that look a moment later see it.
        with listening(addresses[index]):
            ended.append(index)
            while len(ended) < 3:
                time.sleep(0.01)

    threads = [threading.Thread(target=worker, args=(index,)) for index in range(3)]
    for thread in threads[1:]:
        thread.start()
    while f"waiting for worker 0 ({addresses[0]})" not in capsys.readouterr().out:
        assert not ended
    threads[0].start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == [0, 1, 2]


def test_those_that_do_not_start_are_named(addresses, capsys):
    with listening(addresses[0]), pytest.raises(UserError) as error:
        call(addresses, 1, limit=1)
    worker = f"worker 2 ({addresses[2]})"
    assert str(error.value) == (
        f"not started within 0:01: {worker}: Connection refused. Start all workers with the same "
        "command, each with its own index in TF_CONFIG."
    )
    assert capsys.readouterr().out == f"waiting for {worker} (0:00 of 0:01)\n"


def test_a_host_that_does_not_exist(addresses):
    addresses[2] = "no.such.host.invalid:2222"
    with listening(addresses[0]), pytest.raises(UserError, match=r"worker 2 \(no.such.host.inv"):
        call(addresses, 1, limit=0)


def test_one_alone_waits_for_nobody():
    call([f"localhost:{free_port()}"], 0, limit=0)


@pytest.mark.parametrize("port, why", [(None, "in use"), (70000, "0-65535")])
def test_a_port_where_it_cannot_listen(addresses, port, why):
    with listening(addresses[1]):
        addresses[0] = addresses[1] if port is None else f"localhost:{port}"
        with pytest.raises(UserError, match=rf"worker 0 cannot listen at localhost:.*{why}.*TF_CO"):
            call(addresses, 0)


def test_a_signal_ends_the_waiting(addresses):
    with signals.noted(), pytest.raises(Terminated, match="while it waited for other workers"):
        signal.raise_signal(signal.SIGTERM)
        call(addresses, 0)
