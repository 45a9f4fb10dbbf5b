"""Shows the progress of a run by the files that appear, which works with every runner."""

import glob
import threading
import time
from typing import Collection

from shared.remote import store
from shared.remote.urls import is_remote

PERIOD_SECONDS = 1.0
_PERIOD_OF_STORE = 5.0  # each look is a call that somebody pays for, or more of many shards
_PAUSE_OF_LOOKS = 20


class Progress:
    """While the `with` block runs, prints a line whenever shards are finished, such as

    train 5/9 shards, validation 0/1 shards: 37,416 of 68,221 examples, 137,089 examples/s

    The rate is measured since the previous line. The first line has none, because the first shards
    wait for the tokenizer to be built, nor has the last, which may come at any moment.
    """

    def __init__(self, place: str, shards: list, noun: str = "examples"):
        """Args: place, the folder or URL where the shards appear; shards, the ShardRanges to wait
        for; noun, what their rows are called."""
        self._place, self._noun = place, noun
        self._waiting = list(shards)
        self._total = {}
        for shard in shards:
            self._total[shard.split] = self._total.get(shard.split, 0) + 1
        self._done = dict.fromkeys(self._total, 0)
        self._examples = self._reported = 0
        self._all_examples = sum(shard.stop - shard.start for shard in shards)
        self._stopped = threading.Event()

    def __enter__(self) -> "Progress":
        self._reported_at = None
        print(f"{self._all_examples:,} {self._noun} in {len(self._waiting)} shards")
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopped.set()
        self._thread.join()
        self.look()

    def _watch(self) -> None:
        period = pause = _PERIOD_OF_STORE if is_remote(self._place) else PERIOD_SECONDS
        while not self._stopped.wait(pause):
            started = time.monotonic()
            self.look()
            pause = max(period, _PAUSE_OF_LOOKS * (time.monotonic() - started))

    def look(self) -> None:
        """Prints a line if shards are finished that were not before."""
        there = self._there()
        finished = [shard for shard in self._waiting if shard.file in there]
        self._waiting = [shard for shard in self._waiting if shard.file not in there]
        for shard in finished:
            self._done[shard.split] += 1
            self._examples += shard.stop - shard.start
        if finished:
            print(self._line())

    def _there(self) -> "Collection[str]":
        """The shards that are there. If a store does not answer, none, which the workers tell."""
        if not is_remote(self._place):
            return set(glob.glob("*/*.tfrecord", root_dir=self._place))
        try:
            return store.glimpsed(self._place)
        except Exception:
            return {}

    def _line(self) -> str:
        splits = ", ".join(
            f"{split} {self._done[split]}/{total} shards" for split, total in self._total.items()
        )
        done = f"{self._examples:,} of {self._all_examples:,} {self._noun}"
        return f"{splits}: {done}{self._rate()}"

    def _rate(self) -> str:
        before, since = self._reported, self._reported_at
        self._reported, self._reported_at = self._examples, time.monotonic()
        if since is None or not self._waiting:
            return ""
        return f", {(self._examples - before) / (self._reported_at - since):,.0f} {self._noun}/s"
