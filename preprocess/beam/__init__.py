"""The Beam pipeline: its graph, its options, its progress and its results."""
