"""Model folders and the checkpoints in them."""
