"""What may spoil a dataset, in words: by its manifest, for `make data` and `make inspect`."""

from typing import Iterator

from preprocess.sources.repeated_texts import BLANK, CONFLICTING, REPEATED, SHARED
from preprocess.sources.user_labels import LITTLE, look_alikes
from shared import shown, tasks
from shared.manifest import Manifest

_FEW_ROWS = 10  # of a class
_MUCH_TRUNCATED = 0.05  # share of a split's rows


def news(manifest: Manifest) -> "list[str]":
    """A line for each kind that was not told while the rows were read."""
    found = [finding for finding in manifest.quality or () if finding["kind"] != BLANK]
    return [*map(_in_words, found), *_about_classes(manifest)]


def listed(manifest: Manifest) -> "list[str]":
    """A line for each kind, and below it the first rows."""
    lines = []
    for finding in manifest.quality or ():
        lines += [_in_words(finding), *(f"  {_places(rows)}" for rows in finding["first"])]
        if finding["folded"] > len(finding["first"]):
            lines.append(f"  and {finding['folded'] - len(finding['first']):,} more")
    groups = [" and ".join(map(ascii, group)) for group in look_alikes(manifest.label_names or ())]
    alike = [f"classes that differ in {LITTLE}: {shown.listed(groups)}"] if groups else []
    return [*lines, *alike, *_about_classes(manifest)]


def _in_words(finding: dict) -> str:
    what = {
        BLANK: "with an empty or blank text",
        REPEATED: "with the text of an earlier row",
        SHARED: f"with a text of {finding.get('with')}",
        CONFLICTING: "with several labels",
    }[finding["kind"]]
    where = f"{finding['split']}: " if "split" in finding else ""
    exact, folded = finding["exact"], finding["folded"]
    noun = "text" if finding["kind"] == CONFLICTING else "row"
    more = f" ({folded:,} with case, blanks and Unicode form ignored)" if folded > exact else ""
    return f"{where}{exact:,} {noun}{'' if exact == 1 else 's'} {what}{more}"


def _places(rows: "list[dict]") -> str:
    """[earlier, this] or [this] -> `train.csv line 9, as line 2`."""
    texts = [f"{row['file']} line {row['line']}" for row in rows]
    return ", as ".join(reversed(texts))


def _about_classes(manifest: Manifest) -> Iterator[str]:
    counts = {
        name: manifest.splits[name].label_counts
        for name in tasks.in_order(manifest.splits)
        if manifest.splits[name].unlabelled < manifest.splits[name].rows
    }
    for split, rows in counts.items():
        if lacking := [shown.value(label) for label, count in rows.items() if not count]:
            classes = "1 class" if len(lacking) == 1 else f"{len(lacking):,} classes"
            yield f"{split}: no row of {classes}: {shown.listed(lacking)}"
    few = [
        f"{shown.value(label)} {count}"
        for label, count in counts.get(tasks.TRAIN_SPLIT, {}).items()
        if 0 < count < _FEW_ROWS
    ]
    if few:
        yield f"{tasks.TRAIN_SPLIT}: fewer than {_FEW_ROWS} rows of a class: {shown.listed(few)}"


def truncation(manifest: Manifest) -> Iterator[str]:
    """A line for each split of which many rows lose tokens."""
    is_own_text = manifest.label_column is not None and len(manifest.text_columns) == 1
    advice = "a longer MSL" + (' or windows (ARGS="--windows 16")' if is_own_text else "")
    for name in tasks.in_order(manifest.splits):
        split = manifest.splits[name]
        if split.truncated > _MUCH_TRUNCATED * split.rows:
            yield (
                f"{name}: {split.truncated / split.rows:.1%} of the rows lose tokens at "
                f"MSL={manifest.max_sequence_length}; keep them with {advice}"
            )
