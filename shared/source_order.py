"""Maps each record of a test split to its row in the source.

TFDS stores rows in the order of a hash, and so do the records; predictions must be written in the
order of the original file. <dataset>/<split>/index.npy holds, for record n, the number of its
row in the source (GLUE's `index` column), int64 [examples]: a permutation of 0 to examples - 1.
"""

import io
import os
from typing import Optional

from shared.errors import UserError
from shared.files import sha256_of, write_whole
from shared.manifest import Manifest, Split, rebuild_advice

FILE_NAME = "index.npy"


def path(dataset: str, split: str) -> str:
    return os.path.join(dataset, split, FILE_NAME)


def is_permutation(numbers, examples: int) -> bool:
    """Whether an array holds each of 0 to examples - 1 once.

    >>> import numpy as np
    >>> is_permutation(np.array([2, 0, 1]), 3)
    True
    """
    import numpy as np

    is_integers = numbers.shape == (examples,) and numbers.dtype.kind == "i"
    return is_integers and bool((np.sort(numbers) == np.arange(examples)).all())


def write(dataset: str, split: str, numbers) -> str:
    """Writes a split's index; returns the file's sha256.

    Args: numbers, int64 [examples], a permutation.
    """
    import numpy as np

    assert is_permutation(numbers, len(numbers))
    content = io.BytesIO()
    np.save(content, numbers.astype("<i8"), allow_pickle=False)
    write_whole(path(dataset, split), content.getvalue())
    return sha256_of(path(dataset, split))


def read(dataset: str, split: str, manifest: Manifest):
    """The index of a split, int64 [examples]; None if the records are in the source's order.

    Raises:
      UserError: the file is missing or damaged.
    """
    import numpy as np

    entry = manifest.splits[split]
    if entry.index_sha256 is None:
        return None
    problem = fault(dataset, split, entry)
    if problem:
        raise UserError(
            f"{path(dataset, split)} {problem}. It maps each record to its row in the test file. "
            f"{rebuild_advice(manifest)}"
        )
    return np.load(path(dataset, split), allow_pickle=False)


def fault(dataset: str, split: str, entry: Split) -> Optional[str]:
    """What is wrong with a split's index file; None if nothing is, or if it needs none."""
    import numpy as np

    if entry.index_sha256 is None:
        return None
    file = path(dataset, split)
    if not os.path.exists(file):
        return "is missing"
    sha256 = sha256_of(file)
    if sha256 != entry.index_sha256:
        return f"has the sha256 {sha256}, the manifest says {entry.index_sha256}"
    try:
        numbers = np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        return f"is not a NumPy file ({error})"
    if not is_permutation(numbers, entry.examples):
        return f"does not hold each number from 0 to {entry.examples - 1:,} once"
    return None
