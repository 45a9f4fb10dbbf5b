"""What is done with a store: list, fetch, put, remove. The only file that knows fsspec.

An object appears whole or not at all in every store, and so do the files that are fetched.
"""

import contextlib
import logging
import os
import re
import uuid
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Tuple,
    TypeVar,
)

from shared.errors import UserError
from shared.files import writing
from shared.remote import attempts, faults, urls
from shared.remote.progress import Progress

# They log what is then raised, with a traceback; attempts.py tells it in one line.
for _name in ("gcsfs", "google.auth"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


# How long to wait for gcsfs, as Google's own library does; s3fs waits for 15 s.
SILENT_SECONDS = 60.0

_OF_GOOGLE = ("gs://", "gcs://")

# What libraries call a checksum or, where there is none, a time: the first one that is there counts
_CHECKSUMS = ("ETag", "etag", "md5Hash", "generation", "blob_id")
_TIMES = ("mtime", "modificationTime", "Last-Modified", "created")
_MARKS = (*_CHECKSUMS, *_TIMES)

_Result = TypeVar("_Result")


class Stored(NamedTuple):
    """An object: its size, and a text that changes with its content, if the store has one."""

    bytes: int
    mark: str


class NoConditionError(Exception):
    """The store, or its library, cannot put an object only where there is none."""


def listed(url: str, depth: Optional[int] = None) -> Dict[str, Stored]:
    """{path below url: Stored}; empty if nothing is there.

    Args: depth, 1 for the objects of that folder alone; None for all below it, too.
    Raises:
      UserError: there is no bucket, it cannot be listed, or a name is no path of a file.
    """
    found = attempts.repeated(lambda: glimpsed(url, depth), url, "list")
    if not found:
        _check_bucket(url)
    return found


def glimpsed(url: str, depth: Optional[int] = None) -> Dict[str, Stored]:
    """As `listed`, in one try, with whatever the library raises."""
    files, path = _opened(url)
    files.invalidate_cache()
    with _missing_is_none():
        # The general search leaves out folders that it cannot list, unless told to raise.
        strict = {} if files.async_impl else {"on_error": "raise"}
        found = files.find(path, maxdepth=depth, detail=True, **strict)
        return dict(_below(path, found, url))
    return {}


def check_marks(there: Dict[str, Stored], url: str) -> None:
    """Checks that another object in the place of one of these, below a URL, would be noticed.

    Raises:
      UserError: the store tells nothing by which it would be.
    """
    for name, stored in there.items():
        if not stored.mark:
            raise UserError(
                f"{urls.join(url, name)}: this store tells neither a checksum nor a time of it, so "
                "a copy that has become old would not be noticed; copy it to a folder with the "
                "store's own tool, and give that"
            )


def matching(pattern: str) -> List[str]:
    """The URLs of the objects that match a pattern such as s3://bucket/parts/*.csv, in order."""

    def call():
        files, path = _opened(pattern)
        files.invalidate_cache()
        scheme = pattern.split("://", 1)[0]
        return sorted(f"{scheme}://{found}" for found in files.glob(path))

    found: List[str] = []
    with _missing_is_none():
        found = attempts.repeated(call, pattern, "list")
    if not found:
        _check_bucket(pattern)
    return found


def exists(url: str) -> bool:
    return about(url) is not None


def about(url: str) -> Optional[Stored]:
    """The object; None if there is none."""

    def call():
        files, path = _opened(url)
        files.invalidate_cache()
        info = files.info(path)
        return _stored(info) if info["type"] == "file" else None

    with _missing_is_none():
        return attempts.repeated(call, url, "find")
    _check_bucket(url)
    return None


def read(url: str) -> Optional[bytes]:
    """The content of a small object; None if there is none."""

    def call():
        files, path = _opened(url)
        return files.cat_file(path)

    with _missing_is_none():
        return attempts.repeated(call, url, "read")
    _check_bucket(url)
    return None


def fetch(url: str, local: str, size: int, progress: Progress) -> None:
    """Copies an object to a file, which appears whole.

    Args: size, in bytes; what is shorter is fetched again.
    Raises:
      UserError: it is missing, cannot be read, or the disk is full.
    """
    temporary = f"{local}.{uuid.uuid4().hex}.tmp"

    def call():
        files, path = _opened(url)
        files.get_file(path, temporary, callback=_told_to(progress))
        found = os.path.getsize(temporary)
        if found != size:
            raise EOFError(f"found {found:,} bytes, expected {size:,}")

    try:
        with _missing_is_a_mistake(url):
            attempts.repeated(call, url, "read", local)
        with writing(local):
            os.replace(temporary, local)
        progress.finished(size)
    finally:
        with contextlib.suppress(OSError):  # it has been moved
            os.remove(temporary)


def fetch_all(url: str, there: Dict[str, Stored], folder: str) -> None:
    """Copies objects below a URL to a folder, as `fetch`; args: there, {path below url: Stored}."""
    with Progress(url, sum(stored.bytes for stored in there.values())) as progress:
        for name, stored in there.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            fetch(urls.join(url, name), path, stored.bytes, progress)


def put(local: str, url: str) -> None:
    """Stores a file as one object, in place of what was there."""
    with Progress(url, os.path.getsize(local)) as progress:

        def call():
            files, path = _opened(url)
            files.put_file(local, path, callback=_told_to(progress))

        _write(call, url)


def put_bytes(content: bytes, url: str) -> None:
    """Stores bytes as one object, in place of what was there."""

    def call():
        files, path = _opened(url)
        files.pipe_file(path, content)

    _write(call, url)


def create(content: bytes, url: str) -> bool:
    """Stores bytes as one object if there is none; whether it did.

    Raises:
      NoConditionError: the store or its library knows no such condition.
    """

    def call() -> Optional[bool]:
        files, path = _opened(url)
        try:
            files.pipe_file(path, content, mode="create")
        except Exception as error:
            if faults.is_taken(error):
                return False
            if faults.is_of_condition(error):
                return None
            raise
        return True

    is_made = _write(call, url)
    if is_made is None:
        raise NoConditionError
    return is_made


def remove(things: Iterable[str]) -> None:
    """Removes objects, in this order; a missing one is fine."""
    for url in things:

        def call(url=url):
            files, path = _opened(url)
            files.rm_file(path)

        with _missing_is_none():
            attempts.repeated(call, url, "remove")


def _write(call: Callable[[], _Result], url: str) -> _Result:
    try:
        return attempts.repeated(call, url, "write")
    except FileNotFoundError:
        raise faults.no_bucket(url) from None


def _check_bucket(url: str) -> None:
    """Google's library says the same of a missing bucket as of a missing object: asks again.

    Raises:
      UserError: there is no bucket.
    """
    if not url.startswith(_OF_GOOGLE):
        return

    def call():
        files, path = _opened(url)
        files.call("GET", "b/{}", path.split("/")[0])

    try:
        with contextlib.suppress(UserError):  # who may read objects may not see their bucket
            attempts.repeated(call, url, "find")
    except FileNotFoundError:
        raise faults.no_bucket(url) from None


def _opened(url: str) -> Any:
    """(fsspec's file system, the path in it). Made anew for a forked process, by fsspec."""
    scheme = url.split("://", 1)[0]
    try:
        from fsspec.core import url_to_fs

        if url.startswith(_OF_GOOGLE):
            _limit_silence(scheme)
        return url_to_fs(urls.checked(url))
    except (ImportError, OSError) as error:
        if isinstance(error, OSError) and not _OF_JAVA.search(str(error)):
            raise
        raise UserError(
            f"{scheme}:// needs a library: {faults.in_words(error)}. {_INSTALL}"
        ) from None
    except ValueError as error:
        raise UserError(f"{url}: {error}; s3:// and gs:// are among the known ones") from None


def _limit_silence(scheme: str) -> None:
    """gcsfs waits for ever for a silent store, unless fsspec's configuration has a limit."""
    from aiohttp import ClientTimeout
    from fsspec.config import conf

    limit = ClientTimeout(total=None, sock_connect=SILENT_SECONDS, sock_read=SILENT_SECONDS)
    conf.setdefault(scheme, {}).setdefault("requests_timeout", limit)


# What pyarrow does not find for hdfs://, which it says by an OSError
_OF_JAVA = re.compile("lib(jvm|hdfs)")
_INSTALL = (
    "For s3:// run: make setup EXTRAS=s3; for gs://, EXTRAS=gs; for hdfs:// install Java and "
    "Hadoop, and set JAVA_HOME, HADOOP_HOME and CLASSPATH; others with pip."
)


def _told_to(progress: Progress) -> Any:
    """A callback of fsspec's, called as bytes arrive."""
    from fsspec.callbacks import Callback

    return Callback(hooks={"progress": lambda size, value, **_: progress.reached(value)})


def _below(path: str, found: Dict[str, Any], url: str) -> Iterator[Tuple[str, Stored]]:
    """Without the names of folders, for which some stores have objects."""
    start = len(path.rstrip("/")) + 1
    for name, info in found.items():
        below = name[start:]
        if below and info["type"] == "file" and not below.endswith("/"):
            yield _checked(below, url), _stored(info)


def _checked(name: str, url: str) -> str:
    """A store may have objects of any name; as a path, one could lead out of a folder."""
    if os.path.isabs(name) or os.path.normpath(name) != name or name.startswith(".."):
        raise UserError(f"{url} has an object with the name {name!r}, which is no path; remove it")
    return name


def _stored(info: Dict[str, Any]) -> Stored:
    marks = [str(info[name]) for name in _MARKS if info.get(name)]
    return Stored(int(info["size"]), marks[0] if marks else "")


@contextlib.contextmanager
def _missing_is_none():
    try:
        yield
    except FileNotFoundError as error:
        if not faults.is_missing(error):
            raise


@contextlib.contextmanager
def _missing_is_a_mistake(url: str):
    try:
        yield
    except FileNotFoundError as error:
        raise faults.mistake(error, url) or error from None
