import dataclasses
import shutil
from collections import Counter
from itertools import chain

import numpy as np
import pytest
import tensorflow as tf

from shared import records
from shared.errors import UserError
from shared.manifest import Manifest, Shard, Split, Vocabulary
from shared.manifest_file import read_manifest, write_manifest
from tests.inputs import read_rows, to_example
from train.data import input_fn
from train.data.in_memory import read_split


def train_of(params, first_step=0):
    manifest = read_manifest(params.train_input.data_dir)
    return input_fn.train_input_fn(params, manifest=manifest, first_step=first_step)


def eval_of(params, split):
    options = params.eval_input
    manifest = read_manifest(options.data_dir)
    return input_fn.eval_input_fn(params, options=options, split=split, manifest=manifest)


@pytest.fixture
def params(tiny, demo_data):
    """A function: changes of train_input and eval_input -> the parameters of a run."""

    def make(**inputs):
        return tiny(train_input={"data_dir": str(demo_data), "batch_size": 32, **inputs})

    return make


def keys(ids):
    """A row of ids without its padding, as a key that trimming does not change."""
    return [tuple(row[: np.flatnonzero(row)[-1] + 1].tolist()) for row in np.asarray(ids)]


def test_evaluation_gives_every_example_once_in_order(params, demo_data):
    rows = read_rows(demo_data, "validation")
    seen = 0
    for features, labels in eval_of(params(), "validation"):
        real = int(features["weights"].numpy().sum())
        for name in ("input_ids", "input_mask", "segment_ids"):
            assert features[name].shape[0] == 32 and features[name].dtype == tf.int32
            length = features[name].shape[1]
            expected = rows[name][seen : seen + real, :length]
            np.testing.assert_array_equal(features[name][:real], expected)
        np.testing.assert_array_equal(labels[:real], rows["labels"][seen : seen + real])
        assert labels.dtype == tf.int32
        seen += real
    assert seen == 500
    assert real == 500 % 32 and features["weights"].numpy().tolist() == [1.0] * 20 + [0.0] * 12


def test_a_batch_is_trimmed_to_its_longest_example(params, demo_data):
    widths = set()
    for features, _ in eval_of(params(batch_size=2), "validation"):
        longest = (features["input_mask"].numpy() == records.TOKEN).sum(axis=1).max()
        width = features["input_ids"].shape[1]
        assert width == min(-(-longest // 8) * 8, 32)
        widths.add(width)
    assert len(widths) > 1


def test_training_batches_are_trimmed_by_their_own_rows_in_every_epoch(params):
    per_epoch, widths = 2000, set()
    for features, _ in train_of(params(batch_size=2), per_epoch - 20).take(40):
        ids, mask, segments = (features[name].numpy() for name in records.TOKEN_FEATURES)
        lengths = (ids != 0).sum(axis=1)
        width = min(-(-lengths.max() // 8) * 8, 32)
        assert ids.shape == mask.shape == segments.shape == (2, width)
        assert mask.tolist() == (np.arange(width) >= lengths[:, None]).astype(int).tolist()
        assert not segments.any()
        widths.add(width)
    assert len(widths) > 1


def test_an_epoch_is_a_permutation_and_the_next_one_another(params, demo_data):
    batches = train_of(params()).take(2 * 125)
    ids = [keys(features["input_ids"]) for features, _ in batches]
    first, second = list(chain(*ids[:125])), list(chain(*ids[125:]))
    expected = sorted(keys(read_rows(demo_data, "train")["input_ids"]))
    assert sorted(first) == sorted(second) == expected  # 4,000 rows fill 125 batches of 32
    assert first != second


def test_the_rows_that_fill_no_batch_wait_for_another_epoch(params):
    batches = train_of(params(batch_size=3000)).take(3)
    epochs = [set(keys(features["input_ids"])) for features, _ in batches]
    assert [len(epoch) for epoch in epochs] == [3000] * 3
    assert len(set.union(*epochs)) > 3900


def test_order_follows_the_seed(params):
    def first(**inputs):
        features, _ = next(iter(train_of(params(**inputs))))
        return keys(features["input_ids"])

    assert first() == first() == first(shuffle_seed=7)  # 7 is the run's seed
    assert first() != first(shuffle_seed=8)


def test_without_shuffling_the_order_is_that_of_the_records(params, demo_data):
    batches = train_of(params(shuffle=False)).take(125)
    found = list(chain(*(keys(features["input_ids"]) for features, _ in batches)))
    assert found == keys(read_rows(demo_data, "train")["input_ids"])


def test_batches_grouped_by_length_hold_the_same_rows_with_less_padding(params):
    """The 125 batches of an epoch."""

    def epoch(**inputs):
        batches = list(train_of(params(**inputs)).take(125))
        rows = chain(*(keys(features["input_ids"]) for features, _ in batches))
        return sorted(rows), sum(features["input_ids"].shape[1] for features, _ in batches)

    rows, tokens = epoch(group_by_length=True)
    expected_rows, random_tokens = epoch()
    assert rows == expected_rows
    assert tokens < 0.8 * random_tokens


def test_a_streamed_split_cannot_be_grouped_by_length(params):
    with pytest.raises(
        UserError, match="needs 0.000304 GB, but train_input.memory_limit_gb is 1e-09"
    ):
        train_of(params(group_by_length=True, memory_limit_gb=1e-9))


def test_a_batch_larger_than_the_split(params):
    with pytest.raises(UserError, match="4000 examples, fewer than train_input.batch_size 4001"):
        train_of(params(batch_size=4001))


def test_a_regression_task_has_float_labels(tmp_path):
    record = {"input_ids": [2, 5, 3, 0], "input_mask": [0, 0, 0, 1],
              "segment_ids": [0] * 4, "labels": 2.5}  # fmt: skip
    write_dataset(tmp_path, [record], label_names=None)
    rows = read_split(str(tmp_path), "train", read_manifest(str(tmp_path)))
    assert rows.labels.dtype == np.float32 and rows.labels.tolist() == [2.5]


GOOD = {"input_ids": [2, 5, 3, 6, 3, 0], "input_mask": [0, 0, 0, 0, 0, 1],
        "segment_ids": [0, 0, 0, 1, 1, 0], "labels": 1}  # fmt: skip


def write_dataset(folder, rows, label_names=("no", "yes"), examples=None):
    """A dataset of one shard with these records."""
    (folder / "train").mkdir()
    path = folder / "train" / "train-00000-of-00001.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for row in rows:
            writer.write(to_example(row, label_names is None))
    count = len(rows) if examples is None else examples
    shard = Shard(path.name, count, path.stat().st_size, "")
    split = Split(count, (shard,), {}, 0, 0.0, {}, 0, None)
    length = len(rows[0]["input_ids"])
    special = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}
    vocabulary = Vocabulary("v", 10, "", True, True, True, special)
    made = Manifest("t", {}, ("x",), length, vocabulary, label_names, {"train": split}, {})
    write_manifest(str(folder), made)
    return path


def test_a_pair_comes_back_as_it_was_written(tmp_path, tiny):
    write_dataset(tmp_path, [GOOD])
    params = tiny(train_input={"data_dir": str(tmp_path)})
    (batch,) = eval_of(params, "train")
    for name in ("input_ids", "input_mask", "segment_ids"):
        assert batch[0][name][0].numpy().tolist() == GOOD[name]


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"input_mask": [1, 1, 1, 1, 1, 0]},
            "record 1: breaks the rule: input_mask 1 exactly on the pad",
        ),
        (
            {"segment_ids": [1, 0, 0, 0, 1, 0]},
            "record 1: breaks the rule: segment_ids 1 exactly on the sec",
        ),
        ({"segment_ids": [0, 0, 0, 1, 1, 1]}, "record 1: breaks the rule: segment_ids"),
        ({"input_ids": [2, 5, 3, 10, 3, 0]}, "record 1: breaks the rule: input_ids from 0 to 9"),
        ({"input_ids": [2, 5, 3]}, "at or after record 0: .*input_ids"),
        ({"labels": 2}, "record 1: breaks the rule: labels from -1 to 1"),
        ({"labels": -2}, "record 1: breaks the rule: labels from -1 to 1"),
    ],
)
def test_a_record_that_breaks_a_rule_is_named(tmp_path, change, message):
    path = write_dataset(tmp_path, [GOOD, {**GOOD, **change}])
    with pytest.raises(UserError, match=message) as error:
        read_split(str(tmp_path), "train", read_manifest(str(tmp_path)))
    assert str(path) in str(
        error.value
    ) and "make data TASK=t DATA=... TEXT=... LABEL=... MSL=6" in str(error.value)


