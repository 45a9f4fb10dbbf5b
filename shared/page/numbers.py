"""Numbers as pages show them."""

from typing import Optional

MISSING = "–"


def count(value: Optional[float]) -> str:
    """Of rows, tokens, steps.

    >>> count(67349), count(None)
    ('67,349', '–')
    """
    return MISSING if value is None else f"{value:,.0f}"


def score(value: Optional[float]) -> str:
    """Four decimals, as the trainer prints its metrics.

    >>> score(0.80391), score(-0.00001)
    ('0.8039', '0.0000')
    """
    return MISSING if value is None else f"{round(value, 4) + 0.0:.4f}"


def percent(value: Optional[float]) -> str:
    """
    >>> percent(0.4908), percent(0)
    ('49.1 %', '0.0 %')
    """
    return MISSING if value is None else f"{value:.1%}".replace("%", " %")


def short(value: Optional[float]) -> str:
    """At most four significant digits, for values of any size.

    >>> short(0.5), short(12.3456), short(5e-05), short(1234567)
    ('0.5', '12.35', '5e-05', '1,234,567')
    """
    if value is None:
        return MISSING
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


FILTERS = {"count": count, "score": score, "percent": percent, "short": short}
