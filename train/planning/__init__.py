"""What a run will do: options, configuration, data and checkpoints, checked against each other."""
