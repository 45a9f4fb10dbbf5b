"""What the output layer of a checkpoint answers, as its config.json states it."""

from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

# The one class of transformers whose outputs are the labels of a text.
TEXT_CLASSIFIER = "BertForSequenceClassification"
CLASSES, SCORE = "single_label_classification", "regression"  # problem_type
MULTI_LABEL = "multi_label_classification"
_PROBLEMS = (CLASSES, MULTI_LABEL, SCORE)
# How transformers names classes when it only knows how many there are.
NAMELESS = "LABEL_"
_SHOWN = 200  # characters of a faulty id2label


class OutputLayer(NamedTuple):
    """The fields are those of Pretrained."""

    is_classifier: bool = False
    label_names: Optional[Tuple[str, ...]] = None
    output_fault: Optional[str] = None
    is_multi_label: bool = False


def read(content: Dict[str, Any], kernel: np.ndarray, path: str) -> OutputLayer:
    """What the layer with this kernel, [outputs, hidden_size], answers.

    Args:
      content: of the configuration at `path`.
    """
    outputs = kernel.shape[0] if kernel.ndim else 0
    other_task = _other_task(content, outputs)
    if other_task:
        return OutputLayer(output_fault=f"{path}: {other_task}")
    problem = content.get("problem_type") or (SCORE if outputs == 1 else None)
    if problem == SCORE:
        return OutputLayer(is_classifier=True)  # the name of a score tells nothing
    names, fault = _label_names(content.get("id2label"), outputs)
    fault = f"{path}: {fault}" if fault else None
    return OutputLayer(True, names, fault, problem == MULTI_LABEL)


def nameless(outputs: int) -> Tuple[str, ...]:
    """LABEL_0, LABEL_1, ..."""
    return tuple(f"{NAMELESS}{index}" for index in range(outputs))


def _other_task(content: Dict[str, Any], outputs: int) -> Optional[str]:
    """Why the outputs are neither the classes nor the score of a text; None if they are."""
    classes, problem = content.get("architectures") or [], content.get("problem_type")
    if classes and TEXT_CLASSIFIER not in classes:
        return f"architectures is {classes!r}, expected {TEXT_CLASSIFIER}"
    if problem not in (None, *_PROBLEMS):
        return f"problem_type is {problem!r} (supported: {', '.join(_PROBLEMS)})"
    if problem == SCORE and outputs != 1:
        return f"problem_type is {problem!r}, but it has {outputs} outputs, expected 1"
    return None


def _label_names(id2label: Any, outputs: int) -> "Tuple[Optional[Tuple[str, ...]], Optional[str]]":
    """(The names in the order of the outputs, or None if it holds none; what is wrong with them)"""
    if not id2label:
        return None, None
    labels = id2label if isinstance(id2label, dict) else {}
    names = tuple(labels.get(str(index)) for index in range(len(labels)))
    if not names or not all(isinstance(name, str) for name in names):
        return None, _unexpected(id2label)
    if names == nameless(len(names)):
        return None, None
    if len(names) != outputs:
        return None, f"id2label names {len(names)} labels, but there are {outputs} outputs"
    twice = [name for name in names if names.count(name) > 1]
    return (None, f"id2label names {twice[0]!r} twice") if twice else (names, None)


def _unexpected(id2label: Any) -> str:
    expected = '{"0": <name of label 0>, "1": ...}'
    return f"id2label is {str(id2label)[:_SHOWN]}, expected {expected}"
