"""What a run does: train, evaluate, predict, compile, several seeds, the quality gate."""
