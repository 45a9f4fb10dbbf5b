"""What input workers read: their own part, in static shapes, writing nothing."""

import dataclasses
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from shared import records
from shared.config import InputConfig
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.wse import dataset, runs
from train.data import in_memory
from train.wse import input_fn, modes
from train.wse import workers as wse_workers
from train.wse.workers import Worker

WIDTH = dataset.MAX_SEQUENCE_LENGTH


def cluster(workers, kind="worker", index=0, chief=True):
    hosts = [f"host{n}:2222" for n in range(workers)]
    found = {"worker": hosts, **({"chief": ["host:2222"]} if chief else {})}
    return json.dumps({"cluster": found, "task": {"type": kind, "index": index}})


def read(folder, count, batch_size=2, first_step=0, **options):
    """The ids of `count` training batches, one tuple for each row."""
    manifest = read_manifest(folder)
    options = InputConfig(batch_size, folder, shuffle_buffer=100, **options)
    batches = input_fn.train_batches(options, manifest, 1, first_step).take(count)
    return [tuple(row) for features, _ in batches for row in features["input_ids"].numpy()]


def all_rows(folder, split="train"):
    ids = in_memory.read_split(folder, split, read_manifest(folder)).input_ids
    return sorted(map(tuple, ids.tolist()))


@pytest.fixture
def even(tmp_path):
    """A dataset of four training shards of 6 records; no two records are equal."""
    folder = dataset.write(tmp_path, splits={"train": (6, 6, 6, 6), "test": (7,)})
    assert len(set(all_rows(folder))) == 24
    return folder


@pytest.mark.parametrize(
    "workers, chief", [(1, True), (2, False), (3, True), (4, False), (6, True)]
)
def test_workers_read_disjoint_records_that_cover_the_split(even, workers, chief, monkeypatch):
    # Of three workers one has two shards.
    counts = {1: [12], 2: [6, 6], 3: [6, 3, 3], 4: [3] * 4, 6: [2] * 6}[workers]
    found = []
    for index, batches in enumerate(counts):
        monkeypatch.setenv("TF_CONFIG", cluster(workers, "worker", index, chief))
        found += read(even, batches)
    assert sorted(found) == all_rows(even)


def test_epochs_differ_and_follow_the_seed(even, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", cluster(2, index=1))
    found = read(even, 18)
    first, second, third = found[:12], found[12:24], found[24:]
    # A worker's part is its own for an epoch; in the next it has the other one's.
    assert sorted(first + second) == all_rows(even)
    assert sorted(first) == sorted(third) and first != third
    assert found == read(even, 18)
    # Steps 0 to 7 took four batches of each of the two workers.
    assert read(even, 14, first_step=8) == found[8:]


def test_a_part_that_fills_no_batch_is_named(even, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", cluster(4, index=2))
    with pytest.raises(UserError) as error:
        read(even, 1, batch_size=7)
    assert "one of 4 input workers has 6 training examples, fewer than" in str(error.value)


def test_a_listed_worker_that_feeds_nothing_keeps_no_record_back(even, monkeypatch):
    """Whether the chief stands among the workers is not known."""
    monkeypatch.setenv("TF_CONFIG", cluster(3, index=2, chief=False))
    # Parts of 6, 12 and 6 records (four shards dealt to three), three batches, six, three.
    assert sorted(read(even, 12)) == all_rows(even)
    whole = read(even, 30)
    for first_step in (0, 3, 9, 12, 21, 25):
        assert read(even, 5, first_step=3 * first_step) == whole[2 * first_step :][:10]


def test_tasks_that_know_of_no_cluster_read_everything_each_in_its_order(even, monkeypatch, capsys):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "3")
    found = []
    for rank in range(3):
        monkeypatch.setenv("SLURM_PROCID", str(rank))
        found.append(read(even, 12))
        assert "TF_CONFIG is not set: all 3 tasks read all" in capsys.readouterr().out
    assert [sorted(rows) for rows in found] == [all_rows(even)] * 3
    assert found[0] != found[1] != found[2] != found[0]


@pytest.mark.parametrize(
    "content, expected",
    [
        (None, Worker(0, 1)),
        ("{}", Worker(0, 1)),
        (cluster(3, "worker", 2), Worker(2, 3)),
        (cluster(3, "chief", 0), Worker(0, 3)),
        (cluster(3, "worker", 0, chief=False), Worker(0, 3)),
        (json.dumps({"cluster": {"chief": ["h:1"]}, "task": {"type": "chief", "index": 0}}),
         Worker(0, 1)),
        (json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"index": "1"}}), Worker(1, 2)),
    ],
)  # fmt: skip
def test_which_worker_this_is(content, expected, monkeypatch):
    if content is not None:
        monkeypatch.setenv("TF_CONFIG", content)
    assert wse_workers.this_worker() == expected


