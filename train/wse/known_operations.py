"""The operations that Cerebras' compiler is known to accept.

They are the operations of the Model Zoo's classifier (release 1.7.1) in TensorFlow 2.2.0, with
initializers and function bodies, without input pipeline and Saver: the same in float32 and
mixed_float16, with dynamic loss scale and with dropout. The compiler's own list is not published.
"""

import os
from typing import Dict

import tensorflow as tf

_TRAIN = """
Add AddN AddV2 AssignAddVariableOp AssignVariableOp BatchMatMulV2 BiasAdd BiasAddGrad
BroadcastGradientArgs Cast ConcatV2 Const DynamicStitch Equal ExpandDims Fill FloorDiv FloorMod
GatherV2 Greater GreaterEqual Identity If InvertPermutation IsFinite L2Loss Less Log MatMul Maximum
Mean Minimum Mul Neg NoOp Pack Pad Pow RandomUniform Range ReadVariableOp RealDiv Reshape Rsqrt
RsqrtGrad ScalarSummary Select SelectV2 Slice Softmax SparseSoftmaxCrossEntropyWithLogits Sqrt
Square SquaredDifference StopGradient StridedSlice Sub Sum Tanh TanhGrad Tile Transpose
TruncatedNormal UnsortedSegmentSum VarHandleOp VarIsInitializedOp ZerosLike
"""
_EVAL = """
Add AddV2 All ArgMax Assert AssignAddVariableOp AssignVariableOp BatchMatMulV2 BiasAdd Cast Const
DivNoNan Equal ExpandDims Fill GatherV2 Identity If Less LessEqual MatMul MatrixDiagPartV3 Maximum
Mean Mul NoOp NotEqual Pack Pow Range ReadVariableOp Reshape Rsqrt ScalarSummary SelectV2 Slice
Softmax SparseSoftmaxCrossEntropyWithLogits SparseTensorDenseAdd Sqrt SquaredDifference StopGradient
StridedSlice Sub Sum Tanh Transpose TruncatedNormal VarHandleOp VarIsInitializedOp
"""
# {mode of train/wse/model_fn.py: operation types}; prediction is evaluation without metrics.
KNOWN = {
    "train": frozenset(_TRAIN.split()),
    "eval": frozenset(_EVAL.split()),
    "infer": frozenset(_EVAL.split()),
}
# Other versions of TensorFlow use other operations.
VERSION = "2.2."

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # train/


def unknown_operations(graph: tf.Graph, mode: str) -> Dict[str, str]:
    """{an operation type of the graph that is not in KNOWN: the line of our code it came from}.

    Placeholders stand for the input pipeline and are left out.
    """
    known = {*KNOWN[mode], "Placeholder"}
    return {op.type: line_of(op) for op in _operations(graph) if op.type not in known}


def _operations(graph):
    """The operations of the graph and of its functions, such as the branches of tf.cond."""
    yield from graph.get_operations()
    for function in graph._functions.values():  # there is no public way to them
        yield from function.graph.get_operations()


def line_of(op: tf.Operation) -> str:
    """file:line of the innermost line of train/ that made an operation."""
    ours = [frame for frame in op.traceback if os.path.abspath(frame[0]).startswith(_FOLDER)]
    if not ours:
        return f"operation {op.name}"
    file, line = ours[-1][:2]
    return f"{os.path.relpath(file, os.path.dirname(_FOLDER))}:{line}"
