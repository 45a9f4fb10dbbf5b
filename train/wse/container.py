"""Whether this is Cerebras' container, asked without importing TensorFlow."""

import importlib.util


def is_here() -> bool:
    """Whether Cerebras' estimator can be imported.

    `cerebras` alone says nothing: Cerebras' wheels of later releases hold it, too, without
    `cerebras.tf`.
    """
    try:
        return importlib.util.find_spec("cerebras.tf") is not None
    except ImportError:  # of cerebras itself
        return False
