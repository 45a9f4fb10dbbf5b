"""Helpers for make and pip; standard library only."""
