"""What the stand-in for Cerebras' package refuses, and what it lets through.

A tiny classifier of 4 numbers into 2 classes, its dense layer in float16 as on the CS system.
"""

import contextlib
import itertools
import json
import os

import numpy as np
import pytest
import tensorflow as tf
from cerebras.pb.common import tri_state_pb2
from cerebras.pb.stack import autogen_pb2
from cerebras.pb.stack.full_pb2 import FullConfig
from cerebras.pb.tf.csconfig_pb2 import CSConfig
from cerebras.standin import calls
from cerebras.tf import summary, tf_helper
from cerebras.tf.cs_estimator import CerebrasEstimator
from cerebras.tf.cs_estimator_spec import CSEstimatorSpec
from cerebras.tf.host_call import host_call_to_eval_metric_ops, validate_host_call
from cerebras.tf.run_config import CSRunConfig

MODES = tf.estimator.ModeKeys
ADDRESS = "10.0.0.1:9000"
BATCH = 4


def input_fn(params):
    """Endless batches of BATCH rows: the largest number stands at the label's place."""
    labels = np.arange(8, dtype=np.int32) % 2
    features = {"x": np.eye(4, dtype=np.float32)[labels] + 0.1}
    dataset = tf.data.Dataset.from_tensor_slices((features, labels)).repeat()
    return dataset.batch(params.get("batch", BATCH), drop_remainder=True)


def two_batches():
    return input_fn({}).take(2)


def model_fn(features, labels, mode, params):
    compute = tf.float16 if params.get("mixed", True) else tf.float32
    kernel = tf.compat.v1.get_variable("kernel", [4, 2], initializer=tf.zeros_initializer())
    logits = tf.matmul(tf.cast(features["x"], compute), tf.cast(kernel, compute))
    logits = tf.cast(logits, tf.float32) * params.get("scale", 1.0)
    if mode == MODES.PREDICT:
        return CSEstimatorSpec(mode, predictions=logits)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    loss = tf.reduce_mean(losses)
    if mode == MODES.EVAL:
        return CSEstimatorSpec(mode, host_call=(accuracy, [logits, labels]), loss=loss)
    tf.compat.v1.summary.scalar("from_model", loss)
    step = tf.compat.v1.train.get_global_step()
    optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.5)
    return CSEstimatorSpec(mode, loss=loss, train_op=optimizer.minimize(loss, step))


def accuracy(logits, labels):
    return {"accuracy": tf.compat.v1.metrics.accuracy(labels, tf.argmax(logits, axis=1))}


@pytest.fixture
def estimator(tmp_path):
    """A function: what is to be different -> a CerebrasEstimator on a CS system."""

    def make(model_fn=model_fn, cs_ip=ADDRESS, params=None, compile_dir=None, **config):
        config = CSRunConfig(cs_ip=cs_ip, tf_random_seed=7, save_summary_steps=1, **config)
        return CerebrasEstimator(
            model_fn=model_fn, model_dir=str(tmp_path / "m"), compile_dir=compile_dir,
            config=config, params=params or {},
        )  # fmt: skip

    return make


def with_spec(**fields):
    """model_fn with other fields of its spec."""

    def changed(features, labels, mode, params):
        spec = model_fn(features, labels, mode, params)
        found = {name: value for name, value in spec._asdict().items() if name not in fields}
        return CSEstimatorSpec(**{**found, **fields})

    return changed


def test_it_trains_evaluates_and_predicts_on_the_real_estimator(estimator):
    made = estimator()
    made.train(input_fn, steps=3)
    made.train(input_fn, max_steps=5)
    assert made.latest_checkpoint().endswith("model.ckpt-5")
    scores = made.evaluate(input_fn, steps=2)
    assert scores["accuracy"] == 1.0 and scores["global_step"] == 5
    assert next(made.predict(input_fn)).shape == (2,)


def test_on_the_cpu_it_does_not_ask_for_what_the_cs_system_needs(estimator):
    made = estimator(cs_ip=None, params={"mixed": False})
    made.train(two_batches, hooks=[tf.estimator.SessionRunHook()])
    assert made.latest_checkpoint().endswith("model.ckpt-2")
    assert calls.read(made.model_dir) == []


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "10.0.0.1:9000:9000", ":9000", "10.0.0.1:9001", ""]
)
def test_cs_ip_ends_in_one_port(address, monkeypatch):
    with pytest.raises(ValueError, match="cs_ip must be <address>:9000"):
        CSRunConfig(cs_ip=address)
    monkeypatch.setenv("K8S_CS_IP", "10.0.0.2")
    assert CSRunConfig(cs_ip=address).cs_ip == address


