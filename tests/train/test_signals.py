"""SIGTERM, SIGHUP and Ctrl-C are noted; what follows is in test_run.py and test_mistakes.py."""

import signal

import pytest

from shared.errors import HungUp, Terminated
from train import signals

TOLD = {
    signal.SIGINT: "stopping; what is done will be saved. Ctrl-C again ends at once\n",
    signal.SIGHUP: "SIGHUP: the terminal is gone; stopping, what is done will be saved\n",
}


@pytest.mark.parametrize(
    "number, name, error",
    [
        (signal.SIGTERM, "SIGTERM", Terminated),
        (signal.SIGHUP, "SIGHUP", HungUp),
        (signal.SIGINT, "Ctrl-C", KeyboardInterrupt),
    ],
)
def test_a_signal_is_noted(number, name, error, capfd):
    before = signal.getsignal(number)
    with signals.noted() as has_come:
        assert not has_come()
        signal.raise_signal(number)
        with signals.noted() as inner:  # as several seeds and each training do it
            assert inner() and has_come()
        assert signal.getsignal(number) != before
        stopped = signals.stopped("at step 3; checkpoint written")
        assert isinstance(stopped, error)
        assert str(stopped) == f"stopped by {name} at step 3; checkpoint written"
    assert signal.getsignal(number) == before
    assert capfd.readouterr().err == TOLD.get(number, "")


def test_a_second_ctrl_c_ends_at_once():
    with signals.noted():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt, match="^$"):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)  # a second one of another kind does not
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_nohup_ignores_stays_ignored(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with signals.noted() as has_come:
            signal.raise_signal(number)
            assert not has_come()
    finally:
        signal.signal(number, before)


def test_when_another_worker_was_stopped():
    assert isinstance(signals.stopped("at step 1"), Terminated)
