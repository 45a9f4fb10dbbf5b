"""Where the shapes of charts lie; the plot reaches from (60, 190) to (348, 10)."""

import numpy as np
import pytest

from shared.page import charts, render
from shared.page.charts import Curve, Labels

LABELS = Labels("title", "x", "y")


def test_bars_stand_on_each_other():
    drawn = charts.bars(LABELS, [0, 1, 2], {"right": [1, 3], "wrong": [0, 1]})
    assert [(r.x, r.y, r.width, r.height, r.style) for r in drawn.rectangles] == [
        (60.0, 145.0, 144.0, 45.0, "s0"),
        (204.0, 55.0, 144.0, 135.0, "s0"),
        (204.0, 10.0, 144.0, 45.0, "s1"),
    ]
    assert drawn.legend == [("right", "s0"), ("wrong", "s1")]
    assert drawn.rectangles[1].text == "1 to 2: 3 right"


def test_curves_reach_from_the_least_to_the_greatest():
    drawn = charts.curves(LABELS, [Curve("a", [0, 10], [0.5, 1.0]), Curve("b", [5], [0.75])])
    assert [line.points for line in drawn.lines] == ["60,190 348,10", "204,100"]
    assert [(dot.x, dot.y) for dot in drawn.dots] == [(204.0, 100.0)]


def test_a_constant_curve_has_a_scale():
    (line,) = charts.curves(LABELS, [Curve("a", [0, 10], [0.0, 0.0])]).lines
    assert line.points == "60,190 348,190"


def test_cells_are_the_stronger_the_more_rows():
    drawn = charts.cells(LABELS, [0, 1, 2], [0, 2, 4], np.array([[4, 0], [0, 1]]), True)
    assert [(r.x, r.y, r.strength) for r in drawn.rectangles] == [
        (60.0, 100.0, 1.0),
        (204.0, 10.0, 0.56),
    ]
    assert [line.points for line in drawn.lines] == ["60,190 348,100"]


def test_the_area_of_a_dot_is_its_share():
    drawn = charts.against_diagonal(LABELS, [0.5, 1], [0.25, 1], [25, 100])
    assert [(dot.x, dot.y, dot.radius) for dot in drawn.dots] == [(204, 145, 3.0), (348, 10, 6.0)]


def test_intervals_stand_above_their_names():
    drawn = charts.intervals(LABELS, ["7", "9"], [(0.0, 0.5, 1.0), (0.5, 0.5, 0.5)])
    assert [line.points for line in drawn.lines] == ["132,190 132,10", "276,100 276,100"]
    assert [tick.text for tick in drawn.x_ticks] == ["7", "9"]


def test_a_name_that_a_template_lacks_is_an_error():
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        render.page("preprocess/dataset_page.html.j2")
