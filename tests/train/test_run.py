"""The trainer's command line on the demo's data."""

import fcntl
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest
import yaml

from shared.config import settings
from shared.errors import Terminated, UserError
from shared.manifest_file import read_manifest
from tests.inputs import GOLDEN, ROOT
from tests.train import runs
from tests.train.runs import SMALL, assert_same_weights, weights
from train import run
from train.checkpoints import files, model_dir
from train.checkpoints import tensors as checkpoint
from train.errors import DivergedError
from train.modes import evaluation
from train.planning import make_plan
from train.pretrained import huggingface


def test_a_resumed_run_ends_in_the_same_weights(train, tmp_path, trained, capsys):
    train("train", tmp_path / "parts", "--max_steps", 5)
    train("train", tmp_path / "parts", "--steps", 7)
    out = capsys.readouterr().out
    assert "resuming from" in out and "Training finished with 56 samples in" in out
    assert_same_weights(weights(tmp_path / "parts", 12), weights(trained, 12))


def test_a_moved_model_dir_continues(train, tmp_path, trained, capsys):
    shutil.move(trained, tmp_path / "new")
    train("train", tmp_path / "new", "--max_steps", 13)
    assert f"resuming from {tmp_path / 'new' / 'model.ckpt-12'}" in capsys.readouterr().out


def test_what_a_run_prints_and_leaves(train, tmp_path, demo_data, capsys):
    train("train_and_eval", tmp_path / "m")
    out = capsys.readouterr().out
    assert f"backend: cpu; task: sst2; model_dir: {tmp_path / 'm'}" in out
    for step in (4, 8, 12):
        assert f"step {step}/12  loss 0." in out and "ETA 0:0" in out
    assert "eval validation: step 6  accuracy 0." in out
    assert "eval validation: step 12  accuracy 0." in out and "(500 examples)" in out
    assert "Training finished with 96 samples in" in out and "samples/s (steps 0 to 12)" in out
    assert files.steps(str(tmp_path / "m")) == [6, 12]
    result = json.loads((tmp_path / "m" / "eval_validation.json").read_text())
    assert (result["step"], result["examples"]) == (12, 500)
    assert list((tmp_path / "m" / "eval_validation").glob("events*"))
    params = yaml.safe_load((tmp_path / "m" / "params.yaml").read_text())
    assert params["model"]["vocab_size"] == read_manifest(str(demo_data)).vocabulary.size
    assert params["model"]["encoder_nonlinearity"] == "gelu"
    assert params["model"]["layer_norm_epsilon"] == 1e-5
    assert params["data"]["label_names"] == ["negative", "positive"]
    assert params["data"]["fingerprint"] == read_manifest(str(demo_data)).fingerprint()


def test_an_evaluation_alone_gives_the_same_numbers(train, trained, tmp_path):
    train("train_and_eval", trained)
    first = json.loads((tmp_path / "m" / "eval_validation.json").read_text())
    (tmp_path / "m" / "eval_validation.json").unlink()
    train("eval", tmp_path / "m")
    assert json.loads((tmp_path / "m" / "eval_validation.json").read_text()) == first
    # params.yaml is a configuration too.
    own = str(tmp_path / "m" / "params.yaml")
    run.main(["--mode", "eval", "--params", own, "--model_dir", str(tmp_path / "m")])
    assert json.loads((tmp_path / "m" / "eval_validation.json").read_text()) == first
    train("eval", tmp_path / "m", "--eval_steps", 2)
    assert json.loads((tmp_path / "m" / "eval_validation.json").read_text())["examples"] == 128


def test_a_finished_run_says_so(train, tmp_path, trained, capsys):
    train("train", tmp_path / "m")
    out = capsys.readouterr().out
    assert "nothing to train: step 12 has reached max_steps 12" in out
    assert out.splitlines()[-1] == f"model: {tmp_path / 'm'} (step 12)"


