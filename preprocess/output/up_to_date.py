"""Whether an existing dataset is the one that a run would write; needs no TensorFlow."""

import os
from typing import Any, Callable, Iterator

from shared import source_order
from shared.errors import UserError
from shared.manifest import Manifest
from shared.remote import datasets
from shared.remote.urls import is_remote
from shared.shards import shard_paths, size_fault

_FILES = "files"  # of a split, in the entry of the source


def check(path: str, expected: dict, num_shards: "Callable[[int], int]") -> None:
    """Checks that the dataset at `path` is what this run would write.

    Args:
      expected: a part of what its manifest should hold.
      num_shards: how many shards a split with this many rows should have.
    Raises:
      UserError: lists every difference, or every shard that is missing or has the wrong
        size, and every damaged map to the source's rows.
    """
    manifest = datasets.manifest_of(path)
    lines = [
        f"  {name}: it has {_in_words(old)}, this run would write {_in_words(new)}"
        for name, old, new in _differences(manifest.as_dict(), expected, ())
    ]
    lines += _about_files(manifest.source["splits"], expected["source"]["splits"])
    splits = list(expected["source"]["splits"])
    if sorted(manifest.splits) != sorted(splits):
        old, new = ", ".join(manifest.splits), ", ".join(splits)
        lines.append(f"  splits: it has {old}, this run would write {new}")
    for split, entry in manifest.splits.items():
        shards, wanted = len(entry.shards), num_shards(entry.rows)
        if shards != wanted:
            lines.append(f"  shards of {split}: it has {shards}, this run would write {wanted}")
    kind = "is another dataset"
    if not lines:
        lines, kind = (
            [*_missing_shards(path, manifest), *_map_faults(path, manifest)],
            "is damaged",
        )
    if lines:
        raise UserError(
            f"{path} exists and {kind}:\n" + "\n".join(lines) + "\n"
            "Replace it with ARGS=--overwrite (--overwrite), or write elsewhere with DATA_DIR."
        )


def _differences(found: Any, expected: Any, path: tuple) -> "Iterator[tuple[str, Any, Any]]":
    """(name, what the manifest has, what this run would write) for each leaf that is compared, but
    for what _about_files tells."""
    if path[-1:] == (_FILES,):
        return
    if not isinstance(expected, dict):
        if found != expected:
            yield " ".join(path), found, expected
        return
    found = found if isinstance(found, dict) else {}
    for name in {**expected, **(found if _has_all_keys(path) else {})}:
        yield from _differences(found.get(name), expected.get(name), (*path, name))


def _about_files(found: dict, expected: dict) -> "list[str]":
    """A line for each file that changed, and for other files than those that splits were made of;
    args: splits of the source."""
    splits_of: "dict[str, list[str]]" = {}  # of what is said; a file may be in several of them
    for split in (split for split in expected if split in found):
        for line in _about_files_of(_files(found[split]), _files(expected[split])):
            splits_of.setdefault(line, []).append(split)
    return [f"  {', '.join(splits)}: {line}" for line, splits in splits_of.items()]


def _about_files_of(old: dict, new: dict) -> "list[str]":
    """Args: of a split, {name: entry}."""
    if list(old) != list(new):
        return [f"it has {_in_words(list(old))}, this run would read {_in_words(list(new))}"]
    return [f"{name} has another content" for name in new if old[name] != new[name]]


def _files(split: dict) -> dict:
    return {entry["file"]: entry for entry in split.get(_FILES, ())}


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_in_words(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_in_words, value)) or "none"
    return "none" if value is None else str(value)


def _has_all_keys(path: tuple) -> bool:
    """Whether a key that is there and not expected was given last time, and is not now. Elsewhere
    a finished run adds keys."""
    return path[:1] == ("source",) and path[1:2] != ("splits",)


def _missing_shards(path: str, manifest: Manifest) -> list:
    lines = []
    sizes = datasets.sizes(path)
    for split, entry in manifest.splits.items():
        for shard, file in zip(entry.shards, shard_paths(path, split, manifest), strict=True):
            if fault := size_fault(sizes.get(os.path.join(split, shard.file)), shard):
                lines.append(f"  {file}: {fault}")
    return lines


def _map_faults(path: str, manifest: Manifest) -> list:
    """Those of a dataset in a store are checked when they are copied."""
    if is_remote(path):
        return []
    return [
        f"  {kind.path(path, split)}: {problem}"
        for split, entry in manifest.splits.items()
        for kind in source_order.MAPS
        if (problem := kind.fault(path, split, entry))
    ]
