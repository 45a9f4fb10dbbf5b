"""Keeps the worst mistakes of a long file, with their texts; of the others, nothing."""

import heapq
from typing import Any, Dict, List, Tuple

from train.scoring.answer_files import ID, TEXT_KEYS

MISTAKES = 20
_CHARACTERS = 2000  # of a text that is kept
_PLACE = ("index", "file", "line", ID)  # keys of a line that say which row it is


class Worst:
    """The MISTAKES worst ones; of equally bad ones, those that come first."""

    def __init__(self) -> None:
        self._heap: "List[Tuple[float, int, Dict[str, Any]]]" = []  # the least bad first

    def note(self, badness: float, number: int, line: Dict[str, Any], what: Dict[str, Any]) -> None:
        """Takes a mistake into account.

        Args:
          number: of the line.
          what: what is told of the mistake, beside the line's place and texts.
        """
        rank = (badness, -number)
        is_full = len(self._heap) == MISTAKES
        if is_full and rank < self._heap[0][:2]:
            return
        places = {name: line[name] for name in _PLACE if name in line}
        texts = {name: _cut(line[name]) for name in TEXT_KEYS if name in line}
        add = heapq.heappushpop if is_full else heapq.heappush
        add(self._heap, (*rank, {**places, **what, **texts}))

    def listed(self) -> List[Dict[str, Any]]:
        """The worst first."""
        return [entry for *_, entry in sorted(self._heap, key=lambda kept: kept[:2], reverse=True)]


def _cut(text: str) -> str:
    if len(text) <= _CHARACTERS:
        return text
    return f"{text[:_CHARACTERS]}... ({len(text):,} characters)"
