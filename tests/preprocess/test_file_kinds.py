"""Files that are not what their names say, and how files in other forms are read."""

import gzip
import io
import os
import tarfile
import zipfile

import pytest

from preprocess import run
from preprocess.sources import file_form, table_files, user_spec
from preprocess.sources.file_form import FileForm
from preprocess.sources.table_rows import Row
from shared.errors import UserError, exit_code
from shared.manifest_file import read_manifest
from tests.inputs import read_rows

TABLE = "text,label\nthé film,pos\na film,neg\n"
ROWS = [Row(2, ("thé film", "pos")), Row(3, ("a film", "neg"))]


def read(path, form=table_files.UTF8, names=("text", "label")):
    table_files.check_columns(str(path), list(names), form)
    return list(table_files.read(str(path), list(names), form=form))


def refusal(path, form=table_files.UTF8, names=("text", "label")):
    with pytest.raises(UserError) as error:
        read(path, form, names)
    assert str(error.value).startswith(str(path))
    return str(error.value).removeprefix(str(path))


def zipped(name):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, TABLE)
    return content.getvalue()


def tarred():
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("train.csv"))
    return content.getvalue()


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.csv", gzip.compress(TABLE.encode()), " is gzip, which its name does not say; rename"),
        ("a.csv.gz", TABLE.encode(), " is not gzip, although its name ends in .gz; rename it to"),
        ("a.csv.gz", zipped("train.csv"), " is a zip archive or an Excel workbook"),
        ("a.csv", zipped("[Content_Types].xml"), " is an Excel workbook (.xlsx); save it as CSV"),
        ("a.tsv", zipped("train.csv"), " is a zip archive or an Excel workbook (.xlsx); unpack"),
        ("a.csv", tarred(), " is a tar archive; unpack it"),
        ("a.csv.gz", gzip.compress(tarred()), " is a tar archive; unpack it"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", " is an old Excel workbook (.xls); save"),
        ("a.jsonl", b"PAR1\x15\x04\x15", " is Parquet; give it as a .parquet file"),
        ("a.csv", b"\n <!DOCTYPE html><html>", " is a web page; download the file itself"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid", " is a pointer of git-LFS "),
        ("a.csv", b'{"text": "a", "label": "b"}\n', " begins like JSON; if it has one object a l"),
        ("a.jsonl", b'[\n {"text": "a", "label": "b"}\n]', " is one JSON array; write one object "),
        ("a.tsv", b"text\tlabel\rx\ty\r", ": its lines end with a carriage return alone, as on o"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # archives hold the time
)
def test_a_file_of_another_kind_is_told_as_that(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).startswith(message)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize(
    "encoding, found, written",
    [
        ("utf-16", "UTF-16", "utf-16"),
        ("utf-16-le", "UTF-16-LE", "utf-16-le"),
        ("utf-16-be", "UTF-16-BE", "utf-16-be"),
        ("utf-32", "UTF-32", "utf-32"),
    ],
)
def test_utf16_is_named_and_read_when_it_is_stated(tmp_path, name, encoding, found, written):
    content = TABLE.replace("\n", "\r\n").encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert refusal(tmp_path / name).startswith(
        f' is {found}, not UTF-8; give the encoding: ARGS="--encoding {written}", or '
    )
    assert read(tmp_path / name, FileForm(written)) == ROWS
    assert f" is {found}, encoding (--encoding) says cp1252" in refusal(
        tmp_path / name, FileForm("cp1252")
    )


def test_windows_text_is_a_fact_of_the_whole_file_with_its_reading(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\n" + b"ok,pos\n" * 9 + "l’été,neg\ncafé,pos\n".encode("cp1252"))
    assert refusal(path) == (
        " is not UTF-8 (lines in another encoding: 2, in UTF-8: 0). As cp1252 (Windows, Western "
        "Europe), line 11 has 'l’été,neg'. If that is right, give the encoding: "
        'ARGS="--encoding cp1252", or save the file as UTF-8; otherwise give the encoding it is in'
    )
    rows = read(path, FileForm("cp1252"))
    assert rows[-2:] == [Row(11, ("l’été", "neg")), Row(12, ("café", "pos"))]


def test_utf16_without_ascii_in_its_names_has_zero_bytes(tmp_path):
    (tmp_path / "a.csv").write_bytes("文本,标签\n好,正\n坏,负\n".encode("utf-16-le"))
    assert "It has zero bytes: it is UTF-16 (give the encoding: ARGS=" in refusal(
        tmp_path / "a.csv"
    )
    rows = read(tmp_path / "a.csv", FileForm("utf-16-le"), names=("文本", "标签"))
    assert rows == [Row(2, ("好", "正")), Row(3, ("坏", "负"))]


def test_other_encodings_are_read_and_a_wrong_one_is_told(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"text": "好电影", "label": "好"}\n'.encode("gbk"))
    assert read(path, FileForm("gbk")) == [Row(1, ("好电影", "好"))]
    assert " is not ascii: ordinal not in range(128)" in refusal(path, FileForm("ascii"))
    path.write_bytes('{"text": "好电影", "label": "好"}\n'.encode())
    assert " is UTF-8, encoding (--encoding) says gbk; leave that out" in refusal(
        path, FileForm("gbk")
    )
    path.write_bytes('{"text": "模", "label": "b"}\n'.encode("gbk"))  # valid UTF-8, by chance
    assert read(path, FileForm("gbk")) == [Row(1, ("模", "b"))]
    path.write_text('{"text": "é", "label": "b"}\n')
    assert " is UTF-8, encoding (--encoding) says cp1252" in refusal(path, FileForm("cp1252"))


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.csv", "text;label\na;b\n", ' has ";" between its columns; give the delimiter: ARGS='),
        (
            "a.csv",
            '"text"|"label"\na|b\n',
            ' has "|" between its columns; give the delimiter: ARGS=',
        ),
        ("a.csv", "text\tlabel\na\tb\n", ' has "\\t" between its columns; rename it to .tsv, if '),
        ("a.tsv", "text,label\na,b\n", " has commas between its columns; rename it to .csv"),
        ("a.tsv", "text;label\na;b\n", ' has ";" between its columns; rename it to .csv and give '),
        (
            "a.csv",
            '"text";"label"\n"a,b;c";d\n',
            ' has ";" between its columns; give the delimiter: ',
        ),
        ("a.csv", '"text"x,label\n', " line 1: not RFC 4180: ',' expected after"),
        ("a.csv", "text, label\na, b\n", " has the column ' label', with white space around its n"),
        ("a.csv", "text,label,text\na,b,c\n", " has 2 times the column 'text'; its columns are: "),
        ("a.csv", "a,b\nx,y\n", " has no column 'text'; its columns are: a, b"),
        ("a.csv", "sep=,\ntext,label\na,b\n", ' begins with a line for Excel alone, "sep=" and'),
        ("a.csv", "sep=;\r\ntext;label\r\na;b\r\n", " begins with a line for Excel alone, "),
        (
            "a.csv",
            "good film,pos\nbad,neg\nfine,pos\n",
            " has no column 'text'; its first line looks like a ",
        ),
        (
            "a.tsv",
            "a long review of a film\tpos\nx\tneg\n",
            " has no column 'text'; its first line looks ",
        ),
    ],
)
def test_what_is_wrong_with_the_line_of_names(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    assert refusal(tmp_path / name).startswith(message)


def test_how_to_type_a_delimiter(tmp_path):
    (tmp_path / "a.csv").write_text("text;label\na;b\n")
    wanted = """ has ";" between its columns; give the delimiter: ARGS='--delimiter ";"'"""
    assert refusal(tmp_path / "a.csv") == wanted
    (tmp_path / "a.csv").write_text("text\tlabel\na\tb\n")
    assert refusal(tmp_path / "a.csv").endswith(
        r"""or give the delimiter: ARGS='--delimiter "\t"'"""
    )


def test_a_delimiter_that_is_not_the_files(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE)
    message = refusal(tmp_path / "a.csv", FileForm(None, ";"))
    assert message == " has commas between its columns; leave out delimiter (--delimiter)"


def test_a_line_of_names_is_shortened(tmp_path):
    (tmp_path / "a.csv").write_text("on and on " * 9000 + ",pos\n")
    assert len(refusal(tmp_path / "a.csv")) < 300


def test_other_columns_may_be_blank_or_twice(tmp_path):
    (tmp_path / "a.csv").write_text("text,x, y,label,x\na,1,2,b,3\n")
    assert read(tmp_path / "a.csv") == [Row(2, ("a", "b"))]


def test_two_columns_that_were_written_as_one(tmp_path):
    (tmp_path / "a.csv").write_text("q1,q2,label\n")
    message = refusal(tmp_path / "a.csv", names=("q1,q2", "label"))
    assert message.endswith("the columns q1 and q2; write them as a list: text: [q1, q2]")


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_delimiter_keeps_the_rules_of_csv(tmp_path, mark):
    content = 'text;label\n"a; ""b""\nc";pos\n'.replace(";", mark)
    (tmp_path / "a.csv").write_text(content)
    text = f'a{mark} "b"\nc'
    assert read(tmp_path / "a.csv", FileForm(None, mark)) == [Row(2, (text, "pos"), (text,))]


@pytest.mark.parametrize(
    "rows",
    [
        ["a good and long review of this film,pos", "the worst film that I know,neg"] * 3,
        ["a film,0.25", "a film,0.75", "a film,0.5", "a film,-1e-3"],  # scores of few texts
        ["a film,pos", "a film,neg", "a film,pos"],
        ["a,the only row of this file"],
    ],
)
def test_columns_that_are_not_swapped(tmp_path, rows):
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]))
    table_files.check_not_swapped(str(tmp_path / "a.csv"), ("text",), "label")


