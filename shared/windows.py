"""Windows of a long text: runs of its tokens that overlap, so that none is cut off.

A window has as many tokens as fit into a record beside [CLS] and [SEP], its `room`; the last one
may have fewer. Two that follow each other share `overlap` tokens. With a room of 6 and an overlap
of 2, a text of 11 tokens becomes the windows 0 to 5, 4 to 9 and 8 to 10.
"""

from typing import Dict

from shared.records import special_tokens


def room_of(max_sequence_length: int) -> int:
    """The tokens of a text that fit into a record.

    >>> room_of(128)
    126
    """
    return max_sequence_length - special_tokens(1)


def count(lengths, room: int, overlap: int, math):
    """How many windows texts of these lengths become, int [N]; of an empty text one.

    >>> import numpy as np
    >>> count(np.array([0, 6, 7, 10, 11]), room=6, overlap=2, math=np)
    array([1, 1, 2, 2, 3])

    Args: lengths, int [N]; math, the module of maximum: np, or tf for a tensor.
    """
    step = room - overlap
    return 1 + math.maximum(-((room - lengths) // step), 0)


def firsts(documents):
    """The first record of each document, int64 [D].

    >>> import numpy as np
    >>> firsts(np.array([0, 0, 1, 2, 2]))
    array([0, 2, 3])

    Args: documents, int64 [N], of which one each record is, in order (documents.npy).
    """
    import numpy as np

    return np.flatnonzero(np.diff(documents, prepend=-1))


def histogram(texts: Dict[int, int], max_sequence_length: int, overlap: int) -> Dict[int, int]:
    """{tokens of a record: records} of whole texts; [CLS] and [SEP] count everywhere.

    >>> histogram({8: 5, 13: 1}, max_sequence_length=8, overlap=2)
    {8: 7, 5: 1}
    """
    import numpy as np

    room = room_of(max_sequence_length)
    found: Dict[int, int] = {}
    for length, rows in texts.items():
        windows = int(count(length - special_tokens(1), room, overlap, np))
        last = length - (windows - 1) * (room - overlap)
        for tokens, times in ((max_sequence_length, windows - 1), (last, 1)):
            if times:
                found[tokens] = found.get(tokens, 0) + times * rows
    return found
