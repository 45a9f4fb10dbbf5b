"""Two programs that would write to one place of a store."""

import itertools
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from shared.errors import UserError
from shared.remote import lease, store
from tests.remote.conftest import on_each_store


def lock_of(host, pid):
    return json.dumps({"host": host, "pid": pid, "id": "another"}).encode()


def held(url):
    return lease.held(url, "another run", "DATA_DIR")


@on_each_store
def test_one_holds_it_and_then_the_next(bucket):
    lock = f"{bucket}/.lock"
    with held(lock):
        assert json.loads(store.read(lock))["pid"] == os.getpid()
        with pytest.raises(
            UserError, match=rf"another run \(.*\) is writing there: it holds {lock}"
        ):
            held(lock).__enter__()
    assert not store.exists(lock)
    with held(lock):
        pass


def test_a_lock_of_a_process_that_died_here_is_taken_at_once(bucket, monkeypatch, capsys):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    monkeypatch.setattr(lease, "ABANDONED_SECONDS", 1000.0)
    store.put_bytes(lock_of(socket.gethostname(), dead.pid), f"{bucket}/.lock")
    with held(f"{bucket}/.lock"):
        pass
    assert f"process {dead.pid} has died; its lock is removed" in capsys.readouterr().err


@on_each_store
def test_a_lock_that_nobody_renews_is_taken_over(bucket, capsys):
    store.put_bytes(lock_of("elsewhere", 1), f"{bucket}/.lock")
    with held(f"{bucket}/.lock"):
        pass
    told = capsys.readouterr().err
    assert "held by elsewhere, process 1; is it alive?" in told
    assert "elsewhere, process 1 has died; its lock is removed" in told


def test_a_lock_that_is_given_back_may_be_a_third_program_s_at_once(bucket, monkeypatch, capsys):
    lock, read, looks = f"{bucket}/.lock", store.read, itertools.count(1)
    third = lease.Lease(lock, "another run", "DATA_DIR")
    store.put_bytes(lock_of("elsewhere", 1), lock)

    def given_back_at_the_second_look(url):
        if next(looks) != 2:
            return read(url)
        store.remove([lock])
        found = read(url)
        third.take()
        return found

    monkeypatch.setattr(store, "read", given_back_at_the_second_look)
    with pytest.raises(UserError, match="is writing there"):
        held(lock).__enter__()
    third.check()
    third.give_back()
    assert "has died" not in capsys.readouterr().err


@on_each_store
def test_who_was_cut_off_notices_that_the_lock_was_taken_over(bucket):
    lock = f"{bucket}/.lock"
    with held(lock) as mine:
        mine.check()
        store.put_bytes(lock_of("elsewhere", 1), lock)
        with pytest.raises(UserError, match="is no longer of this run"):
            mine.check()
    assert store.read(lock) == lock_of("elsewhere", 1)  # it is not ours to remove


def test_a_put_whose_answer_was_lost_is_no_other_run(bucket, monkeypatch):
    create, lost = store.create, []

    def answered(content, url):
        made = create(content, url)
        lost.append(made)
        return made and len(lost) > 1

    monkeypatch.setattr(store, "create", answered)
    with held(f"{bucket}/.lock"):
        assert lost == [True, False]
    assert not store.exists(f"{bucket}/.lock")


@on_each_store
def test_of_two_that_start_at_once_one_gets_it(bucket):
    lock, got = f"{bucket}/.lock", []
    both, done = threading.Barrier(2), threading.Barrier(2)

    def start():
        both.wait()
        try:
            with held(lock):
                got.append(True)
                done.wait()
        except UserError:
            got.append(False)
            done.wait()

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False, True]


def test_a_store_without_conditional_puts_says_so(bucket, monkeypatch, capsys):
    monkeypatch.setattr(store, "create", lambda content, url: True)  # as one that takes no notice
    with held(f"{bucket}/.lock") as lock:
        lock.check()
    assert "knows no conditional put, so nothing keeps another run out" in capsys.readouterr().err


def test_the_mistake_of_the_block_is_the_one_that_is_told(bucket):
    with pytest.raises(UserError, match="the first"), held(f"{bucket}/.lock"):
        raise UserError("the first")
    assert not store.exists(f"{bucket}/.lock")
