"""The name under which the weight-streaming container (`import tfwse` succeeds) has it."""

from cerebras.tf.cs_estimator import CerebrasEstimator

__all__ = ["CerebrasEstimator"]
