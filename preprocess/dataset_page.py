"""What a dataset holds, as a page: `make inspect ARGS=--html`, and a part of `make report`."""

from typing import Any, Dict, List, Optional

from preprocess.encoding import lengths
from shared.page import charts, render
from shared.page.charts import Chart, Labels

FILE = "inspect.html"  # in the dataset's folder
_BINS = 24


def page(content: Dict[str, Any], problem: Optional[str]) -> str:
    """Args: content, what inspect_dataset.describe returned; problem, why no examples are shown."""
    return render.page(
        "preprocess/dataset_page.html.j2",
        data=content,
        problem=problem,
        length_charts=length_charts(content),
        label_counts=label_counts(content),
    )


def length_charts(content: Dict[str, Any]) -> Dict[str, Chart]:
    """{split: the histogram of its lengths}."""
    return {name: _lengths(name, split) for name, split in content["splits"].items()}


def _lengths(name: str, split: Dict[str, Any]) -> Chart:
    histogram = {int(length): rows for length, rows in split["histogram"].items()}
    found = lengths.bins(histogram, _BINS)
    edges = [first for first, _, _ in found] + [found[-1][1] + 1]
    labels = Labels(f"Lengths, {name}", "tokens, [CLS] and [SEP] included", "rows")
    return charts.bars(labels, edges, {"": [rows for _, _, rows in found]})


def label_counts(content: Dict[str, Any]) -> List[Dict[str, Any]]:
    """[{"label", "rows": {split: rows}}] of the labelled splits; empty for scores."""
    labelled = {
        name: split["labels"]
        for name, split in content["splits"].items()
        if split["unlabelled"] < split["rows"]
    }
    names = dict.fromkeys(label for counts in labelled.values() for label in counts)
    return [
        {"label": label, "rows": {name: counts[label] for name, counts in labelled.items()}}
        for label in names
    ]
