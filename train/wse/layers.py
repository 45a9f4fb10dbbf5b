"""The layers in the form that Cerebras' compiler is known to accept: the Model Zoo's.

What it accepts is not published, so every layer consists of the same operations, in the same order,
as in the Model Zoo's classifier (releases 1.3 to 1.7.1) in TensorFlow 2.2. Its layer norm is
Keras', in float32.
"""

import math

import tensorflow as tf

from train.model.layers import MASKED_SCORE, Layers


class WseLayers(Layers):
    """Static shapes only: [B, S] must be known when the graph is made."""

    def lookup(self, table, ids):
        # No id is -1, which in the Model Zoo marks the padding of variable sequence lengths.
        # Multiplying by 1 keeps the table's gradient dense.
        table = 1.0 * tf.cast(table, self.dtype)
        is_nothing = tf.equal(ids, -1)
        ids = tf.where(is_nothing, tf.zeros_like(ids), ids)
        rows = tf.nn.embedding_lookup(table, ids)
        return tf.where(tf.expand_dims(is_nothing, -1), tf.zeros_like(rows), rows)

    def first_rows(self, table, count):
        return tf.cast(tf.slice(table, [0, 0], [count, -1]), self.dtype)

    def normalize(self, x, gamma, beta, epsilon):
        wide = tf.cast(x, tf.float32)
        mean, variance = tf.nn.moments(wide, axes=[len(x.shape) - 1], keepdims=True)
        normal = tf.nn.batch_normalization(wide, mean, variance, beta, gamma, epsilon)
        return tf.cast(normal, self.dtype)

    def dense(self, x, kernel, bias):
        product = tf.tensordot(x, tf.cast(kernel, self.dtype), [[len(x.shape) - 1], [0]])
        return tf.nn.bias_add(product, tf.cast(bias, self.dtype))

    def mask(self, input_mask):
        return input_mask  # 1 on padding; every layer turns it into scores itself

    def query_tokens(self, hidden):
        return hidden  # all of them: the Model Zoo's last layer is like the others

    def attention(self, scores, mask):
        batch, length = tf.shape(mask)[0], tf.shape(mask)[1]
        padding = tf.reshape(tf.cast(mask, self.dtype), [batch, 1, 1, length])
        scores += padding * MASKED_SCORE
        return tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), self.dtype)

    def feed_forward_dropout(self, x):
        return self.dropout(x, 0.0)  # the Model Zoo has one there, of this rate

    def gelu(self, x):
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * tf.pow(x, 3))
        return x * (0.5 * (1.0 + tf.tanh(inner)))
