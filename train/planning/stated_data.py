"""The data of an input function that reads no dataset: a manifest of what the configuration states.

How many rows the function gives, their texts and their vocabulary are unknown.
"""

from typing import Optional, Tuple

from shared import shown, tasks
from shared.config import Config
from shared.config.input_sections import EVAL_INPUT, PREDICT_INPUT, TRAIN_INPUT
from shared.errors import UserError
from shared.manifest import Manifest, Split, Vocabulary
from train.planning import resolve

_SPLITS = {
    TRAIN_INPUT: tasks.TRAIN_SPLIT,
    EVAL_INPUT: tasks.VALIDATION_SPLIT,
    PREDICT_INPUT: tasks.TEST_SPLIT,
}
# Where data_processor names no task.
_TASK, _COLUMNS = "input_fn", ("text_a", "text_b")


def manifest(params: Config, path: str, section: str) -> Manifest:
    """The manifest of what train_input, eval_input or predict_input reads with its input_fn.

    It has one split, which is not counted: train, validation or test.

    Args: path, of the configuration, for messages.
    Raises:
      UserError: the configuration does not state enough, or contradicts itself.
    """
    inputs = getattr(params, section)
    task = resolve.task_of(inputs.data_processor) or _TASK
    known = tasks.TASKS.get(task)
    _check_stated(params, path, section, known)
    assert inputs.max_sequence_length
    found = Manifest(
        task=task,
        source={},
        text_columns=known.text_columns if known else _COLUMNS,
        max_sequence_length=inputs.max_sequence_length,
        vocabulary=_vocabulary(params, section),
        label_names=known.label_names if known else _numbered(params.model.num_cls_classes),
        splits={_SPLITS[section]: _split(section)},
        versions={},
        multi_label=params.model.multi_label or None,
    )
    resolve.check_data(params, path, section, inputs.place, found)
    return found


def _check_stated(params: Config, path: str, section: str, known: Optional[tasks.Task]) -> None:
    inputs, model = getattr(params, section), params.model
    stated = {
        f"{section}.max_sequence_length": inputs.max_sequence_length,
        f"{section}.vocab_size": inputs.vocab_size or model.vocab_size,
        "model.num_cls_classes": model.num_cls_classes or known,
    }
    missing = [name for name, value in stated.items() if not value]
    if missing:
        raise UserError(
            f"{path}: {section}.input_fn {inputs.input_fn} has no dataset, so state "
            f"{shown.listed(missing)}; or give the dataset whose rows it reads (--data_dir)"
        )


def _vocabulary(params: Config, section: str) -> Vocabulary:
    inputs = getattr(params, section)
    size, lower_case = inputs.vocab_size or params.model.vocab_size, inputs.do_lower is not False
    return Vocabulary(
        "unknown", size, sha256="", lower_case=lower_case, strip_accents=lower_case,
        tokenize_chinese_chars=True, special_ids={},
    )  # fmt: skip


def _numbered(classes: int) -> Optional[Tuple[str, ...]]:
    """Names of the classes; None for a regression task, which has one output.

    >>> _numbered(3), _numbered(1)
    (('0', '1', '2'), None)
    """
    return None if classes == 1 else tuple(map(str, range(classes)))


def _split(section: str) -> Split:
    unlabelled = int(section == PREDICT_INPUT)  # or more
    return Split(
        examples=0, shards=(), length_histogram={}, truncated=0, unknown_share=0.0, label_counts={},
        unlabelled=unlabelled, index_sha256=None,
    )  # fmt: skip
