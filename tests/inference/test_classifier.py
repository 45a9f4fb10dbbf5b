"""Answers from raw text are those of `make predict` on the records of the same texts."""

import json
import shutil

import numpy as np
import pytest
import yaml

import inference
from inference import batches
from preprocess.encoding.encode import Tokens
from shared import word_pieces
from shared.errors import UserError
from tests.inputs import read_rows, spelt


@pytest.fixture(scope="module")
def texts(demo_input, demo_data):
    """The texts of the validation split, in the order of its records."""
    pieces = word_pieces.read(str(demo_input / "vocab.txt"))
    return spelt(pieces, read_rows(demo_data, "validation"))


def test_the_answers_are_those_of_predict(model, trained, texts):
    lines = (trained / "predict_validation.jsonl").read_text().splitlines()
    answers = model.classify(texts)
    assert len(answers) == len(lines) == 500
    for answer, expected in zip(answers, map(json.loads, lines), strict=True):
        assert answer["label"] == expected["label"]
        found, wanted = answer["probabilities"], expected["probabilities"]
        assert list(found) == list(wanted) == ["negative", "positive"]
        assert found == pytest.approx(wanted, abs=1e-6)


def test_an_answer_does_not_depend_on_the_others(model, texts):
    together = model.logits(texts[:40])
    alone = np.concatenate([model.logits([text]) for text in texts[:40]])
    assert together.dtype == np.float32 and together.shape == (40, 2)
    assert len({text.count(" ") for text in texts[:40]}) > 5  # of many lengths
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_no_text_an_empty_text_and_a_long_one(model):
    assert model.logits([]).shape == (0, 2)
    assert model.classify([]) == []
    empty, long = model.tokens(["", "good " * 100]).lengths
    assert (empty, long) == (2, 32)  # [CLS] [SEP]; cut at the length of the training
    assert np.isfinite(model.logits(["", "\ud800 \0", "good " * 100])).all()


@pytest.mark.parametrize("example", [("a", "b"), ["a", "b"], 5, (5,), None, b"a"])
def test_an_example_of_another_kind_is_named(model, example):
    with pytest.raises(UserError, match=r"^example 1 is .*; .* expects one text"):
        model.logits(["fine", example])


@pytest.mark.parametrize("columns", [("text",), ("premise", "hypothesis")])
def test_a_text_is_no_list_of_texts(made, columns):
    model = inference.load(str(made(("no", "yes"), columns, 32)))
    for call in (model.classify, model.logits):
        for text in ("my card", b"my card"):
            with pytest.raises(UserError, match="^found b?'my card'; give a list of texts, "):
                call(text)


def test_batches_hold_every_row_once_with_its_like():
    lengths = np.array([40, 3, 500, 5, 8, 9, 3] * 100)
    values = np.arange(lengths.sum(), dtype=np.int32) + 1
    starts = lengths.cumsum() - lengths
    seen = []
    for rows, features in batches.of_like_length(Tokens(values, lengths, lengths - 1), 0):
        seen += rows.tolist()
        ids, mask = features["input_ids"], features["input_mask"]
        width = lengths[rows].max()
        assert ids.shape == (len(rows), width) and ids.dtype == np.int32
        assert len(rows) == 1 or ids.size <= batches._POSITIONS
        for row, number in enumerate(rows):
            length = lengths[number]
            np.testing.assert_array_equal(ids[row, :length], starts[number] + 1 + np.arange(length))
            assert not ids[row, length:].any()
            assert mask[row].tolist() == [0] * length + [1] * (width - length)
            expected = [0] * (length - 1) + [1] + [0] * (width - length)
            assert features["segment_ids"][row].tolist() == expected
    assert sorted(seen) == list(range(700))


def test_a_folder_of_an_earlier_version_needs_the_vocabulary(model_dir, demo_input, texts, model):
    (model_dir / "vocab.txt").unlink()
    (model_dir / "tokenizer_config.json").unlink()
    with pytest.raises(
        UserError, match=r"holds no vocabulary .deleted.*: VOCAB=<file> \(--vocab_file\)"
    ):
        inference.load(str(model_dir))
    given = inference.load(str(model_dir), str(demo_input / "vocab.txt"))
    np.testing.assert_allclose(given.logits(texts[:3]), model.logits(texts[:3]), atol=1e-6)


def change_data(model_dir, **changes):
    """Changes what params.yaml records of the data; None removes a key."""
    content = yaml.safe_load((model_dir / "params.yaml").read_text())
    data = {**content["data"], **changes}
    content["data"] = {key: value for key, value in data.items() if value is not None}
    (model_dir / "params.yaml").write_text(yaml.safe_dump(content))


def test_text_columns_that_an_earlier_version_did_not_record(model_dir, texts, model):
    change_data(model_dir, text_columns=None)
    found = inference.load(str(model_dir))  # sst2 is known
    np.testing.assert_allclose(found.logits(texts[:3]), model.logits(texts[:3]), atol=1e-6)
    change_data(model_dir, task="mine")
    with pytest.raises(
        UserError, match=r"params.yaml does not name .*: text_columns: \[<column>\]"
    ):
        inference.load(str(model_dir))
    change_data(model_dir, text_columns=["a", "b"])
    assert inference.load(str(model_dir)).folder.text_columns == ("a", "b")


def test_another_case_is_refused(model_dir):
    (model_dir / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    with pytest.raises(UserError, match="is not the vocabulary .*: another lower_case, strip_acc"):
        inference.load(str(model_dir))


def test_another_vocabulary_is_refused(model_dir):
    lines = (model_dir / "vocab.txt").read_text().splitlines()
    (model_dir / "vocab.txt").write_text("\n".join([*lines[:-2], lines[-1], lines[-2]]))
    with pytest.raises(UserError, match="is not the vocabulary that .* was trained with"):
        inference.load(str(model_dir))


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(UserError, match="has no trained model: expected params.yaml and a check"):
        inference.load(str(tmp_path))


def test_models_near_a_folder_without_one_are_named(trained, tmp_path):
    def near(path):
        with pytest.raises(UserError, match="has no trained model") as error:
            inference.load(str(path))
        return str(error.value).partition(". Near it are: ")[2]

    folder = tmp_path / "[runs]" / "m"
    places = [folder / "best", folder / "optimizer.beta1=1" / "seed-2" / "best"]
    for place in places:
        shutil.copytree(trained, place)
    (folder / "seed-3").mkdir()
    (folder / "seed-3" / "params.yaml").write_text("")  # it has no checkpoint yet
    assert near(folder) == ", ".join(map(str, places))
    assert near(folder / "bast") == str(places[0])
    assert near(folder / "best" / "predict") == str(places[0])
    assert near(tmp_path / "[runs]" / "n") == ""
