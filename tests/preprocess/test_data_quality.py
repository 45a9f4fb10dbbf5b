"""What may spoil a user's data: repeated texts, leakage, conflicting labels, small classes."""

import json

import pytest

from preprocess import data_quality, inspect_dataset, run, verify
from preprocess.sources import row_marks
from shared import manifest as manifests
from shared import manifest_file, source_order
from shared.errors import UserError
from shared.manifest_file import read_manifest

VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\nfilm\na\nbad\ngood\n"
NFC, NFD = "caf\u00e9", "cafe\u0301"
TRAIN = [
    *("good film,pos", "bad film,neg", "good film,pos"),  # line 4 repeats line 2
    *("Good  film,pos", "good film,neg"),  # 5 but for case and blanks; 6, with another label
    *(f"{NFC},pos", f"{NFD},neg", "\uff21,pos", "a,pos", ",neg", " ,neg"),  # lines 7 to 12
]
DEV = ["bad film,neg", "BAD FILM,neg", "the,pos", "the,pos", ",pos"]


@pytest.fixture
def make(tmp_path):
    """A function: {split: rows of text,label}, options -> the manifest of their dataset."""
    (tmp_path / "v.txt").write_text(VOCABULARY)

    def build(*more, **splits):
        for split, rows in splits.items():
            (tmp_path / f"{split}.csv").write_text("\n".join(["text,label", *rows]) + "\n")
        files = ",".join(f"{split}={tmp_path}/{split}.csv" for split in splits)
        run.main(
            [*("--task", "mine", "--data", files, "--text", "text", "--label", "label"),
             *("--vocab_file", f"{tmp_path}/v.txt", "--data_dir", str(tmp_path)),
             *("--max_sequence_length", "8", *more)]
        )  # fmt: skip
        return read_manifest(str(tmp_path / "mine" / "msl8"))

    return build


def lines(finding):
    return [[row["line"] for row in rows] for rows in finding["first"]]


def test_what_is_found_and_told(make, tmp_path, capsys):
    made = make(train=TRAIN, validation=DEV)
    found = [
        (item["kind"], item.get("split"), item.get("with"), item["exact"], item["folded"],
         lines(item))
        for item in made.quality
    ]  # fmt: skip
    assert found == [
        ("blank", "train", None, 2, 2, [[11], [12]]),
        ("blank", "validation", None, 1, 1, [[6]]),
        ("repeated", "train", None, 2, 5, [[2, 4], [2, 5], [2, 6], [7, 8], [9, 10]]),
        ("repeated", "validation", None, 1, 2, [[2, 3], [4, 5]]),
        ("shared", "validation", "train", 1, 2, [[3, 2], [3, 3]]),
        ("conflicting", None, None, 1, 2, [[2, 6], [7, 8]]),
    ]
    assert made.quality[4]["first"][0] == [
        {"split": "train", "file": "train.csv", "line": 3},
        {"split": "validation", "file": "validation.csv", "line": 2},
    ]
    assert capsys.readouterr().out.splitlines()[-7:-1] == [
        "train: 2 rows with the text of an earlier row (5 with case, blanks and Unicode form "
        "ignored)",
        "validation: 1 row with the text of an earlier row (2 with case, blanks and Unicode form "
        "ignored)",
        "validation: 1 row with a text of train (2 with case, blanks and Unicode form ignored)",
        "1 text with several labels (2 with case, blanks and Unicode form ignored)",
        "train: fewer than 10 rows of a class: 'neg' 5, 'pos' 6",
        "make inspect lists the rows",
    ]
    dataset = str(tmp_path / "mine" / "msl8")
    inspect_dataset.main([dataset, "--vocab_file", str(tmp_path / "v.txt")])
    shown = capsys.readouterr().out.split("\nquality\n")[1].splitlines()
    assert shown[:3] == [
        "  train: 2 rows with an empty or blank text",
        "    train.csv line 11",
        "    train.csv line 12",
    ]
    assert "    validation.csv line 2, as train.csv line 3" in shown
    inspect_dataset.main([dataset, "--vocab_file", str(tmp_path / "v.txt"), "--json"])
    assert json.loads(capsys.readouterr().out)["quality"]["findings"] == made.quality
    inspect_dataset.main([dataset, "--vocab_file", str(tmp_path / "v.txt"), "--html"])
    page = (tmp_path / "mine" / "msl8" / "inspect.html").read_text()
    assert "validation.csv line 2, as train.csv line 3" in page
    assert "train: fewer than 10 rows of a class: &#39;neg&#39; 5, &#39;pos&#39; 6" in page


