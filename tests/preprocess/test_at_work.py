"""A run that fails ends when none of its threads writes any more."""

import threading
import uuid

import pytest

from preprocess.beam import at_work


def test_the_end_waits_for_a_thread_at_work_and_lets_none_begin():
    folder, began, goes_on, order = uuid.uuid4().hex, threading.Event(), threading.Event(), []

    def write():
        with at_work.on(folder):
            began.set()
            goes_on.wait()
            order.append("written")

    writer = threading.Thread(target=write)
    writer.start()
    began.wait()
    ender = threading.Thread(target=lambda: (at_work.end(folder), order.append("ended")))
    ender.start()
    ender.join(0.1)
    assert ender.is_alive() and order == []
    goes_on.set()
    ender.join()
    assert order == ["written", "ended"]
    with pytest.raises(RuntimeError, match="has ended"), at_work.on(folder):
        pass


def test_a_thread_that_fails_is_not_waited_for():
    folder = uuid.uuid4().hex
    with pytest.raises(ValueError), at_work.on(folder):
        raise ValueError
    at_work.end(folder)
