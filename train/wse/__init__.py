"""Everything specific to Cerebras: the estimator, its graph, its input, its rules."""
