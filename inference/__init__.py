"""Puts a trained model to use: raw text in, answers out.

    import inference

    model = inference.load("runs/tickets")
    model.classify(["my card was charged twice"])

docs/classify.md has more.
"""

from inference import model_folder
from train.backend import import_tensorflow

__all__ = ["load"]


def load(model_dir: str, vocab_file: "str | None" = None):
    """The Classifier of a trained model; takes the seconds that TensorFlow needs to start.

    Args:
      model_dir: the folder of a training, or its best/.
      vocab_file: the vocabulary, for a folder of an earlier version, which does not hold it.
    Raises:
      UserError: the folder holds no trained model, or not all that using it needs.
    """
    return of_folder(model_folder.read(model_dir, vocab_file))


def of_folder(folder: model_folder.ModelFolder, backend: "str | None" = None):
    """The Classifier of a model folder that has been read; args: backend, cpu to use no GPU."""
    import_tensorflow(backend)
    from inference import classifier

    return classifier.read(folder)
