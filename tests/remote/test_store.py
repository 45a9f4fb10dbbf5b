"""What the library does with a real server, and what each fault says."""

import functools
import json
import threading

import botocore.exceptions
import fsspec
import gcsfs.retry
import pytest
import s3fs.errors

from shared.errors import UserError
from shared.remote import attempts, faults, store, urls
from tests.loopback import free_port, send, served
from tests.remote.conftest import on_each_store, on_google
from tests.remote_files import fetched
from tests.stores import s3


def expect_mistake(call, *parts):
    """Calls, and checks that it raises a UserError of one line with these parts and no secret."""
    with pytest.raises(UserError) as raised:
        call()
    text = str(raised.value)
    assert "\n" not in text
    assert all(part in text for part in parts), text
    for secret in (s3.SECRET, s3.READER_SECRET, "a-wrong-secret"):
        assert secret not in text
    return text


@on_each_store
def test_an_object_comes_back_as_it_was(bucket, tmp_path):
    content = bytes(range(256)) * 1000
    (tmp_path / "a").write_bytes(content)
    store.put(str(tmp_path / "a"), f"{bucket}/d/a")
    store.put_bytes(b"small", f"{bucket}/d/e/b")
    found = store.listed(f"{bucket}/d")
    assert {name: stored.bytes for name, stored in found.items()} == {"a": 256_000, "e/b": 5}
    fetched(f"{bucket}/d/a", tmp_path / "copy", 256_000)
    assert (tmp_path / "copy").read_bytes() == content
    assert store.read(f"{bucket}/d/e/b") == b"small"
    store.put_bytes(b"other", f"{bucket}/d/e/b")
    assert store.about(f"{bucket}/d/e/b").mark != found["e/b"].mark
    store.remove([f"{bucket}/d/a", f"{bucket}/d/a", f"{bucket}/d/e/b"])
    assert store.listed(f"{bucket}/d") == {}


@on_each_store
def test_what_is_not_there(bucket, tmp_path):
    assert store.listed(f"{bucket}/d") == {}
    assert store.read(f"{bucket}/d") is None
    assert not store.exists(f"{bucket}/d")
    expect_mistake(lambda: fetched(f"{bucket}/d", tmp_path / "d", 1), "does not exist", bucket)


@on_each_store
def test_a_conditional_put_happens_once(bucket):
    assert store.create(b"1", f"{bucket}/lock")
    assert not store.create(b"2", f"{bucket}/lock")
    assert store.read(f"{bucket}/lock") == b"1"


def test_a_server_that_refuses_the_condition_is_asked_once(bucket, monkeypatch, capsys):
    refusal = b"<Error><Code>NotImplemented</Code><Message>A header</Message></Error>"  # of B2, OSS
    asked, files = [], fsspec.get_filesystem_class("s3")

    def answer(ask):
        asked.append((ask.command, ask.headers["If-None-Match"]))
        send(ask, 501, [refusal])

    with served(answer) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        files.clear_instance_cache()
        with pytest.raises(store.NoConditionError):
            store.create(b"1", "s3://tests/lock")
    files.clear_instance_cache()
    assert (asked, capsys.readouterr().err) == ([("PUT", "*")], "")


