"""make parity, as far as it goes without a checkout of the Model Zoo."""

import json

import numpy as np
import pytest
import tensorflow as tf

from bench.modelzoo import __main__ as parity
from bench.modelzoo import data_of_theirs, differences, inputs, parts
from shared import config
from shared.errors import UserError
from tests.inputs import read_rows
from train.checkpoints import tensors


def test_without_a_checkout_it_is_skipped_with_a_reason(capsys):
    parity.main([])
    assert capsys.readouterr().out == (
        "skipped: give a checkout of the Model Zoo, MODELZOO=<folder>: release 1.6.0, 1.6.1, "
        "1.7.0, 1.7.1\n"
    )


@pytest.mark.parametrize("version, is_known", [("1.7.1", True), ("1.8.0", False), (None, False)])
def test_the_release_is_that_of_its_notes(tmp_path, version, is_known):
    program = tmp_path / parity._PROGRAM
    program.parent.mkdir(parents=True)
    program.touch()
    if version:
        (tmp_path / "RELEASE-NOTES.md").write_text(f"# Notes\n\n## Version {version}\n")
    if is_known:
        assert parity._release(str(tmp_path)) == version
    else:
        with pytest.raises(UserError, match="is no checkout of .*: expected modelzoo/transformers"):
            parity.main(["--modelzoo", str(tmp_path)])


def test_without_tensorflow_2_2_it_is_skipped(monkeypatch, capfd):
    monkeypatch.setenv("PYTHON37", "/no/such/python")
    assert parity._container_python() is None
    out, errors = capfd.readouterr()
    assert out.startswith("skipped: the Model Zoo needs TensorFlow 2.2.0")
    assert "PYTHON37=/no/such/python is no working Python" in errors


def test_the_configuration_is_valid_for_ours(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(json.dumps(inputs.configuration(str(tmp_path))))
    params = config.load(str(path), lambda line: None)
    assert params.predict_input.batch_size == inputs.BATCH
    assert params.runconfig.max_steps == inputs.STEPS


def test_the_rows_fill_batches_and_begin_anew_after_the_steps():
    splits = inputs._splits()
    assert len(splits["train"]) == inputs.STEPS * inputs.BATCH
    assert len(splits["dev"]) % inputs.BATCH == 0
    assert set(inputs._ODD) < {text for text, _ in splits["dev"]}


def test_what_stands_for_tensorflow_datasets_reads_the_rows(tmp_path):
    (tmp_path / "rows.json").write_text(json.dumps({"train": [["é a", 1], ["b", 0]]}))
    found = data_of_theirs._load("glue/sst2", str(tmp_path), as_dataset_kwargs={})
    rows = [(row["sentence"].numpy().decode(), int(row["label"])) for row in found["train"]]
    assert rows == [("é a", 1), ("b", 0)]


def test_differences_of_records_are_rows(tmp_path, demo_data):
    rows = read_rows(demo_data, "validation")
    np.savez(tmp_path / "records.npz", **rows)
    assert differences._records(str(tmp_path), str(demo_data)) == "0 of 500"
    rows["segment_ids"][3, 1] += 1
    rows["labels"][[3, 7]] -= 1
    np.savez(tmp_path / "records.npz", **rows)
    assert differences._records(str(tmp_path), str(demo_data)) == "2 of 500"


@pytest.fixture
def folder(tmp_path):
    """Checkpoints of steps 1 and 6, of both programs: of ours each weight is larger by 0.25."""
    noise = "encoder/self_attention/k_projection/bias"
    for run, more, others in (("theirs", 0, {"a": 0}), ("cpu/run", 0.25, {"b": 0, "c": 0})):
        (tmp_path / run).mkdir(parents=True)
        values = {"w": np.float32(1 + more), "w/AdamW": np.float32(0.1 + 0.1 * more)}
        values[noise] = values[f"{noise}/AdamW"] = np.float32(100 * more)
        for step in (1, inputs.STEPS):
            tensors.save(str(tmp_path / run), step, {**values, **others}, keep=0)
    return str(tmp_path)


def test_differences_of_checkpoints(folder):
    # The moment is a tenth of the gradient: 0.1 and 0.125.
    assert differences._gradients(folder, "cpu") == "0.25"
    assert differences._weights(folder, "cpu") == "0.25"
    assert differences._lacking(folder, "cpu") == "1 of 5"
    assert differences._besides(folder, "cpu") == "2 of 6"


def test_differences_of_losses(tmp_path):
    for run, tag, more in (("theirs", "train/cost_cls", 0), ("cpu/run", "train/loss", 0.5)):
        with tf.summary.create_file_writer(str(tmp_path / run)).as_default():
            for step in range(1, inputs.STEPS + 2):
                tf.summary.scalar(tag, step + more * (step == 3), step)
    assert differences._losses(str(tmp_path), "cpu") == "0.5"


def test_differences_of_logits(tmp_path):
    for run, name, value in (("theirs", "tf_0", 1.0), ("wse/scored", "validation", 0.75)):
        folder = tmp_path / run / "predict"
        folder.mkdir(parents=True)
        np.savez(folder / f"predictions_{name}.npz", np.full([2, 2], value))
    assert differences._logits(str(tmp_path), "wse") == "0.25"


def test_differences_of_parts():
    found = [[[1.0, 1.0, 1.5]], [[2.0, 1.75, 2.0]]]
    assert parts._differences(found, 2) == {"count": 2, "cpu": 0.25, "wse": 0.5}


def test_a_model_dir_of_one_checkpoint(tmp_path):
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    for name in ("model.ckpt-1.index", "model.ckpt-10.index", "params.yaml", "checkpoint"):
        (source / name).touch()
    parity._begin(str(source), 1, str(target))
    assert sorted(path.name for path in target.iterdir()) == [
        "checkpoint", "model.ckpt-1.index", "params.yaml"
    ]  # fmt: skip
    assert (target / "checkpoint").read_text() == 'model_checkpoint_path: "model.ckpt-1"\n'
