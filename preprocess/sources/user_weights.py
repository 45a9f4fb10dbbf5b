"""How much the rows of a user's training file count."""

from preprocess.sources.user_labels import LabelError, score
from shared import shown

EXPECTED = "a number that is not below 0"


class WeightError(ValueError):
    """A value that is no weight; the text completes `found ...`."""


def weight_of(value) -> float:
    """The weight in a row's value, as float32 has it.

    >>> weight_of("0.5"), weight_of(3), weight_of("1e1 ")
    (0.5, 3.0, 10.0)

    Raises:
      WeightError: there is none, or it is below 0, not finite or no number.
    """
    text = "" if value is None else str(value).strip()
    if not text:
        raise WeightError("no weight")
    try:
        weight = score(text)
    except LabelError:
        weight = -1.0
    if weight < 0:
        raise WeightError(f"the weight {shown.value(value)}")
    return abs(weight)  # of -0.0
