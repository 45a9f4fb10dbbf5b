"""TensorFlow checkpoints as other programs write them."""

import tensorflow as tf

from train.checkpoints import tensors as checkpoint


def save_tf(prefix, tensors):
    """Writes a TensorFlow checkpoint."""
    names = sorted(tensors)
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names),
                      tensors=[tf.constant(tensors[name]) for name in names])  # fmt: skip


def load_tf(prefix):
    names = [name for name, _ in tf.train.list_variables(str(prefix))]
    return checkpoint.read(str(prefix), names)
