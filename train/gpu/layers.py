"""The layers of a GPU: the same numbers, in forms that XLA fuses there."""

import tensorflow as tf

from train.model import variables
from train.model.derivatives import reduction_of_rows
from train.model.layers import Layers


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


def layers_of_device():
    """GpuLayers if there is a GPU, else Layers."""
    return GpuLayers if tf.config.list_logical_devices("GPU") else Layers
