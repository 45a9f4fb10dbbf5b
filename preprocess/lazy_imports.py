"""Imports the modules that need TensorFlow, TF Text or Beam late, because it takes seconds."""

import importlib
import logging
import os
import sys

from shared import imports, quiet


def load(*names: str) -> list:
    """The modules of these names, imported for use on the CPU and without log output.

    TensorFlow is imported only if they import it.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # tokenizing must not take a GPU's memory
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Beam warns about cloud libraries that are not needed. TF Text needs Keras, which takes another
    # second to import scikit-learn, where it is installed.
    with (
        quiet.native_stderr(),
        quiet.log_records(logging.WARNING),
        imports.without("sklearn"),
    ):
        modules = [importlib.import_module(name) for name in names]
        if tf := sys.modules.get("tensorflow"):
            tf.config.list_physical_devices()  # warns about the missing GPU now, not later
    return modules
