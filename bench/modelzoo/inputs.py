"""What both programs are run on: invented sentences, the records made of them, a configuration."""

import json
import os

import yaml

from demo import make, sentences
from preprocess import run
from shared import quiet
from shared.tasks import TRAIN_SPLIT, VALIDATION_SPLIT

BACKENDS = ("cpu", "wse")
BATCH, STEPS, LENGTH = 8, 6, 24
_EVALUATED = 500 // BATCH * BATCH  # the Model Zoo leaves out a batch that is not full
# Beside the invented reviews: what tokenizers differ in.
_ODD = (
    "a café à la carte , naïve and très chic .",
    "three stars ( out of ten ) : well-made , ill-paced !",
    "三 films in 一 evening , and the plot is never dull .",
    "the ending is superb \U0001f600 ; the rest isn't .",
    "they paid $ 9.50 for popcorn @ the cinema #7 ...",
    "supercalifragilisticexpialidocious" * 4 + " is far from bland .",
    "the plot is funny , " * 12 + "really .",
    "ＦＵＬＬ width and ﬁne ligatures .",
)


def write(folder: str) -> str:
    """Writes all of it below a folder; returns the dataset's path.

    glue/SST-2/*.tsv, vocab.txt, data/sst2/msl<LENGTH>/  the texts, and our records
    rows.json    {split: [[sentence, label], ...]}, for the Model Zoo
    params.yaml  for both
    """
    splits = _splits()
    make.write_glue_files(os.path.join(folder, "glue", "SST-2"), splits)
    vocabulary = os.path.join(folder, "vocab.txt")
    with quiet.native_stderr():
        make.write_vocabulary(vocabulary, splits["dev"])
    with open(os.path.join(folder, "params.yaml"), "w", encoding="utf-8") as file:
        yaml.safe_dump(configuration(folder), file)
    data, tfds = os.path.join(folder, "data"), os.path.join(folder, "tfds")
    options = {
        "task": "sst2", "glue_dir": os.path.join(folder, "glue"), "data_dir": data,
        "tfds_data_dir": tfds, "vocab_file": vocabulary,
        "max_sequence_length": LENGTH,
    }  # fmt: skip
    run.main([word for name, value in options.items() for word in (f"--{name}", str(value))])
    with quiet.native_stderr(), open(os.path.join(folder, "rows.json"), "w") as file:
        json.dump({split: _rows(tfds, split) for split in (TRAIN_SPLIT, VALIDATION_SPLIT)}, file)
    return os.path.join(data, "sst2", f"msl{LENGTH}")


def _rows(folder: str, split: str) -> list:
    """[[sentence, label], ...] in the order in which TFDS stores them."""
    import tensorflow_datasets as tfds

    rows = tfds.load("glue/sst2", data_dir=folder, split=split, shuffle_files=False)
    return [[row["sentence"].decode(), int(row["label"])] for row in tfds.as_numpy(rows)]


def _splits() -> dict:
    """{"train", "dev", "test": [(sentence, label)]}. The training rows are those of STEPS batches,
    so that both programs begin anew after them."""
    sizes = {"train": STEPS * BATCH, "dev": _EVALUATED - len(_ODD), "test": BATCH}
    rows, splits = iter(sentences.generate(sum(sizes.values()), seed=7)), {}
    for name, size in sizes.items():
        splits[name] = [next(rows) for _ in range(size)]
    splits["dev"] += [(text, number % 2) for number, text in enumerate(_ODD)]
    return splits


def configuration(folder: str) -> dict:
    """A small BERT as a Model Zoo's YAML; float32 and no dropout, so that numbers can be equal."""
    rows = {
        "data_processor": "Sst2DataProcessor", "data_dir": folder, "shuffle": False,
        "vocab_file": os.path.join(folder, "vocab.txt"), "max_sequence_length": LENGTH,
        "batch_size": BATCH,
    }  # fmt: skip
    return {
        "train_input": rows,
        "eval_input": rows,
        "predict_input": {"batch_size": BATCH},
        "model": {
            "hidden_size": 32, "num_heads": 2, "num_hidden_layers": 2, "filter_size": 64,
            "max_position_embeddings": 32, "dropout_rate": 0.0, "attention_dropout_rate": 0.0,
            "cls_dropout_rate": 0.0, "encoder_nonlinearity": "gelu", "layer_norm_epsilon": 1e-5,
            "use_segment_embedding": True, "num_cls_classes": 2, "mixed_precision": False,
            "boundary_casting": False, "tf_summary": False, "use_position_embedding": True,
            "use_ffn_bias": True,
        },
        "optimizer": {
            "optimizer_type": "adamw", "weight_decay_rate": 0.01, "epsilon": 1e-6,
            "max_gradient_norm": 1.0, "log_summaries": True,
            "learning_rate": [
                {"scheduler": "Linear", "initial_learning_rate": 0.0,
                 "end_learning_rate": 0.001, "steps": 2},
                {"scheduler": "Constant", "learning_rate": 0.001},
            ],
        },
        "runconfig": {
            "max_steps": STEPS, "save_checkpoints_steps": 1, "save_summary_steps": 1,
            "keep_checkpoint_max": 0, "tf_random_seed": 1,
        },
    }  # fmt: skip
