"""Builds the steps of a run before it starts: `make compile` on gpu and cpu.

They are the steps of train/gpu/estimator.py, run on zeros with throw-away variables. No record is
read, and only XLA's cache is written.
"""

from typing import Callable, List, NamedTuple

import numpy as np

from shared.config import InputConfig, ModelConfig
from shared.errors import UserError
from shared.manifest import Manifest
from shared.tasks import TRAIN_SPLIT
from train.data import batch_shapes
from train.data.batch_shapes import Shapes
from train.errors import explained
from train.gpu import from_plan, xla_cache
from train.model import flops, variables
from train.planning.plan import Plan


class Kind(NamedTuple):
    """One kind of step.

    name: train, eval or predict. batches: how many a step takes. flops: function (model, rows,
    tokens) -> operations of a batch.
    """

    name: str
    shapes: Shapes
    batches: int
    flops: Callable
    inputs: InputConfig
    manifest: Manifest


def compile_steps(plan: Plan, backend: str, validate_only: bool) -> None:
    """Builds the steps and, with XLA and unless validate_only, compiles them into its cache.

    Raises:
      UserError: they cannot be built, need too much memory, or their programs cannot be stored.
    """
    with explained(*_largest(plan)):
        estimator = from_plan.throw_away_estimator(plan, backend, plan.train_data is not None)
    is_compiling = estimator.params.runconfig.xla and not validate_only
    if is_compiling and xla_cache.why_none():
        raise UserError(
            f"XLA's programs cannot be stored: {xla_cache.why_none()}. ARGS=--validate_only checks "
            "the steps without compiling them."
        )
    before = xla_cache.programs()
    _print_model(estimator)
    kinds = _kinds(plan, estimator)
    for kind in kinds:
        _compile(kind, estimator, is_compiling)
    for line in (line for kind in kinds for line in kind.shapes.unknown):
        print(f"unknown without the data: {line}")
    print(_summary(kinds, estimator, is_compiling, xla_cache.programs() - before))


def _largest(plan: Plan):
    """What needs most memory: (its input, its manifest, the optimizer if it trains)."""
    if plan.train_data:
        return plan.params.train_input, plan.train_data, plan.params.optimizer
    return plan.scored_input, plan.scored_data


def _kinds(plan: Plan, estimator) -> List[Kind]:
    params, kinds = estimator.params, []
    if plan.train_data:
        manifest = plan.train_data
        of_training = batch_shapes.of_training(params, manifest, estimator.input_context())
        batches = params.optimizer.grad_accum_steps * estimator.devices
        kinds.append(
            Kind(TRAIN_SPLIT, of_training, batches, flops.train, params.train_input, manifest)
        )
    if plan.scored_data:
        section, manifest = plan.scored_section, plan.scored_data
        of_scoring = batch_shapes.of_scoring(params, section, plan.splits, manifest)
        name = section.split("_")[0]
        kinds.append(Kind(name, of_scoring, 1, flops.forward, plan.scored_input, manifest))
    return kinds


def _print_model(estimator) -> None:
    table = variables.table(estimator.params.model)
    count = sum(int(np.prod(spec.shape)) for spec in table)
    xla = "on" if estimator.params.runconfig.xla else "off"
    print(
        f"{count:,} parameters in {len(table)} variables; matrix products in "
        f"{estimator.dtype.name}; XLA {xla}; devices sharing a step: {estimator.devices}"
    )
    print(f"{'step':<9}{'rows x length':>18}{'GFLOP/step':>14}{'seconds':>10}")


def _compile(kind: Kind, estimator, is_compiling: bool) -> None:
    """Prints a line for building the step, and one for each shape."""
    is_training = kind.name == TRAIN_SPLIT
    taken = kind.shapes.known if is_compiling else []
    optimizer = estimator.params.optimizer if is_training else None
    with explained(kind.inputs, kind.manifest, optimizer, estimator.devices):
        times = estimator.compile(taken, is_training, kind.shapes.has_weights)
        print(f"{kind.name:<9}{'built':>18}{'':>14}{next(times):>10.2f}")
        for shape in kind.shapes.known:
            before = xla_cache.programs()
            line = _row(kind, shape, estimator.params.model)
            if is_compiling:
                line += f"{next(times):>10.2f}  "
                line += "compiled" if xla_cache.programs() > before else "from the cache"
            print(line)


def _row(kind: Kind, shape, model: ModelConfig) -> str:
    rows, tokens = shape
    several = f"{kind.batches} of " if kind.batches > 1 else ""
    gflop = kind.batches * kind.flops(model, rows, tokens) / 1e9
    return f"{kind.name:<9}{f'{several}{rows} x {tokens}':>18}{gflop:>14,.3f}"


def _summary(kinds: List[Kind], estimator, is_compiling: bool, new: int) -> str:
    counts = {kind.name: len(kind.shapes.known) for kind in kinds}
    if not is_compiling:
        xla = "--validate_only" if estimator.params.runconfig.xla else "XLA is off"
        return f"checked: {_counted(counts)}; nothing was compiled ({xla}), no data read"
    counts = {name: count for name, count in counts.items() if count}
    return (
        f"compiled: {_counted(counts)}; {new} of {estimator.programs()} XLA programs are new in "
        f"{xla_cache.folder()}, no data read"
    )


def _counted(counts: dict) -> str:
    return ", ".join(f"{name} step ({count} shapes)" for name, count in counts.items()) or "nothing"
