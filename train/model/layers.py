"""The parts of BERT that each backend implements in its own way: here for gpu and cpu.

train/model/bert.py combines them; Cerebras' are in train/wse/layers.py.

Letters in shapes: B batch, S sequence length, H hidden_size, N heads, A query tokens of a row.
"""

import tensorflow as tf

from shared import records
from train.model import activations
from train.model.derivatives import add_bias, gelu, gelu_erf, normalized, product_of_rows

# Added to the attention scores of padding; exp(-1e4) is 0 in float32 after the softmax.
MASKED_SCORE = -1e4


def no_dropout(x, rate):
    """Outside training."""
    del rate
    return x


def split_last(x, sizes):
    """The last axis as several: [B, S, C] -> [B, S, *sizes]."""
    shape = tf.shape(x)
    return tf.reshape(x, [shape[0], shape[1], *sizes])


class Layers:
    """Layers for one pass through the model.

    Args of the constructor:
      dtype: of the matrix products; layer norm and softmax are float32 in any case.
      dropout: function (x, rate) -> x of the same shape; the identity outside training.
    """

    # Arguments of the functions of train/model/derivatives.py.
    sum_of_rows = staticmethod(product_of_rows)
    stored = staticmethod(lambda moment: moment)

    def __init__(self, dtype, dropout=no_dropout):
        self.dtype, self.dropout = dtype, dropout

    def lookup(self, table, ids):
        """Rows of an embedding table: float32 [R, H], int32 [B, S] -> [B, S, H]."""
        return tf.gather(table, ids)

    def first_rows(self, table, count):
        """The first rows of an embedding table: float32 [R, H] -> [count, H]."""
        # Not table[:count]: Cerebras' compiler is not known to support the gradient of that slice;
        # the gradient of tf.slice is a Pad.
        return tf.slice(table, [0, 0], [count, table.shape[1]])

    def normalize(self, x, gamma, beta, epsilon):
        """(x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis, in float32."""
        x = tf.cast(x, tf.float32)
        normal = normalized(x, gamma, beta, epsilon, self.sum_of_rows, self.stored)
        return tf.cast(normal, self.dtype)

    def dense(self, x, kernel, bias):
        """x @ kernel + bias over the last axis."""
        inputs, outputs = kernel.shape
        flat = tf.matmul(tf.reshape(x, [-1, inputs]), tf.cast(kernel, self.dtype))
        # The reshape keeps TensorFlow from fusing product and bias: with oneDNN in bfloat16 the
        # fused operation takes a third longer than the two.
        product = tf.reshape(flat, tf.concat([tf.shape(x)[:-1], [outputs]], axis=0))
        return add_bias(product, tf.cast(bias, self.dtype), self.sum_of_rows)

    def heads(self, x, kernels, biases, count):
        """Several dense layers, each of whose outputs is split into heads.

        Args: x, [B, S, H]; kernels, [[H, N D], ...]; biases, [[N D], ...]; count, N.
        Returns: [[B, N, S, D], ...].
        """
        size = kernels[0].shape[1] // count
        outputs = map(self.dense, [x] * len(kernels), kernels, biases)
        split = [split_last(output, [count, size]) for output in outputs]
        return [tf.transpose(output, [0, 2, 1, 3]) for output in split]

    def mask(self, input_mask):
        """What `attention` takes: float32 [B, 1, 1, S], -1e4 on padding."""
        is_padding = tf.cast(tf.equal(input_mask, records.PADDING), tf.float32)
        return MASKED_SCORE * is_padding[:, tf.newaxis, tf.newaxis, :]

    def query_tokens(self, hidden):
        """The tokens whose output of the last layer is used, [B, S, H] -> [B, 1, H].

        The classifier reads only the first one; nearly all of a layer's work is for the others.
        """
        return hidden[:, :1]

    def attention(self, scores, mask):
        """How much each token attends to each: scores [B, N, A, S] -> shares of the same shape."""
        return tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32) + mask), self.dtype)

    def feed_forward_dropout(self, x):
        """After each of a feed-forward block's dense layers: BERT has none there."""
        return x

    def activation(self, name):
        """The function that model.encoder_nonlinearity names."""
        of_layers = {"gelu": self.gelu, "gelu_erf": self.gelu_erf}
        return {**activations.FUNCTIONS, **of_layers}[name]

    def gelu(self, x):
        """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), Google's and the Model Zoo's form."""
        return gelu(x)

    def gelu_erf(self, x):
        """x times the normal distribution function, Hugging Face's `gelu`."""
        return gelu_erf(x)
