import dataclasses
import hashlib
import json
import pickle
import re

import pytest

from shared import published, vocab, word_pieces
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
    ["\n".join(PIECES), "\r\n".join(PIECES) + "\r\n", "\n".join([*PIECES, "", "", " ", ""])],
    ids=["no newline at the end", "CRLF", "blank lines at the end"],
)
def test_line_ends_do_not_matter(tmp_path, content):
    read = vocab.read(write(tmp_path, content))
    assert read.pieces == tuple(PIECES)
    canonical = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##able\n"
    assert read.sha256 == hashlib.sha256(canonical.encode()).hexdigest()


def test_those_are_equal_that_turn_texts_into_the_same_ids(tmp_path):
    first = vocab.read(write(tmp_path, "\n".join(PIECES)))
    other = vocab.read(write(tmp_path, "\n".join(PIECES), "other.txt"), lower_case=True)
    assert first == other and hash(first) == hash(other)
    assert (first.name, first.case_reason) != (other.name, other.case_reason)
    assert first != vocab.read(first.path, lower_case=False)
    assert first != vocab.read(write(tmp_path, "\n".join([*PIECES, "x"])))


@pytest.mark.parametrize("blank", ["", "  ", "\r"])
def test_a_blank_line_takes_up_an_id(tmp_path, blank):
    read = vocab.read(write(tmp_path, "\n".join([*PIECES, blank, "\u2028", blank, "x", ""])))
    assert read.pieces[6:] == ("", "\u2028", "", "x") and read.id("x") == 9


def test_unicode_line_separators_are_part_of_a_piece(tmp_path):
    read = vocab.read(write(tmp_path, "\n".join([*PIECES, "a\u2028b", "\u0085"]) + "\n"))
    assert read.pieces[6:] == ("a\u2028b", "\u0085")


@pytest.mark.parametrize(
    "content, message",
    [
        ("\n".join(PIECES[1:]), r"no line \[PAD\] among its 5 lines"),
        ("\n".join([*PIECES[:2], "x"]), r"no line \[CLS\] or \[SEP\]"),
        ("\n".join([*PIECES, "un"]), "line 7: 'un' is already on line 5"),
        (b"[PAD]\n[UNK]\n\xff\n", "line 3: not UTF-8"),
        ("\ufeff" + "\n".join(PIECES), "line 1: starts with a byte-order mark"),
        ("\n".join([*PIECES, "a b"]), "line 7: white space or NUL in 'a b'"),
        ("\n".join([*PIECES, "a\0"]), "line 7: white space or NUL"),
        ("\n".join([*PIECES, "a" * 257]), "line 7: a piece of more than 256 bytes"),
        ("\n".join(PIECES[:4]), "no word pieces"),
        ("", r"is no BERT vocabulary: it lacks \[PAD\] \[UNK\]"),
    ],
)
def test_a_broken_vocabulary_is_named_with_its_line(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(UserError, match=re.escape(path) + ".*" + message):
        vocab.read(path)


def test_a_missing_vocabulary_names_the_ways_to_get_one(tmp_path):
    with pytest.raises(UserError, match=r"VOCAB=<file>.*make vocab.*make vocab FROM="):
        vocab.read(str(tmp_path / "none.txt"))


def test_the_readme_shows_the_table_that_the_programs_read():
    readme = (ROOT / "vocab" / "README.md").read_text(encoding="utf-8")
    for known in published.known().values():
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
    known = published.known()["bert_base_uncased"]
    assert (read.name, len(read.pieces), read.lower_case) == (known.name, known.lines, True)
    assert read.sha256 == known.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read.case_reason == "published table"


def test_the_small_golden_vocabulary():
    assert len(vocab.read(str(GOLDEN / "tokenization_small_vocab.txt")).pieces) == 238


def tokenizer_json(folder, ids):
    content = {"model": {"type": "WordPiece", "vocab": ids}}
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    return str(folder / "tokenizer.json")


def test_pieces_that_only_tokenizer_json_holds(tmp_path):
    shuffled = {piece: PIECES.index(piece) for piece in sorted(PIECES)}
    path = tokenizer_json(tmp_path, shuffled)
    assert word_pieces.file_in(str(tmp_path)) == word_pieces.file_of(str(tmp_path)) == path
    assert word_pieces.read(path) == tuple(PIECES)
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES))
    assert word_pieces.file_of(str(tmp_path)) == str(tmp_path / "vocab.txt")
    assert word_pieces.read(str(tmp_path / "vocab.txt")) == tuple(PIECES)


