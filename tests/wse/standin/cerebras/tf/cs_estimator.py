"""CerebrasEstimator on top of tf.estimator.Estimator."""

import contextlib
import itertools
import os

import tensorflow as tf

from cerebras.standin import calls, checks, graphs, tasks
from cerebras.tf import summary
from cerebras.tf.host_call import host_call_to_eval_metric_ops, validate_host_call
from cerebras.tf.run_config import CSRunConfig

_TRAIN, _EVAL, _PREDICT = (
    tf.estimator.ModeKeys.TRAIN,
    tf.estimator.ModeKeys.EVAL,
    tf.estimator.ModeKeys.PREDICT,
)
_FED_BATCHES = 3  # at most


class CerebrasEstimator(tf.estimator.Estimator):
    """Trains and predicts on a CPU what would go to a CS system, after what that would refuse."""

    def __init__(
        self,
        model_fn,
        model_dir=None,
        compile_dir=None,
        config=None,
        params=None,
        warm_start_from=None,
    ):
        checks.model_fn(model_fn)
        self._compile_dir = compile_dir
        self._call = None  # what runs on CS at the moment; None: not on CS
        with tasks.hidden():
            super().__init__(model_fn, model_dir, config or CSRunConfig(), params, warm_start_from)

    def _assert_members_are_not_overridden(self):
        """They are: train, evaluate and predict."""

    def compile(self, input_fn, validate_only=False, mode=_TRAIN):
        """Builds the graph of `mode` and checks it; writes no weights."""
        checks.mode(mode)
        self._begin("compile", mode, validate_only=validate_only)
        with tf.Graph().as_default() as graph:
            tf.compat.v1.random.set_random_seed(self.config.tf_random_seed)
            self._create_and_assert_global_step(graph)
            features, labels, _ = self._get_features_and_labels_from_input_fn(input_fn, mode)
            self._call_model_fn(features, None if mode == _PREDICT else labels, mode, self.config)

    def train(
        self,
        input_fn,
        hooks=None,
        steps=None,
        max_steps=None,
        saving_listeners=None,
        use_cs=True,
    ):
        if not self._is_cs(use_cs):
            self._call = None
            return super().train(input_fn, hooks, steps, max_steps, saving_listeners)
        checks.no_hooks(hooks)
        checks.steps(steps, max_steps)
        self._begin("train", _TRAIN)
        if not tasks.current().is_chief:
            self._feed(input_fn, _TRAIN)
            return self
        first = self._step()
        super().train(input_fn, None, steps, max_steps, saving_listeners)
        if self._step() < (first + steps if max_steps is None else max_steps):
            raise RuntimeError(f"the dataset of a CS training ended at step {self._step()}")
        return self

    def evaluate(
        self, input_fn, steps=None, hooks=None, checkpoint_path=None, name=None, use_cs=False
    ):
        if self._is_cs(use_cs):
            checks.mode(_EVAL)
        self._call = None
        return super().evaluate(input_fn, steps, hooks, checkpoint_path, name)

    def predict(
        self,
        input_fn,
        predict_keys=None,
        hooks=None,
        checkpoint_path=None,
        yield_single_examples=True,
        num_samples=None,
        use_cs=False,
    ):
        """Yields predictions; on CS at most num_samples of them, and those of the chief only."""
        self._call = None
        predictions = super().predict(
            input_fn, predict_keys, hooks, checkpoint_path, yield_single_examples
        )
        if self._is_cs(use_cs):
            checks.no_hooks(hooks)
            self._begin("predict", _PREDICT)
            if not tasks.current().is_chief:
                self._feed(input_fn, _PREDICT)
                return
            predictions = itertools.islice(predictions, num_samples)
        yield from predictions

    def _is_cs(self, use_cs):
        return use_cs and (self.config.cs_ip is not None or "K8S_CS_IP" in os.environ)

    def _begin(self, call, mode, **more):
        stack, cs_config = self.config.stack_params or {}, self.config.cs_config
        fields = {} if cs_config is None else cs_config.ListFields()
        self._call = {
            "call": call,
            "mode": mode,
            "cs_ip": self.config.cs_ip,
            "ir_mode": stack.get("ir_mode"),
            "cs_config": {field.name: value for field, value in fields},
            **more,
        }

    def _step(self):
        path = tf.train.latest_checkpoint(self.model_dir)
        return 0 if path is None else int(tf.train.load_variable(path, "global_step"))

    def _feed(self, input_fn, mode):
        """What an input worker does here: makes the dataset and reads some batches of it."""
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            dataset = self._call_input_fn(input_fn, mode)
            batches = tf.compat.v1.data.make_initializable_iterator(dataset)
            batch = batches.get_next()
            session.run([batches.initializer, tf.compat.v1.tables_initializer()])
            fed = 0
            with contextlib.suppress(tf.errors.OutOfRangeError):  # a prediction's data may end
                while fed < _FED_BATCHES:
                    session.run(batch)
                    fed += 1
        print(f"input worker {tasks.current().index}: {fed} batches")

    def _call_input_fn(self, input_fn, mode, input_context=None):
        dataset = super()._call_input_fn(input_fn, mode, input_context)
        if self._call is not None:
            checks.dataset(dataset, mode)
        return dataset

    def _call_model_fn(self, features, labels, mode, config):
        graph = tf.compat.v1.get_default_graph()
        of_input = len(graph.get_operations())
        spec = super()._call_model_fn(features, labels, mode, config)
        host_call = validate_host_call(getattr(spec, "host_call", None))
        if self._call is None:
            return _with_metrics(spec, host_call) if host_call else spec
        operations = graph.get_operations()[of_input:]
        checks.spec(spec, mode)
        checks.precision(operations, mode)
        if not summary.are_enabled():
            graph.clear_collection(tf.compat.v1.GraphKeys.SUMMARIES)
        self._compile_or_reuse(operations, features, labels)
        return spec

    def _compile_or_reuse(self, operations, features, labels):
        """Leaves the mark of a compile, or finds an earlier one, and notes the call."""
        call, self._call = self._call, None
        call["features"], call["labels"] = graphs.signature(features), graphs.signature(labels)
        call["ops"] = graphs.op_types(operations)
        compiled_for = [call[key] for key in ("mode", "features", "ir_mode", "cs_config")]
        name = "cs_" + graphs.fingerprint(operations, compiled_for)
        artifact = os.path.join(self._compile_dir or self.model_dir, name)
        call["recompiled"] = not os.path.exists(artifact)
        if not call.get("validate_only"):
            os.makedirs(artifact, exist_ok=True)
        calls.add(self.model_dir, call)


def _with_metrics(spec, host_call):
    """Off CS the host_call's metrics are tf.estimator's own."""
    fields = {**spec._asdict(), "eval_metric_ops": host_call_to_eval_metric_ops(host_call)}
    return tf.estimator.EstimatorSpec(**fields)
