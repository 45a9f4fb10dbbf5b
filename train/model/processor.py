"""What this machine's processors can do."""

import os
import re

_INSTRUCTIONS = r"avx512_bf16|amx_bf16|bf16"  # Intel's and AMD's two, and Arm's


def has_bfloat16(path: str = "/proc/cpuinfo") -> bool:
    """Whether they have instructions that multiply in bfloat16; False where Linux does not say."""
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as file:
        flags = re.findall(r"^(?:flags|Features)\s*:(.*)$", file.read(), re.MULTILINE)
    return bool(flags) and all(re.search(rf"\b({_INSTRUCTIONS})\b", line) for line in flags)