def test_swapped_columns(tmp_path):
    reviews = [f"review number {n} of a film,{'pos' if n % 2 else 'neg'}" for n in range(9)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *reviews]))
    with pytest.raises(UserError, match="They seem to be swapped; give TEXT=text LABEL=label"):
        table_files.check_not_swapped(str(tmp_path / "a.csv"), ("label",), "text")
    table_files.check_not_swapped(str(tmp_path / "a.csv"), ("text",), "label")


def test_the_form_is_checked():
    assert file_form.checked("Latin-1", "\\t", "x") == FileForm("iso8859-1", "\t")
    assert file_form.checked("latin1", "\t", "x") == FileForm("iso8859-1", "\t")
    assert file_form.checked("UTF8", None, "x") == FileForm() == file_form.checked(None, None, "x")
    for encoding in ("latin-11", "base64", 8, True):
        with pytest.raises(
            UserError, match=r"x: encoding \(--encoding\) is .*expected an encoding"
        ):
            file_form.checked(encoding, None, "x")
    for delimiter in ("", ";;", '"', "\n", 1):
        with pytest.raises(UserError, match=r"x: delimiter \(--delimiter\) is .*expected one char"):
            file_form.checked(None, delimiter, "x")


def parse(data, **given):
    options = {"text": "text", "label": "label", **given}
    return user_spec.parse("mine", data, {key: options.get(key) for key in user_spec.OPTIONS})


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's home folder, which holds train.csv; not the current one."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "train.csv").write_text(TABLE)
    return tmp_path / "home"


