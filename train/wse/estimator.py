"""The estimator of a Cerebras CS system; the only file that imports Cerebras' packages.

For the container of releases 1.3 to 1.7.1 (TensorFlow 2.2), which `csrun_cpu` and `csrun_wse`
start. With csrun_wse the same program runs in every task; Cerebras' software makes one of them the
chief and the others input workers. So every file written here must be the same in all tasks.
"""

import importlib.util
import os
from typing import Callable, Iterator, Optional

import numpy as np
import tensorflow as tf

from shared import config
from shared.config import Config
from shared.errors import UserError
from train.wse import model_fn
from train.wse.layers import WseLayers
from train.wse.rules import address, uses_cs

_LONGEST_UNSPILLED = 512  # up to this length the Model Zoo requests kernels without spilling


class Estimator:
    """CerebrasEstimator, built from a configuration.

    Its methods take an input_fn: a function of no argument that returns a tf.data.Dataset of
    (features, labels), train/wse/input_fn.py.
    """

    def __init__(
        self,
        params: Config,
        model_dir: str,
        max_sequence_length: int,
        cs_ip: Optional[str] = None,
        warm_start_from: Optional[str] = None,
        is_compiled: bool = False,
    ):
        """
        Args:
          params: with nothing unset, adapted by rules.adapted.
          max_sequence_length: tokens in a record.
          cs_ip: of the CS system; None computes on the CPU, unless K8S_CS_IP is set.
          warm_start_from: a checkpoint whose weights, except the new ones, training starts from.
          is_compiled: whether this is for `compile`.
        """
        self._uses_cs = uses_cs(cs_ip)
        stack = _stack_params(params, max_sequence_length, self._uses_cs or is_compiled)
        settings = None
        if warm_start_from is not None:
            settings = tf.estimator.WarmStartSettings(
                warm_start_from, vars_to_warm_start=_old_variables(params)
            )
        tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.INFO)
        self._estimator = _class()(
            model_fn=model_fn.make(params, WseLayers, _spec_class()),
            model_dir=os.path.abspath(model_dir),
            config=_run_config(params, cs_ip, stack),
            params=config.dump(params),
            warm_start_from=settings,
        )

    def compile(self, input_fn: Callable, validate_only: bool, mode: str) -> None:
        """Cerebras' compiler: up to kernel matching, or to executables; args: mode, model_fn's."""
        self._estimator.compile(_of_params(input_fn), validate_only=validate_only, mode=mode)

    def train(self, input_fn: Callable, max_steps: int) -> None:
        """Trains until the global step is max_steps, from the newest checkpoint of model_dir."""
        self._estimator.train(
            input_fn=_of_params(input_fn), max_steps=max_steps, use_cs=self._uses_cs
        )

    def evaluate(self, input_fn: Callable, steps: int, checkpoint_path: str, name: str) -> dict:
        """Metrics and mean loss over `steps` batches, on the CPU; args: name, of the split."""
        return self._estimator.evaluate(
            input_fn=_of_params(input_fn),
            steps=steps,
            checkpoint_path=checkpoint_path,
            name=name,
            use_cs=False,
        )

    def predict(self, input_fn: Callable, checkpoint_path: str, examples: int) -> Iterator:
        """The logits of each of the first examples, [C].

        A task that only feeds data and computes nothing may get none, or some.
        """
        rows = self._estimator.predict(
            input_fn=_of_params(input_fn),
            checkpoint_path=checkpoint_path,
            num_samples=examples,
            use_cs=self._uses_cs,
        )
        for _, row in zip(range(examples), rows):
            yield np.asarray(row, np.float32)


def _of_params(input_fn: Callable) -> Callable:
    """The input_fn in the Model Zoo's form: a function of params."""

    def of_params(params):
        del params
        return input_fn()

    return of_params


def _class():
    """CerebrasEstimator of a container for weight streaming, or of one for pipelines."""
    if importlib.util.find_spec("tfwse") is not None:
        from cerebras.tf.ws.cs_estimator_ws import CerebrasEstimator
    else:
        from cerebras.tf.cs_estimator import CerebrasEstimator
    return CerebrasEstimator


def _spec_class():
    from cerebras.tf.cs_estimator_spec import CSEstimatorSpec

    return CSEstimatorSpec


def _run_config(params: Config, cs_ip: Optional[str], stack_params: dict):
    from cerebras.tf.run_config import CSRunConfig

    run = params.runconfig
    return CSRunConfig(
        cs_ip=address(cs_ip),
        cs_config=_cs_config(params),
        stack_params=stack_params,
        tf_random_seed=run.tf_random_seed,
        save_summary_steps=run.save_summary_steps,
        save_checkpoints_steps=run.save_checkpoints_steps,
        keep_checkpoint_max=run.keep_checkpoint_max,
        log_step_count_steps=run.log_step_count_steps or run.save_summary_steps,
    )


def _cs_config(params: Config):
    from cerebras.pb.tf.csconfig_pb2 import CSConfig

    try:
        return CSConfig(**{"use_cbfloat16": False, **params.csconfig})
    except (ValueError, TypeError) as error:
        raise UserError(f"csconfig: Cerebras' CSConfig rejects it: {error}") from None


def _stack_params(params: Config, max_sequence_length: int, is_for_cs: bool) -> dict:
    """What the Model Zoo tells the compiler about its BERT."""
    stack = {"ir_mode": params.runconfig.ir_mode}
    if is_for_cs:
        from cerebras.pb.stack.full_pb2 import FullConfig

        full = FullConfig()
        full.placement.optimize_buses.deltat_relative_margin = 0.5
        kernel = full.matching.kernel
        if max_sequence_length <= _LONGEST_UNSPILLED:
            kernel.no_dcache_spill_splits = True
        else:
            kernel.inc_pwt_estimate = True
        stack["config"] = full
    return stack


def _old_variables(params: Config) -> str:
    """A pattern for variables that start from a checkpoint: all but the Model Zoo's new ones."""
    new = "cls_layer" if params.model.disable_nsp else "cls_output"
    return f"^((?!{new}).)*$"
