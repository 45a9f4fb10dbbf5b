"""A folder that transformers loads: pipeline("text-classification", model=folder)."""

import dataclasses
import os

from inference.classifier import Classifier
from inference.export import model_card, text_files
from shared.files import write_whole
from train.pretrained import fit, huggingface
from train.pretrained.read import read as read_checkpoint

FORM, READER = "a folder for transformers", "this project's own reader"
TOLERANCE = 1e-5  # of logits, as of check.compare
_CARD_FILE = "README.md"


def write(target: str, model: Classifier) -> None:
    """Writes weights, configuration, vocabulary, the tokenizer's settings and a model card."""
    huggingface.write(target, read_checkpoint(model.checkpoint))
    text_files.write(target, model.folder)
    write_whole(os.path.join(target, _CARD_FILE), model_card.text(model))


def read(target: str, model: Classifier) -> Classifier:
    """The model that the files of `target` describe, computed here: transformers is not needed."""
    found = huggingface.read(target)
    params = model.folder.params
    read_model = dataclasses.replace(
        params.model,
        **found.sizes,
        num_cls_classes=found.outputs,
        encoder_nonlinearity=found.encoder_nonlinearity,
        layer_norm_epsilon=found.layer_norm_epsilon,
        use_segment_embedding=found.use_segment_embedding,
    )
    folder = dataclasses.replace(
        text_files.read(target, model.folder),
        params=dataclasses.replace(params, model=read_model),
    )
    return Classifier(folder, target, fit.classifier_weights(read_model, found))
