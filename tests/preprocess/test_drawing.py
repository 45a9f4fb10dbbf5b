"""Splits drawn as shares of the training file: how many rows of what, and always the same ones."""

import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from preprocess.formats import tfrecord
from preprocess.sources import drawing, row_marks, user_spec
from preprocess.sources.shares import Shares
from preprocess.sources.user_files import UserFiles
from shared import source_order
from shared.errors import UserError

TENTHS = (("validation", Fraction(1, 10)), ("test", Fraction(1, 10)))


def marks_of(rows):
    """Args: rows, [(text, label)] or [(text, label, group)]."""
    texts, labels, *groups = map(list, zip(*rows, strict=True))
    is_blank = [False] * len(rows)
    return row_marks.marks([list(map(str.encode, texts))], labels, is_blank, *(groups or [None]))


def drawn(rows, of=TENTHS, group=None, seed=0, is_stratified=True):
    return drawing.parts(marks_of(rows), Shares(of, group, seed), is_stratified).tolist()


SIZES = [1, 1, 2, 3, 4, 4, 5, 7, 9, 10, 11, 15, 99, 100, 1234]
ROWS = [(f"{label} {row}", label) for label, size in enumerate(SIZES) for row in range(size)]


@pytest.mark.parametrize(
    "shares", [("0.1", "0.1"), ("0.3", "0.25"), ("1/3", "1/3"), ("0.2", "0.5")]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_label_is_within_a_row_of_its_share(shares, seed):
    of = tuple(zip(("validation", "test"), map(Fraction, shares), strict=True))
    parts = drawn(ROWS, of, seed=seed)
    found = Counter(zip((label for _, label in ROWS), parts, strict=True))
    exact = [1 - sum(share for _, share in of), *(share for _, share in of)]
    for label, size in enumerate(SIZES):
        assert all(abs(found[label, part] - size * share) < 1 for part, share in enumerate(exact))
        assert found[label, 0] >= 1
    for part, share in enumerate(exact):
        assert abs(parts.count(part) - len(ROWS) * share) < 3


def test_small_classes_add_up_to_the_share():
    rows = [(f"{label} {row}", label) for label in range(100) for row in range(4)]
    assert Counter(drawn(rows)) == {0: 320, 1: 40, 2: 40}


def test_the_same_rows_in_any_order_and_others_for_another_seed():
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    expected = dict(zip(ROWS, drawn(ROWS), strict=True))
    assert dict(zip(shuffled, drawn(shuffled), strict=True)) == expected
    other = dict(zip(ROWS, drawn(ROWS, seed=1), strict=True))
    both = sum(part == 1 == other[row] for row, part in expected.items())
    assert 0 < both < 40  # of 151 rows; 15 by chance


def test_the_rows_of_a_part_are_a_fair_sample():
    rows = [(f"row {n}", 0) for n in range(20_000)]
    parts = np.array(drawn(rows))
    means = [np.flatnonzero(parts == part).mean() for part in range(3)]
    assert np.abs(np.array(means) - 9999.5).max() < 4 * 5774 / 2000**0.5  # standard errors


def test_these_rows_stay_where_they_are():
    """Another hash or rule would silently give everyone other splits."""
    found = drawn([(f"row {n}", n % 2) for n in range(40)])
    assert [[n for n, part in enumerate(found) if part == p] for p in (1, 2)] == [
        [13, 21, 22, 24], [6, 8, 33, 37],
    ]  # fmt: skip
    # The first two numbers of SplitMix64 from the state 0, as its reference gives them.
    ranks = [int(drawing._ranks(np.zeros(1, np.uint64), seed)[0]) for seed in (0, 1)]
    assert ranks == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


def groups(count, seed=0):
    """Rows of groups of 1 to 12 rows, each of mostly one label."""
    draw = random.Random(seed)
    return [
        (f"{group} {row}", group % 3 if draw.random() < 0.8 else draw.randrange(3), str(group))
        for group in range(count)
        for row in range(draw.randint(1, 12))
    ]


def test_groups_stay_together_and_shares_are_near():
    rows = groups(600)
    parts = drawn(rows, group="g")
    assert all(
        len({part for part, row in zip(parts, rows, strict=True) if row[2] == str(group)}) == 1
        for group in range(0, 600, 7)
    )
    found = Counter(zip((label for _, label, _ in rows), parts, strict=True))
    for label in range(3):
        size = sum(found[label, part] for part in range(3))
        assert [abs(found[label, part] - size * share) < 3 for part, share in
                enumerate((0.8, 0.1, 0.1))] == [True] * 3  # fmt: skip
    sizes = Counter(row[2] for row in rows)
    largest = {group for group, size in sizes.items() if size == 12}
    assert {part for part, row in zip(parts, rows, strict=True) if row[2] in largest} == {0, 1, 2}
    shuffled = random.Random(2).sample(rows, len(rows))
    expected = dict(zip(rows, parts, strict=True))
    assert dict(zip(shuffled, drawn(shuffled, group="g"), strict=True)) == expected


def test_scores_are_drawn_without_regard_to_their_values():
    rows = [(f"row {n}", n / 7) for n in range(50)]
    assert Counter(drawn(rows, is_stratified=False)) == {0: 40, 1: 5, 2: 5}


# Files


@pytest.fixture
def read(tmp_path, capsys):
    """A function: lines of all.csv with the columns no,text,label,who -> (Rows, source, output)."""

    def run(lines, files="train=all.csv", **more):
        (tmp_path / "all.csv").write_text("no,text,label,who\n" + "\n".join(lines) + "\n")
        given = {**dict.fromkeys(user_spec.OPTIONS), "text": "text", "label": "label", **more}
        data = files.replace("=", f"={tmp_path}/")
        source = UserFiles(user_spec.parse("mine", data, given))
        return source.rows(str(tmp_path)), source.describe(), capsys.readouterr().out

    return run


LINES = [f"T-{n},text {n},{'xy'[n % 2]},c{n // 4}" for n in range(80)]


def test_a_drawn_row_keeps_its_place_and_id(read, tmp_path):
    rows, source, out = read([*LINES, "T-x,,,c"], validation="0.1", test="0.2", id="no")
    assert {split: rows.examples(split) for split in rows.files} == {
        "train": 56, "validation": 8, "test": 16,
    }  # fmt: skip
    assert "rows drawn: train 56, validation 8, test 16 (by label, seed 0)\n" in out
    lines = []
    for split in rows.files:
        facts = rows.of_files[split]
        assert source_order.is_in_order(facts.places, rows.examples(split))
        assert list(facts.ids) == [f"T-{line - 2}" for line in facts.places[:, 1]]
        assert source["splits"][split]["files"] == source["splits"]["train"]["files"]
        lines += facts.places[:, 1].tolist()
    assert sorted(lines) == list(range(2, 82))
    assert rows.of_files["train"].left_out["unlabelled_rows_left_out"] == 1
    assert rows.of_files["test"].left_out == {} and rows.of_files["test"].unlabelled == 0
    assert source["drawn"] == {"shares": {"validation": 0.1, "test": 0.2}, "seed": 0}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "all.csv", "test.rows", "train.rows", "validation.rows",
    ]  # fmt: skip


