"""Keeps two programs from writing to one place of a store, by an object that one of them holds.

The object is made by a conditional put and renewed while its holder lives. One that nobody renews
is left of a killed run, and is taken over. Clocks are not compared: whoever waits watches whether
the object changes.
"""

import json
import os
import socket
import sys
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from typing import Iterator, Optional

from shared.errors import UserError
from shared.remote import store

RENEWED_SECONDS = 20.0
ABANDONED_SECONDS = 4 * RENEWED_SECONDS
LOOK_SECONDS = 2.0


class LostError(UserError):
    """Another program has taken the lock over, because this one was cut off for too long."""


class Lease:
    """A lock object that this process holds, if the store can lock."""

    def __init__(self, url: str, what: str, elsewhere: str):
        """Args: what, who else may hold it; elsewhere, the variable that chooses another place."""
        self._url, self._what, self._elsewhere = url, what, elsewhere
        self._mine = {"host": socket.gethostname(), "pid": os.getpid(), "id": uuid.uuid4().hex}
        self._renewals = 0
        self._is_held = False
        self._ended = threading.Event()

    def check(self) -> None:
        """Checks that nobody has taken the lock over; call it before what cannot be undone.

        Raises:
          LostError: somebody has.
          UserError: the store refuses.
        """
        if self._is_held and not self._is_mine(store.read(self._url)):
            raise LostError(
                f"{self._url} is no longer of this run, which did not reach the store for over "
                f"{ABANDONED_SECONDS:.0f} s, so {self._what} went on. Start again when it is done"
            )

    def take(self) -> None:
        """Raises UserError if another program holds the lock."""
        try:
            while not store.create(self._content(), self._url):
                found = store.read(self._url)
                if self._is_mine(found):  # a put whose answer was lost
                    break
                if found is not None:
                    self._outlive(found)
            self._check_is_condition()
        except store.NoConditionError:
            store.remove([self._url])
            print(
                f"{self._url}: this store knows no conditional put, so nothing keeps "
                f"{self._what} out; see to it that there is none",
                file=sys.stderr,
            )
            return
        self._is_held = True
        self._renewer = threading.Thread(target=self._renew, daemon=True)
        self._renewer.start()

    def _check_is_condition(self) -> None:
        """Some stores take no notice of a condition, and would have replaced another's lock."""
        if store.create(self._content(), self._url):
            raise store.NoConditionError

    def give_back(self) -> None:
        self._ended.set()
        if not self._is_held:
            return
        self._renewer.join()
        if self._is_mine(store.read(self._url)):
            store.remove([self._url])

    def _outlive(self, found: bytes) -> None:
        """Returns when its holder has given the lock back, or is dead and the lock removed."""
        holder = _read(found)
        named = f"{holder.get('host')}, process {holder.get('pid')}"
        if not _is_dead(holder):
            print(f"{self._url}: held by {named}; is it alive?", file=sys.stderr)
            self._watch(found, named)
        if store.read(self._url) == found:  # else it may be a third program's by now
            store.remove([self._url])
            print(f"{self._url}: {named} has died; its lock is removed", file=sys.stderr)

    def _watch(self, found: bytes, named: str) -> None:
        """Returns when the lock is gone, or was not renewed for too long."""
        end = time.monotonic() + ABANDONED_SECONDS
        while time.monotonic() < end:
            now = store.read(self._url)
            if now is None:
                return
            if now != found:
                raise UserError(
                    f"{self._what} ({named}) is writing there: it holds {self._url}. Wait for it, "
                    f"or choose another {self._elsewhere}"
                )
            time.sleep(LOOK_SECONDS)

    def _renew(self) -> None:
        while not self._ended.wait(RENEWED_SECONDS):
            try:
                self.check()
                if not self._ended.is_set():
                    store.put_bytes(self._content(), self._url)
            except UserError as error:  # `check` raises it where it matters
                print(error, file=sys.stderr)
                if isinstance(error, LostError):
                    return

    def _content(self) -> bytes:
        self._renewals += 1
        return json.dumps({**self._mine, "renewals": self._renewals}).encode()

    def _is_mine(self, found: Optional[bytes]) -> bool:
        return found is not None and _read(found).get("id") == self._mine["id"]


@contextmanager
def held(url: str, what: str, elsewhere: str) -> Iterator[Lease]:
    """Holds a lock object while the block runs; arguments as of Lease.

    Raises:
      UserError: another program holds it.
    """
    lease = Lease(url, what, elsewhere)
    lease.take()
    try:
        yield lease
    except BaseException:
        with suppress(UserError):  # the first mistake counts
            lease.give_back()
        raise
    lease.give_back()


def _read(content: bytes) -> dict:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_dead(holder: dict) -> bool:
    """Whether it was a process of this machine that is no more."""
    pid = holder.get("pid")
    if holder.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    return not os.path.exists(f"/proc/{pid}")
