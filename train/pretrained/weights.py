"""What a reader returns: a checkpoint's weights under our names, and its metadata."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from shared import shown
from shared.errors import UserError
from train.model import variables

# All are exact as float32.
_FLOATS = ("float32", "float16", "bfloat16")
_SHOWN = 5  # names in one line


@dataclass(frozen=True)
class Pretrained:
    """A checkpoint in our terms.

    Attributes:
      path: where it was read.
      format: for the log, such as "Hugging Face checkpoint".
      weights: {our variable name: float32 array}, pretraining heads included.
      stored_as: {our variable name: its name in the file}.
      unreadable: {our variable name: what is wrong with its tensor}; only parts of heads.
      left_over: names in the file, unchanged, that lie inside its BERT but have no place in ours.
      unused: those outside of it: heads of other tasks.
      sizes: {name in shared.config.ModelConfig: value}, those that are known.
      encoder_nonlinearity, layer_norm_epsilon, use_segment_embedding: what the checkpoint was
        trained with.
      dropout_rates: {name in shared.config.ModelConfig: value as the file has it}, those that it
        was trained with as far as they are known.
      is_classifier: whether variables.OUTPUT is a classifier's, not next-sentence prediction's.
      label_names: of the classifier's outputs in their order; None if unknown.
      is_multi_label: whether it gives a row several of its labels, or none.
      output_fault: why its output layer cannot answer a task of ours; None if it can, or is none.
      vocab_file: the vocabulary beside it, or None.
      lower_case, strip_accents, tokenize_chinese_chars: of its tokenizer; None if unknown.
      added_tokens: what its tokenizer adds to BERT's own tokens.
      vocabulary_name, vocabulary_sha256: of the vocabulary that it records, or None.
      is_own: whether it was trained by train.run.
      notes: lines for the log about how it was read.
    """

    path: str
    format: str
    weights: Dict[str, np.ndarray]
    stored_as: Dict[str, str]
    unreadable: Dict[str, str]
    left_over: Tuple[str, ...]
    unused: Tuple[str, ...]
    sizes: Dict[str, int]
    encoder_nonlinearity: str
    layer_norm_epsilon: float
    is_classifier: bool
    label_names: Optional[Tuple[str, ...]]
    vocab_file: Optional[str]
    lower_case: Optional[bool]
    strip_accents: Optional[bool] = None
    tokenize_chinese_chars: Optional[bool] = None
    added_tokens: Tuple[str, ...] = ()
    dropout_rates: "Mapping[str, Any]" = field(default_factory=dict)
    use_segment_embedding: bool = True
    vocabulary_name: Optional[str] = None
    vocabulary_sha256: Optional[str] = None
    is_multi_label: bool = False
    output_fault: Optional[str] = None
    is_own: bool = False
    notes: Tuple[str, ...] = ()

    @property
    def outputs(self) -> int:
        """Outputs of the output layer; 0 if it has none."""
        return self.weights.get(variables.OUTPUT + "/bias", np.empty(0)).size

    @property
    def is_score(self) -> bool:
        """Whether its output is a score; one class would have a name."""
        return self.outputs == 1 and self.label_names is None


class Renamed(NamedTuple):
    """The tensors of a file; the fields are Pretrained's."""

    weights: Dict[str, np.ndarray]
    stored_as: Dict[str, str]
    unreadable: Dict[str, str]
    left_over: Tuple[str, ...]
    unused: Tuple[str, ...]


def renamed(
    tensors: Dict[str, np.ndarray],
    our_name: Callable[[str], Optional[str]],
    is_inside: Callable[[str], bool],
    path: str,
) -> Renamed:
    """The tensors under our names, and the names without one, in order.

    Args:
      our_name: function of a name in the file; None for what has no place in our BERT.
      is_inside: whether such a name belongs to the file's BERT, not to a head.
    Raises:
      UserError: a weight is not a float of at most 32 bits, or two tensors for one variable
        differ; all are listed.
    """
    weights, stored_as, faults = {}, {}, {}  # type: Dict, Dict, Dict
    for theirs in sorted(tensors):
        name = our_name(theirs)
        if name is not None:
            fault = _fault(theirs, tensors[theirs], name, weights.get(name))
            faults.update({name: fault} if fault else {})
            weights[name], stored_as[name] = tensors[theirs], theirs
    _check_readable({n: fault for n, fault in faults.items() if not variables.is_head(n)}, path)
    nameless = [theirs for theirs in sorted(tensors) if our_name(theirs) is None]
    return Renamed(
        {n: as_float32(array) for n, array in weights.items() if n not in faults},
        stored_as,
        faults,
        tuple(theirs for theirs in nameless if is_inside(theirs)),
        tuple(theirs for theirs in nameless if not is_inside(theirs)),
    )


def _fault(theirs: str, array: np.ndarray, name: str, other: Optional[np.ndarray]) -> Optional[str]:
    """What is wrong with a tensor; `other` was found before it for the same variable."""
    if array.dtype.name not in _FLOATS:
        return f"{theirs}: {array.dtype.name}, expected one of {', '.join(_FLOATS)}"
    if other is not None and not np.array_equal(as_float32(other), as_float32(array)):
        return f"{theirs}: another tensor, with other values, is also {name}"
    return None


def as_float32(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32, copy=False)


def _check_readable(faults: Dict[str, str], path: str) -> None:
    if faults:
        lines = "".join(f"\n  {fault}" for fault in faults.values())
        raise UserError(
            f"{path} has tensors that cannot be read as weights:{lines}\n"
            "Use a checkpoint that is not quantized and holds one BERT."
        )


def in_one_line(names: Sequence[str]) -> str:
    """The names for a message; of many, the first."""
    return shown.listed(names, _SHOWN)


def sizes_of(weights: Dict[str, np.ndarray], num_hidden_layers: int) -> Dict[str, int]:
    """The sizes that follow from the shapes of the existing weights: all but num_heads."""
    axes = {
        "vocab_size": (variables.WORD_EMBEDDINGS, 0),
        "hidden_size": (variables.WORD_EMBEDDINGS, 1),
        "max_position_embeddings": (variables.POSITION_EMBEDDINGS, 0),
        "filter_size": (variables.ffn_in(0) + "/kernel", 1),
    }
    sizes = {
        name: weights[variable].shape[axis]
        for name, (variable, axis) in axes.items()
        if variable in weights and weights[variable].ndim == 2
    }
    return {**sizes, "num_hidden_layers": num_hidden_layers}


def rows_of(weights: Dict[str, np.ndarray]) -> Dict[str, int]:
    """vocab_size as the table of words has it: what a configuration states may lack padding."""
    words = weights.get(variables.WORD_EMBEDDINGS)
    return {"vocab_size": words.shape[0]} if words is not None and words.ndim == 2 else {}