def test_a_tilde_is_the_home_folder(home):
    expected = (("train", (f"{home}/train.csv",)),)
    assert parse("train=~/train.csv").files == expected
    (home / "mine.yaml").write_text("data: {train: ~/train.csv}\ntext: text\nlabel: label\n")
    assert parse("~/mine.yaml", text=None, label=None).files == expected


@pytest.mark.parametrize(
    "data, given, message",
    [
        ("train=~/a,b.csv", {}, "'b.csv' is no <split>=<file>; .*needs the YAML file: data: "),
        (
            "train=~/train.csv",
            {"encoding": "latin-11"},
            "DATA: encoding .* is 'latin-11'; expected",
        ),
        ("train=~/train.csv", {"delimiter": ";;"}, "DATA: delimiter .* is ';;'; expected one char"),
        ("train=~/train.tsv", {"delimiter": ";"}, "delimiter .* is for .csv files, and none is g"),
    ],
)
def test_wrong_specifications(home, data, given, message):
    (home / "train.tsv").touch()
    with pytest.raises(UserError, match=message):
        parse(data, **given)


@pytest.mark.parametrize("files", ["[a.csv, 3]", "[]", "{a: b.csv}"])
def test_files_of_a_split_are_paths(home, files):
    (home / "m.yaml").write_text(f"data: {{train: {files}}}\ntext: text\nlabel: label\n")
    with pytest.raises(UserError, match="file of train is .*; expected a path, or a list of paths"):
        parse("~/m.yaml", text=None, label=None)


def make(home, *more):
    """Runs the program on the YAML file in the home folder; returns the exit code."""
    (home / "v.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nfilm\nete\n;\n")
    arguments = ["--task", "mine", "--data", "~/mine.yaml", "--vocab_file=~/v.txt", *more]
    arguments += ["--data_dir=~/data", "--max_sequence_length", "0008"]
    return exit_code(lambda: run.main(arguments))


def test_the_form_is_used_and_recorded(home, capsys):
    name = os.fsdecode(b"donn\xe9es.csv")
    (home / name).write_bytes('text;label\nfilm;a\n"été; film";b\n'.encode("cp1252"))
    text = 'data: {train: "donn\\udce9es.csv"}\ntext: text\nlabel: label\n'
    (home / "mine.yaml").write_text(text + 'encoding: windows-1252\ndelimiter: ";"\n')
    assert make(home) == 0
    dataset = home / "data" / "mine" / "msl8"
    assert read_rows(dataset, "train")["input_ids"].tolist() == [
        [2, 4, 3, 0, 0, 0, 0, 0],
        [2, 5, 6, 4, 3, 0, 0, 0],
    ]
    source = read_manifest(str(dataset)).source
    assert (source["encoding"], source["delimiter"]) == ("cp1252", ";")
    assert source["splits"]["train"]["files"][0]["file"] == name
    assert "donn\\udce9es.csv: 2 classes" in capsys.readouterr().out
    assert make(home) == 0
    assert capsys.readouterr().out == f"{dataset} is up to date\n"
    (home / "mine.yaml").write_text(text)
    assert make(home) == 2
    assert "source encoding: it has cp1252, this run would write none" in capsys.readouterr().err