@pytest.mark.parametrize(
    "ids, message",
    [
        (None, "tokenizer.json has no vocabulary of word pieces. Expected model.vocab"),
        ([["a", 1.5]], "tokenizer.json has no vocabulary of word pieces"),
        ({"[PAD]": 0, "[UNK]": 2}, r"gives '\[UNK\]' the id 2, but the next id is 1"),
        ({"[PAD]": 0, "[UNK]": 0}, r"gives '\[UNK\]' the id 0, but the next id is 1"),
        ({"[PAD]": 0, "a": 1}, r"no piece \[UNK\] or \[CLS\] or \[SEP\] among its 2 pieces"),
        ({"[PAD]": 0, "a b": 1}, "piece 1: white space or NUL in 'a b'; expected one word piece a"),
    ],
)
def test_a_tokenizer_json_without_such_pieces(tmp_path, ids, message):
    with pytest.raises(UserError, match=message):
        word_pieces.read(tokenizer_json(tmp_path, ids))


@pytest.mark.parametrize(
    "name, content, message",
    [
        (
            "config.json",
            b'{"model_type": "bert"}',
            "has no vocabulary of word pieces. Give voc",
        ),
        ("vocab.json", b'{"[PAD]": 0, "a": 1}', "has no vocabulary of word pieces. Give voc"),
        (
            "README.md",
            b"# A model\n",
            r"is no BERT vocabulary: it lacks \[PAD\] .*; give vocab.txt",
        ),
        ("model.bin", b"PK\xff\0", "line 1: not UTF-8; save it as UTF-8, or give vocab.txt, token"),
    ],
)
def test_another_file_of_a_checkpoint(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} {message}"):
        vocab.read(str(tmp_path / name))


def test_two_files_with_other_pieces(tmp_path):
    path = write(tmp_path, "\n".join([*PIECES, "x"]), "vocab.txt")
    tokenizer_json(tmp_path, {piece: index for index, piece in enumerate([*PIECES, "y"])})
    with pytest.raises(UserError, match="the piece with the id 6 is 'x' in the first and 'y' in"):
        word_pieces.read(path)


def test_a_folder_without_a_vocabulary(tmp_path):
    with pytest.raises(UserError, match="has no vocabulary: no vocab.txt and no tokenizer.json"):
        vocab.read(str(tmp_path))


def test_a_folder_is_as_good_as_its_file_and_gives_the_name(tmp_path):
    folder = tmp_path / "bert-v1.0"
    folder.mkdir()
    path = write(folder, "\n".join(PIECES), "vocab.txt")
    read = vocab.read(str(folder) + "/")
    assert (read.name, read.path) == ("bert-v1.0", path)
    assert dataclasses.replace(read, name="vocab") == vocab.read(path)


@pytest.mark.parametrize(
    "config, given, rules, line",
    [
        (None, None, (True, True, True), "lower-cased (0 of its 2 pieces with letters have cap"),
        (None, False, (False, False, True), "cased (--lower_case)"),
        ({"strip_accents": False}, None, (True, False, True), "capitals), accents kept"),
        ({"strip_accents": None}, None, (True, True, True), "capitals)"),
        ({"do_lower_case": False, "strip_accents": True}, None, (False, True, True),
         "--lower_case true overrules it), accents removed"),
        ({"do_lower_case": False}, True, (True, True, True), "lower-cased (--lower_case)"),
        ({"strip_accents": False}, True, (True, False, True), "(--lower_case), accents kept"),
        ({"tokenize_chinese_chars": False}, None, (True, True, False),
         "capitals), Chinese characters not set apart"),
    ],
)  # fmt: skip
def test_what_is_done_to_texts(tmp_path, config, given, rules, line):
    path = write(tmp_path, "\n".join(PIECES))
    if config is not None:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    read = vocab.read(path, given)
    assert (read.lower_case, read.strip_accents, read.tokenize_chinese_chars) == rules
    assert vocab.described(read).startswith("vocabulary v, 6 pieces: ")
    assert line in vocab.described(read)
    assert pickle.loads(pickle.dumps(read)) == read
