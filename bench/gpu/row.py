"""What a step finds: rows of the table, which it prints and its caller reads."""

import json
import sys
from typing import Callable, NamedTuple, Optional

PASSED, FAILED, SKIPPED = "passed", "FAILED", "skipped"
_MARK = "row: "


class Row(NamedTuple):
    """One line of the table.

    what: was looked at. value: what was found. verdict: PASSED, FAILED, SKIPPED, or empty where
    there is nothing to judge. numbers: {name: number}, the same for programs.
    """

    what: str
    value: str
    verdict: str = ""
    numbers: dict = {}  # noqa: RUF012


def tell(what: str, value: str, verdict: str = "", **numbers) -> None:
    """Prints a row."""
    print(_MARK + json.dumps(Row(what, value, verdict, numbers)), flush=True)


def judge(what: str, value: float, limit: float, **numbers) -> None:
    """Prints the row of an error that may be as large as the limit; NaN never passes."""
    verdict = PASSED if value <= limit else FAILED
    tell(what, f"{value:.1e}, at most {limit:.0e}", verdict, error=value, limit=limit, **numbers)


def check(what: str, value: str, holds: bool, **numbers) -> None:
    """Prints the row of something that is so or is not."""
    tell(what, value, PASSED if holds else FAILED, **numbers)


def heard(line: str) -> Optional[Row]:
    """The row in a line of output, or None."""
    return Row(*json.loads(line[len(_MARK) :])) if line.startswith(_MARK) else None


def main(step: Callable[[dict], None]) -> None:
    """Runs a step with its job, the program's one argument."""
    step(json.loads(sys.argv[1]))
