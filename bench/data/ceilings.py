"""How fast the machine can be at best: writing or copying the same bytes, the tokenizer alone.

In seconds, the best of some rounds, on one thread.
"""

import os
import time

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from bench.data import sentences
from shared.vocab import Vocabulary

_ROUNDS = 3
_BATCH = 4096


def write(contents: "list[bytes]", path: str) -> float:
    """Writes them all to a new file with plain file.write, without fsync, like shards."""
    return min(_write_once(contents, path) for _ in range(_ROUNDS))


def _write_once(contents: "list[bytes]", path: str) -> float:
    os.sync()
    with open(path, "wb") as file:
        started = time.perf_counter()
        for content in contents:
            file.write(content)
        seconds = time.perf_counter() - started
    os.remove(path)
    return seconds


def copy(contents: "list[bytes]") -> float:
    """Copies them to memory that has been used before."""
    source = np.frombuffer(b"".join(contents), np.uint8)
    target = source.copy()
    return _best(lambda: np.copyto(target, source))


def tokenize(tfds_file: str, vocabulary: Vocabulary) -> "tuple[int, float]":
    """FastBertTokenizer on prepared batches of sentences. Returns: (sentences, seconds)."""
    tokenizer = tf_text.FastBertTokenizer(
        list(vocabulary.pieces),
        token_out_type=tf.int32,
        lower_case_nfd_strip_accents=vocabulary.lower_case,
    )
    texts = tf.concat(list(sentences.read(tfds_file)), axis=0)
    batches = [texts[at : at + _BATCH] for at in range(0, len(texts), _BATCH)]
    call = tf.function(tokenizer.tokenize, input_signature=[tf.TensorSpec([None], tf.string)])
    return len(texts), _best(lambda: list(map(call, batches)))


def _best(call) -> float:
    times = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)
