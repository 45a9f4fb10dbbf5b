"""Step speed-torch: the same steps in PyTorch with transformers, in the interpreter that has them.

A job as for speed.py, with "model": fields of BertConfig, "operations": [of each shape], and
"compiled": whether torch.compile makes the step. Does not import TensorFlow. On a CPU, for a small
job, it computes in float32: few CPUs have instructions for bfloat16.
"""

import statistics
import time

import torch
import transformers

from bench.gpu import row
from bench.gpu.row import SKIPPED, tell

_STEPS_OF_GROUP = 10
_PRODUCTS, _ROUNDS = 20, 5


def main(job: dict) -> None:
    if not (job["small"] or torch.cuda.is_available()):
        tell("PyTorch", "sees no GPU", SKIPPED)
        return
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")
    tell("PyTorch", f"{torch.__version__}, transformers {transformers.__version__}, {device}")
    peak = _peak(job["peak_of"], device)
    tell(f"products of {job['peak_of']} squared", f"{peak / 1e12:.2f} TFLOP/s", rate=peak)
    for shape, operations in zip(job["shapes"], job["operations"], strict=True):
        _measure(job, shape, operations, peak, device)


def _peak(size: int, device: str) -> float:
    """As product.py."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    factor = (torch.randn(size, size, device=device) * size**-0.5).to(dtype)
    start = torch.randn(size, size, device=device).to(dtype)

    def chain():
        x = start
        for _ in range(_PRODUCTS):
            x = x @ factor
        return x.float().sum().item()

    chain()
    return 2 * size**3 * _PRODUCTS / statistics.median(_timed(chain) for _ in range(_ROUNDS))


def _timed(run) -> float:
    started = time.monotonic()
    run()
    return time.monotonic() - started


class Training:
    """The recipe of bench/peers/train.py on one batch, every position a token."""

    def __init__(self, job: dict, shape, device: str):
        torch.manual_seed(1)
        self._device = device
        config = transformers.BertConfig(**job["model"], num_labels=2, attn_implementation="sdpa")
        model = transformers.BertForSequenceClassification(config).to(device).train()
        self._parameters = list(model.parameters())
        backend = "aot_eager" if job["small"] else "inductor"  # the former compiles no code
        self._model = torch.compile(model, backend=backend) if job["compiled"] else model
        self._optimizer = torch.optim.AdamW(
            self._parameters, lr=5e-5, eps=1e-8, weight_decay=0.01, fused=True
        )
        self._batch = {
            "input_ids": torch.randint(1000, 30000, shape, device=device),
            "attention_mask": torch.ones(shape, dtype=torch.long, device=device),
            "labels": torch.zeros(shape[0], dtype=torch.long, device=device),
        }

    def take(self, count: int) -> float:
        """Takes `count` steps; returns the last one's loss."""
        for _ in range(count):
            with torch.autocast(self._device, torch.bfloat16, enabled=self._device == "cuda"):
                loss = self._model(**self._batch).loss
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
            self._optimizer.step()
        return loss.item()


def _measure(job, shape, operations, peak, device):
    torch.compiler.reset()
    training = Training(job, shape, device)
    first = _timed(lambda: training.take(1))
    training.take(_STEPS_OF_GROUP)
    times = [_timed(lambda: training.take(_STEPS_OF_GROUP)) for _ in range(job["groups"])]
    seconds = statistics.median(times) / _STEPS_OF_GROUP
    rows, tokens = shape
    rate = operations / seconds
    tell(
        f"{job['name']}, {rows} x {tokens}",
        f"{rows / seconds:,.1f} examples/s, {seconds * 1e3:.2f} ms, {rate / 1e12:.2f} TFLOP/s "
        f"({rate / peak:.0%} of the peak), first step {first:.1f} s",
        rows=rows, tokens=tokens, seconds=seconds, whole_share=rate / peak, first=first,
    )  # fmt: skip


if __name__ == "__main__":
    row.main(main)
