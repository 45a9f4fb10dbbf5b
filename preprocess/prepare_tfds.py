"""Gets a GLUE task that TFDS has not prepared yet: by TFDS' own download, or from local files."""

import http.client
import os
import threading
import urllib.request

from preprocess.sources import prepared_folder
from shared.errors import UserError
from shared.tasks import Task

PROBE_SECONDS = 5
# MRPC has no archive of its own; this is one of its files.
_MRPC_URL = "https://dl.fbaipublicfiles.com/senteval/senteval_data/msr_paraphrase_train.txt"


def ensure_prepared(task: Task, tfds_data_dir: str) -> str:
    """The folder where TFDS prepared the task; downloads it first where there is none.

    Raises:
      UserError: there is no prepared data and the download's host does not answer.
    """
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


def _download(task: Task, tfds_data_dir: str) -> None:
    import tensorflow_datasets as tfds

    builder = tfds.builder(f"glue/{task.name}", data_dir=tfds_data_dir)
    url = builder.builder_config.data_url or _MRPC_URL
    # TFDS itself would try again for 204 seconds before it gives up.
    problem = unreachable(url)
    if problem:
        raise _cannot_get(task, tfds_data_dir, url, problem)
    print(f"glue/{task.name} is not in {tfds_data_dir}: TFDS downloads it from {url}")
    try:
        builder.download_and_prepare()
    except Exception as error:  # TFDS raises whatever its libraries raise
        raise _cannot_get(task, tfds_data_dir, url, str(error)) from error


def _cannot_get(task: Task, tfds_data_dir: str, url: str, problem: str) -> UserError:
    return UserError(
        f"no prepared TFDS data for glue/{task.name} in {tfds_data_dir}, and {url} cannot be had "
        f"({problem}).\n"
        f"Point TFDS_DATA_DIR (--tfds_data_dir) at a folder that holds glue/{task.name}, "
        "copied from a machine where\n"
        f"  python -c \"import tensorflow_datasets as tfds; tfds.load('glue/{task.name}')\"\n"
        "was run (there it lies in ~/tensorflow_datasets), or run this with network."
    )


def unreachable(url: str, seconds: float = PROBE_SECONDS) -> "str | None":
    """Why `url` cannot be had within `seconds`; None when it can."""
    problem = [f"no answer within {seconds:g} s"]

    def probe():
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds)
        except (OSError, http.client.HTTPException) as error:
            problem[0] = str(getattr(error, "reason", error))
        else:
            problem[0] = None

    # In a thread: the time-out of a socket does not cover the look-up of its name.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(seconds)
    return problem[0]


def prepare_from_files(task: Task, glue_dir: str, tfds_data_dir: str) -> str:
    """Prepares the dataset that TFDS would have built, from the official GLUE folders.

    Args:
      task: any but mrpc and ax, which TFDS does not download as an archive.
      glue_dir: holds SST-2/train.tsv and so on, the layout of GLUE's archives.
    Returns:
      TFDS' folder of the prepared dataset.
    """
    import tensorflow_datasets as tfds

    class LocalGlue(tfds.builder_cls("glue"), skip_registration=True):
        """TFDS' own GLUE builder, told that its download lies in glue_dir."""

        name = "glue"

        def _split_generators(self, _):
            return super()._split_generators(_LocalFiles(glue_dir))

    LocalGlue(config=task.name, data_dir=tfds_data_dir).download_and_prepare()
    return prepared_folder(task, tfds_data_dir)


class _LocalFiles:
    """Stands in for TFDS' download manager: every archive was extracted into one folder."""

    def __init__(self, root: str):
        self._root = os.path.abspath(root)

    def download_and_extract(self, _url: str) -> str:
        return self._root
