"""The demo: invents sentences, builds a TFDS dataset and a vocabulary, and runs the programs."""
