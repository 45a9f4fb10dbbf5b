"""What a tokenizer of Hugging Face may be set to that gives other ids than BERT's."""

from typing import Any, Dict, List, Optional

from shared import word_pieces

# Classes that tokenize as BERT does; with and without Fast.
_CLASSES = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer")
# Classes that do what tokenizer.json says.
_GENERIC_CLASSES = ("PreTrainedTokenizerFast", "TokenizersBackend")

# {key of tokenizer_config.json: the one value that is BERT's; so is no value}
_CONFIG = {
    "do_basic_tokenize": True,
    "do_word_tokenize": True,
    "do_subword_tokenize": True,
    "word_tokenizer_type": "basic",
    "subword_tokenizer_type": "wordpiece",
    "never_split": [],
    "pad_token": word_pieces.PAD,
    "unk_token": word_pieces.UNK,
    "cls_token": word_pieces.CLS,
    "sep_token": word_pieces.SEP,
    "auto_map": {},  # a tokenizer of the checkpoint's own code
}
# {place in tokenizer.json: values that are BERT's}
_JSON = {
    "model.type": ("WordPiece",),
    "model.unk_token": (word_pieces.UNK,),
    "model.continuing_subword_prefix": ("##",),
    # Hugging Face's limit and the reference's, which holds here: docs/tokenization.md.
    "model.max_input_chars_per_word": (100, 200),
    "normalizer.type": ("BertNormalizer",),
    "normalizer.clean_text": (True,),
    "pre_tokenizer.type": ("BertPreTokenizer",),
    # Without one, the tokenizer's class adds [CLS] and [SEP].
    "post_processor.type": ("TemplateProcessing", "BertProcessing", None),
}
_SINGLE = [(word_pieces.CLS, 0), ("A", 0), (word_pieces.SEP, 0)]
_TEMPLATES = {"single": _SINGLE, "pair": [*_SINGLE, ("B", 1), (word_pieces.SEP, 1)]}


def in_class(file: str, name: Any, has_json: bool) -> List[str]:
    """Args: file, which gives the class `name`; has_json, whether there is a tokenizer.json."""
    is_generic = has_json and name in _GENERIC_CLASSES
    if name is None or is_generic or str(name).replace("Fast", "") in _CLASSES:
        return []
    return [f"tokenizer_class is {name!r} in {file}, not one of {', '.join(_CLASSES)}"]


def in_config(file: str, content: Dict[str, Any]) -> List[str]:
    return [
        f"{key} is {content[key]!r} in {file}, expected "
        + ("nothing" if not value else repr(value))
        for key, value in _CONFIG.items()
        if content.get(key) not in (None, [], {}) and text_of(content[key]) != value
    ]


def in_json(file: str, content: Dict[str, Any]) -> List[str]:
    """Args: content, {} if there is no such file."""
    if not content:
        return []
    faults = [
        f"{place} is {found!r} in {file}, expected {' or '.join(map(str, values))}"
        for place, values in _JSON.items()
        for found in [_at(content, place)]
        if found not in values
    ]
    return faults or _template_faults(file, content.get("post_processor") or {})


def text_of(token: Any) -> Any:
    """A token's text, which may stand alone or with the token's properties."""
    return token.get("content") if isinstance(token, dict) else token


def _at(content: Any, place: str) -> Optional[Any]:
    """The value at a place such as "model.type"; None if there is none."""
    for key in place.split("."):
        content = content.get(key) if isinstance(content, dict) else None
    return content


def _template_faults(file: str, template: Dict[str, Any]) -> List[str]:
    """What is added to the ids of one or two texts, if BERT adds something else."""
    return [
        f"post_processor.{name} is {template[name]} in {file}, expected {parts}"
        for name, parts in _TEMPLATES.items()
        if name in template and _parts(template[name]) != parts
    ]


def _parts(template: Any) -> Any:
    """[(the name of a token or text, its segment id), ...] of a template."""
    try:
        found = [next(iter(part.values())) for part in template]
        return [(part["id"], part["type_id"]) for part in found]
    except (AttributeError, KeyError, TypeError, StopIteration):
        return template
