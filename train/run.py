"""Command line of the trainer: options -> configuration and data, checked -> estimator.

Everything that can be wrong without TensorFlow is found before it is imported.
"""

import argparse
import dataclasses
import functools
import os
import sys

from shared import config, manifest, quiet, tasks
from shared.config import Config
from shared.errors import UserError, exit_code
from shared.manifest import Manifest

MODES = ("train", "eval", "train_and_eval")
BACKENDS = ("gpu", "cpu")


def main(arguments: list) -> None:
    options = parse(arguments)
    params = with_options(config.load(options.params, print), options)
    section = "eval_input" if options.mode == "eval" else "train_input"
    dataset = getattr(params, section).data_dir
    if dataset is None:
        raise UserError(
            f"no dataset: give --data_dir (DATA_DIR), or {section}.data_dir in {options.params}"
        )
    found = manifest.read(dataset)
    backend = import_tensorflow(options.backend)
    from train import resolve

    resolve.check_data(params, options.params, section, dataset, found)
    print(f"backend: {backend}; task: {found.task}; data: {dataset}", flush=True)
    if options.mode == "eval":
        evaluate(options, params, dataset, found, backend)
    else:
        train(options, params, dataset, found, backend)


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m train.run", description="Fine-tunes BERT on records of preprocess.run."
    )
    parser.add_argument("-m", "--mode", required=True, choices=MODES)
    parser.add_argument("-p", "--params", required=True, help="the YAML configuration")
    parser.add_argument("-o", "--model_dir", required=True, help="checkpoints and results go here")
    parser.add_argument("--data_dir", help="the folder that holds manifest.json")
    parser.add_argument("--split", help="what to evaluate (every labelled split but train)")
    parser.add_argument("--backend", choices=BACKENDS, help="(gpu if one is visible, else cpu)")
    parser.add_argument("--checkpoint_path", help="a Hugging Face BERT folder to start from")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=_positive, help="train this many steps more")
    length.add_argument("--max_steps", type=_positive, help="train until this step")
    parser.add_argument("--eval_steps", type=int, help="batches of an evaluation (all)")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, found {text}")
    return int(text)


def with_options(params: Config, options: argparse.Namespace) -> Config:
    """The configuration with what the command line overrides."""
    run = params.runconfig
    if options.steps or options.max_steps:
        run = dataclasses.replace(run, steps=options.steps, max_steps=options.max_steps)
    if options.eval_steps is not None:
        run = dataclasses.replace(run, eval_steps=options.eval_steps)
    inputs = {}
    if options.data_dir is not None:
        for name in ("train_input", "eval_input", "predict_input"):
            inputs[name] = dataclasses.replace(getattr(params, name), data_dir=options.data_dir)
    return dataclasses.replace(params, runconfig=run, **inputs)


