"""Compares an export, read back from its folder, with the model that it was made of."""

import itertools
from typing import Protocol

import numpy as np

from inference.progress import Progress
from preprocess.encoding.encode import Tokens
from shared import shown, windows
from shared.errors import FaultsFound

_WINDOW = 512  # examples at a time


class Reread(Protocol):
    """What a format's `read` returns: the Classifier's methods of the same names."""

    def tokens(self, examples) -> Tokens: ...

    def logits(self, examples) -> np.ndarray: ...


def compare(model, reread: Reread, examples: list, tolerance: float) -> float:
    """The largest difference of logits, in float32; of larger ones than 1, as a share of them.

    Args: model, the Classifier; examples, tuples of texts.
    Raises:
      FaultsFound: ids differ, or logits by more than the tolerance.
    """
    progress, largest = Progress(len(examples)), 0.0
    for begin in range(0, len(examples), _WINDOW):
        window = examples[begin : begin + _WINDOW]
        _check_ids(model.tokens(window), reread.tokens(window), window)
        differences = _differences(model.logits(window), reread.logits(window))
        worst = int(differences.argmax())  # NaN, too
        if not differences[worst] <= tolerance:
            raise _refusal(
                f"its logits differ by {differences[worst]:.1e}, allowed are {tolerance:.0e}",
                window[worst],
            )
        largest = max(largest, float(differences[worst]))
        progress.add(len(window))
    return largest


def _check_ids(expected: Tokens, found: Tokens, examples: list) -> None:
    pairs = zip(_split(expected), _split(found), strict=True)
    different = [number for number, (ours, theirs) in enumerate(pairs) if ours != theirs]
    if different:
        raise _refusal(
            f"{len(different)} of {len(examples)} examples become other ids", examples[different[0]]
        )


def _split(tokens: Tokens) -> list:
    """What must be equal of each example: of its windows, or of the one record, (ids, where its
    second text begins).

    >>> lengths = np.array([3, 2])
    >>> _split(Tokens(np.array([2, 7, 3, 2, 3]), lengths, lengths))
    [[([2, 7, 3], 3)], [([2, 3], 2)]]
    >>> _split(Tokens(np.array([2, 7, 3, 2, 3]), lengths, lengths, documents=np.array([0, 0])))
    [[([2, 7, 3], 3), ([2, 3], 2)]]
    """
    parts = np.split(tokens.values, tokens.lengths.cumsum()[:-1])
    found = [(ids.tolist(), int(start)) for ids, start in zip(parts, tokens.b_starts, strict=True)]
    if tokens.documents is None:
        return [[record] for record in found]
    starts = windows.firsts(tokens.documents)
    return [found[start:stop] for start, stop in itertools.pairwise([*starts, len(found)])]


def _differences(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The largest of each example, [N]; args: float32 [N, C]."""
    scale = np.maximum(np.abs(expected), 1)
    return np.max(np.abs(found - expected) / scale, axis=1)


def _refusal(fault: str, example: tuple) -> FaultsFound:
    return FaultsFound(
        f"what was written is not the trained model, and was removed: {fault}, for instance "
        f"{', '.join(map(shown.value, example))}"
    )
