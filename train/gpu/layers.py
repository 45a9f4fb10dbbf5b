"""The layers of a GPU: the same numbers, in forms that are fast there."""

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

from train.model import variables
from train.model.derivatives import reduction_of_rows
from train.model.layers import Layers, split_last


class GpuLayers(Layers):
    """They differ from a CPU's layers in how derivatives are summed.

    A sum that is a matrix product cannot be fused with the operations that compute its terms, which
    then pass through memory once more; an H100 took 36 ms for a step of BERT-base that way.
    """

    sum_of_rows = staticmethod(reduction_of_rows)

    def lookup(self, table, ids):
        if table.shape[0] != variables.SEGMENTS:
            return super().lookup(table, ids)
        # The derivative of a gather would add all rows of a batch to two addresses, one by one.
        return tf.where(tf.equal(ids, 1)[..., tf.newaxis], table[1], table[0])


class XlaLayers(GpuLayers):
    """They lead XLA to programs that pass over memory less often: in a layer of BERT-base at
    128 x 128 over 2,161 MB outside of products, not 2,778 (python -m bench.gpu.program).

    Moments of a layer norm that are not stored are computed again in each kernel that needs them,
    which keeps its derivatives from being fused. Query, key and value by one product read their
    input once.
    """

    @staticmethod
    def stored(moment):
        return xla.optimization_barrier(moment)[0]

    def heads(self, x, kernels, biases, count):
        sizes = [len(kernels), count, kernels[0].shape[1] // count]
        together = self.dense(x, tf.concat(kernels, axis=1), tf.concat(biases, axis=0))
        return tf.unstack(tf.transpose(split_last(together, sizes), [2, 0, 3, 1, 4]))


def layers_of_device(use_xla: bool):
    """The class of layers for this device; args: use_xla, whether XLA compiles them."""
    if not tf.config.list_logical_devices("GPU"):
        return Layers
    return XlaLayers if use_xla else GpuLayers
