"""Everything that is Cerebras': the estimator, its graph, its input, its rules."""
