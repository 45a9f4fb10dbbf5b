"""Datasets on disk: shards, the folder that appears whole, and whether it is up to date."""
