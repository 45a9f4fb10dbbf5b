"""Benchmarks: speed compared with other software, and equality with Google's tokenizer."""
