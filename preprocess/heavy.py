"""Imports the modules that need TensorFlow, TF Text or Beam, which takes seconds."""

import importlib
import logging
import os

from shared import quiet


def load(*names: str) -> list:
    """The modules of these names, imported for work on the CPU and without chatter."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # tokenizing must not take a GPU's memory
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Beam warns of cloud libraries that nobody asked for.
    with quiet.native_stderr(), quiet.log_records(logging.WARNING):
        import tensorflow as tf

        modules = [importlib.import_module(name) for name in names]
        tf.config.list_physical_devices()  # complains of the missing GPU now, not later
    return modules
