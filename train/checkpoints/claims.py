"""Whether a TensorFlow checkpoint's index promises no more than its data files hold: TensorFlow
takes the memory for a variable before it looks for its values."""

import functools
import glob
import operator
import os


def check(reader, prefix: str) -> None:
    """Checks the sizes of all variables.

    Args:
      reader: what tf.train.load_checkpoint(prefix) returned.
      prefix: the checkpoint's path, without the extensions of its files.
    Raises:
      ValueError: together they are larger than the files.
      OSError: a file was removed meanwhile.
    """
    types, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    claimed = sum(
        functools.reduce(operator.mul, shape, types[name].size)  # 0 for texts
        for name, shape in shapes.items()
    )
    there = sum(map(os.path.getsize, glob.glob(glob.escape(prefix) + ".data-*")))
    if claimed > there:
        raise ValueError(
            f"its index says {claimed:,} bytes of variables, its data files have {there:,}"
        )
