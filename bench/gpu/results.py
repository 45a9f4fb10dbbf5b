"""What all steps found: printed and written row by row, and a table at the end."""

import json
import os

from bench.gpu.row import FAILED, Row
from shared.files import write_whole

_HEAD = "| step | what | found | verdict |\n|:--|:--|:--|:--|\n"


class Results:
    """Rows, each flushed as soon as it is there; `folder` may be None: then nothing is written."""

    def __init__(self, folder: "str | None"):
        self._folder, self._rows = folder, []  # [(step, Row)]

    def add(self, step: str, row: Row) -> None:
        self._rows.append((step, row))
        print(" | ".join(filter(None, [step, row.what, row.value, row.verdict])), flush=True)
        if self._folder:
            content = [{"step": step, **row._asdict()} for step, row in self._rows]
            write_whole(os.path.join(self._folder, "results.json"), json.dumps(content, indent=1))

    def numbers(self, step: str) -> "dict[str, dict]":
        """{what: numbers} of a step."""
        return {row.what: row.numbers for name, row in self._rows if name == step and row.numbers}

    def failed(self) -> int:
        return sum(row.verdict == FAILED for _, row in self._rows)

    def table(self) -> str:
        """Markdown; also written to table.md."""
        text = _HEAD + "\n".join(_line(step, row) for step, row in self._rows)
        if self._folder:
            write_whole(os.path.join(self._folder, "table.md"), text + "\n")
        return text


def _line(step: str, row: Row) -> str:
    cells = (step, row.what, row.value, row.verdict)
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