@pytest.mark.parametrize(
    "lengths, batch_size, use_xla, expected",
    [
        ([10, 10, 20, 60], 1, False, [8, 16, 24, 32, 40, 48, 56, 64]),
        ([10, 10, 20, 60], 1, True, [16, 24, 64]),
        ([10, 10, 20, 60], 100, True, [64]),
        ([5] * 999 + [60], 1, True, [8, 64]),
        (range(64), 1, True, [8, 16, 24, 32, 40, 48, 56, 64]),
        (range(64), 8, True, [56, 64]),  # (49 / 64)^8 = 0.12 of the batches fit 48
    ],
)
def test_the_lengths_that_a_batch_may_have(lengths, batch_size, use_xla, expected):
    found = split_of(lengths, 64)
    assert input_fn.trimmed_lengths(found, "train", batch_size, use_xla).tolist() == expected


def test_batches_grouped_by_length_are_as_long_as_their_rows():
    """3 of 4 rows fit 24 tokens, and so do 3 of 4 batches, where of random ones none would."""
    found = split_of([10, 10, 20, 60], 64)
    grouped = input_fn.trimmed_lengths(found, "train", 100, use_xla=True, is_grouped=True)
    assert grouped.tolist() == [16, 24, 64]


def split_of(lengths, max_sequence_length):
    """A manifest whose train split has rows of these lengths."""
    split = Split(len(lengths), (), dict(Counter(lengths)), 0, 0.0, {}, 0, None)
    found = Manifest("t", {}, ("x",), max_sequence_length, None, None, {}, {})
    return dataclasses.replace(found, splits={"train": split})


def test_a_length_that_is_no_multiple_of_8():
    assert input_fn.trimmed_lengths(split_of([3], 12), "train", 1, False).tolist() == [8, 12]


def test_rows_that_were_truncated_count_as_long_as_they_are():
    assert input_fn.trimmed_lengths(split_of([8, 8, 500], 64), "train", 1, True).tolist() == [8, 64]


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda data: data[:-3], "bytes, the manifest says"),
        (lambda data: data[:20] + b"\0" + data[21:], "corrupted record"),
        (None, "is missing"),
    ],
)
def test_a_damaged_shard_is_named(tmp_path, damage, message):
    path = write_dataset(tmp_path, [GOOD, GOOD])
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=message) as error:
        read_split(str(tmp_path), "train", read_manifest(str(tmp_path)))
    assert str(path) in str(error.value)


def test_a_dataset_that_is_replaced_meanwhile_is_noticed(tmp_path):
    write_dataset(tmp_path, [GOOD])
    before = read_manifest(str(tmp_path))
    shutil.rmtree(tmp_path / "train")
    write_dataset(tmp_path, [GOOD, GOOD])
    with pytest.raises(UserError, match="was replaced during this run"):
        read_split(str(tmp_path), "train", before)
