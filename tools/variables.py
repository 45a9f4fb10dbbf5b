"""What make says of a variable that it does not know.

python3 -m tools.variables WINDOWS TASK MSL ARGS ...  # the unknown one, then the known ones
"""

import sys
from typing import List

from shared.suggest import nearest


def complaint(name: str, known: List[str]) -> str:
    """
    >>> complaint("CHECKPIONT", ["CHECKPOINT", "TASK"])
    'there is no variable CHECKPIONT: did you mean CHECKPOINT?'
    >>> complaint("WINDOWS", ["CHECKPOINT", "TASK"])
    'there is no variable WINDOWS; an option of the program is given as ARGS="--windows ..."'
    """
    close = nearest(name.upper(), known)
    if close:
        return f"there is no variable {name}: did you mean {close}?"
    option = f'ARGS="--{name.lower()} ..."'
    return f"there is no variable {name}; an option of the program is given as {option}"


if __name__ == "__main__":
    print(complaint(sys.argv[1], sys.argv[2:]))
