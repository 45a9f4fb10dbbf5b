"""Command line of the trainer: options -> plan (train/plan.py) -> estimator."""

import argparse
import dataclasses
import functools
import os
import re
import signal
import sys

from shared import quiet
from shared.errors import UserError, exit_code
from train import checkpoint_files, model_dir, plan
from train.plan import Plan

BACKENDS = ("gpu", "cpu")
# Options that mean something in some modes only.
_MODES_OF = {
    "split": (plan.EVAL, plan.TRAIN_AND_EVAL),
    "eval_steps": (plan.EVAL, plan.TRAIN_AND_EVAL),
    "checkpoint_path": (plan.TRAIN, plan.TRAIN_AND_EVAL),
    "steps": (plan.TRAIN, plan.TRAIN_AND_EVAL),
    "max_steps": (plan.TRAIN, plan.TRAIN_AND_EVAL),
}


def main(arguments: list) -> None:
    options = parse(arguments)
    todo = plan.make(options)
    backend = import_tensorflow(options.backend)
    found = todo.train_data or todo.eval_data
    print(f"backend: {backend}; task: {found.task}; model_dir: {todo.model_dir}")
    if todo.train_data is None:
        evaluate(todo, backend)
    else:
        train(todo, backend)


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m train.run", description="Fine-tunes BERT on records of preprocess.run."
    )
    parser.add_argument("-m", "--mode", required=True, choices=plan.MODES)
    parser.add_argument("-p", "--params", required=True, help="the YAML configuration")
    parser.add_argument("-o", "--model_dir", required=True, help="checkpoints and results go here")
    parser.add_argument("--data_dir", help="the folder that holds manifest.json")
    parser.add_argument("--split", help="what to evaluate (every labelled split but train)")
    parser.add_argument("--backend", choices=BACKENDS, help="(gpu if one is visible, else cpu)")
    parser.add_argument("--checkpoint_path", help="a checkpoint to start from, of any format")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=positive_integer, help="train this many steps more")
    length.add_argument("--max_steps", type=positive_integer, help="train until this step")
    parser.add_argument("--eval_steps", type=int, help="batches of an evaluation (all)")
    options = parser.parse_args(arguments)
    for name, modes in _MODES_OF.items():
        if getattr(options, name) is not None and options.mode not in modes:
            parser.error(f"--{name} means nothing with --mode {options.mode}")
    return options


def positive_integer(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, found {text!r}")
    return int(text)


def import_tensorflow(backend: "str | None") -> str:
    """Imports TensorFlow, picks the backend and returns its name.

    Raises:
      UserError: gpu was asked for and none is visible.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with quiet.native_stderr() as said:
        from train.estimators import gpu

        gpus = 0 if backend == "cpu" else gpu.visible_gpus()
        if gpus == 0:
            gpu.use_cpu()
        complaints = re.findall(r".*\b(?:GPU|CUDA|cuda|cuInit|cuDNN|dlopen)\b.*", said())
    if backend == "gpu" and gpus == 0:
        raise UserError(
            "--backend gpu, but TensorFlow sees no GPU. It said:\n  "
            + "\n  ".join(complaints or ["nothing"])
            + "\nInstall CUDA's libraries with `make setup EXTRAS=gpu`, check nvidia-smi, or use "
            "BACKEND=cpu."
        )
    return "gpu" if gpus else "cpu"


def train(todo: Plan, backend: str) -> None:
    """Modes train and train_and_eval."""
    from train import evaluation
    from train.input_fn import train_input_fn

    with model_dir.locked(todo.model_dir):
        check_is_current(todo)
        if todo.checkpoint is not None:
            say_how_it_continues(todo, backend)
        estimator = make_estimator(todo, backend)
        stop = stop_on_sigterm()
        score = functools.partial(evaluation.evaluate, estimator, todo, should_stop=stop)
        if todo.checkpoint is not None and not evaluation.is_done(todo):
            score(todo.first_step)  # a kill came between the checkpoint and its evaluation
        if todo.first_step < todo.last_step:
            found, origin = todo.train_data, todo.origin
            model_dir.write_params(todo.model_dir, todo.params, found, origin, backend)
        input_fn = functools.partial(train_input_fn, found=todo.train_data)
        estimator.train(input_fn, todo.last_step, score, stop)


def check_is_current(todo: Plan) -> None:
    """The plan was made before the lock was held."""
    if checkpoint_files.latest(todo.model_dir) != todo.checkpoint:
        raise UserError(
            f"another training has written to {todo.model_dir} in the meantime; start again"
        )


def say_how_it_continues(todo: Plan, backend: str) -> None:
    print(f"continues from {todo.checkpoint}")
    for change in model_dir.changes(todo.trained, todo.params, backend):
        print(f"continues otherwise than it began: {change}")


def evaluate(todo: Plan, backend: str) -> None:
    """Mode eval."""
    from train import evaluation

    for change in model_dir.precision_change(todo.trained, todo.params):
        print(f"scores otherwise than it was trained: {change}")
    evaluation.evaluate(make_estimator(todo, backend), todo, todo.first_step)


def make_estimator(todo: Plan, backend: str):
    """An estimator that starts where the plan does."""
    from train.estimators import gpu

    run = todo.params.runconfig
    xla = backend == "gpu" if run.xla == "auto" else run.xla
    run = dataclasses.replace(run, xla=xla)
    params = dataclasses.replace(todo.params, runconfig=run)
    values = todo.weights
    if todo.checkpoint is not None:
        values = gpu.read_checkpoint(todo.checkpoint, params.model)
    return gpu.Estimator(params, todo.model_dir, values)


def stop_on_sigterm():
    """A function that tells whether SIGTERM has come since this call."""
    received = []
    signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    return lambda: bool(received)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
