"""README.md of a Hugging Face folder: what the model folder knows of its model."""

import os

import yaml

from inference.classifier import Classifier
from inference.model_folder import ModelFolder
from shared import config
from shared.config.input_sections import TRAIN_INPUT
from train.checkpoints import files
from train.modes import best
from train.scoring import results


def text(model: Classifier) -> str:
    """The card, in Markdown."""
    folder, step = model.folder, files.step_of(model.checkpoint)
    return "\n".join(
        [
            "---\npipeline_tag: text-classification\nlibrary_name: transformers\n---",
            f"# BERT for {folder.task}\n",
            *_about(folder, step),
            *_scores(folder.path, step),
            *_use(folder),
            *_training(folder),
        ]
    )


def _about(folder: ModelFolder, step: int) -> "list[str]":
    names = folder.label_names
    answers = "a score" if names is None else f"one of the labels {_quoted(names)}"
    if folder.thresholds is not None:
        limits = zip(names, folder.thresholds, strict=True)
        listed = ", ".join(f"`{name}` from {limit:.4g} on" for name, limit in limits)
        answers = f"every label whose probability (sigmoid) is high enough: {listed}"
    return [
        f"- Reads: {_quoted(folder.text_columns)}, {folder.max_sequence_length} tokens at most"
        + f"{_windows(folder)}.",
        f"- Answers: {answers}.",
        f"- Fine-tuned from: {_origin(folder.initialized_from)}; {step:,} steps.",
        "",
    ]


def _windows(folder: ModelFolder) -> str:
    """What the scores are of that the training's evaluations found, where texts had windows."""
    overlap = folder.recorded[config.DATA_SECTION]["windows"]
    if overlap is None:
        return ""
    return (
        f"; scores are those of windows that share {overlap} tokens, the "
        f"{folder.params.model.window_pooling} of whose logits answers a longer text"
    )


def _quoted(names) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _origin(path: str) -> str:
    """Where the first weights came from, without the folders of the machine that trained.

    >>> _origin("/models/bert-base-uncased/"), _origin("/runs/a/model.ckpt-5")
    ('bert-base-uncased', 'a/model.ckpt-5')
    """
    parts = os.path.normpath(path).split(os.sep)
    return os.sep.join(parts[-2:] if ".ckpt" in parts[-1] else parts[-1:])


def _scores(path: str, step: int) -> "list[str]":
    """A table of the evaluations of this checkpoint; nothing if there are none."""
    found = {split: result for split, result in _results(path).items() if result["step"] == step}
    rows = [
        f"| {split} | {result['examples']:,} | {name} | {value:.4f} |"
        for split, result in found.items()
        for name, value in results.metrics_of(result).items()
    ]
    head = ["## Scores\n", "| split | examples | metric | value |", "|---|--:|---|--:|"]
    return [*head, *rows, ""] if rows else []


def _results(path: str) -> "dict[str, dict]":
    """{split: result}; a training's best/ has them in one file."""
    kept = best.read_kept(path)
    return results.read(path) if kept is None else kept["results"]


def _use(folder: ModelFolder) -> "list[str]":
    example = '"a text"' if len(folder.text_columns) == 1 else '{"text": "one", "text_pair": "two"}'
    return [
        "## Use\n",
        "```python",
        "from transformers import pipeline\n",
        'classify = pipeline("text-classification", model="<this folder>", truncation=True)',
        f"classify({example})",
        "```\n",
    ]


def _training(folder: ModelFolder) -> "list[str]":
    """The configuration, without what belongs to the machine."""
    content = config.dump(folder.params)
    settings = {
        "batch_size": content[TRAIN_INPUT]["batch_size"],
        "seed": content["runconfig"]["tf_random_seed"],
        "optimizer": content["optimizer"],
        "model": content["model"],
    }
    return ["## Training\n", "```yaml", yaml.safe_dump(settings, sort_keys=False) + "```", ""]
