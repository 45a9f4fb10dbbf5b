import numpy as np
import pytest

from shared.errors import UserError
from train.data import order


class Context:
    """What tf.distribute.InputContext tells."""

    def __init__(self, pipelines, index, replicas):
        self.num_input_pipelines = pipelines
        self.input_pipeline_id = index
        self.num_replicas_in_sync = replicas


def test_the_rows_of_a_step_are_dealt_to_processes_and_parts():
    dealt = [
        order.epoch_batches(np.arange(14), order.share(6, 2, Context(2, process, 2))).tolist()
        for process in range(2)
    ]
    assert dealt == [[[0, 1, 2], [6, 7, 8]], [[3, 4, 5], [9, 10, 11]]]  # 12 and 13 fill no step


def test_one_process_may_have_several_replicas():
    share = order.share(6, 1, Context(1, 0, 3))
    assert share == order.Share(rows=2, parts=1, replicas=3, first=0, here=3)
    assert order.epoch_batches(np.arange(6), share).tolist() == [[0, 1], [2, 3], [4, 5]]


def test_steps_take_the_same_rows_however_they_are_shared():
    rows = order.permutation(1, 0, 50)
    whole = order.epoch_batches(rows, order.share(12, 1)).reshape(-1, 12)
    parts = order.epoch_batches(rows, order.share(3, 4)).reshape(-1, 12)
    shared = [order.epoch_batches(rows, order.share(6, 2, Context(2, k, 2))) for k in range(2)]
    shared = np.stack([part.reshape(-1, 2, 3) for part in shared], axis=2).reshape(-1, 12)
    np.testing.assert_array_equal(whole, parts)
    np.testing.assert_array_equal(whole, shared)


def test_rows_of_about_the_same_length_share_a_step(monkeypatch):
    monkeypatch.setattr(order, "_STEPS_TO_GROUP", 2)
    lengths, share = np.array([9, 3, 9, 4, 5, 8, 1]), order.share(2, 1)
    orders = [order.grouped(np.arange(7), lengths, share, 1, epoch) for epoch in range(8)]
    for rows in orders:  # row 6 fills no step
        steps = {tuple(step) for step in rows.reshape(-1, 2).tolist()}
        assert steps == {(1, 3), (0, 2), (4, 5)}
    assert len({tuple(rows) for rows in orders}) > 2  # in any order of steps
    np.testing.assert_array_equal(orders[5], order.grouped(np.arange(7), lengths, share, 1, 5))


def test_a_step_larger_than_the_split():
    with pytest.raises(UserError, match="7 examples, fewer than train_input.batch_size 4 x optimi"):
        order.steps_per_epoch(7, order.share(4, 2))
    assert order.steps_per_epoch(8, order.share(4, 2)) == 1
