"""Whether tf.summary is kept in a run on CS: inside cs1_enable_summaries only."""

import contextlib

_is_enabled = [False]  # innermost last


def are_enabled() -> bool:
    return _is_enabled[-1]


@contextlib.contextmanager
def _switched(on):
    _is_enabled.append(on)
    try:
        yield
    finally:
        _is_enabled.pop()


def cs1_enable_summaries():
    return _switched(True)


def cs1_disable_summaries():
    return _switched(False)
