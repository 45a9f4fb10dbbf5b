"""Takes nearly all of a GPU's memory, prints how much, and keeps it until its input ends."""

import sys

import tensorflow as tf

_PIECES = (2**30, 2**26)  # bytes


def main() -> None:
    (gpu, *_) = tf.config.list_physical_devices("GPU")
    tf.config.experimental.set_memory_growth(gpu, True)
    held = [tensor for size in _PIECES for tensor in _all_of(size)]
    print(f"holds {sum(tensor.shape[0] for tensor in held) / 2**30:.1f} GiB", flush=True)
    sys.stdin.read()


def _all_of(size: int):
    """Tensors of this size until no more fit."""
    while True:
        try:
            yield tf.zeros([size], tf.uint8)
        except tf.errors.OpError:
            return


if __name__ == "__main__":
    main()