def import_tensorflow(backend: "str | None") -> str:
    """Imports TensorFlow, picks the backend and returns its name.

    Raises:
      UserError: gpu was asked for and none is visible.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with quiet.native_stderr() as said:
        from train.estimators import gpu

        gpus = 0 if backend == "cpu" else gpu.visible_gpus()
        complaints = [line for line in said().splitlines() if "GPU" in line or "cu" in line.lower()]
        if backend == "cpu" or not gpus:
            gpu.use_cpu()
    if backend == "gpu" and not gpus:
        raise UserError(
            "--backend gpu, but TensorFlow sees no GPU. It said:\n  "
            + "\n  ".join(complaints or ["nothing"])
            + "\nInstall the CUDA libraries with `make setup EXTRAS=gpu`, check nvidia-smi, or use "
            "BACKEND=cpu."
        )
    return "gpu" if gpus else "cpu"


def train(options, params: Config, dataset: str, found: Manifest, backend: str) -> None:
    """Modes train and train_and_eval."""
    from train import checkpoint, evaluation, model_dir

    splits = evaluation.splits_of(found, options.split) if options.mode != "train" else []
    if not found.splits.get(tasks.TRAIN):
        raise UserError(f"task {found.task} has no train split; it can only be predicted")
    before = model_dir.read_params(options.model_dir)
    latest = checkpoint.latest(options.model_dir)
    if latest is not None and before is None:
        raise UserError(
            f"{options.model_dir} holds checkpoints and no params.yaml, so nobody knows what data "
            "they were trained on; choose another MODEL_DIR"
        )
    pretrained = None
    if latest is not None:
        model_dir.check_same_data(options.model_dir, before, dataset, found)
        params = model_dir.with_trained_model(options.model_dir, before, params)
    elif options.checkpoint_path:
        from train.pretrained import huggingface

        pretrained = huggingface.read(options.checkpoint_path)
    params = resolved(params, found, pretrained)
    estimator = make_estimator(params, options.model_dir, backend)
    origin = options.checkpoint_path or "random weights"
    if latest is not None:
        first = estimator.restore(latest)
        origin = before[config.DATA_SECTION]["initialized_from"]
        print(f"continues from {latest}")
        if options.checkpoint_path:
            print(f"--checkpoint_path is not used: {options.model_dir} has a checkpoint of its own")
    else:
        first = 0
        start_weights(estimator, params, pretrained)
    model_dir.write_params(options.model_dir, params, found, origin)
    after = None
    if splits:
        after = functools.partial(
            evaluation.evaluate,
            estimator,
            found,
            splits,
            options.model_dir,
            steps=eval_steps(params),
        )
    from train.input_fn import train_input_fn

    estimator.train(train_input_fn, last_step(params, first), after)


def start_weights(estimator, params: Config, pretrained) -> None:
    """Pretrained weights where there are some; says how many and which are new."""
    from train import resolve

    if pretrained is None:
        print("starts from random weights; give --checkpoint_path (CHECKPOINT) for a trained BERT")
        return
    weights, new = resolve.initial_weights(params.model, pretrained)
    estimator.warm_start(weights)
    print(f"{len(weights)} variables from {pretrained.path}; new: {', '.join(new)}")


def evaluate(options, params: Config, dataset: str, found: Manifest, backend: str) -> None:
    """Mode eval: the latest checkpoint of model_dir."""
    from train import checkpoint, evaluation, model_dir

    splits = evaluation.splits_of(found, options.split)
    trained = model_dir.read_params(options.model_dir)
    latest = checkpoint.latest(options.model_dir)
    if latest is None or trained is None:
        raise UserError(
            f"{options.model_dir} holds no trained model; train one with `make train`, or give "
            "its folder with MODEL_DIR"
        )
    model_dir.check_can_evaluate(options.model_dir, trained, dataset, found)
    params = model_dir.with_trained_model(options.model_dir, trained, params)
    estimator = make_estimator(resolved(params, found, None), options.model_dir, backend)
    step = estimator.restore(latest)
    evaluation.evaluate(estimator, found, splits, options.model_dir, step, steps=eval_steps(params))


def resolved(params: Config, found: Manifest, pretrained) -> Config:
    """The configuration with nothing unset."""
    from train import resolve

    is_mixed = params.model.mixed_precision is not False
    return dataclasses.replace(
        params,
        model=resolve.model(params.model, found, pretrained, print),
        optimizer=resolve.optimizer(params.optimizer, is_mixed),
    )


def make_estimator(params: Config, model_dir: str, backend: str):
    from train.estimators.gpu import Estimator

    xla = params.runconfig.xla
    return Estimator(params, model_dir, use_xla=backend == "gpu" if xla == "auto" else xla)


def last_step(params: Config, first: int) -> int:
    """The global step at which training ends."""
    run = params.runconfig
    if run.steps is None and run.max_steps is None:
        raise UserError("no end of training: give --max_steps, or runconfig.max_steps in the YAML")
    return first + run.steps if run.steps else run.max_steps


def eval_steps(params: Config) -> "int | None":
    steps = params.runconfig.eval_steps
    return steps if steps and steps > 0 else None


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
