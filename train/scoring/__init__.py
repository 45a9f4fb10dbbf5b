"""From logits to metrics and to files of answers."""
