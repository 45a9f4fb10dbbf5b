"""Counts texts that tokenizers split differently from Google's reference."""
