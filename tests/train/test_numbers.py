"""Schedules, optimizer and dropout against arithmetic done by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf

from shared.config import Schedule
from tests.train.conftest import constant
from train.gpu.progress import Progress, clock
from train.model import dropout
from train.model.dropout import StatelessDropout
from train.model.layers import Layers
from train.optim import schedule
from train.wse.layers import WseLayers


def rates(schedules, steps, reset_steps=True):
    return [
        float(schedule.learning_rate(schedules, tf.constant(step, tf.int64), reset_steps))
        for step in steps
    ]


def one(scheduler, **values):
    return (Schedule(scheduler, values),)


LINEAR = one("Linear", initial_learning_rate=1.0, end_learning_rate=0.0, steps=4)


@pytest.mark.parametrize(
    "schedules, steps, expected",
    [
        (constant(0.5), [0, 99], [0.5, 0.5]),
        (LINEAR, [0, 1, 4, 9], [1, 0.75, 0, 0]),
        (one("Linear", initial_learning_rate=1.0, end_learning_rate=0.0, steps=4, cycle=True),
         [0, 3, 4, 5, 8, 9], [1, 0.25, 0, 1 - 5 / 8, 0, 1 - 9 / 12]),
        (one("Polynomial", initial_learning_rate=3.0, end_learning_rate=1.0, steps=2, power=2.0),
         [0, 1, 2, 3], [3, 1.5, 1, 1]),
        (one("Exponential", initial_learning_rate=2.0, decay_steps=2, decay_rate=0.25),
         [0, 1, 2, 3], [2, 1, 0.5, 0.25]),
        (one("Exponential", initial_learning_rate=2.0, decay_steps=2, decay_rate=0.25,
             staircase=True), [0, 1, 2, 3], [2, 2, 0.5, 0.5]),
        (one("PiecewiseConstant", boundaries=(2, 4), values=(1.0, 0.5, 0.1)),
         [0, 2, 3, 4, 5], [1, 1, 0.5, 0.5, 0.1]),
        (one("Cosine", initial_learning_rate=2.0, decay_steps=4),
         [0, 2, 4, 5], [2, 1, 0, 0]),
        (one("Cosine", initial_learning_rate=2.0, decay_steps=4, alpha=0.5),
         [0, 2, 4], [2, 1.5, 1]),
    ],
)  # fmt: skip
def test_single_schedules(schedules, steps, expected):
    assert rates(schedules, steps) == pytest.approx(expected, abs=1e-6)


WARM_UP = one("Linear", initial_learning_rate=0.0, end_learning_rate=1.0, steps=4)


def test_a_list_runs_in_sequence():
    assert rates(WARM_UP + constant(1.0), [0, 1, 3, 4, 9]) == [0, 0.25, 0.75, 1, 1]
    down = one("Linear", initial_learning_rate=1.0, end_learning_rate=0.0, steps=2)
    assert rates(WARM_UP + down, [3, 4, 5, 6, 7]) == [0.75, 1, 0.5, 0, 0]
    three = WARM_UP + one("Constant", learning_rate=0.5, steps=2) + constant(0.1)
    assert rates(three, [3, 4, 5, 6]) == pytest.approx([0.75, 0.5, 0.5, 0.1])
    cosine = one("Cosine", initial_learning_rate=2.0, decay_steps=4)
    at_3 = 2 * 0.5 * (1 + math.cos(math.pi * 3 / 4))
    assert rates(cosine + constant(3.0), [3, 4]) == pytest.approx([at_3, 3])


def test_without_the_reset_every_schedule_counts_from_the_beginning():
    down = one("Linear", initial_learning_rate=1.0, end_learning_rate=0.0, steps=8)
    assert rates(WARM_UP + down, [3, 4, 6, 8], reset_steps=False) == [0.75, 0.5, 0.25, 0]


def test_the_two_forms_of_gelu():
    # x Phi(x) with Phi(1) = 0.8413447, Phi(-2) = 0.0227501; the tanh form by a pocket calculator:
    # 0.5 (1 + tanh(0.7978846 * 1.044715)) and -(1 - tanh(0.7978846 * 2.35772)).
    x = tf.constant([1.0, -2.0, 0.0])
    np.testing.assert_allclose(
        Layers(tf.float32).gelu_erf(x), [0.8413447, -0.0455002, 0.0], atol=1e-6
    )
    for layers in (Layers, WseLayers):
        tanh = layers(tf.float32).gelu(x)
        np.testing.assert_allclose(tanh, [0.8411920, -0.0454023, 0.0], atol=1e-6)


def test_progress_lines():
    lines = []
    progress = Progress(first_step=10, last_step=310, batch_size=8, every_steps=100,
                        log=lines.append)  # fmt: skip
    assert progress.update(50, 2.0, 0.25, 0.7, 1e-3) is None
    assert progress.update(50, 2.0, 0.25, 0.6, 1e-3) == 8 * 100 / 4
    # A line after 10 s at the latest.
    assert progress.update(10, 11.0, 1.0, 0.5, 1e-3) == 80 / 11
    progress.update(190, 19.0, 0.2, 0.4, 5e-5)
    progress.finish()
    assert lines == [
        "step 110/310  loss 0.6000  lr 1.00e-03  200 examples/s  ETA 0:08",
        "step 120/310  loss 0.5000  lr 1.00e-03  7 examples/s  ETA 3:29",
        "step 310/310  loss 0.4000  lr 5.00e-05  80 examples/s  ETA 0:00",
        "Training finished with 2,400 samples in 34.0 s, 70.6 samples/s (steps 10 to 310)",
        "Input kept up: steps waited 1.7 of 34.0 s for it (5.0%)",
    ]


def test_a_training_that_waits_for_input_says_so():
    lines = []
    progress = Progress(0, 10, batch_size=1, every_steps=100, log=lines.append)
    progress.update(10, 8.0, 2.0, 0.7, 1e-3)
    progress.finish()
    assert lines[-1].startswith(
        "Input is too slow: steps waited 2.0 of 8.0 s for it (25.0%). A split"
    )


def test_times_are_shown_like_a_clock():
    assert [clock(s) for s in (0.4, 75, 3675)] == ["0:00", "1:15", "1:01:15"]


@pytest.mark.parametrize("is_fused", [False, True])
def test_dropout_depends_on_seed_step_and_place_alone(is_fused):
    x = tf.ones([1000])

    def draw(seed, step, places=1):
        drop = StatelessDropout(seed, tf.constant(step, tf.int64), is_fused=is_fused)
        return [drop(x, 0.25).numpy() for _ in range(places)]

    first, second = draw(1, 5, places=2)
    np.testing.assert_array_equal(first, draw(1, 5)[0])
    for other in (second, draw(1, 6)[0], draw(2, 5)[0]):
        assert not np.array_equal(first, other)
    assert set(first) == {0.0, np.float32(4 / 3)}
    assert np.mean(first == 0) == pytest.approx(0.25, abs=0.05)
    assert StatelessDropout(1, tf.constant(0), is_fused=is_fused)(x, 0.0) is x


def test_the_hash_is_murmurs():
    """fmix32 of MurmurHash3, computed by hand in Python's integers."""
    expected = [0, 0x514E28B7, 0x30F4C306, 0x81F16F39]
    assert dropout._mixed(tf.constant([0, 1, 2, 2**32 - 1], tf.uint32)).numpy().tolist() == expected


