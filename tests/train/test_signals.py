"""SIGTERM and Ctrl-C are noted; what follows from it is in test_run.py and test_mistakes.py."""

import signal

import pytest

from shared.errors import Terminated
from train import signals

BOTH = pytest.mark.parametrize(
    "number, name, error",
    [(signal.SIGTERM, "SIGTERM", Terminated), (signal.SIGINT, "Ctrl-C", KeyboardInterrupt)],
)


@BOTH
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
    told = "stopping; what is done will be saved. Ctrl-C again ends at once\n"
    assert capfd.readouterr().err == (told if number == signal.SIGINT else "")


def test_a_second_ctrl_c_ends_at_once():
    with signals.noted():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt, match="^$"):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)  # a second one of another kind does not
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals.noted() as has_come:
            signal.raise_signal(signal.SIGINT)
            assert not has_come()
    finally:
        signal.signal(signal.SIGINT, before)


def test_when_another_worker_was_stopped():
    assert isinstance(signals.stopped("at step 1"), Terminated)
