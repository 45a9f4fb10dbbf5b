"""The tokenizers in our environment by name: TF Text's two and ours. Texts -> ids, in batches."""

from typing import Callable, Iterator

import tensorflow as tf
import tensorflow_text as tf_text

from preprocess.encoding.tokenization import Tokenizer
from shared.vocab import Vocabulary

_BATCH = 4096


def all_of(vocabulary: Vocabulary) -> "dict[str, Callable[[list], Iterator]]":
    """{name: a function of texts that yields the ids of each}; TF Text's have default limits."""
    lower = vocabulary.lower_case
    slow = tf_text.BertTokenizer(vocabulary.path, token_out_type=tf.int32, lower_case=lower)
    fast = tf_text.FastBertTokenizer(
        list(vocabulary.pieces), token_out_type=tf.int32, lower_case_nfd_strip_accents=lower
    )
    return {
        "TF Text BertTokenizer": _by_batch(lambda texts: slow.tokenize(texts).merge_dims(1, 2)),
        "TF Text FastBertTokenizer": _by_batch(fast.tokenize),
        "ours": _by_batch(Tokenizer(vocabulary).tokenize),
    }


def _by_batch(tokenize) -> "Callable[[list], Iterator]":
    def tokenize_all(texts):
        for at in range(0, len(texts), _BATCH):
            yield from tokenize(tf.constant(texts[at : at + _BATCH])).to_list()

    return tokenize_all
