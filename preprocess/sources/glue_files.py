"""Prepares the dataset that TFDS would have built, from the official GLUE files instead of a
download. TFDS' own builder does the work, so splits, examples and feature names are TFDS' own; what
it would do silently, or stop at without a line number, is reported here.
"""

import contextlib
import io
import json
import os
import tempfile
from collections import defaultdict

from preprocess.sources import glue_rows
from preprocess.sources.tfds_dataset import prepared_folder
from shared import lock, quiet
from shared.errors import UserError, of_library
from shared.files import sha256_of, write_whole
from shared.remote import urls
from shared.tasks import TASKS, Task

# {task: folder of its files below GLUE_DIR}, as in GLUE's archives.
_FOLDERS = {
    "cola": "CoLA", "sst2": "SST-2", "mrpc": "MRPC", "qqp": "QQP", "stsb": "STS-B", "mnli": "MNLI",
    "qnli": "QNLI", "rte": "RTE", "wnli": "WNLI", "ax": "diagnostic",
}  # fmt: skip
assert set(_FOLDERS) == set(TASKS)
_DEV_IDS = "mrpc_dev_ids.tsv"  # which rows of MRPC's training file are its validation split
_FILES = ("train.tsv", "dev.tsv", "test.tsv")
_FILES_OF = {
    "mnli": (
        *("train.tsv", "dev_matched.tsv", "dev_mismatched.tsv"),
        *("test_matched.tsv", "test_mismatched.tsv"),
    ),
    "mrpc": ("msr_paraphrase_train.txt", "msr_paraphrase_test.txt", _DEV_IDS),
    "ax": ("AX.tsv",),
}
# Alternative names of two of these files.
_ALIASES = {_DEV_IDS: ("dev_ids.tsv",), "AX.tsv": ("diagnostic.tsv", "diagnostic-full.tsv")}
# The archive's own script splits MRPC into these; TFDS knows only the files before the split.
_MRPC_SPLITS = {"train": "train.tsv", "dev": "dev.tsv", "test": "test.tsv"}
_SHOWN = 5  # line numbers of a file
_MARK = "glue_files.json"  # records which files the dataset beside it was made from


def prepare(task: Task, glue_dir: str, tfds_data_dir: str) -> str:
    """Makes sure that <tfds_data_dir>/glue/<task> was prepared from the files in glue_dir.

    Returns:
      The folder of the prepared dataset.
    Raises:
      UserError: a file is missing or TFDS could not read it; or the dataset was prepared earlier
        from other files.
    """
    for place, variable in ((glue_dir, "GLUE_DIR"), (tfds_data_dir, "TFDS_DATA_DIR")):
        urls.check_is_local(place, variable, "TFDS prepares GLUE's files from folder to folder")
    paths = _paths(task, glue_dir)
    hashes = {name: sha256_of(path) for name, path in paths.items()}
    parent = os.path.join(tfds_data_dir, "glue", task.name)
    with lock.exclusive(os.path.join(parent, ".lock"), "another run", "TFDS_DATA_DIR"):
        folder = prepared_folder(task, tfds_data_dir)
        if folder is None:
            _prepare(task, paths, tfds_data_dir, hashes)
            return prepared_folder(task, tfds_data_dir)
    if _read_mark(folder) != hashes:
        raise UserError(
            f"{folder} was prepared earlier, and not from the current files in {glue_dir}. "
            "Leave out GLUE_DIR to use it as it is, remove it, or choose another TFDS_DATA_DIR."
        )
    print(f"{folder} was already prepared from these files")
    return folder


def _paths(task: Task, glue_dir: str) -> dict:
    """{name that TFDS knows: path} of the task's files."""
    folder = os.path.join(glue_dir, _FOLDERS[task.name])
    names, paths = _FILES_OF.get(task.name, _FILES), {}
    if task.name == "mrpc" and not os.path.exists(os.path.join(folder, names[0])):
        names = tuple(_MRPC_SPLITS.values())
    for name in names:
        candidates = [os.path.join(folder, n) for n in (name, *_ALIASES.get(name, ()))]
        found = [path for path in candidates if os.path.isfile(path)]
        if not found:
            raise UserError(
                f"{' or '.join(candidates)} is missing; GLUE_DIR (--glue_dir) is the folder that "
                f"holds {_FOLDERS[task.name]}/ as in GLUE's archive"
            )
        paths[name] = found[0]
    return paths


