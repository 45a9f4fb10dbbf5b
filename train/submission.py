"""Zips the files of a submission to the GLUE leaderboard, and lists those that are missing.

python -m train.submission 'runs/*-base' runs/submission.zip
"""

import argparse
import glob
import os
import sys
import zipfile
from typing import Dict, List

from shared import tasks
from shared.arguments import Parser
from shared.errors import UserError, exit_code
from shared.files import whole_file
from shared.tasks import Submission

# Of every file in the zip: equal predictions give equal bytes.
_DATE = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


def main(arguments: list) -> None:
    options = parse(arguments)
    found = files_in(_folders(options.source))
    contents = {entry.file: _checked(path, entry) for entry, path in found.items()}
    os.makedirs(os.path.dirname(os.path.abspath(options.target)), exist_ok=True)
    _write(options.target, contents)
    for entry, path in found.items():
        print(f"{entry.file:<10} {entry.rows:>7,} rows  {path}")
    for (task, _), entry in tasks.SUBMISSIONS.items():
        if entry not in found:
            print(f"{entry.file:<10} missing: {_command(task)}")
    print(f"{options.target}: {len(found)} of the {len(tasks.SUBMISSIONS)} files")


def parse(arguments: list) -> argparse.Namespace:
    parser = Parser(
        prog="python -m train.submission",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    path = {"type": os.path.expanduser}
    parser.add_argument(
        "source", metavar="FROM", **path, help="a model folder, or a pattern of several"
    )
    parser.add_argument("target", metavar="TO", **path, help="the zip file to write")
    return parser.parse_args(arguments)


def _folders(source: str) -> List[str]:
    found = [source] if os.path.isdir(source) else sorted(filter(os.path.isdir, glob.glob(source)))
    if not found:
        raise UserError(
            f"no folder is {source}; give MODEL=<size> for runs/*-<size>, or the folders with "
            "FROM='<pattern>'"
        )
    return found


def files_in(folders: List[str]) -> Dict[Submission, str]:
    """{file of a submission: its path}, those that one of the folders has.

    Raises:
      UserError: two folders have the same file, or none has one.
    """
    found = {}
    for entry in tasks.SUBMISSIONS.values():
        paths = [os.path.join(folder, entry.file) for folder in folders]
        paths = [path for path in paths if os.path.exists(path)]
        if len(paths) > 1:
            raise UserError(
                f"{' and '.join(paths)} are for the same task; move away what is not to be "
                "submitted, or give other folders with FROM=<pattern>"
            )
        if paths:
            found[entry] = paths[0]
    if not found:
        raise UserError(
            f"{', '.join(folders)}: no file of a submission, such as SST-2.tsv; `make predict "
            "TASK=<task>` writes those of GLUE's tasks"
        )
    return found


def _checked(path: str, entry: Submission) -> bytes:
    """The content of a file that has the rows of the official test file.

    Raises:
      UserError: it has others.
    """
    with open(path, "rb") as file:
        content = file.read()
    header, *lines = content.decode("utf-8", "replace").splitlines() or [""]
    numbers = [line.partition("\t")[0] for line in lines]
    if header != tasks.SUBMISSION_HEADER or numbers != [str(n) for n in range(entry.rows)]:
        raise UserError(
            f"{path} has {len(lines):,} rows; expected {entry.rows:,}, numbered from 0, as in the "
            "official test file. Predict the whole of it again, or move this file away"
        )
    return content


def _write(path: str, contents: Dict[str, bytes]) -> None:
    """Uncompressed, for compressed bytes depend on the library's version."""
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(contents.items()):
            member = zipfile.ZipInfo(name, _DATE)
            member.external_attr = _READABLE
            archive.writestr(member, content)


def _command(task: str) -> str:
    """What writes the file."""
    answering = tasks.ANSWERED_BY.get(task)
    return f"make predict TASK={task}" + (
        f" MODEL_DIR=runs/{answering}-<model>" if answering else ""
    )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
