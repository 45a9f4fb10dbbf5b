"""Threads that convert the rows of several shards at a time."""

import threading
import time

from preprocess.encoding import converter
from shared.vocab import Vocabulary

PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a")


def test_threads_that_begin_together_build_one_tokenizer(monkeypatch):
    built = []

    class SlowTokenizer(converter.Tokenizer):
        def __init__(self, vocabulary):
            built.append(vocabulary.path)
            time.sleep(0.05)  # the other threads come in the meantime
            super().__init__(vocabulary)

    def begin(path):
        vocabulary = Vocabulary("v", path, PIECES, "5" * 64, True, True, True)
        converter.Converter(vocabulary, 8, ("text",), is_regression=False)

    monkeypatch.setattr(converter, "Tokenizer", SlowTokenizer)
    converter._parse_and_tokenize.cache_clear()
    threads = [threading.Thread(target=begin, args=(path,)) for path in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    converter._parse_and_tokenize.cache_clear()
    assert len(built) == 1
