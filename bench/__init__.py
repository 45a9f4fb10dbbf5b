"""Benchmarks: speed beside what others offer, and equality with Google's reference tokenizer."""