def _read_mark(folder: str):
    """What a prepared dataset was made from; None if unknown."""
    try:
        with open(os.path.join(folder, _MARK), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def _prepare(task: Task, paths: dict, tfds_data_dir: str, hashes: dict) -> None:
    with quiet.native_stderr():
        import tensorflow_datasets as tfds
    config = tfds.builder_cls("glue").builder_configs[task.name]
    files = {
        name: glue_rows.check(path, glue_rows.layout(task, name, config))
        for name, path in paths.items()
    }
    print(f"TFDS is preparing glue/{task.name} in {tfds_data_dir}")
    with tempfile.TemporaryDirectory() as scratch:
        for name, file in files.items():
            file.lay_out(os.path.join(scratch, name))
        kept = _build(task, scratch, tfds_data_dir, hashes)
    for name, file in files.items():
        if name != _DEV_IDS:
            _report(file, kept[name])


def _build(task: Task, scratch: str, tfds_data_dir: str, hashes: dict) -> dict:
    """Runs TFDS' builder on the files in `scratch`; {file name: numbers of the rows it kept}."""
    import tensorflow_datasets as tfds

    kept = defaultdict(set)

    class LocalGlue(tfds.builder_cls("glue"), skip_registration=True):
        """TFDS' own GLUE builder, with `scratch` in place of its downloads."""

        name = "glue"

        def _split_generators(self, _):
            return super()._split_generators(_LocalFiles(scratch, task))

        def _generate_examples(self, data_file, split, mrpc_files=None):
            read, examples = data_file, super()._generate_examples(data_file, split, mrpc_files)
            if mrpc_files and not os.path.exists(mrpc_files["train"]):
                read = os.path.join(scratch, data_file)
                examples = glue_rows.mrpc_examples(read, is_test=split == "test")
            elif mrpc_files:
                read = mrpc_files["test" if split == "test" else "train"]
            for number, example in examples:
                kept[os.path.basename(read)].add(number)
                yield number, example

        def _download_and_prepare(self, *arguments, **options):
            super()._download_and_prepare(*arguments, **options)
            # TFDS moves this folder into place as a whole.
            write_whole(os.path.join(self.data_dir, _MARK), json.dumps(hashes, indent=2))

    tfds.disable_progress_bar()
    # TFDS would announce a download of unknown size.
    with quiet.native_stderr(), contextlib.redirect_stdout(io.StringIO()):
        try:
            LocalGlue(config=task.name, data_dir=tfds_data_dir).download_and_prepare()
        except AssertionError as error:  # "No examples were yielded."
            raise UserError(
                f"TFDS finds no example for a split of {task.name} ({error}); use the files from "
                "GLUE's archive"
            ) from None
        except Exception as error:
            raise of_library(error, tfds_data_dir) or error from None
    return kept


class _LocalFiles:
    """Stands in for TFDS' download manager."""

    def __init__(self, folder: str, task: Task):
        self._folder = folder
        self._task = task

    def download_and_extract(self, _url: str) -> str:
        """An extracted archive holds one folder, under the name that TFDS expects."""
        os.symlink(".", os.path.join(self._folder, _FOLDERS[self._task.name]))
        return self._folder

    def download(self, urls):
        """AX is one file; MRPC's files are requested as {"train", "test", "dev_ids": url}."""
        names = _FILES_OF[self._task.name]
        if isinstance(urls, str):
            return os.path.join(self._folder, names[0])
        by_role = dict(zip(("train", "test", "dev_ids"), names, strict=True))
        return {role: os.path.join(self._folder, by_role[role]) for role in urls}


def _report(file: "glue_rows.GlueFile", kept: set) -> None:
    """Prints which lines yielded no example, or only a part of themselves, and what was unused."""
    lines, cut = file.lost_lines(kept)
    if lines:
        print(f"{file.path}: {len(lines):,} lines yielded no example: {_first(lines)}")
    if cut:
        print(
            f"{file.path}: {len(cut):,} lines contain a carriage return, which splits them; only a "
            f"part of each became an example: {_first(cut)}"
        )
    if file.has_unused_labels:
        print(f"{file.path}: its labels are ignored; GLUE's test rows have the label -1")


def _first(lines: list) -> str:
    shown = ", ".join(str(line) for line in lines[:_SHOWN])
    return f"line {shown}" + (", ..." if len(lines) > _SHOWN else "")
