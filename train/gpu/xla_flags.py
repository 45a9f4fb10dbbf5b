"""XLA's flags that a training sets before TensorFlow is imported."""

import os

VARIABLE = "XLA_FLAGS"
# A product by Triton is compiled and timed in dozens of variants before the first step: with four
# layers of BERT-base on an H100, beside other programs, for 103 s instead of 38.
_OURS = {"--xla_gpu_enable_triton_gemm": "false"}


def choose() -> None:
    """Sets them, unless the user has set them or names a file of flags."""
    given = os.environ.get(VARIABLE, "").strip()
    if given and not given.startswith("-"):
        return
    missing = [f"{flag}={value}" for flag, value in _OURS.items() if flag not in given]
    os.environ[VARIABLE] = " ".join(filter(None, [given, *missing]))
