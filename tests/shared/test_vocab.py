import hashlib
import json
import re

import pytest

from shared import vocab
from shared.errors import UserError
from tests.inputs import GOLDEN, ROOT, reference

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##able"]


def write(tmp_path, content, name="v.txt"):
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return str(path)


def test_ids_are_line_numbers(tmp_path):
    read = vocab.read(write(tmp_path, "\n".join(PIECES) + "\n"))
    assert read.pieces == tuple(PIECES)
    assert (read.id("[PAD]"), read.id("##able"), read.name) == (0, 5, "v")
    assert read.lower_case


@pytest.mark.parametrize(
    "content",
    ["\n".join(PIECES), "\r\n".join(PIECES) + "\r\n"],
    ids=["no newline at the end", "CRLF"],
)
def test_line_ends_do_not_matter(tmp_path, content):
    assert vocab.read(write(tmp_path, content)).pieces == tuple(PIECES)


def test_unicode_line_separators_are_part_of_a_piece(tmp_path):
    read = vocab.read(write(tmp_path, "\n".join([*PIECES, "a\u2028b", "\u0085"]) + "\n"))
    assert read.pieces[6:] == ("a\u2028b", "\u0085")


@pytest.mark.parametrize(
    "content, message",
    [
        ("\n".join(PIECES[1:]), r"no line \[PAD\] among its 5 lines"),
        ("\n".join([*PIECES[:2], "x"]), r"no line \[CLS\] or \[SEP\]"),
        ("\n".join([*PIECES, "", "x"]), "line 7: blank"),
        ("\n".join([*PIECES, "  ", "x"]), "line 7: blank"),
        ("\n".join([*PIECES, "un"]), "line 7: 'un' is already on line 5"),
        (b"[PAD]\n[UNK]\n\xff\n", "line 3: not UTF-8"),
        ("\ufeff" + "\n".join(PIECES), "line 1: starts with a byte-order mark"),
        ("\n".join([*PIECES, "a b"]), "line 7: white space or NUL in 'a b'"),
        ("\n".join([*PIECES, "a\0"]), "line 7: white space or NUL"),
        ("\n".join([*PIECES, "a" * 257]), "line 7: a piece of more than 256 bytes"),
        ("\n".join(PIECES[:4]), "no word pieces"),
        ("", r"no line \[PAD\]"),
    ],
)
def test_a_broken_vocabulary_is_named_with_its_line(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(UserError, match=re.escape(path) + ".*" + message):
        vocab.read(path)


def test_a_missing_vocabulary_names_the_ways_to_get_one(tmp_path):
    with pytest.raises(UserError, match=r"VOCAB=<file>.*make vocab.*make vocab FROM="):
        vocab.read(str(tmp_path / "none.txt"))


@pytest.mark.parametrize("piece, is_cased", [("Film", True), ("[MASK]", False), ("ℝ", False)])
def test_a_capital_letter_makes_a_vocabulary_cased(piece, is_cased):
    assert vocab.has_upper_case([*PIECES, piece]) == is_cased


@pytest.mark.parametrize("stated, lower_case", [(True, True), (False, False), (None, True)])
def test_a_checkpoints_word_on_case_counts_more_than_its_pieces(tmp_path, stated, lower_case):
    path = write(tmp_path, "\n".join(PIECES))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": stated}))
    assert vocab.read(path).lower_case == lower_case


@pytest.mark.parametrize("content", ["[]", "{", '{"do_lower_case": 1}'])
def test_a_broken_tokenizer_config(tmp_path, content):
    (tmp_path / "tokenizer_config.json").write_text(content)
    with pytest.raises(UserError, match="tokenizer_config.json"):
        vocab.read(write(tmp_path, "\n".join(PIECES)))


def test_the_readme_shows_the_table_that_the_programs_read():
    readme = (ROOT / "vocab" / "README.md").read_text(encoding="utf-8")
    for known in vocab.known().values():
        row = next(line for line in readme.splitlines() if known.sha256 in line)
        case = "yes" if known.lower_case else "no"
        for cell in (known.name, f"{known.lines:,}", f" {case} ", known.url):
            assert cell in row


def test_a_published_name_means_the_published_file(tmp_path):
    (tmp_path / "vocab").mkdir()
    path = write(tmp_path, "\n".join(PIECES), "vocab/bert_base_uncased.txt")
    with pytest.raises(UserError, match="is not the published bert_base_uncased"):
        vocab.read(path)


def test_the_published_uncased_vocabulary():
    path = reference("data/vocab/bert_base_uncased.txt")
    read = vocab.read(str(path))
    known = vocab.known()["bert_base_uncased"]
    assert (read.name, len(read.pieces), read.lower_case) == (known.name, known.lines, True)
    assert read.sha256 == known.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not vocab.has_upper_case(read.pieces)


def test_the_small_golden_vocabulary():
    assert len(vocab.read(str(GOLDEN / "tokenization_small_vocab.txt")).pieces) == 238