def test_the_first_rows_are_listed_and_the_others_counted(make):
    made = make(train=["a,x", "b,y", *["a,x"] * 12], validation=["c,x"])
    (finding,) = made.quality
    assert (finding["folded"], len(finding["first"])) == (12, 10)
    assert "  and 2 more" in data_quality.listed(made)
    assert "validation: no row of 1 class: 'y'" in data_quality.news(made)


def test_unlabelled_rows_conflict_with_none(make):
    made = make(train=["a,x", "b,y"], test=["a,", "a,-1", "c,x"])
    assert [item["kind"] for item in made.quality] == ["repeated", "shared"]
    assert made.splits["test"].unlabelled == 2


def test_the_texts_of_a_pair_are_not_run_together():
    marks = row_marks.marks([[b"ab", b"a"], [b"c", b"bc"]], [0, 0], [False, False], None)
    assert len(set(marks.folded.tolist())) == len(set(marks.exact.tolist())) == 2


def test_repeated_training_rows_and_those_of_other_splits_are_dropped(make, tmp_path, capsys):
    test = ["A,pos", "new,neg", ",pos"]
    made = make("--deduplicate", "train", train=TRAIN, validation=DEV, test=test)
    # Lines 4 and 5 repeat line 2, and 10 line 9; 3 and 9 stand elsewhere.
    rows = source_order.ROWS.read(str(tmp_path / "mine" / "msl8"), "train", made)
    assert rows[:, 1].tolist() == [2, 6, 7, 8, 11, 12]
    out = capsys.readouterr().out
    assert "train: rows dropped: 3 that come again, 2 that stand in another split\n" in out
    train = made.source["splits"]["train"]
    assert (train["repeated_rows_dropped"], train["rows_of_other_splits_dropped"]) == (3, 2)
    assert made.source["deduplicate"] == "train"
    assert made.splits["train"].label_counts == {"neg": 4, "pos": 2}
    assert made.splits["validation"].examples == 5
    kinds = [(item["kind"], item.get("split")) for item in made.quality]
    assert kinds == [
        *(("blank", split) for split in ("train", "validation", "test")),
        *(("repeated", split) for split in ("train", "validation")),  # with other labels
        ("conflicting", None),
    ]
    verify.main([str(tmp_path / "mine" / "msl8")])
    with pytest.raises(UserError, match="deduplicate: it has train, this run would write none"):
        make(train=TRAIN, validation=DEV, test=test)


def test_nothing_to_train_on_is_left(make):
    with pytest.raises(UserError, match="every row of train stands in another split, too; give"):
        make("--deduplicate", "train", train=["a,x", "b,y"], test=["B,y", "A,y"])
    with pytest.raises(UserError, match="deduplicate .--deduplicate. is 'test', expected train or"):
        make("--deduplicate", "test", train=["a,x", "b,y"])


def test_equal_data_has_an_equal_fingerprint_whatever_was_found_in_it(make, monkeypatch, tmp_path):
    made = make(train=["a,x", "b,y"])
    assert made.quality == [] and json.loads(
        (tmp_path / "mine" / "msl8" / "manifest.json").read_text()
    )["quality"] == []  # fmt: skip
    before = manifests.Manifest(**{**vars(made), "quality": None})
    assert "quality" not in before.as_dict() and before.fingerprint() == made.fingerprint()
    manifest_file.write_manifest(
        str(tmp_path / "mine" / "msl8"), before
    )  # as an earlier version did
    assert read_manifest(str(tmp_path / "mine" / "msl8")).quality is None
    assert make(train=["a,x", "b,y"]).quality is None  # it is up to date


@pytest.mark.parametrize(
    "one, other, is_same",
    [
        ("Film", "film", True),
        ("a\tb", "a b ", True),
        (NFC, NFD, True),
        ("\ufb01lm", "FILM", True),
        ("Stra\u00dfe", "STRASSE", True),
        ("a\u00a0b", "ab", True),
        ("film", "films", False),
        ("film.", "film", False),
        (NFC, "cafe", False),
    ],
)
def test_what_is_ignored_between_texts(one, other, is_same):
    assert (row_marks.folded(one.encode()) == row_marks.folded(other.encode())) == is_same
