"""Charts as shapes with positions; chart.html.j2 draws them as SVG.

The colours and dashes of shapes are classes of page.css: s0, s1, ... for one series after another.
"""

from typing import Dict, List, NamedTuple, Sequence, Tuple

from shared.page import axes
from shared.page.axes import Box, Scale, Tick

STYLES = 6  # s0 to s5 in page.css
_RADIUS = 6.0  # of the largest dot
_LEAST = 0.12  # strength of a cell with a single row


class Labels(NamedTuple):
    """What a chart shows, and what its axes are."""

    title: str
    x: str
    y: str


class Rectangle(NamedTuple):
    """`strength`, 0 to 1, is its opacity; `text` is told when it is pointed at."""

    x: float
    y: float
    width: float
    height: float
    style: str
    strength: float = 1.0
    text: str = ""


class Line(NamedTuple):
    """`points` is "x,y x,y ..."."""

    points: str
    style: str


class Dot(NamedTuple):
    """A circle."""

    x: float
    y: float
    radius: float
    style: str
    text: str = ""


class Chart(NamedTuple):
    """What chart.html.j2 draws; `legend` is [(name, style)], empty for a single series."""

    labels: Labels
    x_ticks: List[Tick]
    y_ticks: List[Tick]
    rectangles: Sequence[Rectangle] = ()
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()
    legend: Sequence[Tuple[str, str]] = ()
    box: Box = axes.BOX


class Curve(NamedTuple):
    """Points (xs[n], ys[n]) in order of x."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


def bars(labels: Labels, edges: Sequence[float], stacks: Dict[str, Sequence[int]]) -> Chart:
    """A histogram.

    Args:
      edges: of its B bins, B + 1 of them.
      stacks: {name: B counts}, one on top of the other, the first at the bottom.
    """
    totals = [sum(counts) for counts in zip(*stacks.values())]
    x, y = axes.horizontal(edges[0], edges[-1]), axes.vertical(0, max(totals))
    rectangles: List[Rectangle] = []
    below = [0] * len(totals)
    for style, (name, counts) in _styled(stacks):
        for at, rows in enumerate(counts):
            if rows:
                text = f"{edges[at]:.4g} to {edges[at + 1]:.4g}: {rows:,} {name}".rstrip()
                box = _box(x, y, (edges[at], edges[at + 1]), (below[at], below[at] + rows))
                rectangles.append(Rectangle(*box, style, text=text))
        below = [low + rows for low, rows in zip(below, counts)]
    return Chart(labels, axes.ticks(x), axes.ticks(y), rectangles, legend=_legend(stacks))


def curves(labels: Labels, drawn: Sequence[Curve]) -> Chart:
    """Lines through points; a curve of one point is a dot."""
    xs = [value for curve in drawn for value in curve.xs]
    ys = [value for curve in drawn for value in curve.ys]
    x = axes.horizontal(min(xs), max(xs))
    y = axes.vertical(min(ys), max(ys))
    named = {curve.name: curve for curve in drawn}
    lines, dots = [], []
    for style, (name, curve) in _styled(named):
        places = [(x.at(a), y.at(b)) for a, b in zip(curve.xs, curve.ys)]
        lines.append(Line(" ".join(f"{a:g},{b:g}" for a, b in places), style))
        if len(places) == 1:
            dots.append(Dot(*places[0], 3, style, name))
    return Chart(
        labels, axes.ticks(x), axes.ticks(y), lines=lines, dots=dots, legend=_legend(named)
    )


def against_diagonal(
    labels: Labels, xs: Sequence[float], ys: Sequence[float], counts: Sequence[int]
) -> Chart:
    """Points within 0 to 1 beside the line y = x; the area of a dot is its share of the rows."""
    x, y = axes.horizontal(0, 1), axes.vertical(0, 1)
    places = [(x.at(a), y.at(b)) for a, b in zip(xs, ys)]
    through = Line(" ".join(f"{a:g},{b:g}" for a, b in places), "s0")
    dots = [
        Dot(a, b, round(max(_RADIUS * (rows / max(counts)) ** 0.5, 1.5), 1), "s0", f"{rows:,} rows")
        for (a, b), rows in zip(places, counts)
    ]
    return Chart(labels, axes.ticks(x), axes.ticks(y), lines=[_diagonal(x, y), through], dots=dots)


def cells(labels: Labels, x_edges, y_edges, counts, has_diagonal: bool) -> Chart:
    """A histogram of two values.

    Args:
      x_edges, y_edges: of the A x B bins, A + 1 and B + 1 of them.
      counts: rows in each, int array [A, B].
      has_diagonal: whether the line y = x is drawn.
    """
    x, y = axes.horizontal(x_edges[0], x_edges[-1]), axes.vertical(y_edges[0], y_edges[-1])
    most = int(counts.max())
    rectangles = []
    for a, b in zip(*(places.tolist() for places in counts.nonzero())):
        box = _box(x, y, x_edges[a : a + 2], y_edges[b : b + 2])
        strength = _LEAST + (1 - _LEAST) * (int(counts[a, b]) / most) ** 0.5
        rectangles.append(Rectangle(*box, "s0", round(strength, 2)))
    return Chart(labels, axes.ticks(x), axes.ticks(y), rectangles, [_diagonal(x, y)] * has_diagonal)


def intervals(
    labels: Labels, names: Sequence[str], drawn: "Sequence[Tuple[float, float, float]]"
) -> Chart:
    """Values with intervals, [(low, value, high)], one beside the other above their names."""
    flat = [value for triple in drawn for value in triple]
    x, y = axes.horizontal(-0.5, len(drawn) - 0.5), axes.vertical(min(flat), max(flat))
    lines, dots, x_ticks = [], [], []
    for number, (low, value, high) in enumerate(drawn):
        at = x.at(number)
        lines.append(Line(f"{at:g},{y.at(low):g} {at:g},{y.at(high):g}", "s0"))
        dots.append(Dot(at, y.at(value), 4, "s0", f"{value:.4f}"))
        x_ticks.append(Tick(at, names[number]))
    return Chart(labels, x_ticks, axes.ticks(y), lines=lines, dots=dots)


def _diagonal(x: Scale, y: Scale) -> Line:
    low, high = max(x.low, y.low), min(x.high, y.high)
    return Line(f"{x.at(low):g},{y.at(low):g} {x.at(high):g},{y.at(high):g}", "guide")


def _box(x: Scale, y: Scale, xs, ys) -> "Tuple[float, float, float, float]":
    """x, y, width and height of the rectangle between two values on either axis."""
    left, right, bottom, top = x.at(xs[0]), x.at(xs[1]), y.at(ys[0]), y.at(ys[1])
    return left, top, round(right - left, 1), round(bottom - top, 1)


def _styled(named: dict):
    """[(style, (name, value))], styles in turn."""
    return [(f"s{number % STYLES}", item) for number, item in enumerate(named.items())]


def _legend(named: dict) -> "List[Tuple[str, str]]":
    return [(name, style) for style, (name, _) in _styled(named)] if len(named) > 1 else []
