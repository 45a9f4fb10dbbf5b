import dataclasses
import hashlib
import json
import socket
import time

import pytest

from preprocess import get_vocab
from shared import published, vocab, word_pieces
from shared.errors import UserError, exit_code
from tests.loopback import send, served

CONTENT = "\n".join([*word_pieces.REQUIRED, "film"]).encode() + b"\n"


@pytest.fixture
def publisher():
    """A web server on loopback that answers every request with CONTENT; yields its address."""
    with served(lambda ask: send(ask, 404 if ask.path == "/gone" else 200, [CONTENT])) as address:
        yield address


def known(url, sha256=None):
    sha256 = sha256 or hashlib.sha256(CONTENT).hexdigest()
    return published.Known(name="films", lines=5, sha256=sha256, lower_case=True, url=url)


def test_a_vocabulary_is_fetched_and_checked(publisher, tmp_path):
    path = get_vocab.fetch(known(publisher + "/vocab.txt"), str(tmp_path))
    assert (tmp_path / "films.txt").read_bytes() == CONTENT
    assert vocab.read(path).pieces[-1] == "film"


def test_a_vocabulary_that_is_there_is_not_fetched_again(tmp_path):
    (tmp_path / "films.txt").write_bytes(CONTENT)
    assert get_vocab.fetch(known("http://127.0.0.1:9"), str(tmp_path)) == str(
        tmp_path / "films.txt"
    )


def test_another_vocabulary_of_the_same_name_is_not_replaced(tmp_path):
    (tmp_path / "vocab").mkdir()
    (tmp_path / "vocab" / "mine.txt").write_text("the first one")
    (tmp_path / "mine.txt").write_bytes(CONTENT)
    with pytest.raises(UserError, match="vocab/mine.txt exists with other content"):
        get_vocab.copy(str(tmp_path / "mine.txt"), str(tmp_path / "vocab"))


def test_other_bytes_than_the_published_ones_are_not_kept(publisher, tmp_path):
    with pytest.raises(UserError, match="sent 29 bytes with sha256 .*; films has 00"):
        get_vocab.fetch(known(publisher, sha256="00"), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_publisher_that_says_no(publisher, tmp_path):
    with pytest.raises(UserError, match="Not Found.*make vocab FROM="):
        get_vocab.fetch(known(publisher + "/gone"), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_named_as_that(publisher, tmp_path, little_room, capsys):
    (tmp_path / "mine.txt").write_bytes(CONTENT)
    with little_room(20):
        with pytest.raises(UserError, match="cannot write .*films.txt: File too large. Raise"):
            get_vocab.fetch(known(publisher), str(tmp_path / "vocab"))
        assert (
            exit_code(lambda: get_vocab.copy(str(tmp_path / "mine.txt"), str(tmp_path / "vocab")))
            == 2
        )
    assert "mine.txt: File too large. Raise" in capsys.readouterr().err
    assert list((tmp_path / "vocab").iterdir()) == []


def test_a_publisher_that_never_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(get_vocab, "TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UserError, match="timed out.*make vocab FROM="):
            get_vocab.fetch(known(url), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_copied_under_its_own_name(tmp_path):
    (tmp_path / "mine.txt").write_bytes(CONTENT)
    (tmp_path / "vocab").mkdir()
    path = get_vocab.copy(str(tmp_path / "mine.txt"), str(tmp_path / "vocab"))
    assert path == str(tmp_path / "vocab" / "mine.txt")
    assert (tmp_path / "vocab" / "mine.txt").read_bytes() == CONTENT


def test_a_checkpoints_vocabulary_is_named_after_its_folder(tmp_path):
    checkpoint = tmp_path / "some-bert"
    checkpoint.mkdir()
    (checkpoint / "vocab.txt").write_bytes(CONTENT)
    (tmp_path / "vocab").mkdir()
    path = get_vocab.copy(str(checkpoint) + "/", str(tmp_path / "vocab"))
    assert path == str(tmp_path / "vocab" / "some-bert.txt")


def test_a_published_vocabulary_gets_its_published_name(tmp_path, monkeypatch):
    entry = dataclasses.replace(known("http://x"), lower_case=False)
    monkeypatch.setattr(published, "known", lambda: {"films": entry})
    (tmp_path / "v.txt").write_bytes(CONTENT)
    (tmp_path / "vocab").mkdir()
    path = get_vocab.copy(str(tmp_path / "v.txt"), str(tmp_path / "vocab"))
    assert path == str(tmp_path / "vocab" / "films.txt")
    assert not vocab.read(path).lower_case  # the table decides


def test_a_case_that_the_copy_would_lose_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_bytes(CONTENT)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}))
    with pytest.raises(
        UserError, match="is cased according to tokenizer_config.json beside it.*VOCAB=.*vocab.txt"
    ):
        get_vocab.copy(str(tmp_path), str(tmp_path / "vocab"))


def test_accents_that_the_copy_would_lose_are_refused(tmp_path):
    (tmp_path / "vocab.txt").write_bytes(CONTENT)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"strip_accents": False}))
    with pytest.raises(UserError, match="is lower-cased, accents kept according to .*VOCAB="):
        get_vocab.copy(str(tmp_path), str(tmp_path / "vocab"))


