"""What this machine's processors can do."""

import re

_INSTRUCTIONS = r"avx512_bf16|amx_bf16|bf16"  # Intel's and AMD's two, and Arm's
NO_BFLOAT16 = "skipped: no instructions for it"


def has_bfloat16(path: str = "/proc/cpuinfo") -> bool:
    """Whether they can multiply in bfloat16; if not, PyTorch takes minutes for a step."""
    with open(path, encoding="utf-8") as file:
        flags = re.findall(r"^(?:flags|Features)\s*:(.*)$", file.read(), re.MULTILINE)
    return bool(flags) and all(re.search(rf"\b({_INSTRUCTIONS})\b", line) for line in flags)
