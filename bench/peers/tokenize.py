"""Tokenizes with Google's reference tokenizer and Hugging Face's, in the peers' environment.

python -m bench.peers.tokenize <vocabulary> <lower_case: true or false>

Reads texts as JSON lines; writes {"reference": ids, "hugging_face": ids} for each, as JSON lines,
without [CLS] and [SEP].
"""

import functools
import importlib.util
import json
import os
import sys
import types

from absl import flags
from transformers import BertTokenizerFast


def main(vocabulary: str, lower_case: str) -> None:
    texts = [json.loads(line) for line in sys.stdin]
    lower_case = json.loads(lower_case)
    reference = _reference().FullTokenizer(vocabulary, do_lower_case=lower_case)
    hugging_face = BertTokenizerFast(vocab=vocabulary, do_lower_case=lower_case)
    theirs = hugging_face(texts, add_special_tokens=False)["input_ids"]
    for text, ids in zip(texts, theirs, strict=True):
        reference_ids = reference.convert_tokens_to_ids(reference.tokenize(text))
        print(json.dumps({"reference": reference_ids, "hugging_face": ids}))


def _reference():
    """Only bert/tokenization.py, as Google published it in bert-tensorflow."""
    sys.modules.update(_tensorflow_to_open_files())
    folder = importlib.util.find_spec("bert").submodule_search_locations[0]
    path = os.path.join(folder, "tokenization.py")
    spec = importlib.util.spec_from_file_location("reference_tokenization", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    flags.FLAGS.mark_as_parsed()  # all at their defaults
    return module


def _tensorflow_to_open_files() -> dict:
    """What tokenization.py needs from TensorFlow: tf.gfile.GFile, to read the vocabulary."""
    names = ("tensorflow", "tensorflow.compat", "tensorflow.compat.v1")
    modules = {name: types.ModuleType(name) for name in names}
    open_utf8 = functools.partial(open, encoding="utf-8")
    modules["tensorflow.compat.v1"].gfile = types.SimpleNamespace(GFile=open_utf8)
    return modules


if __name__ == "__main__":
    main(*sys.argv[1:])
