"""Where values lie in a chart: scales and their ticks."""

import math
from typing import List, NamedTuple

_TICKS = 5


class Box(NamedTuple):
    """The size of a chart and where its axes lie, in units of about a pixel on a phone."""

    width: int = 360
    height: int = 230
    left: int = 60
    right: int = 348
    top: int = 10
    bottom: int = 190


BOX = Box()


class Scale(NamedTuple):
    """Values from low to high, on the positions from start to end."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The position of a value, to a tenth of a unit.

        >>> Scale(0, 2, 100, 200).at(0.5)
        125.0
        """
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


class Tick(NamedTuple):
    """A mark of an axis."""

    at: float
    text: str


def horizontal(low: float, high: float) -> Scale:
    return Scale(low, _apart(low, high), BOX.left, BOX.right)


def vertical(low: float, high: float) -> Scale:
    return Scale(low, _apart(low, high), BOX.bottom, BOX.top)


def _apart(low: float, high: float) -> float:
    """A scale has some extent, even where all values are equal."""
    return high if high > low else low + (abs(low) or 1)


def ticks(scale: Scale) -> List[Tick]:
    """Round values within the scale, at equal distances.

    >>> [tick.text for tick in ticks(Scale(0, 0.83, 0, 1))]
    ['0', '0.2', '0.4', '0.6', '0.8']
    """
    step = _round_step((scale.high - scale.low) / _TICKS)
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    values = [number * step for number in range(first, last + 1)]
    return [Tick(scale.at(value), _text(value)) for value in values]


def _round_step(rough: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough * (1 - 1e-9))


def _text(value: float) -> str:
    """
    >>> _text(3 * 0.1), _text(1500.0), _text(2e6), _text(0.00015)
    ('0.3', '1.5k', '2M', '1.5e-4')
    """
    size = abs(value)
    if size >= 1e6:
        return f"{value / 1e6:.6g}M"
    if size >= 1e3:
        return f"{value / 1e3:.6g}k"
    if 0 < size < 1e-3:
        digits, power = f"{value:.5e}".split("e")
        return f"{float(digits):g}e{int(power)}"
    return f"{value:.6g}"