@pytest.fixture
def fitting_checkpoint(tmp_path, demo_data):
    """One layer of golden/hf/pretrained, with as many words as the demo's vocabulary has pieces."""
    from safetensors.numpy import load_file, save_file

    size = read_manifest(str(demo_data)).vocabulary.size
    folder = Path(shutil.copytree(GOLDEN / "hf" / "pretrained", tmp_path / "bert"))
    tensors = load_file(folder / "model.safetensors")
    words = tensors["bert.embeddings.word_embeddings.weight"]
    tensors["bert.embeddings.word_embeddings.weight"] = np.resize(words, (size, 32))
    first = {name: tensor for name, tensor in tensors.items() if ".layer.1." not in name}
    save_file(first, folder / "model.safetensors")
    content = json.loads((folder / "config.json").read_text())
    content = {**content, "vocab_size": size, "num_hidden_layers": 1}
    (folder / "config.json").write_text(json.dumps(content))
    return folder


def test_a_pretrained_checkpoint_is_where_training_starts(
    train, tmp_path, fitting_checkpoint, capsys
):
    train("train", tmp_path / "m", "--checkpoint_path", fitting_checkpoint, "--max_steps", 1,
          config={"optimizer": {"learning_rate": 0.0}})  # fmt: skip
    out = capsys.readouterr().out
    source = f"{fitting_checkpoint} (Hugging Face checkpoint)"
    assert f"23 variables from {source}; new: cls_layer/cls_output_dense" in out
    from safetensors.numpy import load_file

    tensors = load_file(fitting_checkpoint / "model.safetensors")
    written = weights(tmp_path / "m", 1)
    np.testing.assert_array_equal(
        written["cls_layer/cls_dense/cls_dense/kernel"], tensors["bert.pooler.dense.weight"].T
    )
    params = yaml.safe_load((tmp_path / "m" / "params.yaml").read_text())
    assert params["model"]["encoder_nonlinearity"] == "gelu_erf"
    assert params["model"]["layer_norm_epsilon"] == 1e-12
    assert params["data"]["initialized_from"] == str(fitting_checkpoint)
    # A second run has a checkpoint of its own and says that it uses that one.
    train("train", tmp_path / "m", "--checkpoint_path", fitting_checkpoint, "--max_steps", 1,
          config={"optimizer": {"learning_rate": 0.0}})  # fmt: skip
    assert "CHECKPOINT (--checkpoint_path) is ignored" in capsys.readouterr().out


def test_the_yaml_wins_over_the_checkpoint_and_the_log_says_so(
    train, tmp_path, fitting_checkpoint, capsys
):
    train("train", tmp_path / "m", "--checkpoint_path", fitting_checkpoint, "--max_steps", 1,
          config={"model": {"encoder_nonlinearity": "gelu"}})  # fmt: skip
    out = capsys.readouterr().out
    assert "model.encoder_nonlinearity is gelu, from the YAML; the checkpoint has gelu_erf" in out


def test_a_checkpoint_that_does_not_fit_names_every_difference(train, tmp_path):
    with pytest.raises(UserError) as error:
        train("train", tmp_path / "m", "--checkpoint_path", GOLDEN / "hf" / "pretrained",
              config={"model": {"filter_size": 128, "num_hidden_layers": 3}})  # fmt: skip
    message = str(error.value)
    assert "filter_size: the checkpoint has 64, the run has 128" in message
    assert "num_hidden_layers: the checkpoint has 2, the run has 3" in message
    assert "vocab_size: the checkpoint has 64, the records have" in message
    assert not (tmp_path / "m").exists()


