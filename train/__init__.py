"""Fine-tunes BERT on records written by `preprocess/`; the two meet only on disk."""
