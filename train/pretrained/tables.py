"""Tables of embeddings that have more or fewer rows than the run needs: which of them will do."""

from typing import Dict, List, Tuple

import numpy as np

from shared.manifest import Manifest
from train.model import variables

# Rows that are believed to be padding or added tokens where the vocabulary is unknown.
_MOST_UNKNOWN_ROWS = 127


def word_differences(manifest: Manifest, checkpoint) -> List[str]:
    """A line if the table of words lacks ids of the records, or likely has other words for them.

    Only ids below the number of pieces occur, so more rows do no harm, but without a vocabulary to
    compare, a much larger table is likely another vocabulary's.
    """
    ours, rows = manifest.vocabulary, checkpoint.sizes.get("vocab_size")
    if rows is None:
        return []
    is_known = checkpoint.vocab_file or checkpoint.vocabulary_sha256
    most = rows if is_known else ours.size + _MOST_UNKNOWN_ROWS
    if ours.size <= rows <= most:
        return []
    return [f"  vocab_size: the checkpoint has {rows}, the records have {ours.size} ({ours.name})"]


def segment_differences(manifest: Manifest, checkpoint) -> List[str]:
    """A line if the records have segments that the checkpoint lacks."""
    if _segments(checkpoint) >= len(manifest.text_columns):
        return []
    needed = f"pairs of texts need {variables.SEGMENTS}; use another checkpoint"
    return [f"  type_vocab_size: the checkpoint has {_segments(checkpoint)}, {needed}"]


def notes(manifest: Manifest, checkpoint) -> List[str]:
    """What is left out of the tables of a checkpoint, or added; a line each."""
    pieces, lines = manifest.vocabulary.size, []
    rows, segments = checkpoint.sizes.get("vocab_size", pieces), _segments(checkpoint)
    if rows > pieces:
        lines.append(
            f"{checkpoint.path} has embeddings of {rows} words, the vocabulary {pieces} pieces: "
            f"the last {rows - pieces} are left out"
        )
    if segments > variables.SEGMENTS:
        lines.append(
            f"{checkpoint.path} has embeddings of {segments} segments: the first "
            f"{variables.SEGMENTS} are used"
        )
    if segments < variables.SEGMENTS:
        lines.append(
            f"{checkpoint.path} has the embedding of {segments} segment: the second, which single "
            "texts do not use, is 0"
        )
    return lines


def _segments(checkpoint) -> int:
    table = checkpoint.weights.get(variables.SEGMENT_EMBEDDINGS)
    return table.shape[0] if table is not None and table.ndim == 2 else variables.SEGMENTS


def will_do(spec, shape) -> bool:
    """Whether an array of this shape has what a variable needs."""
    if spec.name == variables.WORD_EMBEDDINGS:
        return shape[1:] == spec.shape[1:] and shape[0] >= spec.shape[0]
    if spec.name == variables.SEGMENT_EMBEDDINGS:
        return shape[1:] == spec.shape[1:] and shape[0] >= 1
    return shape == spec.shape


def with_segments(weights: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """The weights for a format whose models all have segment embeddings: missing ones are 0."""
    if variables.SEGMENT_EMBEDDINGS in weights:
        return weights
    hidden_size = weights[variables.WORD_EMBEDDINGS].shape[1]
    zeros = np.zeros((variables.SEGMENTS, hidden_size), np.float32)
    return {**weights, variables.SEGMENT_EMBEDDINGS: zeros}


def as_needed(array: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """As many rows of an array as `shape` has; those that it lacks are 0."""
    if array.shape == shape:
        return array
    found = array[: shape[0]]
    return np.concatenate([found, np.zeros((shape[0] - len(found), *shape[1:]), found.dtype)])