def test_a_checkpoint_of_another_vocabulary_or_case(train, tmp_path, fitting_checkpoint):
    (fitting_checkpoint / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nother\n")
    (fitting_checkpoint / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    with pytest.raises(UserError) as error:
        train("train", tmp_path / "m", "--checkpoint_path", fitting_checkpoint)
    assert "lower_case: the checkpoint has False, the records have True" in str(error.value)
    assert "vocabulary: the records were made with vocab, which is not" in str(error.value)


def test_a_folder_that_is_no_checkpoint(train, tmp_path):
    with pytest.raises(UserError, match="has no checkpoint"):
        train("train", tmp_path / "m", "--checkpoint_path", tmp_path)


def test_an_incomplete_checkpoint_lists_what_is_wrong(train, tmp_path, fitting_checkpoint):
    from safetensors.numpy import load_file, save_file

    path = fitting_checkpoint / "model.safetensors"
    tensors = load_file(path)
    del tensors["bert.pooler.dense.bias"]
    tensors["bert.embeddings.LayerNorm.weight"] = np.zeros(31, np.float32)
    tensors["bert.adapter.weight"] = np.zeros(1, np.float32)
    save_file(tensors, path)
    with pytest.raises(UserError) as error:
        train("train", tmp_path / "m", "--checkpoint_path", fitting_checkpoint)
    assert "cls_layer/cls_dense/cls_dense/bias: missing" in str(error.value)
    assert "/gamma: shape (31,), expected (32,)" in str(error.value)
    assert "bert.adapter.weight: unexpected" in str(error.value)


def test_two_datasets_in_one_run_must_go_together(tmp_path, demo_data, data_copy):
    content = {**SMALL, "train_input": {"batch_size": 8, "data_dir": str(demo_data)},
               "eval_input": {"batch_size": 64, "data_dir": str(data_copy)}}  # fmt: skip
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(content))
    arguments = ["--mode", "train_and_eval", "--params", str(tmp_path / "two.yaml")]
    arguments += ["--model_dir", str(tmp_path / "n")]
    plan = make_plan.make(run.parse(arguments))
    folders = (plan.params.train_input.data_dir, plan.params.eval_input.data_dir)
    assert folders == (str(demo_data), str(data_copy))
    made = json.loads((data_copy / "manifest.json").read_text())
    made["vocabulary"]["sha256"] = "0" * 64
    (data_copy / "manifest.json").write_text(json.dumps(made))
    with pytest.raises(UserError, match="vocabulary_sha256: .*, the data has 0000"):
        run.main(arguments)
    del content["eval_input"]["data_dir"]
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match="no dataset: give --data_dir .* or eval_input.data_dir"):
        run.main(arguments)
    assert not (tmp_path / "n").exists()


def test_other_data_is_refused(train, tmp_path, trained, demo_data, data_copy, capsys):
    made = json.loads((data_copy / "manifest.json").read_text())
    made["source"]["splits"]["train"]["rows_fingerprint"] = "0" * 16
    (data_copy / "manifest.json").write_text(json.dumps(made))
    with pytest.raises(UserError, match="was trained on other data"):
        train("train", tmp_path / "m", data=data_copy)
    capsys.readouterr()
    train("eval", tmp_path / "m", data=data_copy)  # other rows are welcome
    line = (
        f"scored on other data than it was trained with: {data_copy} (sst2), not {demo_data} (sst2)"
    )
    assert line in capsys.readouterr().out.splitlines()
    train("eval", tmp_path / "m")
    assert "other data" not in capsys.readouterr().out
    made["vocabulary"]["sha256"] = "0" * 64
    made["label_names"] = ["positive", "negative"]
    (data_copy / "manifest.json").write_text(json.dumps(made))
    with pytest.raises(UserError) as error:
        train("eval", tmp_path / "m", data=data_copy)
    assert "label_names: ['negative', 'positive'], the data has" in str(error.value)
    assert "vocabulary_sha256:" in str(error.value)


def test_another_model_than_that_of_model_dir_is_refused(train, tmp_path, trained):
    with pytest.raises(UserError, match="filter_size: trained with 64, the configuration has 32"):
        train("train", tmp_path / "m", config={"model": {"filter_size": 32}})
    with pytest.raises(UserError, match="layer_norm_epsilon: trained with 1e-05"):
        train("eval", tmp_path / "m", config={"model": {"layer_norm_epsilon": 1e-12}})


