"""From gradients to updates: optimizers, schedules, loss scaling."""
