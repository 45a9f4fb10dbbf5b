"""The fast readers against the strict ones: the same rows, lines, marks and messages."""

import contextlib
import io
import random

import pytest

from preprocess.sources import simple_json, table_blocks, table_files, user_spec, user_split
from preprocess.sources.table_rows import Block, Selection
from preprocess.sources.user_files import UserFiles
from preprocess.sources.user_table import UserTable
from shared.errors import UserError

HEADERS = {"csv": b"text,more,label,id\n", "tsv": b"text\tmore\tlabel\tid\n", "jsonl": b""}
TEXTS = [b"good", "schön".encode(), b"", b" ", b"a b", b"-", b"3", b"NaN"]
LABELS = [b"pos", b"neg", b"pos", b"neg", b"pos", b"", b"-1", b" neg", b"POS"]
CSV_TEXTS = [b'"a,b"', b'"say ""hi"""', b'"two\nlines"', b'"two\r\nlines"', b'"x,neg,y,7\n"', b'""']
ODD = [
    *(b'5" disc', b'"a"b', b'"open', b"a\rb", b"\xff", b"\xef\xbb\xbf", b"\0", b"\n", b"\r\n"),
    *(b"text,more,label,id", b"\t", b",", b'"', b"\\ud83d", b"\\u00e9", b"{", b"}"),
]
JSON_ROWS = [
    b'{"text": "good", "more": "\\u00e9", "label": 1, "id": 7}',
    b'{"text": "a \\" b", "more": "", "label": 0, "id": 8}',
    b'{"text": "c", "more": "\\u0000", "label": 0, "id": "x"}',
    b'{"text": "c", "more": "d", "label": "1", "id": 9}',
    b'{"id": 9, "more": "d", "text": "{}", "label": -1}',
    b'{"text": "c", "more": "d", "label": -0, "id": 10, "other": "e"}',
    b'{"text": "c", "more": "d", "label": 1, "label": 0, "id": 11}',
    b'{"text": "c", "more": "d", "label": 1, "id": 123456789012345678901}',
    b'{"text": "c", "more": "d", "label": 1, "id": 7, "other": Inf}',
    *(b'{"text": "c", "more": "d", "label": 1, "id": 7}' + end for end in (b"{}", b"}", b"\t")),
    b' {"label": "1", "text": "c", "more": "d", "id": 8}',
    b'{"text": "c", "more": "d", "id": 9} ',
    b'{"text": "c", "more": "d", "label": null, "id": 10}',
    b'{"text": "c", "more": "d", "label": NaN, "id": 11, "other": [1, {"a": 2}]}',
    b'{"text": "c", "more": "d", "label": true, "id": 12}',
    b'{"text": "c", "more": "d", "label": 1.0, "id": 13}',
    b'{"text": 3, "more": "d", "label": 1, "id": 14}',
    b'{"text": "c", "label": 1, "id": 15}',
    b'{"text": "\\ud83d", "more": "\\ud83d\\ude00", "label": 1, "id": 16}',
    *(b"", b"[1]", b'{"a": [{}', b"{}]}", b"{},{}", b'{"text": "c"', b"\xff"),
]


def content(form, rng, oddity):
    """A file of some rows; args: oddity, the share of odd ones."""
    rows = [_json(rng, oddity) if form == "jsonl" else _row(form, rng, oddity) for _ in range(25)]
    ends = [rng.choice([b"\n", b"\r\n"] if rng.random() < oddity else [b"\n"]) for _ in rows]
    whole = HEADERS[form] + b"".join(row + end for row, end in zip(rows, ends, strict=True))
    return whole[:-1] if rng.random() < 0.3 else whole


def _json(rng, oddity):
    return rng.choice(JSON_ROWS if rng.random() < oddity else JSON_ROWS[:2])


def _row(form, rng, oddity):
    texts = TEXTS + (CSV_TEXTS if form == "csv" else [])
    labels = LABELS if rng.random() < oddity else LABELS[:2]
    fields = [rng.choice(texts), rng.choice(texts), rng.choice(labels), b"%d" % rng.randrange(99)]
    if rng.random() < oddity:
        at = rng.randrange(4)
        fields[at] = rng.choice([rng.choice(ODD), fields[at] + rng.choice(ODD)])
    return (b"\t" if form == "tsv" else b",").join(fields)


def weights_of(facts):
    return None if facts.weights is None else facts.weights.tolist()


def outcome(folder, **given):
    """All that comes of <folder>/train.* and test.*: what is printed and stored, or the message."""
    data = ",".join(f"{path.stem}={path}" for path in sorted(folder.glob("t*.*[lv]")))
    asked = dict.fromkeys(user_spec.OPTIONS)
    asked.update({"text": "text,more", "label": "label", "id": "id", **given})
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            rows = UserFiles(user_spec.parse("own", data, asked)).rows(str(folder))
        except UserError as error:
            return str(error)
    stored = [(folder / f"{split}.rows").read_bytes() for split in rows.files]
    facts = [
        (of.places.tolist(), of.ids and list(of.ids), of.left_out, of.unlabelled, weights_of(of))
        for of in rows.of_files.values()
    ]
    return printed.getvalue(), stored, facts, rows.quality, rows.task


