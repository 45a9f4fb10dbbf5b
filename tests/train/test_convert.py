"""Round trips through the formats are exact, and the written models give the golden logits."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
import yaml
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from shared.errors import UserError
from tests.inputs import GOLDEN
from tests.train.runs import newest
from train import convert
from train.model import classifier, variables
from train.model.layers import Layers
from train.pretrained import fit
from train.pretrained.read import read

HF, MODELZOO = GOLDEN / "hf", GOLDEN / "modelzoo"
ALL = [HF / "pretrained", HF / "pretrained_gamma_beta", HF / "classifier", HF / "google_tf1",
       MODELZOO, MODELZOO / "pretrained"]  # fmt: skip


@pytest.fixture
def converted(tmp_path):
    """A function: FROM, name of TO, more arguments -> the folder that train.convert wrote."""

    def run(source, name, *more):
        convert.main([str(source), str(tmp_path / name), *more])
        return tmp_path / name

    return run


def assert_same(found, expected, **differences):
    """Equal in all but where they lie, and what `differences` names."""
    for field in dataclasses.fields(expected):
        if field.name in ("path", "format", "stored_as", "is_own", *differences):
            continue
        value = getattr(found, field.name)
        if field.name == "weights":
            assert {name: array.tobytes() for name, array in value.items()} == {
                name: array.tobytes() for name, array in expected.weights.items()
            }
        else:
            assert value == getattr(expected, field.name), field.name
    for name, value in differences.items():
        assert getattr(found, name) == value, name


@pytest.mark.parametrize("source", ALL, ids=lambda path: path.name)
def test_every_format_becomes_a_model_zoo_checkpoint(converted, source, capsys):
    expected = read(str(source))
    folder = converted(source, "zoo")
    assert_same(read(str(folder)), expected)
    path = newest(folder)
    assert path == tf.train.latest_checkpoint(str(folder)) == str(folder / "model.ckpt-0")
    reader = tf.train.load_checkpoint(path)
    assert set(reader.get_variable_to_shape_map()) == {*expected.weights, "global_step"}
    assert reader.get_tensor("global_step") == 0 and reader.get_tensor("global_step").dtype == "i8"
    assert (
        f"wrote {len(expected.weights)} variables of {expected.path} ({expected.format}) "
        f"to {folder} (Model Zoo checkpoint)\n" in capsys.readouterr().out
    )


@pytest.mark.parametrize("name", ["pretrained", "classifier"])
def test_hugging_face_there_and_back(converted, name):
    folder = converted(converted(HF / name, "zoo"), "back", "--to", "huggingface")
    found, expected = (load_file(path / "model.safetensors") for path in (folder, HF / name))
    assert set(found) == set(expected)
    for tensor, values in expected.items():
        np.testing.assert_array_equal(found[tensor], values, err_msg=tensor)
    with safe_open(folder / "model.safetensors", framework="numpy") as file:
        assert file.metadata() == {"format": "pt"}
    stated, original = (
        json.loads((path / "config.json").read_text()) for path in (folder, HF / name)
    )
    assert set(stated) <= set(original)
    assert stated == {key: original[key] for key in stated}


def test_heads_of_pretraining_decide_the_architecture(converted, tmp_path):
    without_nsp = shutil.copytree(HF / "pretrained", tmp_path / "mlm")
    tensors = load_file(without_nsp / "model.safetensors")
    kept = {name: array for name, array in tensors.items() if "seq_relation" not in name}
    save_file(kept, without_nsp / "model.safetensors")
    encoder = shutil.copytree(HF / "pretrained", tmp_path / "encoder")
    kept = {name: array for name, array in tensors.items() if not name.startswith("cls.")}
    save_file(kept, encoder / "model.safetensors")
    for source, expected in ((HF / "pretrained", "BertForPreTraining"),
                             (without_nsp, "BertForMaskedLM"), (encoder, "BertModel")):  # fmt: skip
        folder = converted(source, expected, "--to", "huggingface")
        assert json.loads((folder / "config.json").read_text())["architectures"] == [expected]
        assert_same(read(str(folder)), read(str(source)))


def test_a_decoder_of_its_own_is_written_untied(converted, tmp_path):
    source = shutil.copytree(HF / "pretrained", tmp_path / "untied")
    tensors = load_file(source / "model.safetensors")
    decoder = np.arange(64 * 32, dtype=np.float32).reshape(64, 32)
    save_file({**tensors, "cls.predictions.decoder.weight": decoder}, source / "model.safetensors")
    folder = converted(converted(source, "zoo"), "back", "--to", "huggingface")
    found = load_file(folder / "model.safetensors")
    np.testing.assert_array_equal(found["cls.predictions.decoder.weight"], decoder)
    bias = tensors["cls.predictions.bias"]
    np.testing.assert_array_equal(found["cls.predictions.decoder.bias"], bias)
    assert json.loads((folder / "config.json").read_text())["tie_word_embeddings"] is False


def test_our_own_training_becomes_a_hugging_face_folder(converted, own, capsys):
    labels = ("entailment", "neutral", "contradiction")
    source = own(labels)
    folder = converted(source, "hf")
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert config["problem_type"] == "single_label_classification"
    assert config["id2label"] == {"0": "entailment", "1": "neutral", "2": "contradiction"}
    assert config["label2id"] == {"entailment": 0, "neutral": 1, "contradiction": 2}
    expected, found = (
        load_file(path / "model.safetensors") for path in (HF / "classifier", folder)
    )
    assert set(found) == set(expected)
    np.testing.assert_array_equal(found["classifier.weight"], expected["classifier.weight"])
    assert json.loads((folder / "tokenizer_config.json").read_text())["do_lower_case"] is True
    ours = read(str(source))
    assert ours.is_own and ours.label_names == labels and ours.lower_case is True
    assert (ours.vocabulary_name, ours.vocabulary_sha256) == ("bert_base_uncased", "5" * 64)
    assert ours.format == "train.run checkpoint" and ours.path.endswith("model.ckpt-7")
    assert_same(read(str(folder)), ours, vocabulary_name=None, vocabulary_sha256=None)
    out = capsys.readouterr().out
    assert f"wrote 41 variables of {source}/model.ckpt-7 (train.run checkpoint) to" in out
    assert f"copy its vocabulary (bert_base_uncased) to {folder}/vocab.txt" in out
    # In the Model Zoo's format not even the vocabulary's name is lost.
    again = read(str(converted(source, "zoo", "--to", "modelzoo")))
    assert_same(again, ours)
    assert not again.is_own


def test_a_regression_of_ours(converted, own):
    folder = converted(own(None), "hf")
    config = json.loads((folder / "config.json").read_text())
    assert config["problem_type"] == "regression" and config["id2label"] == {"0": "LABEL_0"}
    found = read(str(folder))
    assert found.label_names is None
    assert found.weights[variables.OUTPUT + "/kernel"].shape == (32, 1)


@pytest.mark.parametrize("form", ["modelzoo", "huggingface"])
def test_golden_logits_of_converted_classifiers(converted, tmp_path, tiny, form):
    zoo = shutil.copytree(MODELZOO, tmp_path / "zoo")
    (zoo / "params.yaml").write_text("model: {num_heads: 2, layer_norm_epsilon: 1.0e-5}")
    for source, expected, outputs in ((HF / "classifier", HF / "expected.npz", 3),
                                      (zoo, MODELZOO / "expected.npz", 2)):  # fmt: skip
        found = read(str(converted(source, f"{form}{outputs}", "--to", form)))
        model = dataclasses.replace(
            tiny().model,
            num_cls_classes=outputs,
            encoder_nonlinearity=found.encoder_nonlinearity,
            layer_norm_epsilon=found.layer_norm_epsilon,
        )
        assert found.sizes["num_heads"] == model.num_heads
        golden = dict(np.load(expected))
        features = {
            name: tf.constant(golden[name]) for name in ("input_ids", "input_mask", "segment_ids")
        }
        weights = fit.classifier_weights(model, found)
        logits = classifier.logits(weights, features, model, Layers(tf.float32))
        assert np.abs(logits.numpy() - golden["logits"]).max() <= 1e-5


def test_the_tanh_form_gets_the_name_that_every_version_of_transformers_knows(converted, tmp_path):
    zoo = shutil.copytree(MODELZOO, tmp_path / "zoo")
    (zoo / "params.yaml").write_text("model: {num_heads: 2}")
    config = json.loads((converted(zoo, "hf", "--to", "huggingface") / "config.json").read_text())
    assert config["hidden_act"] == "gelu_new"


def test_the_vocabulary_goes_along(converted, tmp_path, capsys):
    source = shutil.copytree(HF / "google_tf1", tmp_path / "google")
    (source / "vocab.txt").write_text("[PAD]\n")
    (source / "tokenizer_config.json").write_text('{"do_lower_case": false, "x": 1}')
    folder = converted(source, "zoo")
    for name in ("vocab.txt", "tokenizer_config.json"):
        assert (folder / name).read_text() == (source / name).read_text()
    assert "copy its vocabulary" not in capsys.readouterr().out


def test_heads_must_be_known_for_hugging_face(converted, tmp_path):
    with pytest.raises(UserError, match="does not give its number of attention heads"):
        converted(HF / "google_tf1", "hf", "--to", "huggingface")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_whole_is_not_written(converted, tmp_path):
    source = shutil.copytree(HF / "pretrained", tmp_path / "bert")
    tensors = load_file(source / "model.safetensors")
    del tensors["bert.encoder.layer.0.intermediate.dense.weight"]
    tensors["bert.pooler.dense.bias"] = np.zeros(31, np.float32)
    tensors["adapter.weight"] = np.zeros(3, np.float32)
    save_file(tensors, source / "model.safetensors")
    with pytest.raises(UserError) as error:
        converted(source, "zoo")
    lines = str(error.value).split("\n")[1:]
    assert lines == [
        "  encoder/ffn/dense_layer/dense_layer/kernel: missing",
        "  cls_layer/cls_dense/cls_dense/bias: shape (31,), expected (32,)",
        "  adapter.weight: unexpected, not part of a BERT of this size",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["bert"]


def test_the_target_must_be_new_or_empty(converted, tmp_path):
    (tmp_path / "to").mkdir()
    assert (converted(HF / "pretrained", "to") / "checkpoint").exists()
    before = sorted(path.name for path in (tmp_path / "to").iterdir())
    with pytest.raises(UserError, match="to already exists; give a new or empty folder"):
        converted(HF / "pretrained", "to")
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="already exists"):
        converted(HF / "pretrained", "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_params_yaml_is_what_the_reader_needs(converted):
    content = yaml.safe_load((converted(HF / "classifier", "zoo") / "params.yaml").read_text())
    assert content == {
        "model": {
            "vocab_size": 64, "hidden_size": 32, "num_heads": 2, "num_hidden_layers": 2,
            "filter_size": 64, "max_position_embeddings": 40,
            "dropout_rate": 0.0, "attention_dropout_rate": 0.0, "cls_dropout_rate": 0.0,
            "encoder_nonlinearity": "gelu_erf", "layer_norm_epsilon": 1e-12,
            "use_segment_embedding": True,
        },
    }  # fmt: skip


def test_mistakes_end_with_2(program, tmp_path):
    finished = program("train.convert", tmp_path / "none", tmp_path / "to")
    assert finished.returncode == 2 and "Traceback" not in finished.stderr
    assert "no such folder" in finished.stderr and not (tmp_path / "to").exists()