@pytest.mark.parametrize(
    "section, key, value, line",
    [
        (
            "train_input",
            "max_sequence_length",
            40,
            "max_sequence_length: the records have 32, {} says 40",
        ),
        ("train_input", "vocab_size", 30522, "vocab_size: the records have 150, {} says 30522"),
        ("train_input", "do_lower", False, "lower_case: the records have True, {} says False"),
        (
            "train_input",
            "data_processor",
            "MnliDataProcessor",
            "task: the records have sst2, {} says mnli",
        ),
        ("model", "num_cls_classes", 3, "num_cls_classes: the records have 2, {} says 3"),
    ],
)
def test_a_config_for_other_data(train, tmp_path, section, key, value, line):
    with pytest.raises(UserError, match="does not fit this run") as error:
        train("train", tmp_path / "m", config={section: {key: value}})
    assert line.format(tmp_path / "params.yaml") in str(error.value)


def test_records_longer_than_the_position_table(train, tmp_path):
    with pytest.raises(UserError, match="more than model.max_position_embeddings 24"):
        train("train", tmp_path / "m", config={"model": {"max_position_embeddings": 24}})


def test_what_cannot_be_evaluated(train, tmp_path):
    with pytest.raises(UserError, match="has no trained model"):
        train("eval", tmp_path / "m")
    with pytest.raises(UserError, match="500 examples without a label"):
        train("eval", tmp_path / "m", "--split", "test")
    with pytest.raises(UserError, match="no split 'dev'; the dataset has test, train, validation"):
        train("eval", tmp_path / "m", "--split", "dev")


