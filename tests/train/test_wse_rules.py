"""What the wse backend refuses before it reads any data; on any machine."""

import pytest
import yaml

from shared.errors import UserError
from tests.train import runs
from train import run

MIXED = {"model": {"mixed_precision": True}}


@pytest.fixture
def wse(tmp_path, monkeypatch):
    """A function: mode, changes of SMALL, more arguments -> the message that it ends with.

    The data_dir does not exist, which is the message where nothing else is wrong.
    """
    for name in ("K8S_CS_IP", "SLURM_STEP_NUM_TASKS"):
        monkeypatch.delenv(name, raising=False)

    def start(mode="train", changes=MIXED, *more):
        path = tmp_path / "p.yaml"
        path.write_text(yaml.safe_dump(runs.configuration(changes)))
        arguments = ["--mode", mode, "--params", path, "--backend", "wse"]
        arguments += ["--model_dir", tmp_path / "m", "--data_dir", tmp_path / "none", *more]
        with pytest.raises(UserError) as error:
            run.main(list(map(str, arguments)))
        assert not (tmp_path / "m").exists()
        return str(error.value)

    return start


@pytest.mark.parametrize("mode", ["train", "predict"])
def test_what_it_can_do(wse, mode):
    for more in [(), ("--cs_ip", "10.0.0.1"), ("--compile_only",), ("--validate_only",)]:
        assert "none" in wse(mode, MIXED, *more)


@pytest.mark.parametrize("mode", ["eval", "eval_all", "train_and_eval"])
def test_other_modes_are_refused_with_what_works(wse, tmp_path, mode):
    message = wse(mode, MIXED, "--cs_ip", "10.0.0.1")
    assert f"does not support --mode {mode}: a CS system trains and predicts" in message
    assert f"with --backend gpu or cpu from {tmp_path / 'm'}" in message


def test_the_containers_cpu_evaluates(wse, monkeypatch):
    assert "none" in wse("eval") and "none" in wse("eval_all")
    assert "does not support --mode eval" in wse("eval", MIXED, "--compile_only")
    monkeypatch.setenv("K8S_CS_IP", "10.0.0.1")
    assert "does not support --mode eval" in wse("eval")


def test_several_seeds_are_refused(wse):
    from train.wse import rules

    options = run.parse(
        ["--mode", "train", "--params", "p", "--model_dir", "m", "--backend", "wse",
         "--seeds", "1,2"]
    )  # fmt: skip
    with pytest.raises(UserError, match="does not support several seeds"):
        rules.check(None, options)


def test_all_that_it_cannot_do_is_listed(wse):
    message = wse(
        "train",
        {
            "train_input": {"group_by_length": True},
            "eval_input": {"input_fn": "a.b"},
            "model": {"mixed_precision": "bfloat16", "encoder_nonlinearity": "gelu_erf"},
            "optimizer": {
                "optimizer_type": "adam",
                "weight_decay_rate": 0,
                "grad_accum_steps": 2,
                "class_weights": "balanced",
                "label_smoothing": 0.1,
            },
            "runconfig": {"enable_distributed": True, "multiple_workers": True},
        },
    )
    title, *faults = message.splitlines()
    assert title.endswith("p.yaml cannot run with --backend wse:")
    assert [fault.split(":")[0].strip() for fault in faults] == [
        "model.mixed_precision bfloat16",
        "model.encoder_nonlinearity gelu_erf",
        "optimizer.optimizer_type adam",
        "optimizer.grad_accum_steps",
        "optimizer.class_weights",
        "optimizer.label_smoothing",
        "runconfig.enable_distributed",
        "runconfig.multiple_workers",
        "train_input.group_by_length",
        "eval_input.input_fn",
    ]


def test_float32_is_for_the_containers_cpu(wse):
    assert "none" in wse("train", {})
    for more in [("--cs_ip", "10.0.0.1"), ("--compile_only",)]:
        assert "model.mixed_precision false: a CS system computes in 16" in wse("train", {}, *more)


def test_several_tasks_need_a_cs_system(wse, monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    assert "none" in wse("train", MIXED, "--validate_only")
    assert "Slurm has started 4 tasks, but no CS system is given" in wse()
    assert "none" in wse("train", MIXED, "--cs_ip", "10.0.0.1")


def test_another_port_is_refused(wse):
    message = wse("train", MIXED, "--cs_ip", "10.0.0.1:80", "--compile_only")
    assert "--cs_ip 10.0.0.1:80: expected a bare IP address; the port is always :9000" in message


def test_other_backends_have_no_address(capsys):
    with pytest.raises(SystemExit):
        run.parse(["--mode", "train", "--params", "p", "--model_dir", "m", "--cs_ip", "1.1.1.1"])
    assert "--cs_ip has no effect without --backend wse" in capsys.readouterr().err
