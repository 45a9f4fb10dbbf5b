"""Gets a GLUE task that TFDS has not prepared yet: by TFDS' own download, or from local files."""

import os
import threading
import urllib.error
import urllib.request

from preprocess.sources import prepared_folder
from shared.errors import UserError
from shared.tasks import Task

PROBE_SECONDS = 5
_GLUE_HOST = "https://dl.fbaipublicfiles.com/"


def ensure_prepared(task: Task, tfds_data_dir: str) -> str:
    """The folder where TFDS prepared the task; downloads it first where there is none.

    Raises:
      UserError: there is no prepared data and the download's host does not answer.
    """
    folder = prepared_folder(task, tfds_data_dir)
    if folder is None:
        _download(task, tfds_data_dir)
        folder = prepared_folder(task, tfds_data_dir)
    return folder


def _download(task: Task, tfds_data_dir: str) -> None:
    import tensorflow_datasets as tfds

    builder = tfds.builder(f"glue/{task.name}", data_dir=tfds_data_dir)
    url = builder.builder_config.data_url or _GLUE_HOST
    # TFDS itself would try again for 204 seconds before it gives up.
    problem = unreachable(url)
    if problem:
        raise UserError(
            f"no prepared TFDS data for glue/{task.name} in {tfds_data_dir}, and {url} does not "
            f"answer ({problem}).\n"
            f"Point TFDS_DATA_DIR (--tfds_data_dir) at a folder that holds glue/{task.name}, "
            "copied from a machine where\n"
            f"  python -c \"import tensorflow_datasets as tfds; tfds.load('glue/{task.name}')\"\n"
            "was run (there it lies in ~/tensorflow_datasets), or run this with network."
        )
    print(f"glue/{task.name} is not in {tfds_data_dir}: TFDS downloads it from {url}", flush=True)
    builder.download_and_prepare()


def unreachable(url: str, seconds: float = PROBE_SECONDS) -> "str | None":
    """Why `url` does not answer within `seconds`; None when it does, with whatever status."""
    problem = [f"no answer within {seconds:g} s"]

    def probe():
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds)
        except urllib.error.HTTPError:
            problem[0] = None
        except OSError as error:
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