def test_paths_may_begin_with_a_tilde(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    given = ("--mode", "train", "--params", "~/p.yaml", "--model_dir", "~/m", "--data_dir", "~/d")
    options = run.parse(given)
    paths = (options.params, options.model_dir, options.data_dir)
    assert paths == ("/home/me/p.yaml", "/home/me/m", "/home/me/d")
    assert settings.path("~/d") == "/home/me/d"


def test_options_that_mean_nothing_in_a_mode_are_refused(train, tmp_path, capsys):
    for mode, option in (
        ("eval_all", "--checkpoint_path"),
        ("eval", "--steps"),
        ("train", "--split"),
    ):
        with pytest.raises(SystemExit) as stop:
            train(mode, tmp_path / "m", option, "1")
        assert stop.value.code == 2
        assert f"{option} has no effect with --mode {mode}" in capsys.readouterr().err


def test_a_train_split_without_labels_is_refused(train, tmp_path, data_copy):
    made = json.loads((data_copy / "manifest.json").read_text())
    made["splits"]["train"]["unlabelled"] = 7
    (data_copy / "manifest.json").write_text(json.dumps(made))
    with pytest.raises(UserError, match="split train has 7 examples without a label"):
        train("train", tmp_path / "m", data=data_copy)


def test_a_run_that_diverges_stops_and_saves_nothing_more(train, tmp_path):
    rates = [{"scheduler": "Constant", "learning_rate": 1e-4, "steps": 6},
             {"scheduler": "Constant", "learning_rate": 1e30}]  # fmt: skip
    config = {"optimizer": {"learning_rate": rates}, "runconfig": {"max_skipped_steps": 4}}
    expected = r"diverged: at step 11 .* for 4 steps in a row .*1.00e\+30 and loss scale 1;"
    with pytest.raises(DivergedError, match=expected):
        train("train", tmp_path / "m", config=config)
    assert files.steps(str(tmp_path / "m")) == [6]


def test_other_settings_in_a_continued_run_are_named(train, trained, capsys):
    train("train", trained, "--max_steps", 13)
    assert "settings changed" not in capsys.readouterr().out
    changed = {"train_input": {"batch_size": 4}, "runconfig": {"tf_random_seed": 9}}
    train("train", trained, "--max_steps", 14, config=changed)
    out = capsys.readouterr().out
    assert (
        "settings changed since the last checkpoint: train_input.batch_size: 8 before, 4 now" in out
    )
    assert "runconfig.tf_random_seed: 1 before, 9 now" in out


def test_another_optimizer_in_a_continued_run(train, trained):
    """Its slots are others; those of adamw are not needed by sgd."""
    adam = {"optimizer": {"optimizer_type": "adam", "weight_decay_rate": 0}}
    with pytest.raises(UserError) as error:
        train("train", trained, "--max_steps", 13, config=adam)
    assert str(error.value) == (
        f"the checkpoint {trained}/model.ckpt-12 was trained with optimizer.optimizer_type adamw; "
        "the configuration has adam, which cannot go on from it. Set it to adamw, or start a new "
        f"training from these weights: CHECKPOINT={trained}/model.ckpt-12 and another MODEL_DIR"
    )
    sgd = {"optimizer": {"optimizer_type": "sgd", "weight_decay_rate": 0}}
    train("train", trained, "--max_steps", 13, config=sgd)


def test_an_evaluation_beside_a_training_takes_the_newest_checkpoint(
    train, tmp_path, trained, monkeypatch, capsys
):
    """All that were there when it began are gone when it reads."""
    real = run.import_tensorflow

    def slow(backend):
        monkeypatch.setattr(run, "import_tensorflow", real)
        train("train", trained, "--max_steps", 14, config={"runconfig": {"keep_checkpoint_max": 1}})
        return real(backend)

    monkeypatch.setattr(run, "import_tensorflow", slow)
    train("eval", trained)
    assert "eval validation: step 14" in capsys.readouterr().out


def test_a_checkpoint_that_is_removed_while_it_is_read(tmp_path, capsys):
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-4"')
    (tmp_path / "model.ckpt-4.index").touch()

    def reader(path):
        if path.endswith("-4"):
            (tmp_path / "model.ckpt-4.index").unlink()
            (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-8"')
            (tmp_path / "model.ckpt-8.index").touch()
            return checkpoint.read(path, ["a"])
        return {"a": 8}

    found = checkpoint.read_newest(str(tmp_path), reader)
    assert found == (f"{tmp_path}/model.ckpt-8", {"a": 8})
    assert "may have removed it. Trying the newest one." in capsys.readouterr().out


def test_tensorboard_forgets_what_a_training_has_given_up(train, tmp_path):
    """Its own reader is asked what it shows."""
    from tensorboard.backend.event_processing import plugin_event_accumulator

    folder = tmp_path / "m"
    every = {"runconfig": {"save_summary_steps": 3, "save_checkpoints_steps": 6}}
    train("train_and_eval", folder, config=every)
    (folder / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-6"\n')
    train("train_and_eval", folder, "--max_steps", 8, config=every)
    shown = {}
    for name, tag in ((".", "train/loss"), ("eval_validation", "eval/loss")):
        reader = plugin_event_accumulator.EventAccumulator(str(folder / name))
        shown[tag] = [event.step for event in reader.Reload().Tensors(tag)]
    assert shown == {"train/loss": [3, 6, 8], "eval/loss": [6, 6, 8]}


def test_two_trainings_exclude_each_other(train, tmp_path):
    with model_dir.locked(str(tmp_path / "m")), pytest.raises(UserError, match="another training"):
        train("train", tmp_path / "m")


def test_a_plan_that_another_training_overtook_is_dropped(train, tmp_path, monkeypatch):
    real = run.import_tensorflow

    def slow(backend):
        monkeypatch.setattr(run, "import_tensorflow", real)
        train("train", tmp_path / "m", "--max_steps", 2)  # while the first one imports
        return real(backend)

    monkeypatch.setattr(run, "import_tensorflow", slow)
    with pytest.raises(UserError, match="another training has written to .* in the meantime"):
        train("train", tmp_path / "m", "--max_steps", 1)
    assert files.steps(str(tmp_path / "m")) == [2]


def test_an_evaluation_that_a_kill_prevented_is_done_first(train, trained, capsys):
    train("train_and_eval", trained)
    out = capsys.readouterr().out
    assert "eval validation: step 12" in out and "nothing to train" in out
    assert (trained / "best" / "model.ckpt-12.index").exists()


def test_a_run_that_trains_nothing_leaves_params_yaml(train, tmp_path, trained):
    before = (tmp_path / "m" / "params.yaml").read_text()
    train("train", tmp_path / "m")
    with pytest.raises(UserError) as error:
        train("train", tmp_path / "m", config={"optimizer": {"max_gradient_norm": 0.5}})
    assert "is complete at step 12, but it had other settings:\n  optimizer.max_gradient_norm: 1.0 "
    assert "before, 0.5 now\nTrain with these in another MODEL_DIR" in str(error.value)
    with pytest.raises(UserError, match="is complete at step 12, but it had other settings"):
        train("train_and_eval", tmp_path / "m", config={"model": {"dropout_rate": 0.5}})
    assert not (tmp_path / "m" / "best").exists()
    assert (tmp_path / "m" / "params.yaml").read_text() == before


def test_another_precision_in_an_evaluation_is_named(train, tmp_path, trained, capsys):
    train("eval", tmp_path / "m", config={"model": {"mixed_precision": "bfloat16"}})
    assert "model.mixed_precision: False before, bfloat16 now" in capsys.readouterr().out


def test_a_model_dir_that_tensorflow_takes_for_a_pattern(train, tmp_path):
    with pytest.raises(UserError, match="treats as a pattern"):
        train("train", tmp_path / "m [1]")
    assert not (tmp_path / "m [1]").exists()


def test_a_bfloat16_checkpoint_is_widened(program, fitting_checkpoint):
    code = (
        "import ml_dtypes, numpy as np, sys; from safetensors.numpy import load_file, save_file\n"
        "path = sys.argv[1] + '/model.safetensors'\n"
        "save_file({k: v.astype(ml_dtypes.bfloat16) for k, v in load_file(path).items()}, path)"
    )
    subprocess.run([sys.executable, "-c", code, fitting_checkpoint], check=True)
    weights = huggingface.read(str(fitting_checkpoint)).weights
    assert {values.dtype for values in weights.values()} == {np.dtype(np.float32)}
    original = huggingface.read(str(GOLDEN / "hf" / "pretrained")).weights
    name = "cls_layer/cls_dense/cls_dense/kernel"
    np.testing.assert_allclose(weights[name], original[name], rtol=2**-8)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"layer_norm_eps": None}, "layer_norm_eps is None"),
        ({"num_hidden_layers": "2"}, "num_hidden_layers is '2'"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu' .supported: gelu, gelu_new"),
        ({"model_type": "roberta"}, "model_type is 'roberta'"),
    ],
)
def test_a_config_json_of_another_model(fitting_checkpoint, change, message):
    path = fitting_checkpoint / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError, match=message):
        huggingface.read(str(fitting_checkpoint))


