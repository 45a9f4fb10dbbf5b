"""The dataset of these tests is one that the trainer takes, and holds what it should."""

import pytest

from shared.manifest_file import read_manifest
from tests.wse import dataset
from train.data import in_memory


@pytest.mark.parametrize("kind", ["sentences", "pairs"])
def test_every_record_is_valid(kind, request):
    folder = request.getfixturevalue(kind)
    manifest = read_manifest(folder)
    for name, sizes in dataset.SPLITS.items():
        read = in_memory.read_split(folder, name, manifest)
        assert [shard.examples for shard in manifest.splits[name].shards] == list(sizes)
        assert len(set(read.lengths.tolist())) > 3 and manifest.splits[name].truncated > 0
        is_pair = read.b_starts < read.lengths
        assert is_pair.all() if kind == "pairs" else not is_pair.any()
        assert set(read.labels.tolist()) == ({-1} if name == "test" else {0, 1})


def test_labels_may_be_scores(tmp_path):
    splits = {"train": (3,), "test": (2,)}
    folder = dataset.write(tmp_path, "stsb", ("a", "b"), None, splits)
    manifest = read_manifest(folder)
    labels = in_memory.read_split(folder, "train", manifest).labels
    assert len(labels) == 3 and ((labels > 0) & (labels < 5)).all()
    assert in_memory.read_split(folder, "test", manifest).labels.tolist() == [-1.0, -1.0]


def test_it_is_the_same_every_time(tmp_path, sentences):
    again = read_manifest(dataset.write(tmp_path))
    assert again.fingerprint() == read_manifest(sentences).fingerprint()
