"""A table in Markdown, to be pasted into a README."""


def markdown(header: "list[str]", rows: "list[list[str]]") -> str:
    """The first column is text, all others are numbers.

    >>> print(markdown(["stage", "us"], [["reading", "1.5"]]))
    | stage   |  us |
    |:--------|----:|
    | reading | 1.5 |
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    ruler = [":" + "-" * (widths[0] + 1), *("-" * (width + 1) + ":" for width in widths[1:])]
    lines = [_line(header, widths), "|" + "|".join(ruler) + "|"]
    return "\n".join(lines + [_line(row, widths) for row in rows])


def _line(cells: "list[str]", widths: "list[int]") -> str:
    padded = [cells[0].ljust(widths[0])]
    padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "| " + " | ".join(padded) + " |"
