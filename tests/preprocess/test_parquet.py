"""Parquet files: row by row, as strict as JSON, and in memory that does not grow with the file."""

import datetime
import subprocess
import sys

import pyarrow as pa
import pytest
from pyarrow import parquet

from preprocess import run
from preprocess.sources import table_files
from preprocess.sources.table_rows import BadRow, Row
from shared import source_order
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.preprocess.test_user_rows import Read


@pytest.fixture
def write(tmp_path):
    """A function: columns, a name, options of the writer -> the path."""

    def written(columns, name="a.parquet", **options):
        parquet.write_table(pa.table(columns), tmp_path / name, **options)
        return str(tmp_path / name)

    return written


def read(path, *names):
    table_files.check_columns(path, list(names))
    return list(table_files.read(path, list(names)))


def test_rows_are_numbered_over_groups_and_batches(write):
    texts = [f"é {n}\n" for n in range(2500)]
    path = write({"x.y": texts, "n": range(2500), "x": texts[::-1]}, row_group_size=1100)
    assert table_files.columns(path) == ["x.y", "n", "x"]
    assert read(path, "x", "x.y") == [
        Row(n, pair) for n, pair in enumerate(zip(texts[::-1], texts, strict=True), start=1)
    ]


def test_values_are_those_of_python(write):
    day = datetime.date(2024, 1, 31)
    columns = {
        "a": pa.array(["x", None]).dictionary_encode(),
        "b": pa.array(["x", "y"], pa.large_string()),
        "c": pa.array([1.5, float("inf")], pa.float64()),
        "d": [True, None],
        "e": [b"x", b""],
        "f": [day, None],
        "g": [[1], [2, 3]],
    }
    assert [row.values for row in read(write(columns), *columns)] == [
        ("x", "x", 1.5, True, b"x", day, [1]),
        (None, "y", float("inf"), None, b"", None, [2, 3]),
    ]


def test_a_text_that_is_not_utf8_is_a_bad_row(write):
    offsets, content = pa.array([0, 1, 2, 3], pa.int32()).buffers()[1], pa.py_buffer(b"a\xffc")
    broken = pa.Array.from_buffers(pa.string(), 3, [None, offsets, content])
    first, bad, last = read(write({"text": broken, "n": [1, 2, 3]}), "n", "text")
    assert (first, last) == (Row(1, (1, "a")), Row(3, (3, "c")))
    assert isinstance(bad, BadRow) and bad.line == 2
    assert bad.problem.startswith("a value that cannot be read ('utf-8' codec can't decode")


def test_own_files(write, tmp_path, capsys):
    write({"text": ["good", "bad", None, "5"], "label": [1, 0, 1, 2], "no": [7, 8, 9, 7]},
          "train.parquet")  # fmt: skip
    write({"label": [1.0, None], "text": ["x", "y"], "no": ["é", "f"]}, "test.parquet")

    def make(**more):
        found = dict.fromkeys(("train_parquet", "test_parquet"))
        found.update((name, (tmp_path / name.replace("_", ".")).read_bytes()) for name in found)
        return Read(tmp_path, capsys, **found, **more)

    with pytest.raises(UserError) as caught:
        make(id="no")
    assert [line.rpartition("/")[2] for line in str(caught.value).splitlines()[1:-1]] == [
        "train.parquet line 3: found the text None; expected a text and a label",
        "test.parquet line 1: found the label '1.0' instead of '1'; expected a label to the letter "
        "as in the training file; these differ in nothing but case, white space, Unicode form "
        "(NFC, NFD) or the way to write a number",
    ]
    found = make(id="no", bad_rows="drop")
    assert found.examples("train") == [("good", 1), ("bad", 0), ("5", 2)]
    assert found.lines("train") == [1, 2, 4] and found.ids("train") == ["7", "8", "7"]
    assert found.examples("test") == [("y", -1)] and found.ids("test") == ["f"]
    write({"text": [1, 2], "label": ["a", "b"], "no": [1, 2]}, "train.parquet")
    with pytest.raises(UserError, match="2 bad rows:\n.*line 1: found the text 1; expected a text"):
        make()


