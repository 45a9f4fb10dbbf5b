"""bench/train/__main__.py where PyTorch's half cannot run."""

import math

import pytest

from bench.train import __main__ as train
from train.model import processor


@pytest.mark.parametrize(
    "flags, expected",
    [
        ("fpu avx2 avx512_bf16 amx_tile", True),
        ("fpu amx_bf16", True),
        ("fpu avx2 avx512f avx512vnni", False),
    ],
)
def test_a_processor_with_instructions_for_bfloat16(tmp_path, flags, expected):
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: {flags}\n")
    assert processor.has_bfloat16(str(path)) == expected


def test_the_table_says_that_pytorch_was_left_out():
    line = train._step_line("bfloat16", [(20.0, math.nan, 1e12, 25.0)] * 3, 10e9)
    assert line == [
        "bfloat16",
        "20.0",
        "skipped: no instructions for it",
        "",
        "",
        "200",
        "1,000",
        "20%",
    ]
    rates = {train._TRIMMED: 50.0, train._UNTRIMMED: 25.0}
    table = train._epoch_table({name: [{"rate": rate}] * 3 for name, rate in rates.items()})
    (last,) = (line for line in table.splitlines() if "PyTorch, dynamic" in line)
    assert "skipped: no instructions for it" in last and "2.00" in table
