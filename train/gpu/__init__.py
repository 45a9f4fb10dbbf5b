"""The estimator for GPU and CPU on current TensorFlow."""
