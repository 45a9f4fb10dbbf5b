"""A function of many items, called in several processes, with the results in order."""

from __future__ import annotations

import contextlib
import gc
import itertools
import multiprocessing
from collections import deque
from multiprocessing.connection import Connection
from typing import Callable, Iterable, Iterator, TypeVar

from shared.errors import UserError

S = TypeVar("S")
T = TypeVar("T")

# A fork needs neither to import the program again nor to pickle the function. It is safe beside
# threads, too, as long as the function keeps to Python, NumPy and pyarrow.
_FORK = multiprocessing.get_context("fork")


def results(function: "Callable[[S], T]", items: "Iterable[S]", processes: int) -> Iterator[T]:
    """function(item) for each item, in their order.

    Items are drawn in this process, a few before the results are. An exception of the function is
    raised here, in its turn.

    >>> list(results(lambda item: item * item, [1, 2, 3], processes=2))
    [1, 4, 9]
    """
    if processes == 1:
        yield from map(function, items)
        return
    workers: list[_Worker] = []
    try:
        for _ in range(processes):
            workers.append(_Worker(function, workers))
        yield from _in_turn(workers, items)
    finally:
        for worker in workers:
            worker.stop()


def _in_turn(workers: "list[_Worker]", items: "Iterable[S]") -> "Iterator[T]":
    """Each worker gets an item in its turn, and the next one when it has answered."""
    busy: deque[_Worker] = deque()
    for worker, item in zip(itertools.cycle(workers), items, strict=False):
        answers = [busy.popleft().answer()] if len(busy) == len(workers) else []
        worker.start(item)
        busy.append(worker)
        yield from answers
    while busy:
        yield busy.popleft().answer()


class _Worker:
    """A process that calls the function; it ends when this process does, however that ends."""

    def __init__(self, function: "Callable[[S], T]", earlier: "list[_Worker]"):
        self._pipe, theirs = _FORK.Pipe()
        ours = [self._pipe, *(worker._pipe for worker in earlier)]
        self._process = _FORK.Process(target=_serve, args=(function, theirs, ours))
        self._process.start()
        theirs.close()

    def start(self, item: S) -> None:
        with _told_if_killed():
            self._pipe.send(item)

    def answer(self) -> T:
        with _told_if_killed():
            result, error = self._pipe.recv()
        if error:
            raise error
        return result

    def stop(self) -> None:
        self._pipe.close()
        self._process.join()


@contextlib.contextmanager
def _told_if_killed() -> Iterator[None]:
    """Tells what it means that nobody is at the other end of a pipe."""
    try:
        yield
    except (EOFError, OSError):
        raise UserError(
            "a process that reads rows was killed, most likely because memory was short (dmesg "
            "tells). Free some, or read in a single process (taskset -c 0 make data ...); then "
            "run this again"
        ) from None


def _serve(function: "Callable[[S], T]", pipe: Connection, ours: "list[Connection]") -> None:
    """Answers items until the other end of the pipe is closed; args: ours, ends of this kind."""
    gc.freeze()  # what this process shares with its parent is not looked through, so stays shared
    for other in ours:  # or their closing would go unnoticed
        other.close()
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            item = pipe.recv()
            try:
                answer = function(item), None
            except Exception as error:
                answer = None, error
            pipe.send(answer)
