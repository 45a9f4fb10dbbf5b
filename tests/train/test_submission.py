"""The zip of a submission to the GLUE leaderboard."""

import zipfile

import pytest

from shared import tasks
from shared.errors import UserError
from train import submission

# As the leaderboard's instructions list them.
ROWS = {
    "CoLA.tsv": 1063, "SST-2.tsv": 1821, "MRPC.tsv": 1725, "STS-B.tsv": 1379, "QQP.tsv": 390965,
    "MNLI-m.tsv": 9796, "MNLI-mm.tsv": 9847, "QNLI.tsv": 5463, "RTE.tsv": 3000, "WNLI.tsv": 146,
    "AX.tsv": 1104,
}  # fmt: skip


@pytest.fixture
def runs(tmp_path):
    """A function that writes files of a submission into a folder, {file: rows}."""

    def write(folder, files):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, rows in files.items():
            lines = ["index\tprediction", *(f"{n}\t{n % 2}" for n in range(rows))]
            (tmp_path / folder / name).write_text("\n".join(lines) + "\n")

    return write


def zipped(tmp_path, pattern="*-base", name="out/s.zip"):
    submission.main([str(tmp_path / pattern), str(tmp_path / name)])
    return tmp_path / name


def test_all_eleven_files_lie_flat_in_the_zip(runs, tmp_path, capsys):
    for number, (name, rows) in enumerate(ROWS.items()):
        runs(f"{number}-base", {name: rows})
        runs(f"{number}-tiny", {name: 1})  # of another model
    path = zipped(tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(ROWS)
        for number, name in enumerate(ROWS):
            assert archive.read(name) == (tmp_path / f"{number}-base" / name).read_bytes()
    out = capsys.readouterr().out
    assert out.endswith("s.zip: 11 of the 11 files\n") and "missing" not in out
    assert f"QQP.tsv    390,965 rows  {tmp_path}/4-base/QQP.tsv\n" in out


def test_equal_files_give_equal_bytes_and_what_is_missing_is_listed(runs, tmp_path, capsys):
    runs("sst2-base", {"SST-2.tsv": 1821})
    first = zipped(tmp_path).read_bytes()
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in out[1:-1]] == [
        [entry.file, "missing:"]
        for entry in tasks.SUBMISSIONS.values()
        if entry.file != "SST-2.tsv"
    ]
    assert "RTE.tsv    missing: make predict TASK=rte" in out
    assert "AX.tsv     missing: make predict TASK=ax MODEL_DIR=runs/mnli-<model>" in out
    (tmp_path / "sst2-base").rename(tmp_path / "other-base")
    (tmp_path / "other-base" / "SST-2.tsv").touch()
    assert zipped(tmp_path, "other-base", "second.zip").read_bytes() == first


def test_of_two_files_for_a_task_none_is_chosen(runs, tmp_path):
    runs("a-base", {"RTE.tsv": 3000})
    runs("b-base", {"RTE.tsv": 3000})
    with pytest.raises(UserError, match="a-base/RTE.tsv and .*b-base/RTE.tsv are for the same ta"):
        zipped(tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda text: text.replace("145\t1\n", ""), "has 145 rows; expected 146, numbered from 0"),
        (lambda text: text.replace("3\t1\n", "4\t1\n", 1), "has 146 rows; expected 146, numbered"),
        (lambda text: text.replace("index", "id"), "has 146 rows; expected 146"),
        (lambda text: "", "has 0 rows; expected 146"),
    ],
)
def test_files_with_other_rows_than_the_test_file_are_refused(runs, tmp_path, change, message):
    runs("wnli-base", {"WNLI.tsv": 146})
    path = tmp_path / "wnli-base" / "WNLI.tsv"
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=f"WNLI.tsv {message}"):
        zipped(tmp_path)


def test_no_folder_and_no_file(runs, tmp_path):
    with pytest.raises(UserError, match="no folder is .*-base; give MODEL=<size>"):
        zipped(tmp_path)
    runs("mine-base", {})
    with pytest.raises(
        UserError, match="mine-base: no file of a submission, such as SST-2.tsv; `make pr"
    ):
        zipped(tmp_path)
