"""BERT and its classifier: pure functions of a dict of weights, the same on every backend."""
