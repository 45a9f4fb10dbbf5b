"""Downloads a GLUE task that TFDS has not prepared yet, through TFDS itself."""

import http.client
import os
import threading
import urllib.request

from preprocess.sources.tfds_dataset import INFO_FILE, prepared_folder, version_of
from shared.errors import UserError, of_library
from shared.remote import sources, store, urls
from shared.remote.urls import is_remote
from shared.tasks import Task

PROBE_SECONDS = 5
# MRPC has no archive of its own; this is one of its files.
_MRPC_URL = "https://dl.fbaipublicfiles.com/senteval/senteval_data/msr_paraphrase_train.txt"


def ensure_prepared(task: Task, tfds_data_dir: str) -> str:
    """The folder where TFDS prepared the task; downloads it first if necessary.

    Raises:
      UserError: no data is prepared and the download's host does not answer.
    """
    if is_remote(tfds_data_dir):
        return _copied(task, tfds_data_dir)
    folder = prepared_folder(task, tfds_data_dir)
    if folder is None:
        _download(task, tfds_data_dir)
        folder = prepared_folder(task, tfds_data_dir)
    if folder is None:
        raise UserError(
            f"{os.path.join(tfds_data_dir, 'glue', task.name)} is an incomplete copy of TFDS data, "
            "without dataset_info.json; remove it, or copy it whole"
        )
    return folder


def _copied(task: Task, tfds_data_dir: str) -> str:
    """The copy of the newest version in a store."""
    parent = urls.join(urls.checked(tfds_data_dir), "glue", task.name)
    prepared = [name for name in store.listed(parent) if name.endswith(f"/{INFO_FILE}")]
    newest = max((urls.split(name)[0] for name in prepared), key=version_of, default="")
    if not version_of(newest):
        raise UserError(
            f"{parent}: TFDS has prepared nothing there; prepare glue/{task.name} in a folder, and "
            "copy that, as TFDS is not let write into a store"
        )
    return sources.folder(urls.join(parent, newest))


def _download(task: Task, tfds_data_dir: str) -> None:
    import tensorflow_datasets as tfds

    builder = tfds.builder(f"glue/{task.name}", data_dir=tfds_data_dir)
    url = builder.builder_config.data_url or _MRPC_URL
    # TFDS itself would retry for 204 seconds before giving up.
    problem = unreachable(url)
    if problem:
        raise _cannot_get(task, tfds_data_dir, url, problem)
    print(f"glue/{task.name} is not in {tfds_data_dir}: TFDS is downloading it from {url}")
    try:
        builder.download_and_prepare()
    except Exception as error:  # TFDS raises anything that its libraries raise
        cannot_get = _cannot_get(task, tfds_data_dir, url, str(error))
        raise of_library(error, tfds_data_dir) or cannot_get from error


def _cannot_get(task: Task, tfds_data_dir: str, url: str, problem: str) -> UserError:
    return UserError(
        f"no prepared TFDS data for glue/{task.name} in {tfds_data_dir}, and {url} cannot be "
        f"reached ({problem}).\n"
        "Give the official files with GLUE_DIR (--glue_dir), or\n"
        f"point TFDS_DATA_DIR (--tfds_data_dir) at a folder that holds glue/{task.name}, "
        "copied from a machine where\n"
        f"  python -c \"import tensorflow_datasets as tfds; tfds.load('glue/{task.name}')\"\n"
        "was run (it is in ~/tensorflow_datasets there), or run this with network access."
    )


def unreachable(url: str, seconds: float = PROBE_SECONDS) -> "str | None":
    """Why `url` cannot be reached within `seconds`; None if it can."""
    problem = [f"no answer within {seconds:g} s"]

    def probe():
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds)
        except (OSError, http.client.HTTPException) as error:
            problem[0] = str(getattr(error, "reason", error))
        else:
            problem[0] = None

    # In a thread, because the time-out of a socket does not cover name resolution.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(seconds)
    return problem[0]
