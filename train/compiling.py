"""Builds the steps of a run before it runs: `make compile` on gpu and cpu."""

from train.plan import Plan


def compile_steps(todo: Plan, backend: str, validate_only: bool) -> None:
    raise NotImplementedError
