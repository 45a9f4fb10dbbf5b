"""Apache Beam's options, checked; needs Beam and not TensorFlow."""

import logging
from contextlib import contextmanager

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from shared.errors import UserError


def checked(arguments: "list[str]") -> PipelineOptions:
    """Raises UserError for a runner that does not exist or an option that nobody knows."""
    options = PipelineOptions(arguments)
    with _warnings_of("apache_beam.options.pipeline_options") as problems:
        # Beam itself only warns. Runners elsewhere may have options of their own.
        if options.get_all_options()["runner"] != "FnApiRunner":
            problems.clear()
    try:
        beam.Pipeline(options=options)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise UserError(f"Beam refuses the options {' '.join(arguments)}: {problems[0]}")
    return options


@contextmanager
def _warnings_of(logger: str):
    """Yields the list of what the logger warns of inside the block, and keeps it from the log."""
    messages = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())
    found = logging.getLogger(logger)
    propagates, found.propagate = found.propagate, False
    found.addHandler(handler)
    try:
        yield messages
    finally:
        found.removeHandler(handler)
        found.propagate = propagates