def test_no_such_bucket(bucket, tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    for call in (
        lambda: store.listed("s3://no-such-bucket/d"),
        lambda: store.exists("s3://no-such-bucket/d"),
        lambda: store.read("s3://no-such-bucket/d"),
        lambda: store.put(str(tmp_path / "a"), "s3://no-such-bucket/d"),
        lambda: store.create(b"a", "s3://no-such-bucket/d"),
    ):
        expect_mistake(call, "s3://no-such-bucket/d: The specified bucket does not exist. Check")


@on_google
def test_no_such_bucket_at_google(bucket, tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    for call in (
        store.listed,
        store.exists,
        store.read,
        store.matching,
        lambda url: store.put(str(tmp_path / "a"), url),
        lambda url: store.put_bytes(b"a", url),
        lambda url: store.create(b"a", url),
    ):
        for url in ("gs://no-such-bucket/d", "gcs://no-such-bucket/d*"):
            said = f"{url}: there is no such bucket. Check its name"
            expect_mistake(functools.partial(call, url), said)


@on_google
def test_who_may_read_objects_may_not_see_their_bucket(bucket, monkeypatch):
    asked, files = [], gcsfs.GCSFileSystem

    def answer(ask):
        asked.append(ask.path)
        send(ask, 404 if "/o" in ask.path else 403)

    with served(answer) as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        files.clear_instance_cache()
        assert (store.listed("gs://tests/d"), store.read("gs://tests/d")) == ({}, None)
    files.clear_instance_cache()
    assert any(path.endswith("/b/tests") for path in asked)


@pytest.mark.parametrize(
    "key, secret, said",
    [
        ("a-wrong-key", s3.SECRET, "access key ID you provided does not exist"),
        (s3.KEY, "a-wrong-secret", "signature we calculated does not match"),
    ],
)
def test_wrong_keys(bucket, with_keys, key, secret, said):
    with_keys(key, secret)
    put, create = functools.partial(store.put_bytes, b"a"), functools.partial(store.create, b"a")
    for call in (store.listed, store.read, put, create):
        expect_mistake(lambda call=call: call(f"{bucket}/d"), "Check the credentials")
    expect_mistake(lambda: store.listed(f"{bucket}/d"), said)


def test_keys_that_may_only_read(bucket, with_keys):
    store.put_bytes(b"a", f"{bucket}/d")
    with_keys(s3.READER_KEY, s3.READER_SECRET)
    assert store.read(f"{bucket}/d") == b"a"
    for put in (store.put_bytes, store.create):
        expect_mistake(lambda put=put: put(b"b", f"{bucket}/e"), "Access Denied. Check the cred")


def test_no_keys(bucket, with_keys, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with_keys("", "")
    expect_mistake(lambda: store.listed(bucket), "Unable to locate credentials. Check the cred")


@pytest.mark.parametrize(
    "code, advice",
    [
        ("ExpiredToken", "The credentials have expired: renew them"),
        ("RequestTimeTooSkewed", "The clock of this machine is wrong"),
    ],
)
def test_faults_that_this_server_does_not_have(code, advice):
    response = {"Error": {"Code": code, "Message": "The provided token is no good."}}
    raised = s3fs.errors.translate_boto_error(
        botocore.exceptions.ClientError(response, "GetObject")
    )
    said = "s3://b/d: The provided token is no good. " + advice
    assert str(faults.mistake(raised, "s3://b/d")).startswith(said)


@pytest.mark.parametrize(
    "status, message, advice",
    [
        (400, "The bucket's name is invalid.", "Check its name"),
        (401, "Anonymous caller does not have storage.objects.list access.", "Check the cred"),
        (403, "a@b.com does not have storage.objects.create access.", "Check the cred"),
    ],
)
def test_what_google_refuses(status, message, advice):
    content = json.dumps({"error": {"code": status, "message": message}}).encode()
    with pytest.raises(Exception) as raised:
        gcsfs.retry.validate_response(status, content, "b/tests/o")
    told = str(faults.mistake(raised.value, "gs://tests/d"))
    assert told.startswith(f"gs://tests/d: {message[:-1]}") and f". {advice}" in told


def test_a_server_that_is_down_is_given_up_and_one_that_comes_back_waited_for(
    bucket, server, monkeypatch, capsys
):
    store.put_bytes(b"a", f"{bucket}/d")
    said = f"cannot read {bucket}/d: Could not connect to the endpoint"
    with server.down():
        expect_mistake(lambda: store.read(f"{bucket}/d"), said, "gave up after 3 tries")
        told = [line.split("; ")[-1] for line in capsys.readouterr().err.splitlines()]
        assert told == ["try 2 of 3 in 0.05 s", "try 3 of 3 in 0.1 s"]
        expect_mistake(lambda: store.create(b"a", f"{bucket}/e"), f"cannot write {bucket}/e: ")
        monkeypatch.setattr(attempts, "WAITS", (0.5,) * 100)
        back = threading.Timer(0.7, server.start)
        back.start()
        assert store.read(f"{bucket}/d") == b"a"
        back.join()
    assert "; try 2 of 101 in 0.5 s" in capsys.readouterr().err


def test_a_read_that_ends_early_is_not_taken_for_the_object(bucket, tmp_path, capsys):
    store.put_bytes(b"four", f"{bucket}/d")
    said = f"cannot read {bucket}/d: found 4 bytes, expected 5"
    expect_mistake(lambda: fetched(f"{bucket}/d", tmp_path / "d", 5), said, "3 tries")
    assert capsys.readouterr().err.count(said) == 2
    assert list(tmp_path.glob("d*")) == []


def test_a_full_disk(bucket, tmp_path, little_room):
    store.put_bytes(bytes(100_000), f"{bucket}/d")
    with little_room(50_000):
        expect_mistake(
            lambda: fetched(f"{bucket}/d", tmp_path / "d", 100_000),
            f"cannot write {tmp_path}/d: File too large. Raise the limit",
        )
    assert list(tmp_path.glob("d*")) == []


def test_a_name_that_would_lead_out_of_a_folder_is_refused(bucket):
    store.put_bytes(b"a", f"{bucket}/d/a")
    found = {"d/../../a": {"type": "file", "size": 1}}
    with pytest.raises(UserError, match=r"has an object with the name '../../a', which is no path"):
        dict(store._below("d", found, bucket))


def test_a_path_that_no_library_knows():
    expect_mistake(lambda: store.listed("such://a/b"), "Protocol not known: such")
    expect_mistake(lambda: urls.checked("s3://"), "names no bucket")


def test_a_library_that_is_missing():
    expect_mistake(
        lambda: store.listed("abfs://a/b"), "abfs:// needs a library: Install adlfs", "EXTRAS=gs"
    )


def test_hdfs_without_java_names_what_to_install(monkeypatch, tmp_path):
    for name in ("JAVA_HOME", "HADOOP_HOME", "ARROW_LIBHDFS_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    expect_mistake(
        lambda: store.listed("hdfs://namenode:9000/a"),
        "hdfs:// needs a library: ",
        "for hdfs:// install Java and Hadoop, and set JAVA_HOME, HADOOP_HOME and CLASSPATH",
    )


def test_a_server_that_is_down_is_no_empty_folder(monkeypatch):
    monkeypatch.setattr(attempts, "WAITS", (0.05,))
    url = f"webhdfs://127.0.0.1:{free_port()}/d"  # its library has a search of fsspec's own
    expect_mistake(lambda: store.listed(url), f"cannot list {url}: ", "gave up after 2 tries")


def test_a_password_in_a_path_is_refused_and_not_repeated():
    text = expect_mistake(lambda: store.listed("sftp://me:pass-word@host/d"), "sftp://...@host")
    assert "pass-word" not in text


def test_a_bug_is_no_fault_of_the_store():
    def call():
        raise TypeError("a bug")

    with pytest.raises(TypeError):
        attempts.repeated(call, "s3://b/d", "read")
