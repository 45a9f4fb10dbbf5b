"""A step gives the same losses however it is shared: by devices, by processes, or in parts."""

import json
import os

import numpy as np
import pytest
import tensorflow as tf
import yaml

from shared.config import RunConfig
from shared.errors import UserError
from tests.train import runs
from tests.train.runs import losses
from tests.train.workers import configured, finish, start, start_workers
from train import devices
from train.backend import import_tensorflow
from train.gpu import strategy
from train.model import precision

# Every step is logged; without dropout nothing depends on who computes what.
LOGGED = {"max_steps": 6, "save_summary_steps": 1, "save_checkpoints_steps": 6, "xla": False}
WEIGHTED = {"class_weights": {"negative": 0.5, "positive": 2.0}, "label_smoothing": 0.1}
PLAIN = {
    "optimizer": WEIGHTED,
    "eval_input": {"batch_size": 30},  # 5 batches, the last one not full
    "model": dict.fromkeys(("dropout_rate", "attention_dropout_rate", "cls_dropout_rate"), 0.0),
    "runconfig": LOGGED,
}
# Two logical CPUs stand for two GPUs. First a batch that they cannot share; then, whether Keras was
# imported before something of it is used.
TWO_CPUS = """
import sys
from shared.errors import UserError
from train import run
from train.backend import import_tensorflow, keras_later
with keras_later():
    import_tensorflow("cpu")
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
try:
    run.main([*sys.argv[1:], "--set", "train_input.batch_size=7"])
except UserError as error:
    print(error)
run.main(sys.argv[1:])
imported = "keras" in sys.modules
from tensorflow.keras import activations
print("Keras:", imported, activations.relu([-1.0, 2.0]).numpy())
"""


def result(folder):
    return json.loads((folder / "eval_validation.json").read_text())


def with_run(**more):
    return {**PLAIN, "runconfig": {**LOGGED, **more}}


@pytest.fixture(scope="module")
def one_device(tmp_path_factory, weighted_data):
    """(losses, evaluation) of one device that takes each batch as a whole."""
    folder = tmp_path_factory.mktemp("one")
    runs.run_main("train_and_eval", folder / "m", folder / "p.yaml", weighted_data, changes=PLAIN)
    found = losses(folder / "m")
    assert len(found) == 6 and len(set(found)) == 6
    return found, result(folder / "m")


@pytest.mark.parametrize(  # in memory, streamed
    "memory_limit_gb", [4.0, pytest.param(1e-9, marks=pytest.mark.long)]
)
def test_accumulated_parts_are_the_large_batch(
    train, tmp_path, one_device, memory_limit_gb, weighted_data
):
    inputs = {"batch_size": 2, "memory_limit_gb": memory_limit_gb}
    config = {**PLAIN, "train_input": inputs, "optimizer": {**WEIGHTED, "grad_accum_steps": 4}}
    train("train", tmp_path / "m", config=config, data=weighted_data)
    expected, _ = one_device
    if memory_limit_gb < 1:  # streaming has an order of its own
        inputs = {"batch_size": 8, "memory_limit_gb": memory_limit_gb}
        train("train", tmp_path / "n", config={**PLAIN, "train_input": inputs}, data=weighted_data)
        expected = losses(tmp_path / "n")
    np.testing.assert_allclose(losses(tmp_path / "m"), expected, rtol=1e-5)


def assert_same(folder, one_device):
    """The losses of all steps, and the evaluation of every example."""
    expected, evaluation = one_device
    np.testing.assert_allclose(losses(folder), expected, rtol=1e-5)
    found = result(folder)
    assert found["loss"] == pytest.approx(evaluation["loss"], rel=1e-5)
    assert {**found, "loss": 0} == {**evaluation, "loss": 0}