@pytest.mark.parametrize(
    "content", [CONTENT + b"\n\n", CONTENT[:-1], CONTENT.replace(b"\n", b"\r\n")]
)
def test_a_copy_is_written_as_published_ones_are(tmp_path, content):
    (tmp_path / "mine.txt").write_bytes(content)
    path = get_vocab.copy(str(tmp_path / "mine.txt"), str(tmp_path / "vocab"))
    assert (tmp_path / "vocab" / "mine.txt").read_bytes() == CONTENT
    assert get_vocab.copy(str(tmp_path / "mine.txt"), str(tmp_path / "vocab")) == path


def test_a_vocabulary_of_tokenizer_json_is_copied_as_lines(tmp_path, capsys):
    pieces = CONTENT.decode().split()
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
             "max_input_chars_per_word": 100,
             "vocab": {piece: index for index, piece in enumerate(pieces)}}  # fmt: skip
    normalizer = {"type": "BertNormalizer", "clean_text": True, "lowercase": True}
    checkpoint = tmp_path / "some-bert"
    checkpoint.mkdir()
    (checkpoint / "tokenizer.json").write_text(
        json.dumps({
            "model": model,
            "normalizer": normalizer,
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "added_tokens": [{"id": 5, "content": "<url>"}],
        })
    )  # fmt: skip
    path = get_vocab.copy(str(checkpoint), str(tmp_path / "vocab"))
    assert path == str(tmp_path / "vocab" / "some-bert.txt")
    assert (tmp_path / "vocab" / "some-bert.txt").read_bytes() == CONTENT
    assert capsys.readouterr().out == "left out, for they are not pieces of BERT's: <url>\n"


def test_a_file_of_another_content_never_takes_a_published_name(tmp_path):
    (tmp_path / "bert_base_uncased.txt").write_bytes(CONTENT)
    (tmp_path / "vocab").mkdir()
    (tmp_path / "vocab" / "bert_base_uncased.txt").write_text("the good one")
    with pytest.raises(UserError, match="is not the published bert_base_uncased"):
        get_vocab.copy(str(tmp_path / "bert_base_uncased.txt"), str(tmp_path / "vocab"))
    assert (tmp_path / "vocab" / "bert_base_uncased.txt").read_text() == "the good one"


def test_a_publisher_that_drips(tmp_path, monkeypatch):
    def drip():
        for _ in range(50):
            yield b"x"
            time.sleep(0.05)

    monkeypatch.setattr(get_vocab, "TIMEOUT_SECONDS", 0.4)
    with (
        served(lambda ask: send(ask, 200, drip())) as address,
        pytest.raises(UserError, match="not complete after 0.4 s"),
    ):
        get_vocab.fetch(known(address), str(tmp_path))


def test_the_program_ends_with_2_and_no_traceback(program):
    finished = program("preprocess.get_vocab", "--from_path", "/nowhere/v.txt")
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: cannot read the vocabulary /nowhere/v.txt")
    assert "Traceback" not in finished.stderr
