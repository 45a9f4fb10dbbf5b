"""Datasets, models and sources in object stores: s3://, gs:// and whatever else fsspec knows.

store.py alone touches the library, and imports it only when a path has a scheme. What the programs
read is copied into a cache first (cache.py), so that everything else sees local files.
"""
