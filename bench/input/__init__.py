"""The speed of batches from records, compared with other programs."""
