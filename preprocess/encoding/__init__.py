"""Texts to ids, to features, to bytes; what is counted on the way."""
