"""What a training is going to do, in one screen before its first step."""

from typing import Iterator

from shared import shown
from shared.config import OptimizerConfig, Schedule
from shared.tasks import TRAIN_SPLIT
from train.planning import length
from train.planning.plan import Plan


def lines(plan: Plan, first_step: int, last_step: int, dtype: str) -> Iterator[str]:
    """Args:
    first_step, last_step: the global steps between which it trains.
    dtype: of the matrix products.
    """
    yield f"examples: {_examples(plan)}"
    yield f"length: {_length(plan, first_step, last_step)}"
    optimizer = plan.params.optimizer
    rates = ", then ".join(map(_rate, optimizer.learning_rate))
    yield f"learning rate: {rates} ({optimizer.optimizer_type}, {dtype})"
    if optimizer.class_weights or optimizer.label_smoothing:
        yield f"loss: {_loss(optimizer)}"
    yield f"checkpoints: {_checkpoints(plan)}"


def _examples(plan: Plan) -> str:
    manifest = plan.train_data
    kinds = f"{manifest.num_labels} classes" if manifest.label_names else "scores"
    kinds += " (multi-label)" if manifest.is_multi_label else ""
    has_weights = manifest.train_weights and not plan.params.train_input.input_fn
    weights = f", weights {manifest.train_weights.in_words()}" if has_weights else ""
    return f"{_rows(plan)}, {kinds}, up to {manifest.max_sequence_length} tokens{weights}"


def _rows(plan: Plan) -> str:
    split = plan.train_data.splits[TRAIN_SPLIT]
    if not split.is_counted:
        return f"from {plan.params.train_input.place}"
    of = "" if plan.train_data.windows is None else f" windows of {split.rows:,} documents"
    return f"{split.examples:,}{of}"


def _length(plan: Plan, first_step: int, last_step: int) -> str:
    steps = last_step - first_step
    batch, parts = plan.params.train_input.batch_size, plan.params.optimizer.grad_accum_steps
    size = f"{batch} x {parts} = {batch * parts}" if parts > 1 else str(batch)
    start = f" from step {first_step}" if first_step else ""
    text = f"{_counted(steps, 'step')}{start} of {size} examples"
    if plan.params.train_input.input_fn:
        return text  # how much of the data it reads is not known
    per_epoch = length.per_epoch(plan.params, plan.train_data)
    return f"{text}: {_counted(steps / per_epoch, 'epoch')} of {_counted(per_epoch, 'step')}"


def _checkpoints(plan: Plan) -> str:
    every = plan.params.runconfig.save_checkpoints_steps
    if not plan.splits:
        return f"every {every:,} steps"
    chosen = f"scored on {plan.splits[0]}; the one of the best {plan.best_metric} goes to best/"
    return f"every {every:,} steps, {chosen}"


def _loss(options: OptimizerConfig) -> str:
    """
    >>> _loss(OptimizerConfig((), class_weights={"no": 0.625, "yes": 2.5}, label_smoothing=0.1))
    'cross entropy, label smoothing 0.1, class weights no 0.625, yes 2.5'
    """
    parts = ["cross entropy"]
    if options.label_smoothing:
        parts.append(f"label smoothing {options.label_smoothing:g}")
    if options.class_weights:
        weights = (f"{shown.plain(name)} {of:.3g}" for name, of in options.class_weights.items())
        parts.append(f"class weights {shown.listed(weights)}")
    return ", ".join(parts)


def _counted(number: float, name: str) -> str:
    """
    >>> _counted(1, "epoch"), _counted(0.5, "epoch"), _counted(2104, "step")
    ('1 epoch', '0.5 epochs', '2,104 steps')
    """
    digits = f"{number:,}" if isinstance(number, int) else f"{number:.3g}"
    return f"{digits} {name}" + ("" if number == 1 else "s")


def _rate(schedule: Schedule) -> str:
    """
    >>> _rate(Schedule("Linear", {"initial_learning_rate": 0.0, "end_learning_rate": 5e-05,
    ...                           "steps": 93}))
    '0 to 5e-05 in 93 steps'
    """
    values, duration = schedule.values, schedule.duration
    within = f" in {_counted(duration, 'step')}" if duration else ""
    if schedule.scheduler == "Constant":
        return f"{values['learning_rate']:g}{within}"
    if schedule.scheduler == "Linear":
        return f"{values['initial_learning_rate']:g} to {values['end_learning_rate']:g}{within}"
    start = values.get("initial_learning_rate", values.get("values", (0,))[0])
    return f"{schedule.scheduler} from {start:g}{within}"