def test_k8s_cs_ip_alone_means_a_cs_system(estimator, monkeypatch):
    monkeypatch.setenv("K8S_CS_IP", "10.0.0.2")
    with pytest.raises(ValueError, match="only mixed precision"):
        estimator(cs_ip=None, params={"mixed": False}).train(input_fn, steps=1)


def test_use_cs_false_means_the_cpu(estimator):
    estimator(params={"mixed": False}).train(input_fn, steps=1, use_cs=False)


def test_csconfig_knows_its_fields():
    assert CSConfig(use_cbfloat16=True).use_cbfloat16
    with pytest.raises(ValueError, match="no_such_field"):
        CSConfig(no_such_field=1)
    with pytest.raises(TypeError):
        CSConfig(use_cbfloat16="yes")
    with pytest.raises(TypeError, match="must be a CSConfig"):
        CSRunConfig(cs_config={"use_cbfloat16": True})


def test_full_config_takes_what_the_model_zoo_sets():
    config = FullConfig()
    config.placement.optimize_buses.deltat_relative_margin = 0.5
    config.matching.kernel.no_dcache_spill_splits = True
    config.matching.autogen_policy = autogen_pb2.AP_ENABLED
    inter_replica = config.placement.pathfinder_inter_replica
    inter_replica.fix_existing = tri_state_pb2.TS_DISABLED
    config.matching.match_lair.disabled_converters.append("UnsortedGatherConverter")
    with pytest.raises(AttributeError):
        config.matching.kernel.no_such_field = True
    assert CSRunConfig(stack_params={"ir_mode": "mlir-cirh", "config": config}).stack_params


@pytest.mark.parametrize(
    "stack_params, error",
    [({"mode": 1}, "unknown stack_params"), ({"ir_mode": "xla"}, "unknown ir_mode"),
     ({"config": {}}, "must be a FullConfig")],
)  # fmt: skip
def test_stack_params_are_checked(stack_params, error):
    with pytest.raises((TypeError, ValueError), match=error):
        CSRunConfig(stack_params=stack_params)


def test_the_constructor_has_no_use_cs():
    with pytest.raises(TypeError, match="use_cs"):
        CerebrasEstimator(model_fn, use_cs=True)


def test_train_has_no_sparsifier_in_every_release(estimator):
    with pytest.raises(TypeError, match="sparsifier"):
        estimator().train(input_fn, steps=1, sparsifier=None)


def test_model_fn_takes_exactly_four_arguments(estimator):
    with pytest.raises(ValueError, match="must take exactly"):
        estimator(lambda features, labels, mode, params, config: None)
    with pytest.raises(ValueError, match="must take exactly"):
        estimator(lambda features, labels, mode: None)


def test_steps_and_max_steps_exclude_each_other(estimator):
    with pytest.raises(ValueError, match="Can not provide both steps and max_steps"):
        estimator().train(input_fn, steps=1, max_steps=1)


def test_a_training_on_cs_has_a_length(estimator):
    with pytest.raises(ValueError, match="needs steps or max_steps"):
        estimator().train(ends_unseen)


def test_eval_metric_ops_are_not_for_cs(estimator):
    refused = "Detected unsupported eval_metric_ops in CS system training run"

    def with_metrics(features, labels, mode, params):
        spec = model_fn(features, labels, mode, params)
        metric = {"loss": tf.compat.v1.metrics.mean(spec.loss)}
        return CSEstimatorSpec(mode, loss=spec.loss, train_op=spec.train_op, eval_metric_ops=metric)

    with pytest.raises(ValueError, match=refused):
        estimator(with_metrics).train(input_fn, steps=1)
    with pytest.raises(ValueError, match=refused):
        estimator(with_metrics).compile(input_fn)
    estimator(with_metrics, cs_ip=None).train(input_fn, steps=1)


def test_host_call_and_eval_metric_ops_exclude_each_other(estimator):
    with pytest.raises(ValueError, match="only one of `host_call` and `eval_metric_ops`"):
        estimator(with_spec(host_call=(accuracy, []), eval_metric_ops={"m": 1})).compile(input_fn)


@pytest.mark.parametrize(
    "host_call, error",
    [
        (accuracy, "a list or tuple of 2 or 3"),
        ((accuracy,), "a list or tuple of 2 or 3"),
        ((accuracy, [], [], []), "a list or tuple of 2 or 3"),
        (("accuracy", []), "must be callable"),
        ((accuracy, {}), "item 2 of host_call"),
        ((accuracy, [], {}), "item 3 of host_call"),
    ],
)
def test_host_calls_have_one_form(estimator, host_call, error):
    with pytest.raises(ValueError, match=error):
        estimator(with_spec(host_call=host_call)).compile(input_fn)
    with pytest.raises(ValueError, match=error):
        validate_host_call(host_call)


