"""What the stand-in is made of; Cerebras' package has no such module."""