def test_two_devices_of_a_machine(tmp_path, weighted_data, one_device):
    config = {**with_run(enable_distributed=True), "optimizer": {**WEIGHTED, "grad_accum_steps": 2},
              "train_input": {"batch_size": 4}}  # fmt: skip
    params = configured(tmp_path / "p.yaml", config)
    out = finish(start(["-c", TWO_CPUS], "train_and_eval", tmp_path / "m", params, weighted_data))
    assert "batch_size 7 cannot be shared evenly by 2 devices; make it a multiple of 2" in out
    assert "training on 2 devices" in out
    assert_same(tmp_path / "m", one_device)
    assert out.endswith("\nKeras: False [0. 2.]\n")  # imported when it is first used


@pytest.mark.long
def test_two_machines(tmp_path, weighted_data, one_device):
    """The first one writes; both read their own rows, and share the evaluation."""
    params = configured(tmp_path / "p.yaml", with_run(multiple_workers=True))
    folders = [tmp_path / "m", tmp_path / "other"]  # to see who writes
    processes, _ = start_workers("train_and_eval", folders, params, weighted_data)
    told = [finish(process) for process in processes]
    assert all("training on 2 devices" in out for out in told)
    assert ["Training finished with 48 samples" in out for out in told] == [True, False]
    assert ["\nstep 6/6  loss " in out for out in told] == [True, False]
    assert_same(tmp_path / "m", one_device)
    assert runs.weights(tmp_path / "m", 6)["global_step"] == 6
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["workers"]


def cluster(kind, *workers):
    return json.dumps({"cluster": {"worker": workers}, "task": {"type": kind, "index": 0}})


@pytest.mark.parametrize(
    "content, run, message",
    [
        (None, {"multiple_workers": True}, "but TF_CONFIG is not set, and srun has not"),
        ("{", {"multiple_workers": True}, "TF_CONFIG is '{': expected JSON as TensorFlow"),
        (cluster("ps", "a:1"), {"multiple_workers": True}, "expected something like"),
        (cluster("ps", "a:1"), {}, "expected something like"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}}', {"multiple_workers": True}, "something like"),
        (cluster("worker", "a:1").replace("0", '"0"'), {"multiple_workers": True}, "something"),
        (cluster("worker", "a:1", "b:1"), {}, "lists 2 workers, but runconfig.multiple_workers is"),
    ],
)  # fmt: skip
def test_tf_config_and_the_configuration_must_agree(monkeypatch, content, run, message):
    if content is not None:
        monkeypatch.setenv("TF_CONFIG", content)
    with pytest.raises(UserError, match=message):
        strategy.strategy(RunConfig(**run), "cpu")


STEP = {"SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": "1", "SLURM_NODEID": "0", "SLURM_LOCALID": "1",
        "SLURM_STEP_NODELIST": "n[1-2]", "SLURM_STEP_TASKS_PER_NODE": "2,1",
        "SLURM_JOB_ID": "251"}  # fmt: skip
SCONTROL = "#!/bin/sh\n[ $3 = 'n[1-2]' ] && echo n1 && echo n2\n"


@pytest.fixture
def slurm_step(monkeypatch, tmp_path):
    """A function that changes what the second of three tasks on two nodes finds."""
    (tmp_path / "scontrol").write_text(SCONTROL)
    (tmp_path / "scontrol").chmod(0o700)

    def change(**more):
        for name, value in {**STEP, "PATH": f"{tmp_path}:{os.environ['PATH']}", **more}.items():
            monkeypatch.setenv(name, value)

    monkeypatch.delenv("TF_CONFIG", raising=False)
    change()
    return change


def test_slurms_tasks_are_the_workers(slurm_step, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "")  # so that it is removed again
    assert strategy.worker_index(RunConfig(multiple_workers=True)) == 1
    assert json.loads(os.environ["TF_CONFIG"]) == {
        "cluster": {"worker": ["n1:12064", "n1:12065", "n2:12066"]},  # 251 = 250 + 1: the second 64
        "task": {"type": "worker", "index": 1},
    }


