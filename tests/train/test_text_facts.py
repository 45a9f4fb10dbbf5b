"""How a checkpoint turns texts into ids, compared with how the records' ids were made."""

import dataclasses
import json
import shutil

import pytest

from shared import word_pieces
from shared.errors import UserError
from shared.manifest import Manifest, Vocabulary
from tests.inputs import GOLDEN
from train.checkpoints import model_dir
from train.planning import resolve
from train.pretrained import huggingface
from train.pretrained.read import read

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"piece{n}" for n in range(60))]


def records(pieces=PIECES, **rules):
    """The manifest of records made with these pieces, by the uncased rules or others."""
    rules = {"lower_case": True, "strip_accents": True, "tokenize_chinese_chars": True, **rules}
    sha256 = word_pieces.sha256_of(pieces)
    vocabulary = Vocabulary("mine", len(pieces), sha256, special_ids={}, **rules)
    return Manifest("sst2", {}, ("sentence",), 32, vocabulary, ("no", "yes"), {}, {})


@pytest.fixture
def folder(tmp_path):
    """A Hugging Face checkpoint with a table of 64 rows and no text files."""
    return shutil.copytree(GOLDEN / "hf" / "pretrained", tmp_path / "bert")


@pytest.fixture
def check(folder, tiny):
    """A function: (manifest, files to write) -> what a run says; it raises UserError if unfit."""
    unset = {"encoder_nonlinearity": None, "layer_norm_epsilon": None}

    def run(manifest, vocab=None, **files):
        if vocab is not None:
            (folder / "vocab.txt").write_bytes(vocab.encode())
        for name, content in files.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        lines = []
        resolve.model(tiny(model=unset).model, manifest, read(str(folder)), lines.append)
        return lines

    return run


@pytest.mark.parametrize(
    "vocab",
    ["\n".join(PIECES), "\r\n".join(PIECES) + "\r\n", "\n".join([*PIECES, "", "", ""])],
    ids=["no newline at the end", "CRLF", "blank lines at the end"],
)
def test_vocabularies_are_the_same_by_their_pieces(check, vocab):
    assert check(records(), vocab=vocab) == []


def test_pieces_in_another_order_are_another_vocabulary(check, folder):
    swapped = [*PIECES[:4], PIECES[5], PIECES[4], *PIECES[6:]]
    with pytest.raises(UserError) as error:
        check(records(), vocab="\n".join(swapped))
    path = folder / "vocab.txt"
    assert f"vocabulary: the records were made with mine, which is not {path}" in str(error.value)
    assert f"make data TASK=sst2 MSL=32 VOCAB={path} ARGS=--overwrite" in str(error.value)


def test_pieces_of_tokenizer_json(check, folder):
    ids = {piece: index for index, piece in enumerate(PIECES)}
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                  "strip_accents": None, "lowercase": True}  # fmt: skip
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
             "max_input_chars_per_word": 100, "vocab": ids}  # fmt: skip
    pre_tokenizer = {"type": "BertPreTokenizer"}
    fast = {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "model": model}
    assert check(records(), tokenizer=fast) == []
    with pytest.raises(UserError, match="the records were made with mine, which is not .*r.json"):
        check(records([*PIECES[:-1], "other"]))


@pytest.mark.parametrize(
    "config, rules, difference",
    [
        ({"do_lower_case": True, "strip_accents": False}, {},
         "strip_accents: the checkpoint has False, the records have True"),
        ({"do_lower_case": True}, {"strip_accents": False},
         "strip_accents: the checkpoint has True, the records have False"),
        ({"tokenize_chinese_chars": False}, {},
         "tokenize_chinese_chars: the checkpoint has False, the records have True"),
        ({}, {"tokenize_chinese_chars": False}, None),
        ({"model_max_length": 512}, {"tokenize_chinese_chars": False},
         "tokenize_chinese_chars: the checkpoint has True, the records have False"),
        ({"do_lower_case": True, "strip_accents": False}, {"strip_accents": False}, None),
        (None, {"lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False}, None),
    ],
)  # fmt: skip
def test_the_rules_of_the_text(check, folder, config, rules, difference):
    files = {} if config is None else {"tokenizer_config": config}
    if difference is None:
        assert check(records(**rules), vocab="\n".join(PIECES), **files) == []
        return
    with pytest.raises(UserError) as error:
        check(records(**rules), vocab="\n".join(PIECES), **files)
    _, line, advice = str(error.value).split("\n")
    assert line == f"  {difference}"
    assert advice.endswith(f"VOCAB={folder / 'vocab.txt'} ARGS=--overwrite")


def test_another_tokenizer_is_refused_before_training(check):
    mecab = {"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab"}
    with pytest.raises(UserError, match="(?s)'BertJapaneseTokenizer'.*word_tokenizer_type is 'mec"):
        check(records(), tokenizer_config=mecab)


def test_a_vocabulary_that_is_missing_is_told_of(check, folder):
    assert check(records()) == [
        f"{folder} holds no vocabulary, so that of the records (mine) is not compared with it"
    ]
    unknown = dataclasses.replace(records(), vocabulary=dataclasses.replace(
        records().vocabulary, sha256=""))  # fmt: skip
    assert check(unknown) == []


def test_added_tokens_are_told_of(check, folder):
    (line,) = check(records(), "\n".join(PIECES), added_tokens={"[ENT]": 64, "[/ENT]": 65})
    assert line == (f"{folder} adds 2 tokens to BERT's ([/ENT], [ENT]); no record uses them")


def test_a_table_with_too_few_rows_for_its_own_vocabulary(check, folder):
    longer = [*PIECES, "one", "two"]
    with pytest.raises(UserError) as error:
        check(records(longer), vocab="\n".join(longer))
    assert str(error.value).split("\n")[1:] == [
        "  vocab_size: the checkpoint has 64, the records have 66 (mine)",
        f"{folder / 'vocab.txt'} has more pieces than the checkpoint has rows: use the one "
        "belonging to it.",
    ]


def test_what_a_checkpoint_says_of_texts_survives_a_conversion(folder, tmp_path):
    config = {"do_lower_case": True, "strip_accents": False, "tokenize_chinese_chars": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    found = read(str(folder))
    assert (found.lower_case, found.strip_accents) == (True, False)
    assert found.tokenize_chinese_chars is False
    (tmp_path / "written").mkdir()
    huggingface.write(str(tmp_path / "written"), dataclasses.replace(found, vocab_file=None))
    written = json.loads((tmp_path / "written" / "tokenizer_config.json").read_text())
    assert written == {"tokenizer_class": "BertTokenizer", **config}


def test_a_training_from_before_the_rules_were_recorded(own):
    folder = own(("entailment", "neutral", "contradiction"))
    path = folder / "params.yaml"
    lines = path.read_text().splitlines(keepends=True)
    new = ("  strip_accents:", "  tokenize_chinese_chars:")
    path.write_text("".join(line for line in lines if not line.startswith(new)))
    trained = model_dir.read_params(str(folder))["data"]
    assert (trained["lower_case"], trained["strip_accents"]) == (True, True)
    assert trained["tokenize_chinese_chars"] is True
    found = read(str(folder))
    assert (found.strip_accents, found.tokenize_chinese_chars) == (True, None)


def test_a_model_is_not_scored_on_texts_with_other_accents():
    trained = model_dir.data_facts(records())
    with pytest.raises(UserError, match="strip_accents: True, the data has False"):
        model_dir.check_can_evaluate(trained, "m", "d", records(strip_accents=False))
