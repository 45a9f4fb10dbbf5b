"""The speed of training steps, compared with PyTorch."""