def test_what_a_host_call_returns_becomes_metrics():
    pair = (tf.constant(1.0), tf.constant(2.0))
    assert validate_host_call(None) == () == validate_host_call([])
    assert validate_host_call((accuracy, [], [])) == (accuracy, [], [])
    kept = host_call_to_eval_metric_ops((lambda: {"a": pair, "b": 1, "c": (1, 2)}, []))
    assert kept == {"a": pair}
    listed = host_call_to_eval_metric_ops((lambda *args: [3, (args[0], None)], pair))
    assert list(listed) == ["elem_1"]
    with pytest.raises(ValueError, match="returned a int"):
        host_call_to_eval_metric_ops((lambda: 1, []))


HOOKS = [tf.estimator.SessionRunHook()]


def test_hooks_are_not_for_cs(estimator):
    error = tf.errors.FailedPreconditionError
    with pytest.raises(error, match="user-defined hooks"):
        estimator().train(input_fn, hooks=HOOKS, steps=1)
    with pytest.raises(error, match="user-defined hooks"):
        list(estimator().predict(input_fn, hooks=HOOKS, use_cs=True))
    for name in ("training_hooks", "training_chief_hooks", "evaluation_hooks", "prediction_hooks"):
        with pytest.raises(error, match="user-defined hooks"):
            estimator(with_spec(**{name: HOOKS})).compile(input_fn)


def test_batches_are_whole_and_of_static_shape(estimator):
    def partial():
        return input_fn({}).unbatch().batch(BATCH)

    def dynamic(params):
        def unshaped(features, labels):
            x = tf.compat.v1.placeholder_with_default(features["x"], [BATCH, None])
            return {"x": x}, labels

        return input_fn(params).map(unshaped)

    for each in (partial, dynamic):
        with pytest.raises(ValueError, match="static shapes and no partial batches"):
            estimator().compile(each)
        with pytest.raises(ValueError, match="static shapes and no partial batches"):
            estimator().train(each, steps=1)
        with pytest.raises(ValueError, match="static shapes and no partial batches"):
            list(estimator().predict(each, use_cs=True))


def test_an_input_fn_returns_a_dataset(estimator):
    def tensors():
        return {"x": tf.ones([BATCH, 4])}, tf.ones([BATCH], tf.int32)

    with pytest.raises(TypeError, match="must return a tf.data.Dataset"):
        estimator().compile(tensors)


def ends_unseen():
    """Nothing tells beforehand that a filtered dataset ends."""
    return input_fn({}).take(5).filter(lambda *_: True)


def test_a_training_dataset_has_no_end(estimator):
    for shorter in (two_batches, lambda: two_batches().repeat(2)):
        with pytest.raises(ValueError, match="must repeat"):
            estimator().compile(shorter)
    with pytest.raises(RuntimeError, match="ended at step 5"):
        estimator().train(ends_unseen, steps=6)


def test_a_prediction_may_end(estimator):
    made = estimator()
    made.train(input_fn, steps=1)
    found = made.predict(two_batches, use_cs=True)
    assert len(list(found)) == 2 * BATCH


def test_training_is_in_mixed_precision(estimator):
    made = estimator(params={"mixed": False})
    with pytest.raises(ValueError, match="only mixed precision for training"):
        made.compile(input_fn)
    with pytest.raises(ValueError, match="only mixed precision for training"):
        made.train(input_fn, steps=1)
    made.compile(input_fn, mode=MODES.PREDICT)


def test_the_spec_is_cerebras_own(estimator):
    def plain(features, labels, mode, params):
        return tf.estimator.EstimatorSpec(*model_fn(features, labels, mode, params))

    with pytest.raises(TypeError, match="must return a CSEstimatorSpec"):
        estimator(plain).compile(input_fn)


def test_nothing_is_evaluated_on_cs(estimator):
    with pytest.raises(EnvironmentError, match="not evaluated on a CS system"):
        estimator().evaluate(input_fn, steps=1, use_cs=True)
    with pytest.raises(EnvironmentError, match="not evaluated on a CS system"):
        estimator().compile(input_fn, mode=MODES.EVAL)


def test_predict_yields_num_samples_on_cs_and_all_elsewhere(estimator):
    made = estimator()
    made.train(input_fn, steps=2)
    for on_cs, expected in ((True, 5), (False, 9)):
        found = made.predict(input_fn, num_samples=5, use_cs=on_cs)
        assert len(list(itertools.islice(found, 9))) == expected


