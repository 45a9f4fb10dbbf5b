"""Apache Beam's options, checked; needs Beam and not TensorFlow."""

import logging
from contextlib import contextmanager

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from preprocess.beam import dask_cluster
from shared.errors import UserError


def checked(arguments: "list[str]") -> PipelineOptions:
    """Raises UserError for an unknown runner or option, one whose library is missing, or a cluster
    that does not answer."""
    options = PipelineOptions(arguments)
    with _warnings_of("apache_beam.options.pipeline_options") as problems:
        # Beam itself only warns. Other runners may have their own options.
        if options.get_all_options()["runner"] != "FnApiRunner":
            problems.clear()
    try:
        beam.Pipeline(options=options)
    except ImportError as error:
        raise UserError(
            f"{' '.join(arguments)} needs a library: {error}. For Dask run: make setup EXTRAS=dask"
        ) from None
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise UserError(f"Beam rejects the options {' '.join(arguments)}: {problems[0]}")
    dask_cluster.check(options)
    return options


@contextmanager
def _warnings_of(logger: str):
    """Yields a list that collects the logger's warnings inside the block; none is logged."""
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
