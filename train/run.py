"""Command line of the trainer: options -> plan (train/planning/make_plan.py) -> mode."""

import argparse
import os
import sys

from shared.arguments import Parser
from shared.config import settings
from shared.errors import UserError, exit_code
from shared.remote import mirror
from shared.remote.urls import is_remote
from train import modelzoo_options, tf_config
from train.backend import import_tensorflow, keras_later
from train.checkpoints import model_dir
from train.gpu import xla_cache, xla_flags
from train.modes import quality
from train.planning import configuration, make_plan
from train.planning.plan import (
    BACKENDS,
    EVAL_ALL_MODE,
    EVAL_MODE,
    MODES,
    PREDICT_MODE,
    TRAIN_AND_EVAL_MODE,
    TRAIN_MODE,
    WSE,
)
from train.wse import container, rules

# Options that have an effect in some modes only.
_TRAINING = (TRAIN_MODE, TRAIN_AND_EVAL_MODE)
_EVALUATING = (EVAL_MODE, EVAL_ALL_MODE, TRAIN_AND_EVAL_MODE)
_COMPILED = (TRAIN_MODE, EVAL_MODE, TRAIN_AND_EVAL_MODE, PREDICT_MODE)
_MODES_OF = {
    "split": (*_EVALUATING, PREDICT_MODE),
    "eval_steps": _EVALUATING,
    "checkpoint_path": (*_TRAINING, quality.MODE, EVAL_MODE, PREDICT_MODE),
    "steps": _TRAINING,
    "max_steps": (*_TRAINING, quality.MODE),
    "seed": _TRAINING,
    "seeds": (*_TRAINING, quality.MODE),
    "with_text": (PREDICT_MODE,),
    "csv": (PREDICT_MODE,),
    "sweep": _TRAINING,
    "validate_only": _COMPILED,
    "compile_only": _COMPILED,
}


def main(arguments: list) -> None:
    options = parse(arguments)
    if options.backend == WSE:
        rules.check_paths(options)
    if not is_remote(options.model_dir):
        _run(options)
        return
    is_chief = tf_config.is_first_worker()
    trains = is_chief and options.mode in (*_TRAINING, quality.MODE)
    with mirror.at(options.model_dir, trains, writes=is_chief) as folder:
        _run(parse([*arguments, "--model_dir", folder]))


def _run(options: argparse.Namespace) -> None:
    model_dir.check_is_folder(options.model_dir)
    if options.backend != WSE:
        _check_python()
        xla_flags.choose()
        xla_cache.choose()  # whose folder depends on the flags
    if options.mode == quality.MODE:
        quality.run(options, _run_seeds)
    elif options.sweep:
        _sweep(options)
    elif options.seeds is None or options.validate_only or options.compile_only:
        run(options)
    else:
        _check_trained(_run_seeds(options))


def _check_python() -> None:
    if sys.version_info < (3, 8):
        raise UserError(
            f"this is Python {sys.version_info.major}.{sys.version_info.minor}, as in Cerebras' "
            "container, which trains with --backend wse; gpu and cpu need Python 3.10 or later"
        )


def _check_trained(results: list) -> None:
    """Raises if a seed diverged; args: results, what _run_seeds returned."""
    diverged = [str(of["seed"]) for of in results if of["fault"] == "diverged"]
    if diverged:
        raise UserError(f"diverged: seed {', '.join(diverged)}. The lines above say why.")


def _run_seeds(options: argparse.Namespace) -> list:
    _import_tensorflow(options)
    from train.modes import seeds

    return seeds.run(options, run)


def _sweep(options: argparse.Namespace) -> None:
    _import_tensorflow(options)
    from train.modes import sweep

    sweep.run(options, run)


def _import_tensorflow(options: argparse.Namespace) -> str:
    with keras_later():
        return import_tensorflow(options.backend)


