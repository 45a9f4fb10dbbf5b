"""host_call: metrics that the CS system leaves to the host."""

import tensorflow as tf


def validate_host_call(host_call):
    """Returns host_call, or () where there is none.

    Args:
      host_call: (function, its positional arguments[, a list of unknown meaning]).
    Raises:
      ValueError: it has another form.
    """
    if not host_call:
        return ()
    if not isinstance(host_call, (list, tuple)) or len(host_call) not in (2, 3):
        raise ValueError(f"host_call must be a list or tuple of 2 or 3, found {host_call}")
    if not callable(host_call[0]):
        raise ValueError(f"the first item of host_call must be callable, found {host_call[0]}")
    for number, item in enumerate(host_call[1:], start=2):
        if not isinstance(item, (list, tuple)):
            raise ValueError(f"item {number} of host_call must be a list or tuple, found {item}")
    return host_call


def host_call_to_eval_metric_ops(host_call) -> dict:
    """Calls it; what is no pair that begins with a tensor is left out, as the Model Zoo does.

    Raises:
      ValueError: it returned neither a dict nor a list or tuple.
    """
    found = host_call[0](*host_call[1])
    if isinstance(found, (list, tuple)):
        found = {f"elem_{index}": value for index, value in enumerate(found)}
    if not isinstance(found, dict):
        raise ValueError(f"host_call returned a {type(found).__name__}, expected a dict or list")
    return {name: value for name, value in found.items() if _is_metric(value)}


def _is_metric(value):
    return isinstance(value, (list, tuple)) and len(value) == 2 and tf.is_tensor(value[0])
