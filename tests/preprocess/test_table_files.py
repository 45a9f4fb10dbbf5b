import gzip

import pytest

from preprocess.sources import table_files
from preprocess.sources.table_rows import BadRow, Row
from shared.errors import UserError


def read(tmp_path, name, content, names=("a", "b")):
    path = tmp_path / name
    path.write_bytes(content)
    table_files.check_columns(str(path), list(names))
    return list(table_files.read(str(path), list(names)))


def test_csv_by_rfc_4180(tmp_path):
    content = (
        b'b,x,a\r\n1,,"say ""hi"", you"\r\n2,-,"two\r\nlines"\r\n\r\n3,"","' + "é".encode() + b'"'
    )
    assert read(tmp_path, "f.csv", content) == [
        Row(2, ('say "hi", you', "1")),
        Row(3, ("two\r\nlines", "2"), ("two\r\nlines",)),
        Row(6, ("é", "3")),
    ]


def test_tsv_has_no_quoting(tmp_path):
    content = b'a\tb\n"x\t1\ny"\t2\r\n\nlone\rreturn\t3\n'
    assert read(tmp_path, "f.tsv", content) == [
        Row(2, ('"x', "1")),
        Row(3, ('y"', "2")),
        Row(5, ("lone\rreturn", "3")),
    ]


def test_jsonl_keeps_types_and_takes_other_keys(tmp_path):
    content = b'{"a": "x", "b": 1, "c": null}\n\n{"b": true, "a": "\\u00e9"}'
    assert read(tmp_path, "f.jsonl", content) == [Row(1, ("x", 1)), Row(3, ("é", True))]


@pytest.mark.parametrize("name", ["f.csv", "f.CSV", "f.csv.gz"])
def test_byte_order_mark_and_gz(tmp_path, name):
    content = b"\xef\xbb\xbfa,b\n1,2\n"
    content = gzip.compress(content) if name.endswith(".gz") else content
    assert read(tmp_path, name, content) == [Row(2, ("1", "2"))]


@pytest.mark.parametrize(
    "name, bad, problem",
    [
        ("f.csv", b"1\n", "1 fields, the header has 2"),
        ("f.csv", b"1,2,3\n", "3 fields, the header has 2"),
        ("f.csv", b'"x"y,2\n', "not RFC 4180"),
        ("f.csv", b"lone\rreturn,2\n", "not RFC 4180"),
        ("f.csv", b"caf\xe9,2\n", "not UTF-8: byte 0xe9 at byte 4"),
        ("f.csv", b"a,b\n", "the line of column names again, as where files were joined"),
        ("f.csv", b"\xef\xbb\xbfa,b\r\n", "the line of column names again"),
        ("f.tsv", b"1\n", "1 fields, the header has 2"),
        ("f.tsv", b"a\tb\n", "the line of column names again"),
        ("f.tsv", b"x\t\xff\n", "not UTF-8: byte 0xff at byte 3"),
        ("f.jsonl", b'{"a": 1\n', "not JSON"),
        ("f.jsonl", b"[1, 2]\n", "not a JSON object"),
        ("f.jsonl", b"[" * 5000 + b"\n", "not JSON"),
        ("f.jsonl", b'{"a": "\\ud83d", "b": 1}\n', "an escape for half a surrogate pair"),
        ("f.jsonl", b'{"a": 1}\n', "no key 'b'; its keys are: a"),
    ],
)
def test_a_bad_row_is_named_and_the_next_one_read(tmp_path, name, bad, problem):
    first = {"f.csv": b"a,b\n", "f.tsv": b"a\tb\n", "f.jsonl": b'{"a": "p", "b": "q"}\n'}[name]
    good = {"f.csv": "é,q\n", "f.tsv": "é\tq\n", "f.jsonl": '{"a": "é", "b": "q"}\n'}[name]
    rows = read(tmp_path, name, first + bad + good.encode())[-2:]
    assert isinstance(rows[0], BadRow) and rows[0].line == 2 and problem in rows[0].problem
    assert rows[1] == Row(3, ("é", "q"))


def test_a_byte_order_mark_within_is_no_part_of_a_value(tmp_path):
    content = b"\xef\xbb\xbfa,b\n1,2\n\xef\xbb\xbf3,4\n"
    assert read(tmp_path, "f.csv", content) == [Row(2, ("1", "2")), Row(3, ("3", "4"))]


def test_invalid_utf8_inside_a_quoted_field_takes_the_whole_row(tmp_path):
    rows = read(tmp_path, "f.csv", b'a,b\n"one \xff\ntwo ""x""",1\nn\xc3\xa9xt,2\n')
    assert isinstance(rows[0], BadRow) and rows[0].line == 2
    assert rows[1:] == [Row(4, ("néxt", "2"))]


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("f.csv", b"", "f.csv is empty; expected a line of column names"),
        ("f.jsonl", b"\n\n", "f.jsonl is empty; expected one JSON object a line"),
        ("f.jsonl", b"a,b\n", "f.jsonl line 1: not JSON"),
        ("f.csv", b"\xff,\xc3\xa9\n\xc3\xa9\n", "f.csv line 1: not UTF-8"),
        ("f.csv", b"a,c\n", "f.csv has no column 'b'; its columns are: a, c"),
        ("f.tsv", b"a\tb\tb\n", "f.tsv has 2 times the column 'b'"),
        ("f.csv", b'a,b\n1,2\n"open,3\n4,5\n', "line 3: a quoted field begins in this row.*line 4"),
        ("f.csv", b'a,b\n"x,1\ny,2\nz,"w\n', "line 2: a quoted field.*is malformed on line 4"),
        ("f.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-20], "cannot be read after line"),
        ("f.xlsx", b"a,b\n", "the name must end in .csv, .tsv or .jsonl"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, name, content, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, name, content)


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match="cannot read .*nowhere.csv: No such file"):
        table_files.columns(str(tmp_path / "nowhere.csv"))


def test_a_field_longer_than_pythons_default_limit(tmp_path):
    (row,) = read(tmp_path, "f.csv", b'a,b\n"' + b"x" * 200_000 + b'",1\n')
    assert row.values == ("x" * 200_000, "1")
