"""Whether a dataset is what a run expects, and how to build the one that is."""

from typing import Any, Dict, Tuple

from shared.errors import UserError
from shared.manifest import Manifest
from shared.records import MASK_POLARITY
from shared.tasks import TASKS

_FACTS = {
    "task": lambda manifest: manifest.task,
    "max_sequence_length": lambda manifest: manifest.max_sequence_length,
    "vocab_size": lambda manifest: manifest.vocabulary.size,
    "vocab_sha256": lambda manifest: manifest.vocabulary.sha256,
    "lower_case": lambda manifest: manifest.vocabulary.lower_case,
    "label_names": lambda manifest: manifest.label_names,
    "num_cls_classes": lambda manifest: manifest.num_classes,
    "multi_label": lambda manifest: manifest.is_multi_label,
}


def check_run(dataset: str, manifest: Manifest, expected: Dict[str, Tuple[Any, str]]) -> None:
    """Stops when the dataset is not what a run expects.

    Args:
      dataset: the dataset's folder, for the message.
      manifest: its manifest.
      expected: {name of one of _FACTS: (the value that the run expects or None for any, where it
        is set)}, for example {"max_sequence_length": (72, "params.yaml train_input")}.
    Raises:
      UserError: one message that lists every disagreement and the command that rebuilds the data.
    """
    lines = []
    for name, (value, who) in expected.items():
        found = _FACTS[name](manifest)
        if value is not None and value != found:
            lines.append(f"  {name}: the records have {found}, {who} says {value}")
    if manifest.mask_polarity != MASK_POLARITY:
        lines.append(f"  mask: the records have {manifest.mask_polarity!r}, not {MASK_POLARITY!r}")
    if lines:
        wanted = {name: value for name, (value, _) in expected.items() if value is not None}
        command = rebuild_command(
            wanted.get("task", manifest.task),
            wanted.get("max_sequence_length", manifest.max_sequence_length),
            "VOCAB=<vocabulary>",
        )
        raise UserError(
            f"the dataset {dataset} does not fit this run:\n" + "\n".join(lines) + "\n"
            f"Correct the configuration (CONFIG), or build the data for it: {command}"
        )


def rebuild_command(task: str, max_sequence_length: int, more: str = "") -> str:
    """The command that rebuilds such a dataset."""
    own = "" if task in TASKS else "DATA=... TEXT=... LABEL=... "
    return f"make data TASK={task} {own}MSL={max_sequence_length} {more}".rstrip()


def rebuild_advice(manifest: Manifest) -> str:
    """A sentence that says how to rebuild a damaged dataset."""
    command = rebuild_command(manifest.task, manifest.max_sequence_length, "ARGS=--overwrite")
    return (
        "Rebuild the dataset with the options it was built with (vocabulary "
        f"{manifest.vocabulary.name}): {command}"
    )
