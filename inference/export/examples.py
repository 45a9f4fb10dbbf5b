"""The texts that an export is checked on."""

import os
from typing import NamedTuple, Optional

from inference import rows
from inference.model_folder import ModelFolder
from preprocess.sources.file_form import FileForm
from shared.manifest import Manifest
from shared.manifest_file import read_manifest
from shared.remote import datasets
from train.data import splits
from train.scoring import spelling

# Whatever else it is checked on: what tokenizers tend to disagree about. Escapes stand for what an
# editor would not show, or would compose.
BUILT_IN = (
    "",
    " \t\n ",
    "A plain sentence, with a comma.",
    'Don\'t! ("quoted") [MASK] [SEP] $5.00 + 3% ~ 1e-5',
    "Crème brûlée; cre\u0300me bru\u0302le\u0301e; ÅNGSTRÖM",
    "Straße, İstanbul, ΟΔΥΣΣΕΥΣ, ﬁne… ½ ² №",
    "Привет, мир! שלום العالم नमस्ते",
    "今天天气很好。日本語のテキスト。한국어 문장",
    "👍🏽 👩‍👩‍👧 🇪🇺 fine :-)",
    "nul\0 soft\u00adhyphen zero\u200bwidth \ufffd\u202eend",
    "no\u00a0break\u3000wide\u2028line",
    "x" * 99 + " " + "y" * 101 + " " + "z" * 201,
    "one long text " * 200,
    "and, another; " * 200,
)

_ALL_BUILT_IN = "all built in: its dataset is not here, INPUT=<file> adds yours"


class Chosen(NamedTuple):
    """Attributes: rows, a tuple of one or two texts each; origin, where they are from, in words."""

    rows: "list[tuple[str, ...]]"
    origin: str


def of_file(path: str, folder: ModelFolder) -> Chosen:
    """All of a file, and the built-in ones; raises UserError as rows.of_file."""
    found = rows.of_file(path, folder, FileForm()).rows
    return _with_built_in([row.texts for row in found], path, folder)


def of_dataset(folder: ModelFolder) -> Chosen:
    """The labelled splits but train of the dataset it was trained on, and the built-in ones.

    A dataset holds ids, not texts: their pieces are put together to words. Where the dataset is
    not, or another one is, only the built-in ones are left, which `origin` says.
    """
    recorded = folder.params.train_input.data_dir
    dataset = recorded and datasets.is_dataset(recorded) and datasets.local(recorded)
    manifest = read_manifest(dataset) if dataset else None
    if manifest is None or manifest.fingerprint() != folder.fingerprint:
        return _with_built_in([], None, folder)
    names = splits.labelled(manifest)
    texts = [row for name in names for row in _spelt_split(dataset, name, manifest, folder)]
    where = " and ".join(os.path.join(dataset, name) for name in names)
    return _with_built_in(texts, where or None, folder)


def _with_built_in(texts: list, origin: Optional[str], folder: ModelFolder) -> Chosen:
    """Puts the built-in texts behind the others; of pairs, each one beside the next."""
    added = [(text,) for text in BUILT_IN]
    if len(folder.text_columns) == 2:
        added = list(zip(BUILT_IN, (*BUILT_IN[1:], BUILT_IN[0]), strict=True))
    origin = f"{len(texts):,} of {origin}, {len(added)} built in" if origin else _ALL_BUILT_IN
    return Chosen([*texts, *added], origin)


def _spelt_split(dataset: str, split: str, manifest: Manifest, folder: ModelFolder):
    """The examples of a split, spelt from its ids. Nearly always a text has these ids; any text
    will do to compare with."""
    from train.data import in_memory  # imports TensorFlow

    found = in_memory.read_split(dataset, split, manifest)
    spell = spelling.speller(folder.vocabulary.pieces, len(folder.text_columns))
    yield from map(spell, found.input_ids, found.lengths, found.b_starts)