@pytest.mark.parametrize(
    "more, run, message",
    [
        ({}, {}, "Slurm runs 3 tasks, but runconfig.multiple_workers is false: each of them would"),
        ({"SLURM_NODEID": "1", "SLURM_LOCALID": "0"}, {"multiple_workers": True},
         "Slurm's task 1 is task 0 of node 1.*start the step with srun --distribution=block"),
        ({"SLURM_STEP_NODELIST": "m1"}, {"multiple_workers": True}, "cannot list the hosts of m1"),
        ({"PATH": ""}, {"multiple_workers": True}, "scontrol.*Put Slurm's scontrol on the PATH"),
    ],
)  # fmt: skip
def test_slurms_tasks_that_cannot_be_workers(slurm_step, more, run, message):
    slurm_step(**more)
    with pytest.raises(UserError, match=message):
        strategy.strategy(RunConfig(**run), "cpu")


@pytest.mark.long
def test_a_machine_without_a_gpu_names_what_it_lacks(program, tmp_path, demo_data):
    """There is no driver on the machines that run this test."""
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(runs.configuration()))
    arguments = runs.arguments("train", tmp_path / "m", tmp_path / "p.yaml", demo_data)
    arguments[arguments.index("cpu")] = "gpu"
    finished = program("train.run", *arguments, CUDA_VISIBLE_DEVICES="0")
    assert finished.returncode == 2 and "Traceback" not in finished.stderr
    assert "TensorFlow sees no GPU" in finished.stderr
    assert "cannot be loaded here: libcuda.so.1, libcudart.so.12" in finished.stderr
    assert "make setup EXTRAS=gpu" in finished.stderr
    assert not (tmp_path / "m").exists()


def test_libraries_are_found_in_any_of_their_versions(monkeypatch):
    there = {"libcuda.so.1", "libcudart.so.12", "libcufft.so.11", "libcusolver.so.12"}

    def load(name):
        if name not in there:
            raise OSError

    monkeypatch.setattr(devices.ctypes, "CDLL", load)
    monkeypatch.setattr(devices.glob, "glob", lambda pattern: [])
    assert devices.missing_libraries() == [
        *("libcublas.so.12", "libcublasLt.so.12", "libcusparse.so.12", "libcudnn.so.9"),
    ]


@pytest.mark.long
def test_a_training_that_shall_be_deterministic(program, tmp_path, demo_data):
    """TensorFlow then refuses to read the clock."""
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(runs.configuration()))
    arguments = runs.arguments("train", tmp_path / "m", tmp_path / "p.yaml", demo_data)
    finished = program("train.run", *arguments, TF_DETERMINISTIC_OPS="1")
    assert finished.returncode == 0, finished.stderr
    assert "Training finished with 96 samples" in finished.stdout


def test_a_gpu_that_another_process_holds(monkeypatch):
    def full(kind):
        message = "failed call to cuDevicePrimaryCtxRetain: CUDA_ERROR_OUT_OF_MEMORY: out of memory"
        raise tf.errors.InternalError(None, None, message)

    monkeypatch.setattr(tf.config, "list_logical_devices", full)
    with pytest.raises(UserError, match="cannot start the GPU: failed call to .*nvidia-smi shows"):
        strategy.strategy(RunConfig(), "gpu")


def test_a_gpu_gives_memory_as_it_is_needed(monkeypatch):
    growing = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind} 0", f"{kind} 1"])
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda *setting: growing.append(setting)
    )
    assert import_tensorflow(None) == "gpu"
    assert growing == [("GPU 0", True), ("GPU 1", True)]


@pytest.mark.parametrize(
    "mixed_precision, expected",
    [(False, tf.float32), (True, tf.bfloat16), ("bfloat16", tf.bfloat16), ("float16", tf.float16)],
)
def test_the_precision_of_a_cpu(mixed_precision, expected):
    assert precision.compute_dtype(mixed_precision) == expected
