"""A vocabulary with everything that turns a text into ids."""

import os
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from shared import case, published, tokenizer_files, word_pieces
from shared.files import write_whole
from shared.remote import sources, store, urls

# What besides the pieces decides about the ids of a text.
TEXT_RULES = ("lower_case", "strip_accents", "tokenize_chinese_chars")


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary that passed every check; equal to all that turn texts into the same ids.

    Attributes:
      name: the published name if the pieces are known, else the file's name.
      path: of the file with the pieces.
      pieces: the pieces in the order of their ids.
      sha256: of the pieces (word_pieces.sha256_of).
      lower_case: whether texts are lower-cased.
      strip_accents: whether texts lose their accents.
      tokenize_chinese_chars: whether every Chinese character is a word.
      case_reason: why lower_case is as it is.
      added_tokens: those that its tokenizer files add to BERT's; in a text they have ids that
        this project does not give them.
    """

    name: str = field(compare=False)
    path: str = field(compare=False)
    pieces: Tuple[str, ...]
    sha256: str
    lower_case: bool
    strip_accents: bool
    tokenize_chinese_chars: bool
    case_reason: str = field(default="", compare=False)
    added_tokens: Tuple[str, ...] = ()

    def id(self, piece: str) -> int:
        return self.pieces.index(piece)


def default_path() -> str:
    return os.path.join(published.FOLDER, published.DEFAULT + ".txt")


def read(path: str, lower_case: Optional[bool] = None) -> Vocabulary:
    """Reads and checks the vocabulary at `path`, a file or a checkpoint's folder.

    Args: lower_case, overrules what is found about it.
    Raises:
      UserError: word_pieces.read, tokenizer_files.read or case.decide refuse it; or it is in vocab/
        under a published name with other pieces.
    """
    path = local(path)
    file = word_pieces.file_of(path)
    found = word_pieces.read(file)
    sha256 = word_pieces.sha256_of(found)
    name = _name(path)
    if published.reserves_names_in(path):
        published.check_name(name, path, sha256)
    stated = tokenizer_files.read(os.path.dirname(file))
    decided = case.decide(file, found, sha256, lower_case, stated.lower_case, stated.case_stated_in)
    rules = default_rules(decided.lower_case)
    for rule in ("strip_accents", "tokenize_chinese_chars"):
        if getattr(stated, rule) is not None:
            rules[rule] = getattr(stated, rule)
    entry = published.by_sha256(sha256)
    return Vocabulary(
        name=entry.name if entry else name,
        path=file,
        pieces=found,
        sha256=sha256,
        case_reason=decided.reason,
        added_tokens=stated.added_tokens,
        **rules,
    )


def local(path: str) -> str:
    """The path itself or, in a store, that of a copy of the vocabulary and the files beside it.

    Raises:
      UserError: it does not exist, or cannot be copied.
    """
    if not urls.is_remote(path):
        return path
    names = {word_pieces.LINES_FILE, *tokenizer_files.FILES, tokenizer_files.MODEL_CONFIG_FILE}
    if not store.exists(path):
        return sources.folder(path, names.__contains__)
    folder, name = urls.split(path)
    return os.path.join(sources.folder(folder, {name, *names}.__contains__), name)


def write(folder: str, vocabulary: Vocabulary, **more) -> None:
    """Writes vocab.txt and tokenizer_config.json, from which `read(folder)` gives the same ids.

    Args: more, as of tokenizer_files.write.
    """
    path = os.path.join(folder, word_pieces.LINES_FILE)
    write_whole(path, word_pieces.text_of(vocabulary.pieces))
    tokenizer_files.write(folder, vocabulary, **more)


def differences(vocabulary: Vocabulary, sha256: str, rules: Dict[str, bool]) -> List[str]:
    """In what the vocabulary is another than one of this sha256 and these TEXT_RULES; names."""
    found = {"sha256": vocabulary.sha256, **rules_of(vocabulary)}
    return [name for name, value in {"sha256": sha256, **rules}.items() if found[name] != value]


def rules_of(holder) -> Dict[str, bool]:
    """{name: value} of the TEXT_RULES, which are attributes of `holder`."""
    return {name: getattr(holder, name) for name in TEXT_RULES}


def _name(path: str) -> str:
    name = os.path.basename(os.path.abspath(path))
    return name if os.path.isdir(path) else os.path.splitext(name)[0]


def default_rules(lower_case: bool) -> Dict[str, bool]:
    """The TEXT_RULES of Google's reference, which the case decides."""
    return {"lower_case": lower_case, "strip_accents": lower_case, "tokenize_chinese_chars": True}


def described(vocabulary: Vocabulary) -> str:
    """What was decided about texts, and why; one line."""
    case_, *others = in_words(rules_of(vocabulary))
    decided = ", ".join([f"{case_} ({vocabulary.case_reason})", *others])
    return f"vocabulary {vocabulary.name}, {len(vocabulary.pieces):,} pieces: {decided}"


def in_words(rules: Dict[str, bool]) -> List[str]:
    """["lower-cased"], and what is unusual.

    Args: rules, values of the TEXT_RULES.
    """
    words = ["lower-cased" if rules["lower_case"] else "cased"]
    if rules["strip_accents"] != rules["lower_case"]:
        words.append("accents removed" if rules["strip_accents"] else "accents kept")
    if not rules["tokenize_chinese_chars"]:
        words.append("Chinese characters not set apart")
    return words