def run(options: argparse.Namespace):
    """One run of one mode; returns the scores if it has some."""
    plan = make_plan.make(options)
    is_compiled = bool(options.validate_only or options.compile_only)
    locks = plan.train_data and options.backend != WSE and not is_compiled
    if locks and tf_config.is_first_worker():
        model_dir.check_not_locked(plan.model_dir)
    backend = _import_tensorflow(options)
    manifest = plan.train_data or plan.scored_data
    print(f"backend: {backend}; task: {manifest.task}; model_dir: {plan.model_dir}")
    # These import TensorFlow.
    if backend == WSE:
        from train.wse import modes as on_wse

        return on_wse.run(plan, options)
    from train.modes import compiling, evaluation, prediction, training

    if is_compiled:
        compiling.compile_steps(plan, backend, bool(options.validate_only))
        return None
    mode = {
        TRAIN_MODE: training.train,
        TRAIN_AND_EVAL_MODE: training.train,
        EVAL_MODE: evaluation.evaluate_once,
        EVAL_ALL_MODE: evaluation.evaluate_all,
        PREDICT_MODE: prediction.predict,
    }[options.mode]
    return mode(plan, backend)


_BACKEND = "(wse with --cs_ip or in Cerebras' container; else gpu if one is visible, else cpu)"


def parse(arguments: list) -> argparse.Namespace:
    parser = Parser(
        prog="python -m train.run", description="Fine-tunes BERT on records from preprocess.run."
    )
    parser.add_argument("-m", "--mode", required=True, choices=(*MODES, quality.MODE))
    path = {"type": os.path.expanduser}  # make passes `~` on as typed
    parser.add_argument(
        "-p", "--params", **path, help="the YAML configuration (the fine-tuning recipe)"
    )
    parser.add_argument(
        "--set",
        action="append",
        metavar="SECTION.KEY=VALUE",
        help="a setting that comes before the configuration's; may be repeated",
    )
    parser.add_argument(
        "-o",
        "--model_dir",
        required=True,
        **path,
        help="for checkpoints and results: a folder or URL",
    )
    parser.add_argument("--data_dir", **path, help="the folder, or URL, that holds manifest.json")
    parser.add_argument("--split", help="split to score (every labelled one but train) or predict")
    parser.add_argument("--backend", choices=BACKENDS, help=_BACKEND)
    parser.add_argument(
        "--checkpoint_path",
        help="a BERT to start from, or a classifier to score: folder or TF checkpoint",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=positive_integer, help="train this many more steps")
    length.add_argument("--max_steps", type=positive_integer, help="train until this step")
    parser.add_argument("--eval_steps", type=int, help="batches of an evaluation (all)")
    flag = {"action": "store_true", "default": None}
    parser.add_argument("--with_text", **flag, help="predict: put the texts into the files")
    parser.add_argument("--csv", **flag, help="predict: also write predict_<split>.csv")
    before = parser.add_mutually_exclusive_group()
    before.add_argument("--validate_only", **flag, help="check the steps, run nothing")
    before.add_argument("--compile_only", **flag, help="compile the steps, run nothing")
    parser.add_argument("--cs_ip", help="wse: the IP address of the CS system")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--seed", type=natural_number, help="instead of runconfig.tf_random_seed")
    chosen.add_argument(
        "--seeds", type=several_seeds, help="1,2,3: a training for each, and a table of scores"
    )
    parser.add_argument(
        "--sweep",
        action="append",
        metavar="SECTION.KEY=VALUE,VALUE",
        help="a training for each value, and a table of scores; of several, for each combination",
    )
    modelzoo_options.check(arguments)
    options = parser.parse_args(arguments)
    options.backend = options.backend or _default_backend(options)
    options.params = options.params or configuration.default_path(options.mode, options.model_dir)
    for name, modes in _MODES_OF.items():
        if getattr(options, name) is not None and options.mode not in modes:
            parser.error(f"--{name} has no effect with --mode {options.mode}")
    if options.backend != WSE and options.cs_ip is not None:
        parser.error(f"--cs_ip has no effect with --backend {options.backend}")
    if options.sweep and (options.backend == WSE or options.validate_only or options.compile_only):
        parser.error("--sweep trains and evaluates on gpu or cpu; leave it out here")
    return options


def _default_backend(options: argparse.Namespace) -> "str | None":
    """wse where only that can be meant; None for the best of the others."""
    return WSE if options.cs_ip is not None or container.is_here() else None


def positive_integer(text: str) -> int:
    return _parsed(settings.integer(1), text)


def natural_number(text: str) -> int:
    return _parsed(settings.integer(0), text)


def several_seeds(text: str) -> tuple:
    return _parsed(settings.seeds, text.split(","))


def _parsed(parse, value):
    try:
        return parse(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
