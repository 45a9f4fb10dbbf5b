"""Reading a split that is too large for memory."""

import numpy as np
import pytest
import tensorflow as tf

from preprocess import run as preprocess
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.inputs import data_arguments, read_rows, to_example
from tests.train.test_input_fn import GOOD, write_dataset
from train.data import input_fn, record_rules, streaming
from train.data.in_memory import fits_in_memory


@pytest.fixture(scope="module")
def sharded(demo_input, tmp_path_factory):
    """The demo's dataset, its 4,000 training rows in 5 shards."""
    folder = tmp_path_factory.mktemp("sharded")
    preprocess.main(data_arguments(demo_input, folder, "--num_shards", 5))
    return folder / "sst2" / "msl32"


@pytest.fixture
def params(tiny, sharded):
    """A function: changes of train_input -> the parameters of a run that streams."""

    def make(parts=1, **inputs):
        given = {"data_dir": str(sharded), "batch_size": 100, "memory_limit_gb": 1e-9,
                 "shuffle_buffer": 1000, **inputs}  # fmt: skip
        return tiny(train_input=given, optimizer={"grad_accum_steps": parts})

    return make


def take(params, count, first_step=0, context=None):
    """The ids of `count` training batches, each [batch, 32], padding as -1."""
    manifest = read_manifest(params.train_input.data_dir)
    batches = input_fn.train_input_fn(params, context, manifest=manifest, first_step=first_step)
    return [padded(features) for features, _ in batches.take(count)]


def padded(features):
    ids = np.where(features["input_mask"] == 0, features["input_ids"], -1)
    return np.pad(ids, ((0, 0), (0, 32 - ids.shape[1])), constant_values=-1)


def rows(batches):
    return sorted(map(tuple, np.concatenate(batches).tolist()))


def context(pipelines, index, replicas):
    return tf.distribute.InputContext(pipelines, index, replicas)


def all_rows(sharded):
    found = read_rows(sharded, "train")
    return rows([np.where(found["input_mask"] == 0, found["input_ids"], -1)])


def test_an_epoch_has_every_row_once_in_another_order(params, sharded):
    batches = take(params(), 80)
    assert rows(batches[:40]) == rows(batches[40:]) == all_rows(sharded)
    assert not np.array_equal(batches[0], batches[40])
    # The first batch mixes shards: of 800 rows each, in the order of the records.
    assert len(set(map(tuple, batches[0].tolist())) - set(all_rows(sharded)[:800])) > 0


def test_the_order_depends_on_the_seed_alone(params):
    first = take(params(), 45)
    np.testing.assert_array_equal(first, take(params(), 45))
    assert not np.array_equal(first[0], take(params(shuffle_seed=8), 1)[0])


def test_a_run_resumes_at_its_batch(params):
    whole = take(params(parts=2), 100)
    for step in (1, 19, 20, 33):  # an epoch has 20 steps of 2 parts
        np.testing.assert_array_equal(
            take(params(parts=2), 4, step), whole[2 * step : 2 * step + 4]
        )


def test_in_memory_too(params):
    known = params(memory_limit_gb=4.0, batch_size=300)  # 13 steps an epoch
    whole = take(known, 30)
    for step in (1, 12, 13, 27):
        np.testing.assert_array_equal(take(known, 3, step), whole[step : step + 3])