@pytest.mark.parametrize(
    "content, expected",
    [
        *(
            (broken, "JSON as TensorFlow documents it")
            for broken in ("no json", "[]", '{"task": 1}')
        ),
        (cluster(2, index=2), "cluster.worker, a list"),
    ],
)
def test_a_broken_cluster_is_one_message(content, expected, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", content)
    with pytest.raises(UserError, match=f"TF_CONFIG is .*: expected {expected}"):
        wse_workers.this_worker()
    with pytest.raises(UserError, match=f"TF_CONFIG is .*: expected {expected}"):
        wse_workers.check_one_reader()


@pytest.mark.parametrize(
    "workers, chief, is_right", [(1, True, 1), (2, True, 0), (2, False, 1), (3, False, 0)]
)
def test_one_worker_may_feed_a_prediction(workers, chief, is_right, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", cluster(workers, chief=chief))
    if is_right:
        wse_workers.check_one_reader()
        monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "3")
    with pytest.raises(UserError, match="start only one: csrun_wse"):
        wse_workers.check_one_reader()


def test_shapes_are_static_also_in_a_graph(even):
    manifest = read_manifest(even)
    options = InputConfig(5, even)
    with tf.Graph().as_default():
        for batches in (
            input_fn.train_batches(options, manifest, 1, 0),
            input_fn.scored_batches(options, "test", manifest),
        ):
            features, labels = batches.element_spec
            assert features == {
                name: tf.TensorSpec([5, WIDTH], tf.int32)
                for name in ("input_ids", "input_mask", "segment_ids")
            }
            assert labels == tf.TensorSpec([5], tf.int32)


def test_scored_records_come_in_order_and_fill_the_last_batch(pairs):
    manifest = read_manifest(pairs)
    expected = in_memory.read_split(pairs, "test", manifest)
    batches = input_fn.scored_batches(InputConfig(4, pairs), "test", manifest).take(3)
    features, labels = zip(*batches)
    ids = np.concatenate([batch["input_ids"] for batch in features])
    np.testing.assert_array_equal(ids[:10], expected.input_ids)
    np.testing.assert_array_equal(ids[10:], expected.input_ids[:2])
    mask, segments = records.mask_and_segments(expected.lengths, expected.b_starts, WIDTH)
    np.testing.assert_array_equal(np.concatenate([f["input_mask"] for f in features])[:10], mask)
    manifest = np.concatenate([f["segment_ids"] for f in features])[:10]
    np.testing.assert_array_equal(manifest, segments)
    assert np.concatenate(labels).tolist() == [-1] * 12


def test_reading_writes_nothing(even, tmp_path, monkeypatch):
    before = sorted(os.walk(str(tmp_path)))
    monkeypatch.setenv("TF_CONFIG", cluster(2))
    read(even, 3)
    assert sorted(os.walk(str(tmp_path))) == before


def test_shuffle_seed_goes_before_the_runs_seed(even):
    manifest = read_manifest(even)

    def rows_of(shuffle_seed, seed):
        params = runs.modelzoo_config(runconfig={"tf_random_seed": seed})
        options = InputConfig(2, even, shuffle_seed=shuffle_seed)
        params = dataclasses.replace(params, train_input=options)
        plan = SimpleNamespace(params=params, train_data=manifest)
        batches = modes._input_fn(plan)().take(12)
        return [tuple(row) for features, _ in batches for row in features["input_ids"].numpy()]

    assert rows_of(5, 1) == rows_of(5, 2) == rows_of(None, 5) != rows_of(None, 1)
