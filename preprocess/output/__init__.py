"""Datasets on disk: shards, replacing the folder as a whole, and whether it is up to date."""
