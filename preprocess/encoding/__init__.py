"""Texts to ids, to features, to bytes; and statistics of them."""