@pytest.fixture
def compare(tmp_path, monkeypatch):
    """Compares the outcome of files with that of the strict readers, in one block a file."""

    def compared(files, processes, **given):
        for name, found in files.items():
            (tmp_path / name).write_bytes(found)
        with monkeypatch.context() as patch:
            patch.setattr(table_blocks, "BLOCK_BYTES", 64)
            patch.setattr(user_split, "_processes", lambda _: processes)
            fast = outcome(tmp_path, **given)
        with monkeypatch.context() as patch:
            patch.setattr(table_files, "clean", lambda *_: None)
            strict = outcome(tmp_path, **given)
        assert fast == strict
        return fast

    return compared


@pytest.mark.parametrize("number", [10, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.parametrize("oddity", [0, 0.02, 0.2])
@pytest.mark.parametrize("bad_rows", [None, "drop"])
@pytest.mark.parametrize("form", HEADERS)
def test_all_that_comes_of_random_files_is_what_the_strict_readers_give(
    compare, form, bad_rows, oddity, number
):
    rng, refused = random.Random(f"{form} {bad_rows} {oddity}"), 0
    for at in range(number):
        files = {f"{split}.{form}": content(form, rng, oddity) for split in ("train", "test")}
        found = compare(files, 2 if at == 0 else 1, bad_rows=bad_rows)
        refused += isinstance(found, str)
    assert refused < number or (oddity and not bad_rows)  # or nothing but messages was compared


@pytest.mark.parametrize("bad_rows", [None, "drop"])
@pytest.mark.parametrize("form", HEADERS)
def test_the_same_of_weights(compare, form, bad_rows):
    rng, refused = random.Random(f"weights {form} {bad_rows}"), 0
    for _ in range(20):
        files = {f"train.{form}": content(form, rng, 0.1)}
        found = compare(files, 1, bad_rows=bad_rows, id=None, weight="id")
        refused += isinstance(found, str)
    assert refused < 20 or not bad_rows


def test_clean_rows_are_read_at_once(tmp_path):
    rng = random.Random(0)
    for form, header in HEADERS.items():
        found = content(form, rng, 0)
        names = ("text", "more", "label", "id")
        selection = Selection(f"a.{form}", table_files.UTF8, names, ("label",), names)
        columns = table_files.clean(Block(2, found[len(header) :]), selection)
        assert len(columns.lines) == 25


def test_json_of_like_rows_is_read_by_pyarrow():
    rows = b'{"a": "\\ud83d\\ude00", "b": -7}\r\n{"b": 9, "a": "}\\n{"}\r\n'
    assert simple_json.values(rows, ("b", "a")) == [[-7, 9], ["\U0001f600", "}\n{"]]
    assert simple_json.values(b'{"a": ""}', ("a",)) == [[""]]


@pytest.mark.parametrize(
    "rows",
    [
        b'{"a": 1}{"a": 2}\n{"a":\n3}',  # three rows, three lines
        b'{"a": 1}\n\n{"a": 2}',
        b'{"a": 1}\n {"a": 2}',
        b'{"a": 1}\n{"a": 1.0}',
        b'{"a": 1}\n{"a": true}',
        b'{"a": 1}\n{"a": "1"}',
        b'{"a": 1}\n{"a": null}',
        b'{"a": 1}\n{}',
        b'{"a": 1}\n{"a": 1, "b": 2}',
        b'{"a": 1}\n{"a": 1, "a": 2}',
        b'{"a": 1}\n{"a": 9223372036854775808}',
        b'{"a": "\\ud83d"}',
        b'{"\\ud83d": 1, "a": 1}',
        b'{"a": [1]}',
        b"{}",
        b"",
    ],
)
def test_other_json_is_left_to_the_other_readers(rows):
    assert simple_json.values(rows, ("a",)) is None


@pytest.mark.parametrize("first, blocks_read", [(b"pos neg", 4), (b"pos pos", 7)])
def test_a_file_is_read_again_only_if_later_rows_have_other_labels(
    tmp_path, monkeypatch, first, blocks_read
):
    monkeypatch.setattr(table_blocks, "BLOCK_BYTES", 64)
    read, found = UserTable.read, []
    monkeypatch.setattr(UserTable, "read", lambda *given: found.append(1) or read(*given))
    labels = [*first.split(), *[b"neg", b"pos"] * 2]
    rows = [b"%s,,%s,%d\n" % (b"a" * 40, label, number) for number, label in enumerate(labels)]
    (tmp_path / "train.csv").write_bytes(HEADERS["csv"] + b"".join(rows))
    *_, (facts,), _, task = outcome(tmp_path)
    assert facts[1] == list("012345") and task.label_names == ("neg", "pos")
    assert len(found) == blocks_read
