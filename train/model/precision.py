"""The dtype of the matrix products."""

import tensorflow as tf

from train.model import processor


def compute_dtype(mixed_precision):
    """The dtype of the matrix products.

    Args: mixed_precision, false, bfloat16, float16, true or auto. True is the best that the devices
      have: bfloat16 on CPUs and on GPUs of compute capability 8.0 and more, else float16. auto is
      false on CPUs that would only imitate bfloat16, else true.
    """
    if mixed_precision == "auto":
        has_gpu = bool(tf.config.get_visible_devices("GPU"))
        mixed_precision = has_gpu or processor.has_bfloat16()
    if mixed_precision is True:
        return tf.bfloat16 if _has_bfloat16() else tf.float16
    return {False: tf.float32, "bfloat16": tf.bfloat16, "float16": tf.float16}[mixed_precision]


def _has_bfloat16():
    details = [
        tf.config.experimental.get_device_details(device)
        for device in tf.config.get_visible_devices("GPU")
    ]
    return all(detail.get("compute_capability", (0, 0)) >= (8, 0) for detail in details)