@pytest.mark.parametrize("memory_limit_gb", [4.0, 1e-9])
@pytest.mark.parametrize("processes", [2, 8])  # less than the 5 shards, and more
def test_processes_read_disjoint_rows(params, sharded, processes, memory_limit_gb):
    given = params(batch_size=400, memory_limit_gb=memory_limit_gb)
    parts = [
        take(given, 10, context=context(processes, index, processes)) for index in range(processes)
    ]
    assert {batch.shape for part in parts for batch in part} == {(400 // processes, 32)}
    seen = [row for part in parts for row in rows(part)]
    if processes == 8 or memory_limit_gb == 4.0:  # all have as many rows
        assert sorted(seen) == all_rows(sharded)
    else:  # 3 and 2 shards of 800: an epoch is as long as the process with fewer rows can feed
        first = {row for batch in parts[0][:8] for row in map(tuple, batch.tolist())}
        second = {row for batch in parts[1][:8] for row in map(tuple, batch.tolist())}
        assert len(second) == 1600 - len(seen) + 4000 or not first & second


def test_without_shuffling_the_order_is_that_of_the_records(params, sharded):
    found = read_rows(sharded, "train")
    expected = np.where(found["input_mask"] == 0, found["input_ids"], -1)
    np.testing.assert_array_equal(np.concatenate(take(params(shuffle=False), 40)), expected)


def test_evaluation_streams_the_same_examples(params, sharded):
    def answers(given):
        options, manifest = given.eval_input, read_manifest(str(sharded))
        batches = input_fn.eval_input_fn(
            given, options=options, split="validation", manifest=manifest
        )
        kept = []
        for features, labels in batches:
            real = features["weights"].numpy() > 0
            kept.append((padded(features)[real], labels.numpy()[real]))
        return [np.concatenate(column) for column in zip(*kept, strict=True)]

    streamed, in_memory = answers(params()), answers(params(memory_limit_gb=4.0))
    assert len(streamed[0]) == 500
    for manifest, expected in zip(streamed, in_memory, strict=True):
        np.testing.assert_array_equal(manifest, expected)


def test_what_streams_is_a_rule_of_the_configuration(params, sharded):
    manifest = read_manifest(str(sharded))
    size = 4000 * (32 * 2 + 12)  # ids of 2 bytes, two lengths and a label of 4
    for limit, fits in ((size, True), (size - 1, False)):
        options = params(memory_limit_gb=limit / 1e9).train_input
        assert fits_in_memory(options, "train", manifest) == fits


def test_a_damaged_shard_is_found_before_the_first_batch(params, data_copy):
    (shard,) = (data_copy / "train").glob("*.tfrecord")
    shard.write_bytes(shard.read_bytes()[:-5])
    with pytest.raises(UserError, match="has .* bytes, the manifest says"):
        take(params(data_dir=str(data_copy)), 1)


def test_a_damaged_record_is_a_message(train, tmp_path, data_copy):
    (shard,) = (data_copy / "train").glob("*.tfrecord")
    content = shard.read_bytes()
    shard.write_bytes(content[:2000] + bytes([content[2000] ^ 1]) + content[2001:])
    with pytest.raises(
        UserError, match="cannot be read: corrupted record.* `make verify TASK=sst2"
    ):
        train("train", tmp_path / "m", data=data_copy,
              config={"train_input": {"memory_limit_gb": 1e-9}})  # fmt: skip


MANY = 2**32 + 1  # 1 where only 32 bits are looked at


@pytest.mark.parametrize(
    "change, rule",
    [
        ({"input_mask": [0, 0, 0, 0, 1, 0]}, "input_mask"),  # as many tokens as there should be
        ({"input_mask": [0, 0, 0, 0, 0, MANY]}, "input_mask"),
        ({"input_mask": [0, 0, 0, 0, 2, -1]}, "input_mask"),  # the sum is right
        ({"segment_ids": [0, 0, 1, 0, 1, 0]}, "segment_ids"),
        ({"segment_ids": [0, 0, 0, 1, 0, 1]}, "segment_ids"),
        ({"segment_ids": [0, 0, 0, 0, 2, 0]}, "segment_ids"),
        ({"segment_ids": [0, 0, 0, 0, 0, -1]}, "segment_ids"),  # b would begin behind the end
        ({"segment_ids": [0, 0, 0, MANY, 1, 0]}, "segment_ids"),
        ({"input_ids": [2, 5, 3, 10, 3, 0]}, "input_ids"),
        ({"input_ids": [2, 5, 3, -1, 3, 0]}, "input_ids"),
        ({"input_ids": [2, 5, 3, MANY, 3, 0]}, "input_ids"),
        ({"labels": 2}, "labels"),
        ({"labels": -2}, "labels"),
        ({"labels": MANY}, "labels"),
    ],
)
def test_a_streamed_record_that_breaks_a_rule(tmp_path, change, rule):
    write_dataset(tmp_path, [GOOD])
    manifest = read_manifest(str(tmp_path))
    records = [to_example(row, is_regression=False) for row in (GOOD, {**GOOD, **change})]
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        tf.function(lambda: streaming.parse(tf.constant(records), manifest))()
    assert record_rules.broken(error.value.message).startswith(f"{rule} ")


def test_streamed_rows_are_what_the_records_say(tmp_path):
    other = {"input_ids": [2, 9, 4, 4, 4, 3], "input_mask": [0] * 6, "segment_ids": [0] * 6,
             "labels": -1}  # fmt: skip
    write_dataset(tmp_path, [GOOD, other])
    path = str(next(tmp_path.glob("train/*")))
    serialized = tf.constant(list(tf.data.TFRecordDataset(path).as_numpy_iterator()))
    features, lengths, labels = streaming.parse(serialized, read_manifest(str(tmp_path)))
    for name, feature in features.items():
        assert feature.numpy().tolist() == [GOOD[name], other[name]]
    assert list(features) == ["input_ids", "input_mask", "segment_ids"]
    assert lengths.numpy().tolist() == [5, 6]
    assert labels.numpy().tolist() == [1, -1]
    assert labels.dtype == tf.int32


def test_features_are_cut():
    cut = streaming.cut({"input_ids": tf.constant([[2, 5, 3, 0], [2, 3, 0, 0]], tf.int64)}, 3)
    assert cut["input_ids"].numpy().tolist() == [[2, 5, 3], [2, 3, 0]]
    assert cut["input_ids"].dtype == tf.int32
