"""The speed of batches from records, beside other programs."""