def test_a_compile_is_noted_and_reused(estimator):
    config = CSConfig(use_cbfloat16=True)
    made = estimator(cs_config=config, stack_params={"ir_mode": "mlir-cirh"})
    made.compile(input_fn, validate_only=True)
    made.compile(input_fn)
    made.train(input_fn, steps=1)
    validated, compiled, trained = calls.read(made.model_dir)
    assert validated["call"] == "compile" and validated["validate_only"]
    assert not compiled["validate_only"] and compiled["mode"] == "train"
    assert compiled["cs_ip"] == ADDRESS and compiled["ir_mode"] == "mlir-cirh"
    assert compiled["cs_config"] == {"use_cbfloat16": True}
    assert compiled["features"] == {"x": [[BATCH, 4], "float32"]}
    assert compiled["labels"] == [[BATCH], "int32"]
    assert {"MatMul", "ResourceApplyGradientDescent"} <= set(compiled["ops"])
    assert "IteratorGetNext" not in compiled["ops"]
    assert trained["call"] == "train" and trained["ops"] == compiled["ops"]
    found = [call["recompiled"] for call in (validated, compiled, trained)]
    assert found == [True, True, False]


@pytest.mark.parametrize(
    "changes, is_recompiled",
    [({}, False), ({"scale": 2.0}, False), ({"batch": 8}, True)],
)
def test_what_makes_a_compile_anew(estimator, changes, is_recompiled):
    estimator().compile(input_fn)
    made = estimator(params=changes)
    made.train(input_fn, steps=1)
    assert calls.read(made.model_dir)[-1]["recompiled"] == is_recompiled


def test_another_number_format_makes_a_compile_anew(estimator, tmp_path):
    folder = tmp_path / "compiled"
    estimator(compile_dir=str(folder)).compile(input_fn)
    assert [path.name[:3] for path in folder.iterdir()] == ["cs_"]
    made = estimator(compile_dir=str(folder), cs_config=CSConfig(use_cbfloat16=True))
    made.compile(input_fn)
    assert calls.read(made.model_dir)[-1]["recompiled"]


def logged(made):
    """The tags in TensorBoard's files."""
    return {
        value.tag
        for path in tf.io.gfile.glob(made.model_dir + "/events*")
        for event in tf.compat.v1.train.summary_iterator(path)
        for value in event.summary.value
    }


@pytest.mark.parametrize(
    "context, is_logged",
    [(contextlib.suppress, False), (summary.cs1_enable_summaries, True),
     (summary.cs1_disable_summaries, False)],
)  # fmt: skip
def test_summaries_are_kept_on_cs_where_they_were_switched_on(estimator, context, is_logged):
    made = estimator()
    with context():
        made.train(input_fn, steps=2)
    assert ("from_model" in logged(made)) == is_logged


def test_summaries_are_kept_on_the_cpu(estimator):
    made = estimator(cs_ip=None)
    made.train(input_fn, steps=2)
    assert "from_model" in logged(made)


def cluster(kind, index):
    hosts = {"chief": ["localhost:1"], "worker": ["localhost:2", "localhost:3"]}
    return json.dumps({"cluster": hosts, "task": {"type": kind, "index": index}})


def test_the_chief_trains_and_a_worker_feeds_it(estimator, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TF_CONFIG", cluster("worker", 1))
    estimator().train(input_fn, steps=2)
    assert list(estimator().predict(two_batches, num_samples=1, use_cs=True)) == []
    assert capsys.readouterr().out == "input worker 1: 3 batches\ninput worker 1: 2 batches\n"
    assert not (tmp_path / "m").exists()
    monkeypatch.setenv("TF_CONFIG", cluster("chief", 0))
    made = estimator()
    made.train(input_fn, steps=2)
    assert made.latest_checkpoint().endswith("model.ckpt-2")
    assert len(list(made.predict(input_fn, num_samples=1, use_cs=True))) == 1


def test_slurm_says_which_task_it_is_once_training_begins(estimator, monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "3")
    monkeypatch.setenv("SLURM_PROCID", "2")
    seen = []

    def noting(params):
        seen.append(json.loads(os.environ["TF_CONFIG"]))
        return input_fn(params)

    estimator().train(noting, steps=1)
    (found,) = seen
    assert found["task"] == {"type": "worker", "index": 1}
    assert {name: len(hosts) for name, hosts in found["cluster"].items()} == {
        "chief": 1, "worker": 2,
    }  # fmt: skip


def test_the_marks_of_the_compiler_change_nothing():
    x = tf.constant([1.0])
    assert tf_helper.boundary_cast(x) is x and tf_helper.summary_layer(x) is x


def test_the_weight_streaming_container_has_the_estimator_elsewhere():
    from cerebras.tf.ws import cs_estimator_ws

    assert cs_estimator_ws.CerebrasEstimator is CerebrasEstimator
