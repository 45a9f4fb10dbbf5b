"""The programs that we are compared with, and their environment."""
