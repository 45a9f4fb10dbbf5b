"""Marks in a graph that mean something to Cerebras' compiler, and nothing to a CPU."""


def boundary_cast(x, name=None, back_cast=True):
    del name, back_cast
    return x


def summary_layer(x):
    return x
