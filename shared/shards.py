"""The files of a split: how many there are, what each is called, which rows it holds, its size."""

import os
from typing import List, Optional, Tuple

from shared import record_lengths
from shared.dataset_fit import rebuild_advice
from shared.errors import UserError
from shared.files import check_are_no_links
from shared.manifest import Manifest, Shard
from shared.manifest_file import read_manifest

EXAMPLES_PER_SHARD = 8192
MAX_DEFAULT_SHARDS = 64


def default_num_shards(examples: int) -> int:
    """ceil(examples / 8,192), at least 1 and at most 64."""
    return min(max(-(-examples // EXAMPLES_PER_SHARD), 1), MAX_DEFAULT_SHARDS)


def shard_range(k: int, num_shards: int, examples: int) -> Tuple[int, int]:
    """The rows [start, stop) of shard k.

    >>> [shard_range(k, 3, 10) for k in range(3)]
    [(0, 3), (3, 6), (6, 10)]
    """
    return k * examples // num_shards, (k + 1) * examples // num_shards


def shard_file(split: str, k: int, num_shards: int) -> str:
    """The shard's path inside the dataset folder: train/train-00000-of-00008.tfrecord."""
    return os.path.join(split, f"{split}-{k:05d}-of-{num_shards:05d}.tfrecord")


def shard_paths(dataset: str, split: str, manifest: Manifest) -> List[str]:
    """The paths of a split's shards, in the order of the rows; a UserError if one is a link."""
    paths = [os.path.join(dataset, split, shard.file) for shard in manifest.splits[split].shards]
    check_are_no_links(os.path.join(dataset, split), *paths)
    return paths


def size_of(path: str) -> Optional[int]:
    """Of a file, in bytes; None if it is missing."""
    return os.path.getsize(path) if os.path.exists(path) else None


def size_fault(size: Optional[int], shard: Shard) -> Optional[str]:
    """What is wrong with a shard, judged by its size alone; None if nothing is.

    Args: size, in bytes; None if it is missing.
    """
    if size is None:
        return "is missing"
    if size == shard.bytes:
        return None
    return f"has {size:,} bytes, the manifest says {shard.bytes:,}"


def check_sizes(dataset: str, split: str, manifest: Manifest) -> None:
    """Checks that the shards of a split have the sizes in the manifest.

    Raises:
      UserError: a shard is missing, shorter or longer, or the dataset was replaced since
        `manifest` was read.
    """
    if read_manifest(dataset) != manifest:
        raise UserError(f"{dataset} was replaced during this run; start again")
    for path, shard in zip(shard_paths(dataset, split, manifest), manifest.splits[split].shards):
        fault = size_fault(size_of(path), shard)
        if fault is not None:
            raise damaged(path, fault, manifest)


def sound_paths(dataset: str, split: str, manifest: Manifest) -> List[str]:
    """As shard_paths; raises as check_lengths for each of them."""
    paths = shard_paths(dataset, split, manifest)
    for path in paths:
        check_lengths(path, manifest)
    return paths


def check_lengths(path: str, manifest: Manifest) -> None:
    """Checks that the records of a shard end within it, before TensorFlow takes memory for them.

    Raises:
      UserError: one does not.
    """
    fault = record_lengths.fault(path)
    if fault is not None:
        raise damaged(path, fault, manifest)


def damaged(path: str, fault: str, manifest: Manifest) -> UserError:
    """Args: fault, a verb phrase such as `is missing`."""
    return UserError(f"{path} {fault}. {rebuild_advice(manifest)}")
