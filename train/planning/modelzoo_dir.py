"""A model_dir that the Model Zoo's run.py trained: continued and scored like one of ours.

Its checkpoints have the same names and its params.yaml is a valid configuration, but nothing in it
says what the data was. Only what the configuration states of it can be compared.
"""

import os
from typing import Any, Dict, Optional

from shared import config
from shared.config import Config, modelzoo_saved
from shared.manifest import Manifest
from shared.mapping_files import read_yaml
from train.checkpoints import model_dir
from train.planning import resolve


def params(folder: str) -> Optional[Config]:
    """The configuration of its training; None if the Model Zoo's run.py did not save it."""
    return None if _saved(folder) is None else _loaded(folder)


def read(
    folder: str, given: Config, section: str, manifest: Manifest, log
) -> Optional[Dict[str, Any]]:
    """What model_dir.read_params returns of a training of ours; None for any other folder.

    Args:
      given: the run's configuration; its section reads the data that the manifest describes.
      log: receives a line that tells what was taken over.
    Raises:
      UserError: what its params.yaml states of the data is not so.
    """
    saved = _saved(folder)
    if saved is None:
        return None
    trained = _loaded(folder)
    place = getattr(given, section).place
    resolve.check_data(trained, _path(folder), section, place, manifest)
    origin = saved["runconfig"]["checkpoint_path"] or "random weights"
    log(
        f"{folder} is a training of the Model Zoo, begun from {origin}: weights, optimizer and "
        f"step are taken over; it does not tell its data, so {place} is taken to be that"
    )
    facts = {**model_dir.data_facts(manifest), "initialized_from": origin}
    return {**config.dump(resolve.everything(trained, manifest, None)), config.DATA_SECTION: facts}


def _loaded(folder: str) -> Config:
    return config.load(_path(folder), lambda line: None)


def _path(folder: str) -> str:
    return os.path.join(folder, model_dir.PARAMS_FILE)


def _saved(folder: str) -> Optional[Dict[str, Any]]:
    """Its params.yaml as it stands, if run.py saved it."""
    content = read_yaml(_path(folder), model_dir.NOT_OURS) if os.path.exists(_path(folder)) else {}
    return content if modelzoo_saved.recognizes(content) else None
