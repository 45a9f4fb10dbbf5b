"""Rows of text and labels from TFDS, from GLUE's files and from a user's own files."""
