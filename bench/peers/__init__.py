"""The programs that the benchmarks compare with, and their environment."""
