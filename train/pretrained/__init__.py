"""Readers of published checkpoints, one file per format."""
