"""Makes the demo's input: sentences, a TFDS dataset of them and a vocabulary; nothing else."""
