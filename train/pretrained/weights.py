"""What a reader returns: a checkpoint's weights under our names, and its metadata."""

from dataclasses import dataclass
from typing import Callable, Dict, Optional, Tuple

import numpy as np

from shared.errors import UserError
from train.model import variables

# All are exact as float32.
_FLOATS = ("float32", "float16", "bfloat16")


@dataclass(frozen=True)
class Pretrained:
    """A checkpoint in our terms.

    Attributes:
      path: where it was read.
      format: for the log, such as "Hugging Face checkpoint".
      weights: {our variable name: float32 array}, pretraining heads included.
      left_over: names in the file, unchanged, that are not part of BERT.
      sizes: {name in shared.config.ModelConfig: value}, those that are known.
      encoder_nonlinearity, layer_norm_epsilon: what the checkpoint was trained with.
      is_classifier: whether variables.OUTPUT is a classifier's, not next-sentence prediction's.
      label_names: of the classifier's outputs in their order; None if unknown.
      vocab_file: the vocabulary beside it, or None.
      lower_case, strip_accents, tokenize_chinese_chars: of its tokenizer; None if unknown.
      added_tokens: what its tokenizer adds to BERT's own tokens.
      vocabulary_name, vocabulary_sha256: of the vocabulary that it records, or None.
      is_own: whether it was trained by train.run.
    """

    path: str
    format: str
    weights: Dict[str, np.ndarray]
    left_over: Tuple[str, ...]
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
    vocabulary_name: Optional[str] = None
    vocabulary_sha256: Optional[str] = None
    is_own: bool = False


def renamed(
    tensors: Dict[str, np.ndarray], our_name: Callable[[str], Optional[str]], path: str
) -> "Tuple[Dict[str, np.ndarray], Tuple[str, ...]]":
    """The tensors under our names, and the names without one, in order.

    Args:
      our_name: function of a name in the file; None for what is not part of BERT.
    Returns:
      ({our name: float32 array}, left-over names).
    Raises:
      UserError: a weight is not a float of at most 32 bits, or two tensors for one variable
        differ; all are listed.
    """
    weights, left_over, faults = {}, [], []  # type: Dict, List[str], List[str]
    for theirs in sorted(tensors):
        array, name = tensors[theirs], our_name(theirs)
        if name is None:
            left_over.append(theirs)
        elif array.dtype.name not in _FLOATS:
            faults.append(f"  {theirs}: {array.dtype.name}, expected one of {', '.join(_FLOATS)}")
        elif name not in weights:
            weights[name] = array.astype(np.float32, copy=False)
        elif not np.array_equal(weights[name], array.astype(np.float32, copy=False)):
            faults.append(f"  {theirs}: another tensor, with other values, is also {name}")
    if faults:
        raise UserError(
            f"{path} has tensors that cannot be read as weights:\n" + "\n".join(faults) + "\n"
            "Use a checkpoint that is not quantized and holds one BERT."
        )
    return weights, tuple(left_over)


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
