"""CSEstimatorSpec: a tf.estimator.EstimatorSpec that may hold a host_call."""

import tensorflow as tf


class CSEstimatorSpec(tf.estimator.EstimatorSpec):
    """As EstimatorSpec; host_call instead of eval_metric_ops (cerebras.tf.host_call)."""

    def __new__(cls, mode, host_call=None, **kwargs):
        if host_call and kwargs.get("eval_metric_ops"):
            raise ValueError("Specify only one of `host_call` and `eval_metric_ops`, not both.")
        spec = super().__new__(cls, mode, **kwargs)
        spec.host_call = host_call
        return spec
