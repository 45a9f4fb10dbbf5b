"""A function in several processes: results in order, errors in their turn, no process left."""

import os
import signal
import time

import pytest

from preprocess.sources import in_order
from shared.errors import UserError


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 10])
def test_results_are_in_order(processes, count):
    found = list(in_order.results(lambda item: (item, b"x" * 10**6), range(count), processes))
    assert [item for item, _ in found] == list(range(count))


def test_other_processes_do_it():
    workers = set(in_order.results(lambda _: os.getpid(), range(4), 2))
    assert len(workers) == 2 and os.getpid() not in workers


def _check(item):
    if item == 2:
        raise UserError("two is wrong")
    return item


@pytest.mark.parametrize("processes", [1, 3])
def test_an_error_comes_after_the_results_before_it(processes):
    found = []
    with pytest.raises(UserError, match="two is wrong"):
        found.extend(in_order.results(_check, range(9), processes))
    assert found == [0, 1]


def _dies_idle(_):
    signal.setitimer(signal.ITIMER_REAL, 0.1)  # when it has answered


def _slowly(items):
    for item in items:
        time.sleep(0.3)
        yield item


@pytest.mark.parametrize("dies", [lambda _: os.kill(os.getpid(), 9), _dies_idle])
def test_a_worker_that_is_killed_is_told_with_the_likely_cause(dies):
    with pytest.raises(UserError, match="was killed, most likely because memory was short"):
        list(in_order.results(dies, _slowly(range(4)), 2))


def test_workers_end_when_the_results_are_no_longer_wanted():
    results = in_order.results(lambda _: os.getpid(), range(100), 2)
    workers = {next(results), next(results)}
    results.close()
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
