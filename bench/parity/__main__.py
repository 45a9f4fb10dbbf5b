"""How many texts each tokenizer tokenizes differently from Google's reference tokenizer.

python -m bench.parity --glue_dir <folder> --golden <file>
"""

import argparse
import json
import sys
import tempfile
from itertools import chain

import numpy as np

from bench import child
from bench.parity import texts
from bench.parity.texts import Case
from bench.peers import environment
from bench.table import markdown
from preprocess import lazy_imports
from preprocess.encoding.encode import Encoder, Ids
from shared import vocab
from shared.arguments import Parser
from shared.errors import exit_code
from shared.vocab import Vocabulary
from shared.word_pieces import PAD

_GLUE = {"SST-2": "sst2", "RTE": "rte"}  # {folder: task}
_REFERENCE, _HUGGING_FACE = "reference", "hugging_face"


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    vocabulary = vocab.read(asked.vocab_file)
    environment.check(asked.peers_python, "transformers", "bert", "absl", "six")
    cases = texts.golden_cases(asked.golden)
    corpora = {name: texts.of_glue(asked.glue_dir, name, task) for name, task in _GLUE.items()}
    corpora["golden cases"] = [text for case in cases for text in case.texts]
    theirs = {
        name: _of_peers(corpus, asked.peers_python, vocabulary) for name, corpus in corpora.items()
    }
    print(_table(corpora, theirs, vocabulary))
    right = _right_cases(cases, theirs["golden cases"][_REFERENCE], vocabulary)
    print(f"\nthe reference reproduces the input_ids of {right} of {len(cases)} golden cases")


def _of_peers(corpus: list, python: str, vocabulary: Vocabulary) -> "dict[str, list]":
    """{name: ids of each text}, from the tokenizers in the peers' environment."""
    with tempfile.TemporaryFile("w+") as file:
        file.writelines(json.dumps(text) + "\n" for text in corpus)
        file.seek(0)
        options = [vocabulary.path, json.dumps(vocabulary.lower_case)]
        command = [python, "-m", "bench.peers.tokenize", *options]
        output = child.run(command, stdin=file, **environment.ENVIRONMENT).output
    lines = [json.loads(line) for line in output.splitlines()]
    return {name: [line[name] for line in lines] for name in (_REFERENCE, _HUGGING_FACE)}


def _table(corpora: dict, theirs: dict, vocabulary: Vocabulary) -> str:
    (tokenizers,) = lazy_imports.load("bench.parity.tokenizers")
    own = tokenizers.all_of(vocabulary)
    rows = []
    for name, corpus in corpora.items():
        found = [theirs[name][_HUGGING_FACE], *(tokenize(corpus) for tokenize in own.values())]
        differing = [_differing(ids, theirs[name][_REFERENCE]) for ids in found]
        rows.append([name, f"{len(corpus):,}", *(f"{count:,}" for count in differing)])
    return markdown(
        ["unlike Google's reference", "texts", "Hugging Face's fast tokenizer", *own], rows
    )


def _differing(found, expected: list) -> int:
    return sum(a != b for a, b in zip(found, expected, strict=True))


def _right_cases(cases: "list[Case]", ids: list, vocabulary: Vocabulary) -> int:
    """How many cases get the right input_ids. Args: ids, of the texts of all cases, in order."""
    rest = iter(ids)
    of_cases = [(case, [next(rest) for _ in case.texts]) for case in cases]
    return sum(_input_ids(own, case, vocabulary) == case.input_ids for case, own in of_cases)


def _input_ids(ids: list, case: Case, vocabulary: Vocabulary) -> "list[int]":
    """A record of these texts, as long as the case's; our Encoder truncates it."""
    length = len(case.input_ids)
    values, lengths = np.array(list(chain(*ids)), np.int32), np.array([[len(text) for text in ids]])
    tokens = Encoder(vocabulary, length).encode(Ids(values, lengths)).values.tolist()
    return tokens + [vocabulary.id(PAD)] * (length - len(tokens))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.parity",
        description="Counts the texts that are tokenized differently from Google's reference.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--glue_dir", required=True, help="official GLUE files: SST-2/train.tsv, RTE/train.tsv")
    add("--golden", required=True, help="JSON lines with text_a, text_b, input_ids")
    add("--vocab_file", default=vocab.default_path(), help="one word piece a line")
    add("--peers_python", default=environment.DEFAULT_PYTHON, help="see bench/README.md")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
