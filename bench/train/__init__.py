"""The speed of training steps, beside PyTorch."""