def test_rows_of_many_blocks_stay_beside_their_labels(read):
    lines = [f"{n},{n} {'x' * 2000},{'xy'[n % 2]},c" for n in range(1200)]  # 2.4 MB
    rows, _, _ = read(lines, validation="0.5")
    for split in ("train", "validation"):
        records = [
            record.decode("latin-1")
            for batch in tfrecord.read(rows.files[split][0].path)
            for record in batch.as_list()
        ]
        numbers = rows.of_files[split].places[:, 1] - 2
        assert len(records) == 600
        assert all(f"{n} xx" in text for n, text in zip(numbers, records, strict=True))


def test_a_group_is_a_column_of_the_training_file_alone(read, tmp_path):
    (tmp_path / "new.csv").write_text("text\nfilm\n")
    files = "train=all.csv,test=new.csv"
    rows, source, out = read(LINES, files, validation="0.25", group="who", split_seed="3")
    assert "(by label, 'who' kept together, seed 3)" in out
    assert source["drawn"] == {"shares": {"validation": 0.25}, "seed": 3, "group": "who"}
    who = {
        split: {(line - 2) // 4 for line in rows.of_files[split].places[:, 1]}
        for split in ("train", "validation")
    }
    assert not who["train"] & who["validation"] and len(who["validation"]) == 5
    assert rows.examples("validation") == 20 and list(rows.files) == ["train", "test", "validation"]


def test_rows_without_a_group_are_bad(read):
    lines = ["1,a,x,", "2,b,y, ", *LINES]
    with pytest.raises(UserError, match="all.csv line 2: found no group; expected one in 'who'\n"):
        read(lines, validation="0.1", group="who")
    rows, _, _ = read(lines, validation="0.1", group="who", bad_rows="drop")
    assert rows.of_files["train"].left_out["dropped_rows"] == 2


@pytest.mark.parametrize(
    "given, message",
    [
        ({"validation": "10%"}, "DATA: VALIDATION is '10%'; expected a share of the training fi"),
        ({"test": "1"}, "DATA: test .--test. is '1'; expected a share|DATA: --test is '1'"),
        ({"validation": "0.6", "test": "0.4"}, "VALIDATION=0.6 and --test=0.4 leave no row for tr"),
        ({"validation": "0.1", "split_seed": "-1"}, "split_seed .* is '-1'; expected a whole numb"),
        ({"validation": "0.1", "group": "text"}, "group .* is 'text'; expected a column that is"),
        ({"validation": "0.1", "group": "whose"}, "all.csv has no column 'whose'"),
        ({"group": "who"}, "has no effect without a share: VALIDATION=0.1 or ARGS="),
        (
            {"validation": "0.01", "group": "who"},
            "of 80 rows, validation would have none; give .*gro",
        ),
        ({"test": "0.001"}, "of 80 rows, test would have none; give other shares$"),
    ],
)
def test_what_cannot_be_drawn(read, given, message):
    with pytest.raises(UserError, match=message):
        read(LINES, **given)


def test_a_split_has_a_file_or_a_share(read):
    with pytest.raises(UserError, match="test has a file and a share .--test.; give one of them"):
        read(LINES, "train=all.csv,test=all.csv", test="0.1")


def test_the_same_in_yaml(read, tmp_path):
    expected = read(LINES, validation="0.1", split_seed="7")
    (tmp_path / "all.yaml").write_text(
        "data: {train: all.csv}\ntext: text\nlabel: label\nvalidation: 0.1\nsplit_seed: 7\n"
    )
    given = dict.fromkeys(user_spec.OPTIONS)
    source = UserFiles(user_spec.parse("mine", str(tmp_path / "all.yaml"), given))
    rows = source.rows(str(tmp_path))
    assert source.describe() == expected[1]
    for split in rows.files:
        found, known = rows.of_files[split], expected[0].of_files[split]
        assert found.places.tolist() == known.places.tolist()


def test_the_drawn_rows_are_these_in_every_run(read):
    rows, _, _ = read(LINES, test="0.1")
    assert rows.of_files["test"].places[:, 1].tolist() == [
        25, 28, 43, 49, 52, 66, 70, 71,
    ]  # fmt: skip
