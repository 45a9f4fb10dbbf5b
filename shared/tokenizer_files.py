"""What the files of a Hugging Face tokenizer, beside a vocabulary, say about texts."""

import json
import os
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from shared import tokenizer_faults, word_pieces
from shared.errors import UserError
from shared.files import write_whole
from shared.mapping_files import read_json

CONFIG_FILE, ADDED_FILE = "tokenizer_config.json", "added_tokens.json"
FILES = (CONFIG_FILE, word_pieces.JSON_FILE, ADDED_FILE)
MODEL_CONFIG_FILE = "config.json"  # names the class where tokenizer_config.json does not

# {our name: the key in tokenizer_config.json}, and in the normalizer of tokenizer.json.
CONFIG_KEYS = {
    "lower_case": "do_lower_case",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "tokenize_chinese_chars",
}
_NORMALIZER_KEYS = {
    "lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}
_BERTS_TOKENS = (*word_pieces.REQUIRED, "[MASK]")


class Stated(NamedTuple):
    """What the files say; None where they do not.

    Attributes:
      strip_accents: None, too, where it is to be the same as lower_case.
      case_stated_in: the key and the file that give lower_case.
      added_tokens: the tokens beside BERT's own five.
    """

    lower_case: Optional[bool] = None
    strip_accents: Optional[bool] = None
    tokenize_chinese_chars: Optional[bool] = None
    case_stated_in: str = ""
    added_tokens: Tuple[str, ...] = ()


class _Source(NamedTuple):
    """The settings of one file, under its own keys."""

    file: str
    keys: Dict[str, str]
    content: Dict[str, Any]

    def get(self, name: str) -> Optional[bool]:
        return self.content.get(self.keys[name])

    def says(self, name: str) -> str:
        return f"{self.keys[name]} is {self.get(name)} in {self.file}"


def read(folder: str) -> Stated:
    """What the tokenizer files in the folder say; nothing if there are none.

    Raises:
      UserError: they are damaged, contradict each other, or describe a tokenizer that gives other
        ids than BERT's; all reasons are listed.
    """
    config, fast, added = (_content(os.path.join(folder, name)) for name in FILES)
    normalizer = fast.get("normalizer")
    sources = [
        _Source(CONFIG_FILE, CONFIG_KEYS, config),
        _Source(
            word_pieces.JSON_FILE,
            _NORMALIZER_KEYS,
            normalizer if isinstance(normalizer, dict) else {},
        ),
    ]
    faults = [
        *tokenizer_faults.in_class(*_class(folder, config), has_json=bool(fast)),
        *tokenizer_faults.in_config(CONFIG_FILE, config),
        *tokenizer_faults.in_json(word_pieces.JSON_FILE, fast),
        *(_not_booleans(sources) or _contradictions(*sources)),
    ]
    if faults:
        raise UserError(
            f"{folder or os.curdir} has a tokenizer that cannot be followed here:\n"
            + "\n".join(f"  {fault}" for fault in faults)
            + "\nA model needs the ids that it was pretrained on: take a checkpoint with BERT's "
            "own tokenizer, or correct the file if it is wrong."
        )
    return _stated(sources)._replace(added_tokens=_added_tokens(config, fast, added))


def names_in(folder: str) -> List[str]:
    """Which of the files are there."""
    return [name for name in FILES if os.path.exists(os.path.join(folder, name))]


def write(folder: str, rules, **more) -> None:
    """Writes a tokenizer_config.json that `read` and transformers read.

    Args: rules, as for settings; more, other keys of transformers' and their values.
    """
    content = {"tokenizer_class": "BertTokenizer", **settings(rules), **more}
    write_whole(os.path.join(folder, CONFIG_FILE), json.dumps(content, indent=2) + "\n")


def settings(rules) -> Dict[str, bool]:
    """tokenizer_config.json's content for what is known of `rules`, the attributes CONFIG_KEYS."""
    values = {key: getattr(rules, name) for name, key in CONFIG_KEYS.items()}
    return {key: value for key, value in values.items() if value is not None}


def _content(path: str) -> Dict[str, Any]:
    return read_json(path, "Copy it again from the checkpoint.") if os.path.exists(path) else {}


def _class(folder: str, config: Dict[str, Any]) -> "Tuple[str, Any]":
    """(the file that names the tokenizer's class, the name or None)."""
    if config.get("tokenizer_class") is not None:
        return CONFIG_FILE, config["tokenizer_class"]
    try:
        model_config = _content(os.path.join(folder, MODEL_CONFIG_FILE))
    except UserError:  # not a checkpoint's
        model_config = {}
    return MODEL_CONFIG_FILE, model_config.get("tokenizer_class")


def _not_booleans(sources: List[_Source]) -> List[str]:
    return [
        f"{source.says(name)}, expected true or false"
        for source in sources
        for name in source.keys
        if not isinstance(source.get(name), (bool, type(None)))
    ]


def _contradictions(config: _Source, fast: _Source) -> List[str]:
    """What one file says and the other denies; strip_accents null stands for lower_case."""

    def value(source: _Source, name: str) -> Optional[bool]:
        found = source.get(name)
        is_as_case = name == "strip_accents" and name in source.content and found is None
        return source.get("lower_case") if is_as_case else found

    return [
        f"{config.says(name)}, but {fast.says(name)}"
        for name in CONFIG_KEYS
        if None not in (value(config, name), value(fast, name))
        and value(config, name) != value(fast, name)
    ]


def _stated(sources: List[_Source]) -> Stated:
    """The settings of both files together; they do not contradict each other."""
    found = {
        name: next((source for source in sources if source.get(name) is not None), None)
        for name in CONFIG_KEYS
    }
    values: Dict[str, Any] = {name: source and source.get(name) for name, source in found.items()}
    if any(source.content for source in sources) and values["tokenize_chinese_chars"] is None:
        values["tokenize_chinese_chars"] = True  # the default of every tokenizer with such files
    case = found["lower_case"]
    where = f"{case.keys['lower_case']} in {case.file}" if case else ""
    return Stated(**values, case_stated_in=where)


def _added_tokens(config: Dict[str, Any], fast: Dict[str, Any], added: Dict[str, Any]) -> tuple:
    """All tokens beside BERT's own that the three files name, sorted."""
    named = [
        added,
        _values(config.get("added_tokens_decoder")),
        _values(config.get("additional_special_tokens")),
        _values(config.get("extra_special_tokens")),
        _values(fast.get("added_tokens")),
    ]
    texts = [tokenizer_faults.text_of(token) for group in named for token in group]
    return tuple(sorted({text for text in texts if isinstance(text, str)} - {*_BERTS_TOKENS}))


def _values(group: Any) -> list:
    """The items of a list, or the values of a mapping."""
    values = list(group.values()) if isinstance(group, dict) else group
    return values if isinstance(values, list) else []
