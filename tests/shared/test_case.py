import pytest

from shared import case, published
from shared.errors import UserError
from shared.published import Known

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LOWER = [f"##{letter}{n}" for letter in "abcdefghij" for n in range(100)]  # 1,000 pieces


def decided(pieces, **more):
    return case.decide("v.txt", [*SPECIAL, *pieces], "", **more)


@pytest.mark.parametrize(
    "pieces, lower_case, reason",
    [
        (LOWER, True, "0 of its 1,000 pieces"),
        # Chinese BERT: unbracketed markers, a full-width letter and a few capitals.
        ([*LOWER, "<S>", "<T>", "是", "Ａ", "B"], True, "2 of its 1,002 pieces"),
        (["nba", "3d", "<S>", "!", "ℝ", "是"], True, "0 of its 2 pieces"),
        ([*LOWER, *(f"A{n}" for n in range(9))], True, "9 of its 1,009 pieces"),
        ([*LOWER[:9], "The"], False, "1 of its 10 pieces"),
        (["the", "The", "##s"], False, "1 of its 3 pieces"),
        (["кот", "Кот", "дом"], False, "1 of its 3 pieces"),
    ],
)
def test_the_share_of_pieces_with_capitals_decides(pieces, lower_case, reason):
    found = decided(pieces)
    assert found.lower_case is lower_case
    assert found.reason == f"{reason} with letters have capitals"


@pytest.mark.parametrize(
    "pieces, reason",
    [
        ([*LOWER, *(f"A{n}" for n in range(50))], "50 of its 1,050 pieces with letters"),
        ([*LOWER[:10], "The"], "1 of its 11 pieces with letters"),  # just below a tenth
        (["是", "!", "<S>", "3"], "0 of its 0 pieces with letters"),
    ],
)
def test_where_the_pieces_do_not_tell_it_asks(pieces, reason):
    with pytest.raises(UserError, match=f"v.txt does not tell .*{reason}.*--lower_case true', or"):
        decided(pieces)
    assert decided(pieces, given=True) == (True, "--lower_case")
    assert decided(pieces, stated=False, stated_in="x").lower_case is False


def test_the_order_of_what_decides(monkeypatch):
    entry = Known("k", 1, "ab", False, "http://x")
    monkeypatch.setattr(published, "known", lambda: {"k": entry})
    pieces = [*SPECIAL, *LOWER]
    assert case.decide("v", pieces, "ab") == (False, "published table")
    assert case.decide("v", pieces, "ab", stated=True, stated_in="t") == (True, "t")
    assert case.decide("v", pieces, "ab", True, False, "t") == (True, "--lower_case")


def test_stated_as_cased_against_its_pieces_is_followed_with_a_doubt():
    found = decided(LOWER, stated=False, stated_in="do_lower_case in t.json")
    assert found.lower_case is False
    assert found.reason == (
        "do_lower_case in t.json, although only 0 of its 1,000 pieces with letters have capitals; "
        "--lower_case true overrules it"
    )
    assert decided(["the", "The"], stated=False, stated_in="t").reason == "t"
    assert decided(["the", "The"], stated=True, stated_in="t").reason == "t"
