"""Which operations the Model Zoo's own graphs have, as facts: sets of train/wse/node_hashes.py.

The facts were taken from its classifier (release 1.7.1), run on TensorFlow 2.2.0 with its four
shipped configurations, base also with `mixed_precision: False`; disable_nsp changes nothing.
tests/wse/pack_graphs.py has packed them. Of each hash 24 bits are kept: by chance, one stranger in
1,500 passes for a node of theirs.
"""

import os
from typing import Dict, Iterable, NamedTuple, Optional, Tuple

import numpy as np
import tensorflow as tf

from train.wse import node_hashes

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "modelzoo_graphs.npz")
COMPARABLE = (
    "BERT-base and BERT-large with 30,522 words, batches of 12 rows of 72 tokens for 2 classes or "
    "of 448 for 3"
)
_DIGITS = 6  # hexadecimal ones kept of a hash
# Where data and weights enter a graph.
_SOURCES = ("Placeholder", "VarHandleOp")


class Comparison(NamedTuple):
    """How many nodes our graph has, and which of them the Model Zoo's lacks.

    origins: the strangers all of whose inputs are the Model Zoo's; the others follow from them.
    """

    nodes: int
    strangers: int
    origins: Tuple[tf.Operation, ...]


def compare(graph: tf.Graph, mode: str) -> Optional[Comparison]:
    """Our graph beside the Model Zoo's of the same inputs and variables; None if there is none.

    Args: mode, of train/wse/model_fn.py.
    """
    hashes = node_hashes.of_graph(graph)
    ours = {}  # {hash: the first operation that has it}
    for op, digits in hashes.items():
        if node_hashes.is_counted(op):
            ours.setdefault(digits, op)
    sources = {_kept(digits) for digits, op in ours.items() if op.type in _SOURCES}
    comparable = [
        {digits for digits in ours if _kept(digits) not in theirs}
        for theirs in _read(mode)
        if sources <= theirs
    ]
    if not comparable:
        return None
    strangers = min(comparable, key=len)
    origins = [ours[digits] for digits in sorted(strangers)]
    origins = [op for op in origins if not any(hashes[t.op] in strangers for t in op.inputs)]
    return Comparison(len(ours), len(strangers), tuple(origins))


def _kept(digits: str) -> int:
    return int(digits[:_DIGITS], 16)


def pack(graphs: Dict[str, Iterable[str]]) -> Dict[str, np.ndarray]:
    """{name: differences of its sorted numbers, uint32, which compress well}.

    Args: graphs, {<configuration>.<mode>: hashes}.
    """
    sets = {name: sorted(set(map(_kept, hashes))) for name, hashes in graphs.items()}
    return {
        name: np.diff(np.array(numbers, np.uint32), prepend=np.uint32(0))
        for name, numbers in sets.items()
    }


def _read(mode):
    """The set of numbers of each graph of a mode."""
    with np.load(PATH) as facts:
        for name in facts.files:
            if name.endswith(f".{mode}"):
                yield set(np.cumsum(facts[name], dtype=np.uint32).tolist())
