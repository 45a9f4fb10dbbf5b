"""Errors of the operating system at the top of a program, and text that cannot be printed."""

import subprocess
import sys

import pytest

from shared.errors import exit_code
from shared.files import write_whole, writing
from tests.inputs import ROOT

FULL = "/dev/full"  # every write to it fails as on a full disk
NO_ROOM = "No space left on device. Free some space on that disk, or choose another folder; "


def fill_a_disk(path):
    with writing(path), open(FULL, "wb", buffering=0) as file:
        file.write(b"x")


@pytest.mark.parametrize(
    "write, message",
    [
        (lambda folder: fill_a_disk("a.txt"), f"cannot write a.txt: {NO_ROOM}"),
        (
            lambda folder: folder.write_text(""),
            "{folder}: Is a directory. A file is where a folder ",
        ),
        (lambda folder: (folder / "file" / "x").mkdir(), "{folder}/file/x: Not a directory. A fi"),
        (
            lambda folder: write_whole(f"{folder}/file/x", ""),
            "cannot write {folder}/file/x: Not a directory. A file is where",
        ),
        (lambda folder: (folder / ("x" * 256)).mkdir(), "x: File name too long. Choose a shorter "),
        (lambda folder: (folder / "a").rmdir(), "{folder}/a: No such file or directory. Check "),
        (
            lambda folder: (folder / "file").rename(folder / "b" / "c"),
            "{folder}/b/c: No such file or directory. Check ",
        ),
    ],
)
def test_an_error_of_the_system_is_one_message(tmp_path, capsys, write, message):
    (tmp_path / "file").touch()
    assert exit_code(lambda: write(tmp_path)) == 2
    printed = capsys.readouterr().err
    assert message.format(folder=tmp_path) in printed
    assert printed.startswith("error: ") and printed.endswith("; then run this again.\n")


def test_an_error_that_is_not_of_the_system_is_a_bug():
    def main():
        raise OSError("something else")

    with pytest.raises(OSError, match="something else"):
        exit_code(main)


def run(code, stdout, **environment):
    code = f"from shared.errors import exit_code\nimport sys\nsys.exit(exit_code({code}))"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, env=environment)


def test_output_to_a_full_disk():
    with open(FULL, "wb") as full:
        finished = run("lambda: print('x')", full)
    assert (finished.returncode, finished.stderr) == (
        2,
        f"error: {NO_ROOM}then run this again.\n".encode(),
    )


def test_output_shows_what_it_cannot_encode_with_escapes():
    code = "lambda: print('caf\\xe9 \\u20ac \\udce9') or print('\\u20ac', file=sys.stderr)"
    finished = run(code, subprocess.PIPE, PYTHONIOENCODING="latin-1:strict")
    assert finished.stdout == b"caf\xe9 \\u20ac \\udce9\n"
    assert (finished.returncode, finished.stderr) == (0, b"\\u20ac\n")
