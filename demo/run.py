"""The whole way on invented sentences: records, training, score, report, answer, export.

python -m demo.run build/demo

Each step is a separate program, started as a user would start it.
"""

import os
import subprocess
import sys
from typing import List

from shared.errors import INTERRUPTED

CONFIG = "configs/params_bert_tiny.yaml"
SENTENCE = "although the music is dull , the plot is never tedious ."
_STEPS = 400
_LENGTH = 32


def commands(folder: str) -> List[List[str]]:
    """The programs and their arguments, in order."""
    data, model = os.path.join(folder, "data"), os.path.join(folder, "run")
    training = [
        *("--params", CONFIG, "--model_dir", model),
        *("--data_dir", os.path.join(data, "sst2", f"msl{_LENGTH}")),
    ]
    return [
        ["demo.make", folder],
        [
            *("preprocess.run", "--task", "sst2", "--data_dir", data),
            *("--max_sequence_length", str(_LENGTH)),
            *("--vocab_file", os.path.join(folder, "vocab.txt")),
            *("--tfds_data_dir", os.path.join(folder, "tfds")),
        ],
        ["train.run", "--mode", "train", *training, "--max_steps", str(_STEPS)],
        ["train.run", "--mode", "eval", *training],
        ["inference.report", "--model_dir", model],
        ["inference.classify", "--model_dir", model, "--text", SENTENCE],
        ["inference.export", "--model_dir", model, "--to", os.path.join(folder, "saved_model")],
        ["demo.report", folder],
    ]


def main(folder: str) -> int:
    """Returns the exit code of the first program that fails, else 0."""
    for command in commands(folder):
        code = subprocess.run([sys.executable, "-m", *command]).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:  # the running program has already printed it
        sys.exit(INTERRUPTED)
