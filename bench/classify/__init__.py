"""Texts to answers, compared with transformers."""
