"""Fine-tunes BERT on the records that `preprocess/` wrote; the two meet only on disk."""
