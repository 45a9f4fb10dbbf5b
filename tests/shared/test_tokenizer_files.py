import json

import pytest

from shared import tokenizer_files
from shared.errors import UserError

# What transformers writes for bert-base-uncased, without the pieces.
TEMPLATE = [
    {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
    {"Sequence": {"id": "A", "type_id": 0}},
    {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    {"Sequence": {"id": "B", "type_id": 1}},
    {"SpecialToken": {"id": "[SEP]", "type_id": 1}},
]
FAST = {
    "truncation": {"max_length": 128},
    "padding": {"strategy": {"Fixed": 128}},
    "added_tokens": [{"id": 0, "content": "[PAD]", "special": True}],
    "normalizer": {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": True,
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "TemplateProcessing", "single": TEMPLATE[:3], "pair": TEMPLATE},
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
    },
}
CONFIG = {
    "do_lower_case": True,
    "unk_token": "[UNK]",
    "pad_token": {"content": "[PAD]", "lstrip": False},
    "tokenize_chinese_chars": True,
    "strip_accents": None,
    "do_basic_tokenize": True,
    "never_split": None,
    "tokenizer_class": "BertTokenizer",
    "model_max_length": 512,
}


def with_value(content, place, value):
    """A copy of nested mappings with another value at a place such as "model.type"."""
    first, _, rest = place.partition(".")
    return {**content, first: with_value(content[first], rest, value) if rest else value}


@pytest.fixture
def stated(tmp_path):
    """A function: {file name: JSON content} -> what the folder of these files states."""

    def read(**files):
        for name, content in files.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        return tokenizer_files.read(str(tmp_path))

    return read


def test_no_files_state_nothing(stated):
    assert stated() == (None, None, None, "", ())
    assert stated(config={"model_type": "bert"}) == (None, None, None, "", ())


def test_what_transformers_writes_is_berts_own(stated, tmp_path):
    where = "do_lower_case in tokenizer_config.json"
    assert stated(tokenizer_config=CONFIG, tokenizer=FAST) == (True, None, True, where, ())


def test_either_file_alone_is_enough(stated, tmp_path):
    fast = with_value(FAST, "normalizer.strip_accents", False)
    fast = with_value(fast, "normalizer.handle_chinese_chars", False)
    where = "lowercase in tokenizer.json"
    assert stated(tokenizer=fast) == (True, False, False, where, ())
    # A class that only says "see tokenizer.json".
    generic = {"tokenizer_class": "PreTrainedTokenizerFast"}
    assert stated(tokenizer_config=generic, tokenizer=fast) == (True, False, False, where, ())


@pytest.mark.parametrize(
    "content, expected",
    [
        ({"init_inputs": []}, (None, None, True)),
        ({"do_lower_case": None}, (None, None, True)),
        ({"do_lower_case": False}, (False, None, True)),
        ({"strip_accents": False}, (None, False, True)),
        ({"tokenize_chinese_chars": False}, (None, None, False)),
        ({"tokenizer_class": "BertTokenizerFast", "word_tokenizer_type": "basic"},
         (None, None, True)),
    ],
)  # fmt: skip
def test_tokenizer_config(stated, content, expected):
    assert stated(tokenizer_config=content)[:3] == expected


@pytest.mark.parametrize(
    "key, value",
    [
        ("tokenizer_class", "BertJapaneseTokenizer"),
        ("tokenizer_class", "PreTrainedTokenizerFast"),  # without a tokenizer.json
        ("tokenizer_class", ["BertTokenizer"]),
        ("word_tokenizer_type", "mecab"),
        ("subword_tokenizer_type", "character"),
        ("do_basic_tokenize", False),
        ("never_split", ["covid"]),
        ("pad_token", "<pad>"),
        ("cls_token", {"content": "<s>"}),
        ("auto_map", {"AutoTokenizer": ["x.Tokenizer", None]}),
        ("do_lower_case", 1),
        ("strip_accents", "yes"),
    ],
)
def test_another_tokenizer_is_refused_by_name(stated, tmp_path, key, value):
    with pytest.raises(UserError) as error:
        stated(tokenizer_config={**CONFIG, key: value})
    first, *lines, advice = str(error.value).split("\n")
    assert first == f"{tmp_path} has a tokenizer that cannot be followed here:"
    (line,) = lines
    assert line.startswith(f"  {key} is ") and " in tokenizer_config.json, " in line
    assert "take a checkpoint with BERT's own tokenizer" in advice


def test_the_class_may_stand_in_the_models_configuration(stated):
    japanese = {"tokenizer_class": "BertJapaneseTokenizer"}
    with pytest.raises(UserError, match="BertJapaneseTokenizer' in config.json, not one of"):
        stated(config=japanese)
    # tokenizer_config.json is nearer.
    assert stated(config=japanese, tokenizer_config=CONFIG).lower_case is True


@pytest.mark.parametrize(
    "place, value",
    [
        ("model.type", "BPE"),
        ("model.unk_token", "<unk>"),
        ("model.continuing_subword_prefix", ""),
        ("model.max_input_chars_per_word", 50),
        ("normalizer", None),
        ("normalizer.type", "Sequence"),
        ("normalizer.clean_text", False),
        ("pre_tokenizer.type", "Whitespace"),
        ("post_processor.type", "RobertaProcessing"),
        ("post_processor.single", TEMPLATE[:2]),
        ("post_processor.pair", [*TEMPLATE[:3], TEMPLATE[2], *TEMPLATE[3:]]),
        ("post_processor.pair", [{"Sequence": 1}]),
    ],
)
def test_another_tokenizer_json_is_refused_by_name(stated, tmp_path, place, value):
    with pytest.raises(UserError) as error:
        stated(tokenizer=with_value(FAST, place, value))
    assert f"\n  {place}" in str(error.value)
    assert " in tokenizer.json, expected " in str(error.value)


@pytest.mark.parametrize(
    "config, place, value, message",
    [
        ({"do_lower_case": False}, "lowercase", True,
         "do_lower_case is False in .*_config.json, but lowercase is True in .*tokenizer.json"),
        ({"strip_accents": False}, "strip_accents", None,
         "strip_accents is False in .*_config.json, but strip_accents is None in .*tokenizer.json"),
        ({"do_lower_case": True, "strip_accents": None}, "strip_accents", False,
         "strip_accents is None in .*_config.json, but strip_accents is False in .*tokenizer.json"),
        ({"tokenize_chinese_chars": True}, "handle_chinese_chars", False,
         "tokenize_chinese_chars is True in .*, but handle_chinese_chars is False in "),
    ],
)  # fmt: skip
def test_files_that_contradict_each_other(stated, config, place, value, message):
    with pytest.raises(UserError, match=message):
        stated(tokenizer_config=config, tokenizer=with_value(FAST, "normalizer." + place, value))


def test_null_and_true_mean_the_same_where_text_is_lower_cased(stated):
    fast = with_value(FAST, "normalizer.strip_accents", True)
    assert stated(tokenizer_config=CONFIG, tokenizer=fast)[:3] == (True, True, True)


def test_added_tokens_of_every_file(stated):
    config = {
        "added_tokens_decoder": {"0": {"content": "[PAD]"}, "7": {"content": "[ENT]"}},
        "additional_special_tokens": ["[ENT]", {"content": "<url>"}],
        "extra_special_tokens": {"image_token": "<image>"},
    }
    fast = {**FAST, "added_tokens": [*FAST["added_tokens"], {"id": 9, "content": "covid"}]}
    found = stated(tokenizer_config=config, tokenizer=fast, added_tokens={"[/ENT]": 8, "[CLS]": 2})
    assert found.added_tokens == ("<image>", "<url>", "[/ENT]", "[ENT]", "covid")


@pytest.mark.parametrize("content", ["[]", "{", '{"do_lower_case": 1}'])
def test_a_broken_tokenizer_config(tmp_path, content):
    (tmp_path / "tokenizer_config.json").write_text(content)
    with pytest.raises(UserError, match="tokenizer_config.json"):
        tokenizer_files.read(str(tmp_path))
