"""GLUE (or a user's text) to TFRecords: reads, tokenizes, writes; meets `train/` only on disk."""
