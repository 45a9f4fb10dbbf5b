"""What the wse backend refuses before it reads any data; on any machine."""

import sys

import pytest
import yaml

from shared.errors import UserError
from tests.train import runs
from train import run
from train.wse import container

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


GIVEN = ("--mode", "train", "--params", "p", "--model_dir", "m")


def test_other_backends_have_no_address(capsys):
    with pytest.raises(SystemExit):
        run.parse([*GIVEN, "--cs_ip", "1.1.1.1", "--backend", "cpu"])
    assert "--cs_ip has no effect with --backend cpu" in capsys.readouterr().err


def test_an_address_means_wse():
    assert run.parse([*GIVEN, "--cs_ip", "1.1.1.1"]).backend == "wse"
    assert run.parse([*GIVEN]).backend is None


@pytest.fixture
def cerebras(tmp_path, monkeypatch):
    """A function: the name of a module -> a package cerebras that holds it can be imported."""

    def install(name):
        (tmp_path / "cerebras" / name).mkdir(parents=True)
        for folder in (tmp_path / "cerebras", tmp_path / "cerebras" / name):
            (folder / "__init__.py").touch()

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    sys.modules.pop("cerebras", None)


@pytest.mark.parametrize("module, backend", [("tf", "wse"), ("appliance", None)])
def test_the_container_is_known_by_its_estimator(cerebras, module, backend):
    """Cerebras' wheels of later releases hold `cerebras`, too."""
    cerebras(module)
    assert container.is_here() is (backend is not None)
    assert run.parse([*GIVEN]).backend == backend
    assert run.parse([*GIVEN, "--backend", "cpu"]).backend == "cpu"


@pytest.mark.parametrize(
    "given, lines",
    [
        (["--device", "/gpu:0"], ["--device: --backend gpu or cpu decides"]),
        (["--multireplica"], ["--multireplica: one replica is trained"]),
        (["CSX", "pipeline"], ["CSX pipeline: it is of the appliance"]),
        (["CSX", "--num_csx=2"], ["CSX: it is", "--num_csx: one CS system is used: --cs_ip"]),
        (["GPU", "--job_labels", "a=b"], ["GPU: say it with --backend gpu", "--job_labels: it is"]),
    ],
)  # fmt: skip
def test_options_of_the_model_zoo_get_a_line_each(given, lines):
    with pytest.raises(UserError) as error:
        run.parse([*given, *GIVEN])
    found = [line.strip() for line in str(error.value).splitlines()[1:]]
    assert all(line.startswith(start) for line, start in zip(found, lines, strict=True)), found
