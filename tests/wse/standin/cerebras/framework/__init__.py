"""Its presence tells the container from a plain TensorFlow (releases from 1.7 on)."""
