"""Tables of embeddings that have more rows than the records need are used, with a word."""

import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from shared.errors import UserError
from shared.manifest import Manifest, Vocabulary
from tests.inputs import GOLDEN
from train import convert
from train.model import variables
from train.pretrained import fit, tables
from train.pretrained.read import read

PRETRAINED = GOLDEN / "hf" / "pretrained"
WORDS = "bert.embeddings.word_embeddings.weight"
SEGMENTS = "bert.embeddings.token_type_embeddings.weight"
SINGLE, PAIR = ("text",), ("premise", "hypothesis")


def table(rows):
    """Row n has the values n + 1."""
    return np.repeat(np.arange(1, rows + 1, dtype=np.float32)[:, None], 32, axis=1)


def data(pieces, columns=SINGLE):
    vocabulary = Vocabulary("unknown", pieces, "", True, True, True, {})
    return Manifest("mine", {}, columns, 32, vocabulary, ("a", "b"), {}, {})


@pytest.fixture
def started(tiny):
    """A function: checkpoint, records -> (the weights that training starts from, the log)."""

    def start(folder, manifest):
        model = dataclasses.replace(tiny().model, vocab_size=manifest.vocabulary.size)
        found, lines = read(folder), []
        fit.check_fits(model, manifest, found, lines.append)
        return fit.initial_weights(model, found)[0], lines

    return start


@pytest.mark.parametrize("rows, pieces", [(72, 65), (66, 64), (128, 127), (192, 65)])
def test_padded_tables_lose_their_last_rows(changed, started, rows, pieces):
    """Or those of added tokens. config.json, here 64, may state either number."""
    weights, (line,) = started(changed({WORDS: table(rows)}), data(pieces))
    np.testing.assert_array_equal(weights[variables.WORD_EMBEDDINGS], table(pieces))
    assert f"has embeddings of {rows} words, the vocabulary {pieces} pieces: the last " in line
    assert line.endswith(f"{rows - pieces} are left out")


@pytest.mark.parametrize("rows, pieces", [(64, 65), (72, 73), (193, 65), (300, 64)])
def test_other_numbers_of_rows_are_another_vocabulary(changed, started, rows, pieces):
    with pytest.raises(
        UserError, match=f"vocab_size: the checkpoint has {rows}, the records have"
    ) as error:
        started(changed({WORDS: table(rows)}), data(pieces))
    assert "Build the data with its vocabulary: make data TASK=mine" in str(error.value)


def test_any_more_rows_will_do_where_the_vocabulary_is_known(changed):
    """fit.check_fits compares it with the records'."""
    found = read(changed({WORDS: table(300)}))
    assert tables.word_differences(data(64), found) != []
    known = dataclasses.replace(found, vocabulary_sha256="5" * 64)
    assert tables.word_differences(data(64), known) == []
    assert tables.word_differences(data(301), known) != []


def test_more_segments_than_two(changed, started):
    weights, (line,) = started(changed({SEGMENTS: table(16)}), data(64, PAIR))
    np.testing.assert_array_equal(weights[variables.SEGMENT_EMBEDDINGS], table(2))
    assert line.endswith("has embeddings of 16 segments: the first 2 are used")


def test_one_segment_is_enough_for_single_texts(changed, started):
    folder = changed({SEGMENTS: table(1)})
    weights, (line,) = started(folder, data(64))
    np.testing.assert_array_equal(weights[variables.SEGMENT_EMBEDDINGS], [[1] * 32, [0] * 32])
    assert "the embedding of 1 segment: the second, which single texts do not use, is 0" in line
    with pytest.raises(UserError, match="type_vocab_size: the checkpoint has 1, pairs of texts"):
        started(folder, data(64, PAIR))


def test_tables_of_another_width_are_no_tables(changed, started):
    with pytest.raises(UserError, match=r"segment_embedding_weights: shape \(2, 31\), expected"):
        started(changed({SEGMENTS: np.ones((2, 31), np.float32)}), data(64))


def test_a_conversion_keeps_the_tables_whole(changed, tmp_path, capsys):
    source = changed({WORDS: table(72), SEGMENTS: table(16), "cls.predictions.bias": np.ones(72,
                      np.float32)})  # fmt: skip
    (tmp_path / "pretrained" / "vocab.txt").write_text("a\n" * 65)
    convert.main([source, str(tmp_path / "zoo")])
    convert.main([str(tmp_path / "zoo"), str(tmp_path / "hf"), "--to", "huggingface"])
    found = load_file(tmp_path / "hf" / "model.safetensors")
    np.testing.assert_array_equal(found[WORDS], table(72))
    np.testing.assert_array_equal(found[SEGMENTS], table(16))
    config = json.loads((tmp_path / "hf" / "config.json").read_text())
    assert (config["vocab_size"], config["type_vocab_size"]) == (72, 16)
    line = "written whole: embeddings of 72 words, though vocab.txt has 65 lines\n"
    assert capsys.readouterr().out.count(line) == 2


@pytest.mark.parametrize("name", [WORDS, SEGMENTS])
def test_a_table_that_is_none(changed, started, name):
    with pytest.raises(UserError, match=r"embedding_weights: shape \(3,\), expected"):
        started(changed({name: np.ones(3, np.float32)}), data(64))