def test_each_hash_gives_two_values():
    stream, step = (dropout._mixed(tf.constant(n, tf.uint32)) for n in (3, 7))
    key = dropout._mixed(tf.bitwise.bitwise_xor(stream, step))
    pairs = tf.constant([0, 1, 2], tf.uint32) + stream
    words = dropout._mixed(tf.bitwise.bitwise_xor(dropout._mixed(pairs), key)).numpy()
    halves = [half for word in words.tolist() for half in (word % 2**16, word // 2**16)]
    assert dropout._hashed_uint16([5], [3, 7]).numpy().tolist() == halves[:5]


def test_hashed_dropout_is_even_and_its_places_are_independent():
    """By 4 standard deviations of a million draws."""
    drop = StatelessDropout(1, tf.constant(7), is_fused=True)
    first, second = (drop(tf.ones([1000, 1000]), 0.1).numpy() == 0 for _ in range(2))
    for dropped in (first, second, first[:, ::2], first[::3]):
        assert dropped.mean() == pytest.approx(0.1, abs=4 * 0.3 / dropped.size**0.5)
    for pair in ((first, second), (first[:, 1:], first[:, :-1]), (first[1:], first[:-1])):
        assert abs(np.corrcoef(*map(np.ravel, pair))[0, 1]) < 4e-3
