"""What XLA makes of a layer of BERT-base for an H100, without one: kernels, and bytes they pass.

python -m bench.gpu.program --peers_python PYTHON [--shape 128,128]

PYTHON has jax==0.9.2, jax-cuda12-plugin==0.9.2, jax-cuda12-pjrt==0.9.2 and nvidia-cuda-nvcc-cu12,
whose XLA compiles for a GPU that is not there. It is not TensorFlow's own, but of the same months.

Rows of the table are the classes of train/gpu/layers.py; a layer is the difference between the
gradients' programs of three and of two layers, as the first and the last one are unlike the others.
"""

import argparse
import dataclasses
import glob
import math
import operator
import os
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

from bench.gpu import device
from bench.table import markdown
from shared.arguments import Parser
from shared.errors import exit_code

_SIZES = {"bf16": 2, "f32": 4, "u32": 4, "s32": 4, "u16": 2, "pred": 1, "s8": 1, "u8": 1, "s64": 8}
_KINDS = ("Layers", "GpuLayers", "XlaLayers")
_NO_KERNEL = {"parameter", "get-tuple-element", "tuple", "bitcast", "constant"}
_WORKSPACE = re.compile(r"s8\[\d+\]")  # of a product
_LINE = re.compile(r"\s+(?:ROOT )?%?([\w.\-]+) = (.*?) ([a-z\-]+)\((.*?)\)(?:, (.*))?$")


class Kernels(NamedTuple):
    """What a program runs.

    count: kernels. bytes: read and written by those that are no products of matrices. batched: by
    products of many small matrices, attention's, which wait for memory, too.
    """

    count: int
    bytes: int
    batched: int


def kernels(program: str) -> Kernels:
    """Counts the kernels of an optimized program, in the text form of HLO.

    >>> kernels("ENTRY %main {\\n  %p = f32[2,3]{1,0} parameter(0)\\n"
    ...         "  ROOT %add.1 = bf16[2,3]{1,0} fusion(%p), kind=kLoop\\n}")
    Kernels(count=1, bytes=36, batched=0)
    """
    sizes_of, count, passed, batched = {}, 0, 0, 0
    for line in program[program.index("ENTRY ") :].splitlines()[1:]:
        found = _LINE.match(line)
        if not found:
            continue
        name, shape, operation, operands, more = found.groups()
        sizes_of[name] = _bytes(shape)
        if operation in _NO_KERNEL:
            continue
        read = sum(sizes_of.get(operand, 0) for operand in re.findall(r"%([\w.\-]+)", operands))
        count += 1
        if "gemm" not in f"{name} {more}":
            passed += sizes_of[name] + read
        elif '"lhs_batch_dimensions":["' in more:
            batched += _bytes(_WORKSPACE.sub("", shape)) + read
    return Kernels(count, passed, batched)


def _bytes(shape: str) -> int:
    """Of an array or a tuple; without layouts, which are in braces."""
    arrays = re.findall(r"\b(\w+)\[([\d,]*)\]", re.sub(r"\{[^}]*\}", "", shape))
    return sum(_SIZES[dtype] * math.prod(map(int, filter(None, dims.split(","))))
               for dtype, dims in arrays)  # fmt: skip


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    device.begin({"small": True})
    rows = [_row(kind, asked) for kind in _KINDS]
    header = ["layers", "kernels of a layer", "MB outside products", "MB of attention's products"]
    print(markdown(header, rows))


def _row(kind: str, asked) -> "list[str]":
    two, three = (_compiled(kind, count, asked) for count in (2, 3))
    count, *passed = map(operator.sub, three, two)
    return [kind, str(count), *(f"{size / 1e6:,.0f}" for size in passed)]


def _compiled(kind: str, count: int, asked) -> Kernels:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program")
        with open(path, "wb") as file:
            file.write(_gradients(kind, count, asked.shape, folder))
        return kernels(_optimized(path, folder, asked.peers_python))


def _optimized(path: str, folder: str, peers_python: str) -> str:
    """The text of a program as XLA has optimized it; args: folder, for what XLA writes."""
    flags = [os.environ["XLA_FLAGS"], "--xla_gpu_autotune_level=0",
             f"--xla_dump_to={folder}", "--xla_dump_hlo_as_text"]  # fmt: skip
    environment = {**os.environ, "XLA_FLAGS": " ".join(flags), "TF_CPP_MIN_LOG_LEVEL": "3"}
    program = [peers_python, "-m", "bench.gpu.program_jax", path]
    subprocess.run(program, env=environment, check=True)
    (dump,) = glob.glob(os.path.join(folder, "*_gpu_after_optimizations.txt"))
    with open(dump, encoding="utf-8") as file:
        return file.read()


def _gradients(kind: str, count: int, shape, folder: str) -> bytes:
    """The program that computes the gradients, before XLA optimizes it: a serialized HloModule."""
    import tensorflow as tf

    from bench.gpu import taken
    from train.gpu import estimator as gpu
    from train.gpu import layers, step

    step.layers_of_device = lambda use_xla: getattr(layers, kind)
    params = taken.params({"name": "base", "small": False}, shape)
    model = dataclasses.replace(params.model, num_hidden_layers=count)
    params = dataclasses.replace(params, model=model)
    estimator = gpu.Estimator(params, folder, {})
    estimator._train_loop()
    features = {name: tf.zeros(shape, spec.dtype) for name, spec in step.FEATURES.items()}
    function = tf.function(estimator._step._compute_gradients, jit_compile=True, autograph=False)
    arguments = (features, tf.zeros(shape[:1], tf.int32), tf.constant(0))
    return function.experimental_get_compiler_ir(*arguments)(stage="hlo_serialized")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.gpu.program",
        description="XLA's program for an H100. See docs/gpu.md.",
    )
    add = parser.add_argument
    add("--peers_python", required=True, help="has jax and its CUDA plugin")
    add("--shape", type=lambda text: [int(size) for size in text.split(",")], default=[128, 128],
        help="rows,tokens (128,128)")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