def test_the_records_are_those_of_the_same_csv(write, tmp_path):
    (tmp_path / "v.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n")
    (tmp_path / "a.csv").write_text("text,label\na b,x\nb,y\n")
    write({"text": ["a b", "b"], "label": ["x", "y"]})
    made = []
    for ending in ("csv", "parquet"):
        run.main(
            [*("--task", ending, "--data", f"train={tmp_path}/a.{ending}", "--text", "text"),
             *("--label", "label", "--vocab_file", f"{tmp_path}/v.txt"),
             *("--data_dir", str(tmp_path), "--max_sequence_length", "8")]
        )  # fmt: skip
        dataset = str(tmp_path / ending / "msl8")
        made.append(read_manifest(dataset))
    assert made[0].splits["train"].shards == made[1].splits["train"].shards
    assert source_order.ROWS.read(dataset, "train", made[1]).tolist() == [[0, 1], [0, 2]]


def test_memory_does_not_grow_with_the_file(write):
    texts = [f"{n} " * 100 for n in range(40_000)]
    path = write({"text": texts}, compression="none", use_dictionary=False)
    before, most, last = pa.total_allocated_bytes(), 0, None
    for row in table_files.read(path, ["text"]):
        most, last = max(most, pa.total_allocated_bytes() - before), row
    assert last == Row(40_000, (texts[-1],))
    assert parquet.ParquetFile(path).metadata.row_group(0).total_byte_size > 22e6 > 3 * most


def footer(whole, start):
    """A file whose footer begins otherwise; how long it is stands near the end of the file."""
    at = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    return whole[:at] + start + whole[at + len(start) :]


@pytest.mark.parametrize(
    "name, damage, message",
    [
        ("a.parquet", lambda whole: b"text,label\n", " is not a whole Parquet file .*correct its"),
        ("a.parquet", lambda whole: b"", " is not a whole Parquet file .*0 bytes"),
        ("a.parquet", lambda whole: whole[:-9], " is not a whole Parquet file .*copy it again"),
        ("a.parquet", lambda whole: footer(whole, b"\xff" * 9), " is not a .*thrift.*copy it"),
        ("a.parquet", lambda whole: whole.replace(b"text", b"te\xfft"), " is not a .*'utf-8'"),
        ("a.parquet", lambda whole: whole[:40] + bytes(40) + whole[80:], " cannot be read after r"),
        ("a.parquet.gz", lambda whole: whole, ": Parquet is packed inside, without .gz; unpack it"),
        ("a.csv", lambda whole: whole, " is Parquet; give it as a .parquet file"),
    ],
)
def test_files_that_are_not_what_they_should_be(write, tmp_path, name, damage, message):
    write({"text": ["a long text"] * 9}, "whole.parquet")
    (tmp_path / name).write_bytes(damage((tmp_path / "whole.parquet").read_bytes()))
    with pytest.raises(UserError, match=f"{name}{message}"):
        read(str(tmp_path / name), "text")


def test_a_file_that_is_missing_and_columns_that_are(write, tmp_path):
    with pytest.raises(UserError, match="cannot read .*nowhere.parquet: No such file or directory"):
        read(f"{tmp_path}/nowhere.parquet", "text")
    long = "What do you like about it, and what do you not like?"
    with pytest.raises(UserError, match=f"has no column 'text'; its columns are: {long[:-1]}"):
        read(write({long: ["a"]}), "text")
    with pytest.raises(UserError, match="has the column 'text ', with white space around its name"):
        read(write({"text ": ["a"]}), "text")


def test_pyarrow_is_not_imported_for_other_files(tmp_path):
    (tmp_path / "a.csv").write_text("text\na\n")
    program = (
        "import sys; from preprocess.sources import table_files; "
        "table_files.check_columns(sys.argv[1], ['text']); sys.exit('pyarrow' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.csv")])
    assert finished.returncode == 0
