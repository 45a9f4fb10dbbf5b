"""The build backend: setuptools' for an editable install, a clear error for everything else.

The programs read configs/ and vocab/ from the checkout, and their packages are called `train` and
`shared`: a wheel would lack the former and put the latter into other people's environments.

An editable install puts no folder on sys.path. setuptools adds a finder that knows the packages by
name and is tried last: demo/, bench/ and tests/ stay invisible, and a user's own `train` is found
before ours. In that case put the checkout first: sys.path.insert(0, "<checkout>").
"""

import warnings

from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    prepare_metadata_for_build_editable,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "prepare_metadata_for_build_editable",
]
# setuptools warns of folders of the same name, which is what the last paragraph above is about.
warnings.filterwarnings("ignore", "Editable installation")
REFUSAL = (
    "error: bert-classify is used from its checkout and has no wheel or source archive. In the "
    "checkout run `make setup`, or pip install --editable '.[preprocess,train]'"
)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Raises SystemExit, which pip shows without a traceback."""
    raise SystemExit(REFUSAL)


def build_sdist(sdist_directory, config_settings=None):
    """Raises SystemExit, as build_wheel does."""
    raise SystemExit(REFUSAL)
