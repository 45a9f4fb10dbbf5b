"""The contract between `preprocess/` and `train/`; it imports neither.

Runs on Python 3.7 with TF 2.2 too, because Cerebras' container holds those.
"""
