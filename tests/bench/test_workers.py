"""bench/workers.py without the trainings."""

import pytest

from bench import workers

# As Linux shows it; proc(5).
DEVICES = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo
    lo: 1111111     100    0    0    0     0          0         0  2222222     200    0    0    0
  eth0: 3333333     300    0    0    0     0          0         0  4444444     400    0    0    0
"""


def test_what_the_loopback_device_has_sent(tmp_path):
    (tmp_path / "dev").write_text(DEVICES)
    assert workers._sent(str(tmp_path / "dev")) == 2222222


@pytest.mark.parametrize("count, expected", [(1, 0), (2, 4e6), (3, 16e6 / 3), (4, 6e6)])
def test_the_least_bytes_of_a_million_parameters(count, expected):
    assert workers.least_bytes(1_000_000, count) == pytest.approx(expected)