def test_a_foreign_params_yaml(train, tmp_path, trained):
    for content in ("model: {hidden_size: 8}", "just text", "{model: {}, data: {}}", "model: 3"):
        (tmp_path / "m" / "params.yaml").write_text(content)
        with pytest.raises(UserError, match="params.yaml: .* It was not written by `make train`"):
            train("train", tmp_path / "m")
    (tmp_path / "m" / "params.yaml").unlink()
    with pytest.raises(UserError, match="has checkpoints but no params.yaml"):
        train("eval", tmp_path / "m")


def long_training(tmp_path, demo_data, **popen):
    """A process that trains in <tmp_path>/m until it is stopped."""
    content = {**SMALL, "runconfig": {"max_steps": 10**6, "save_summary_steps": 10}}
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(content))
    arguments = runs.arguments("train", tmp_path / "m", tmp_path / "p.yaml", demo_data)
    return subprocess.Popen([sys.executable, "-m", "train.run", *arguments], cwd=ROOT, **popen)


def test_sigterm_writes_a_checkpoint(tmp_path, demo_data):
    process = long_training(
        tmp_path, demo_data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while "step 10/" not in process.stdout.readline():
        assert process.poll() is None, process.stderr.read()
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    (step,) = files.steps(str(tmp_path / "m"))
    assert errors.strip() == f"stopped by SIGTERM at step {step}; checkpoint written"


def test_a_terminal_that_is_closed_ends_with_a_checkpoint(tmp_path, demo_data):
    """Where it was, the next line cannot be printed."""
    ours, terminal = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
    process = long_training(
        tmp_path, demo_data, **streams, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(terminal)
    printed = b""
    while b"step 10/" not in printed:
        printed += os.read(ours, 1000)
    os.close(ours)
    assert process.wait(timeout=60) == 129
    assert files.steps(str(tmp_path / "m")) != []


@pytest.mark.parametrize(
    "number, error", [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_signal_at_a_checkpoint_writes_it_once(
    train, tmp_path, monkeypatch, capsys, number, error
):
    real = checkpoint.save

    def save_and_signal(*arguments):
        signal.raise_signal(number)
        return real(*arguments)

    monkeypatch.setattr(checkpoint, "save", save_and_signal)
    with pytest.raises(error, match="at step 6; checkpoint written"):
        train("train", tmp_path / "m")
    assert "removes" not in capsys.readouterr().out
    assert files.steps(str(tmp_path / "m")) == [6]


def test_sigterm_in_an_evaluation_leaves_it_to_the_next_run(train, tmp_path, monkeypatch, capsys):
    real = evaluation.evaluate

    def interrupted(*arguments):
        signal.raise_signal(signal.SIGTERM)
        return real(*arguments)

    monkeypatch.setattr(evaluation, "evaluate", interrupted)
    with pytest.raises(Terminated, match="in an evaluation; the next run repeats it"):
        train("train_and_eval", tmp_path / "m")
    monkeypatch.undo()
    assert files.steps(str(tmp_path / "m")) == [6]
    monkeypatch.chdir(ROOT)
    train("train_and_eval", tmp_path / "m")
    out = capsys.readouterr().out
    assert out.index("resuming from") < out.index("eval validation: step 6") < out.index("step 8/")


def test_training_needs_an_end(train, tmp_path):
    with pytest.raises(UserError, match="training has no end"):
        train("train", tmp_path / "m", config={"runconfig": {"max_steps": None}})


def test_bfloat16_trains(train, tmp_path):
    train("train", tmp_path / "m", config={"model": {"mixed_precision": True}})
    found = weights(tmp_path / "m", 12)["cls_layer/cls_dense/cls_dense/kernel"]
    assert found.dtype == np.float32 and np.isfinite(found).all()


def test_mistakes_end_with_2_and_no_traceback(program, tmp_path):
    config = ROOT / "configs" / "params_bert_tiny.yaml"
    common = ("train.run", "--mode", "train", "--model_dir", tmp_path / "m", "--params")
    for arguments, message in (
        (
            (*common, "none.yaml"),
            "cannot read none.yaml: No such file or directory. Choose a configuration with CONFIG",
        ),
        ((*common, config), "no dataset: give --data_dir"),
        ((*common, config, "--data_dir", tmp_path), "is not a complete dataset"),
        ((*common, config, "--steps", "1", "--max_steps", "1"), "not allowed with argument"),
    ):
        finished = program(*arguments)
        assert finished.returncode == 2, finished.stderr
        assert message in finished.stderr and "Traceback" not in finished.stderr
    assert not (tmp_path / "m").exists()


def test_another_trainings_checkpoint_is_a_start_from_step_0(train, tmp_path, trained):
    """Whatever step its name has."""
    for ending in (".index", ".data-00000-of-00001"):
        shutil.copy(trained / f"model.ckpt-12{ending}", trained / f"best{ending}")
    for name in ("model.ckpt-12", "best"):
        train("train", tmp_path / f"from-{name}", "--checkpoint_path", trained / name,
              "--max_steps", 3)  # fmt: skip
        params = yaml.safe_load((tmp_path / f"from-{name}" / "params.yaml").read_text())
        assert params["data"]["initialized_from"] == str(trained / name)
    found = weights(tmp_path / "from-model.ckpt-12", 3)
    assert_same_weights(found, weights(tmp_path / "from-best", 3))
    assert found["global_step"] == 3
