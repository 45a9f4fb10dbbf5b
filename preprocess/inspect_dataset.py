"""Shows what a dataset holds: labels, lengths, what each length would cost, a few examples.

python -m preprocess.inspect_dataset data/sst2/msl72 [--vocab_file V] [--json | --html]
"""

import dataclasses
import functools
import json
import os
import sys

from preprocess import data_quality, dataset_page, lazy_imports
from preprocess.encoding import lengths
from preprocess.formats import tfrecord
from shared import records, shown, tasks, vocab, word_pieces
from shared.arguments import Parser
from shared.errors import UserError, exit_code
from shared.manifest import Manifest, Split
from shared.manifest_file import read_manifest
from shared.remote import datasets
from shared.row_weights import RowWeights
from shared.shards import shard_paths

_EXAMPLES = 3  # of a split
_BINS, _BAR = 16, 40
_NO_CLASS = "(none)"  # of an example of multi-label data


def main(arguments: list) -> None:
    parser = Parser(prog="python -m preprocess.inspect_dataset", description=__doc__)
    path = {"type": os.path.expanduser}
    parser.add_argument("dataset", **path, help="the folder, or URL, that holds manifest.json")
    parser.add_argument(
        "--vocab_file",
        **path,
        help="to decode the examples of a dataset that does not hold its vocabulary",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print everything as one JSON object")
    form.add_argument(
        "--html", action="store_true", help=f"write the page {dataset_page.FILE} into it"
    )
    options = parser.parse_args(arguments)
    dataset = datasets.local(options.dataset)
    manifest = read_manifest(dataset)
    pieces, problem = _pieces(options.vocab_file or _own_vocabulary(dataset), manifest)
    content = {**describe(dataset, manifest, pieces), "dataset": options.dataset}
    if options.json:
        print(json.dumps({**content, "not_decoded_because": problem}, indent=2, ensure_ascii=False))
        return
    if options.html:
        path = os.path.join(options.dataset, dataset_page.FILE)
        datasets.write(path, dataset_page.page(content, problem))
        print(f"page: {path}" + (f"\nNo examples in it: {problem}" if problem else ""))
        return
    print(text(content))
    if problem:
        print(f"\nNo examples shown: {problem}")


def _own_vocabulary(dataset: str) -> str:
    """The dataset's, or else the one from `make vocab`."""
    return dataset if word_pieces.file_in(dataset) else vocab.default_path()


def _pieces(path: str, manifest: Manifest) -> "tuple[tuple | None, str | None]":
    """The vocabulary that made the ids; otherwise why it is not available."""
    try:
        found = word_pieces.read(word_pieces.file_of(vocab.local(path)))
    except UserError as error:
        return None, str(error)
    if (sha256 := word_pieces.sha256_of(found)) != manifest.vocabulary.sha256:
        return None, (
            f"{path} has the sha256 {sha256}, but the ids were made with "
            f"{manifest.vocabulary.name}, {manifest.vocabulary.sha256}; give it with VOCAB=<file>"
        )
    return found, None


def describe(dataset: str, manifest: Manifest, pieces: "tuple | None") -> dict:
    """Everything that is shown, as plain values; examples only if `pieces` are given."""
    examples = _Examples(dataset, manifest, pieces) if pieces else None
    return {
        "dataset": dataset,
        "task": manifest.task,
        "text_columns": list(manifest.text_columns),
        "max_sequence_length": manifest.max_sequence_length,
        "windows": manifest.windows,
        "weights": manifest.train_weights
        and {"column": manifest.weight_column, **dataclasses.asdict(manifest.train_weights)},
        "vocabulary": dataclasses.asdict(manifest.vocabulary),
        "splits": {
            name: {
                **_split(manifest.splits[name], manifest.max_sequence_length),
                "decoded": examples.of(name) if examples else [],
            }
            for name in tasks.in_order(manifest.splits)
        },
        "quality": {"findings": manifest.quality, "lines": data_quality.listed(manifest)},
    }


def _split(split: Split, max_sequence_length: int) -> dict:
    histogram = split.length_histogram
    candidates = sorted({*lengths.CANDIDATES, max_sequence_length})
    return {
        "examples": split.examples,
        "rows": split.rows,
        "labels": split.label_counts,
        "unlabelled": split.unlabelled,
        "truncated": split.truncated,
        "unknown_share": split.unknown_share,
        "tokens": {
            "mean": round(lengths.mean(histogram), 2),
            "min": min(histogram),
            **{f"p{p}": lengths.percentile(histogram, p) for p in lengths.PERCENTILES},
            "max": max(histogram),
        },
        "histogram": {str(length): rows for length, rows in sorted(histogram.items())},
        "lengths": [dataclasses.asdict(lengths.price(histogram, n)) for n in candidates],
    }


class _Examples:
    """Decodes the first records of a split."""

    def __init__(self, dataset: str, manifest: Manifest, pieces: tuple):
        (record_checker,) = lazy_imports.load("preprocess.encoding.record_checker")
        self._dataset, self._manifest, self._pieces = dataset, manifest, pieces
        self._checker = functools.partial(record_checker.RecordChecker, manifest)

    def of(self, split: str) -> list:
        """As [{"label", "tokens"}]; raises UserError if a record is damaged."""
        path = shard_paths(self._dataset, split, self._manifest)[0]
        try:
            first = next(tfrecord.read(path), None)
        except tfrecord.DamagedRecordError as error:
            raise UserError(f"{path} {error}; run make verify") from None
        serialized = first.first(_EXAMPLES).as_list() if first else []
        faults, rows = self._checker(split).check(serialized)
        if faults:
            raise UserError(f"{path} record {min(faults)}: {faults[min(faults)]}; run make verify")
        entry = self._manifest.splits[split]
        labels = [_label(label, self._manifest, entry) for label in rows["labels"].tolist()]
        texts = [
            [self._pieces[i] for i in ids[mask == records.TOKEN]]
            for ids, mask in zip(rows["input_ids"], rows["input_mask"], strict=True)
        ]
        return [{"label": a, "tokens": b} for a, b in zip(labels, texts, strict=True)]


def _label(label, manifest: Manifest, entry: Split):
    """Args: label, a number, or of multi-label data a list of them."""
    is_none = (
        records.UNLABELLED in label if manifest.is_multi_label else label == records.UNLABELLED
    )
    if is_none and not entry.is_labelled:
        return None
    if manifest.is_regression:
        return round(label, 4)
    if manifest.is_multi_label:
        names = [name for name, has in zip(manifest.label_names, label, strict=True) if has]
        return records.LABEL_SEPARATOR.join(names) or _NO_CLASS
    return manifest.label_names[label]


def text(content: dict) -> str:
    """What the terminal shows."""
    vocabulary = content["vocabulary"]
    rules = ", ".join(vocab.in_words(vocabulary))
    lines = [
        f"{content['dataset']}: task {content['task']} ({', '.join(content['text_columns'])}), "
        f"max_sequence_length {content['max_sequence_length']}{_about_windows(content)}",
        f"vocabulary {vocabulary['name']} ({vocabulary['size']:,} pieces, {rules})",
    ]
    if found := content["weights"]:
        numbers = {name: found[name] for name in ("minimum", "mean", "maximum")}
        lines.append(RowWeights(**numbers).of_column(found["column"]))
    for name, split in content["splits"].items():
        lines += ["", *_split_lines(name, split, content["max_sequence_length"])]
    if content["quality"]["lines"]:
        lines += ["", "quality", *(f"  {line}" for line in content["quality"]["lines"])]
    return "\n".join(lines)


def _about_windows(content: dict) -> str:
    overlap = content["windows"]
    return "" if overlap is None else f", windows that share {overlap} tokens"


def _split_lines(name: str, split: dict, max_sequence_length: int) -> list:
    examples, rows = split["examples"], split["rows"]
    counts = split["labels"] if split["unlabelled"] < rows else {}
    labels = [
        f"{shown.plain(label)} {count:,} ({count / rows:.1%})" for label, count in counts.items()
    ]
    labels = [shown.listed(labels)] if labels else []
    if split["unlabelled"]:
        labels.append(f"none {split['unlabelled']:,}")
    tokens = "  ".join(f"{key} {value}" for key, value in split["tokens"].items())
    return [
        f"{name}: {examples:,} "
        + ("examples" if rows == examples else f"windows of {rows:,} documents"),
        f"  labels     {', '.join(labels) or 'scores'}",
        f"  tokens     {tokens}   ([CLS] and [SEP] included)",
        f"  [UNK]      {split['unknown_share']:.4%} of the word pieces",
        f"  truncated  {split['truncated']:,} ({split['truncated'] / rows:.2%}) at "
        f"{max_sequence_length}",
        *_histogram_lines(split),
        *_price_lines(split, max_sequence_length),
        *_example_lines(split),
    ]


def _histogram_lines(split: dict) -> list:
    histogram = {int(length): rows for length, rows in split["histogram"].items()}
    found = lengths.bins(histogram, _BINS)
    most = max(rows for _, _, rows in found)
    return [
        f"  {first:>5} - {last:<5} {'#' * -(-rows * _BAR // most):<{_BAR}} {rows:,}"
        for first, last, rows in found
    ]


def _price_lines(split: dict, max_sequence_length: int) -> list:
    lines = ["    length   truncated        tokens cut   padding   BERT-base GFLOP a step"]
    for entry in split["lengths"]:
        mark = "*" if entry["max_sequence_length"] == max_sequence_length else " "
        lines.append(
            f"  {mark}{entry['max_sequence_length']:>7}{entry['truncated']:>12,} "
            f"{entry['truncated'] / split['rows']:>7.2%}{entry['tokens_cut']:>10.2%}"
            f"{entry['padding']:>10.1%}{entry['gflop']:>12.1f}"
        )
    return lines


def _example_lines(split: dict) -> list:
    return [
        f"  {'-' if entry['label'] is None else shown.plain(str(entry['label']))}: "
        f"{' '.join(entry['tokens'])}"
        for entry in split["decoded"]
    ]


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
