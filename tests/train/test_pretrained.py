"""The same weights out of every format of checkpoint, and what is wrong with one, all at once."""

import dataclasses
import json
import shutil
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import load_file, save_file

from shared.errors import UserError
from shared.manifest import Manifest, Vocabulary
from tests.inputs import GOLDEN
from tests.train.tf_files import load_tf, save_tf
from train.model import variables
from train.planning import resolve
from train.pretrained import fit
from train.pretrained.read import read

HF, MODELZOO = GOLDEN / "hf", GOLDEN / "modelzoo"
GOOGLE = HF / "google_tf1" / "bert_model.ckpt"
POOLER, OUTPUT = variables.POOLER + "/kernel", variables.OUTPUT + "/kernel"
SIZES = {"vocab_size": 64, "hidden_size": 32, "num_heads": 2, "num_hidden_layers": 2,
         "filter_size": 64, "max_position_embeddings": 40}  # fmt: skip


def assert_equal(found, expected):
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_hugging_face_google_and_older_names_hold_the_same_weights():
    expected = read(str(HF / "pretrained"))
    assert len(expected.weights) == 46  # 39, the NSP output's 2, the MLM head's 5
    for path in (HF / "pretrained_gamma_beta", HF / "google_tf1", GOOGLE, f"{GOOGLE}.index"):
        found = read(str(path))
        assert_equal(found.weights, expected.weights)
        assert found.left_over == () and not found.is_classifier
    assert found.path == str(GOOGLE)
    assert found.format == "Google TF1 checkpoint"
    assert expected.format == "Hugging Face checkpoint"
    # An independent look at what Google's own code would restore; its NSP output is transposed.
    google = tf.train.load_checkpoint(str(GOOGLE))
    pairs = {
        variables.MLM_DENSE + "/kernel": "cls/predictions/transform/dense/kernel",
        variables.MLM_NORM + "/beta": "cls/predictions/transform/LayerNorm/beta",
        variables.MLM_BIAS: "cls/predictions/output_bias",
        variables.OUTPUT + "/bias": "cls/seq_relationship/output_bias",
    }
    for ours, theirs in pairs.items():
        np.testing.assert_array_equal(expected.weights[ours], google.get_tensor(theirs))
    output = google.get_tensor("cls/seq_relationship/output_weights")
    np.testing.assert_array_equal(expected.weights[OUTPUT], output.T)


def test_what_google_leaves_open_comes_from_its_config(copy_of):
    folder = copy_of(HF / "google_tf1")
    found = read(str(folder))
    assert found.sizes == {name: SIZES[name] for name in SIZES if name != "num_heads"}
    assert (found.encoder_nonlinearity, found.layer_norm_epsilon) == ("gelu", 1e-12)
    config = json.loads((HF / "pretrained" / "config.json").read_text())
    keys = ("vocab_size", "hidden_size", "num_attention_heads", "num_hidden_layers",
            "intermediate_size", "max_position_embeddings", "hidden_act")  # fmt: skip
    (folder / "bert_config.json").write_text(json.dumps({key: config[key] for key in keys}))
    found = read(str(folder))
    assert found.sizes == SIZES
    # Google's `gelu` is the tanh form; Hugging Face's, in the same file, is not.
    assert (found.encoder_nonlinearity, found.layer_norm_epsilon) == ("gelu", 1e-12)
    (folder / "bert_config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    with pytest.raises(UserError, match="bert_config.json: .* hidden_act is 'relu'"):
        read(str(folder))


def test_google_classifier_with_slots(tmp_path):
    tensors = load_tf(GOOGLE)
    encoder = {name: array for name, array in tensors.items() if name.startswith("bert/")}
    output = np.arange(96, dtype=np.float32).reshape(3, 32)
    content = {**encoder, "output_weights": output, "output_bias": np.ones(3, np.float32)}
    slots = {f"{name}/adam_{slot}": array for name, array in content.items() for slot in "mv"}
    save_tf(tmp_path / "model.ckpt-9", {**content, **slots, "global_step": np.int64(9)})
    found = read(str(tmp_path))
    assert found.is_classifier and found.left_over == () and len(found.weights) == 41
    np.testing.assert_array_equal(found.weights[OUTPUT], output.T)


def test_the_model_zoo_s_own_checkpoints():
    classifier, pretrained = read(str(MODELZOO)), read(str(MODELZOO / "pretrained"))
    assert classifier.path == str(MODELZOO / "classifier.ckpt")
    assert classifier.format == pretrained.format == "Model Zoo checkpoint"
    assert (classifier.encoder_nonlinearity, classifier.layer_norm_epsilon) == ("gelu", 1e-5)
    assert classifier.sizes == {name: SIZES[name] for name in SIZES if name != "num_heads"}
    assert classifier.is_classifier and not pretrained.is_classifier
    assert_equal(classifier.weights, load_tf(MODELZOO / "classifier.ckpt"))
    expected = load_tf(MODELZOO / "pretrained" / "model.ckpt-1000")
    del expected["global_step"]
    assert_equal(pretrained.weights, expected)
    assert classifier.left_over == pretrained.left_over == ()


def test_a_model_zoo_pretraining_gives_the_pooler_of_nsp(tiny):
    path = MODELZOO / "pretrained" / "model.ckpt-1000"
    weights, new = fit.initial_weights(tiny().model, read(str(path)))
    assert new == [OUTPUT, variables.OUTPUT + "/bias"] and len(weights) == 39
    np.testing.assert_array_equal(weights[POOLER], load_tf(path)[POOLER])
    weights, new = fit.initial_weights(tiny(model={"disable_nsp": True}).model, read(str(path)))
    assert len(new) == 4 and len(weights) == 37 and POOLER in new


def test_params_yaml_of_the_model_zoo(copy_of):
    folder = copy_of(MODELZOO)
    text = "model: {num_heads: 2, layer_norm_epsilon: 1e-6, encoder_nonlinearity: gelu, x: 1}\n"
    (folder / "params.yaml").write_text(text)
    found = read(str(folder))
    assert found.sizes == SIZES and found.layer_norm_epsilon == 1e-6
    assert found.format == "Model Zoo checkpoint" and not found.is_own
    (folder / "params.yaml").write_text("model: {num_heads: 2}\n")
    assert read(str(folder)).layer_norm_epsilon == 1e-8  # the default of the Model Zoo's code
    (folder / "params.yaml").write_text("model: {num_heads: two, encoder_nonlinearity: lrelu}\n")
    with pytest.raises(UserError) as error:
        read(str(folder))
    assert "model.num_heads: expected a number, found 'two'" in str(error.value)
    assert "model.encoder_nonlinearity: expected one of gelu, gelu_erf" in str(error.value)
    for broken in ("model: [", "just text", "model: 3"):
        (folder / "params.yaml").write_text(broken)
        with pytest.raises(
            UserError, match="(?s)params.yaml(: exp| is not valid YAML).* Repair it"
        ):
            read(str(folder))


def test_optimizer_state_is_not_left_over_and_other_variables_are(tmp_path, tiny):
    content = load_tf(MODELZOO / "classifier.ckpt")
    slots = {name + slot: array for name, array in content.items() for slot in
             ("/AdamW", "/AdamW_1", "/Momentum")}  # fmt: skip
    scalars = {"global_step": np.int64(7), "current_loss_scale": np.float32(2), "beta1_power":
               np.float32(0.9)}  # fmt: skip
    more = {"post_encoder_layer_norm/post_encoder_layer_norm/gamma": np.ones(32, np.float32)}
    save_tf(tmp_path / "model.ckpt-7", {**content, **slots, **scalars, **more})
    found = read(str(tmp_path))
    assert_equal(found.weights, content)
    assert found.left_over == tuple(more)
    for use in (fit.initial_weights, fit.classifier_weights):
        with pytest.raises(UserError, match="post_encoder.*/gamma: unexpected"):
            use(tiny().model, found)


def test_shards(copy_of):
    folder = copy_of(HF / "pretrained")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    weight_map = {}
    for number in (1, 2, 3):
        file = f"model-0000{number}-of-00003.safetensors"
        names = sorted(tensors)[number - 1 :: 3]
        save_file({name: tensors[name] for name in names}, folder / file)
        weight_map.update(dict.fromkeys(names, file))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    assert_equal(read(str(folder)).weights, read(str(HF / "pretrained")).weights)
    (folder / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(UserError, match="missing files: model-00002-of-00003.safetensors"):
        read(str(folder))
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(UserError, match="index.json: expected a mapping, found .*weight_map"):
        read(str(folder))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_half_precision_is_widened(changed, dtype):
    tensors = load_file(HF / "pretrained" / "model.safetensors")
    found = read(changed({name: array.astype(dtype) for name, array in tensors.items()}))
    expected = read(str(HF / "pretrained")).weights
    rounded = {name: array.astype(dtype).astype(np.float32) for name, array in expected.items()}
    assert_equal(found.weights, rounded)


@pytest.mark.parametrize(
    "dtype, message",
    [
        (np.int8, "bert.pooler.dense.weight: int8, expected one of float32, float16, bfloat16"),
        (np.float64, "bert.pooler.dense.weight: float64, expected one of float32"),
        (ml_dtypes.float8_e4m3fn, "has bert.pooler.dense.weight as F8_E4M3;"),
    ],
)
def test_quantized_weights_are_refused_by_name(changed, dtype, message):
    with pytest.raises(UserError, match=message):
        read(changed({"bert.pooler.dense.weight": np.ones((32, 32), dtype)}))


def test_names_without_the_prefix_and_a_decoder_that_repeats_the_embeddings(changed):
    tensors = load_file(HF / "pretrained" / "model.safetensors")
    words = tensors["bert.embeddings.word_embeddings.weight"]
    bare = {name.replace("bert.", ""): array for name, array in tensors.items()}
    tied = {
        "cls.predictions.decoder.weight": words,
        "cls.predictions.decoder.bias": tensors["cls.predictions.bias"],
        "embeddings.position_ids": np.arange(40)[None],
    }
    found = read(changed({**dict.fromkeys(tensors), **bare, **tied}))
    assert_equal(found.weights, read(str(HF / "pretrained")).weights)
    assert found.left_over == ()
    twice = {"embeddings.word_embeddings.weight": words + 1}
    shutil.rmtree(found.path)
    with pytest.raises(
        UserError, match="word_embeddings.weight: another tensor, with other values"
    ):
        read(changed(twice))


def test_a_decoder_of_its_own_is_kept_for_conversions(changed, tiny):
    decoder = np.ones((64, 32), np.float32)
    found = read(changed({"cls.predictions.decoder.weight": decoder}))
    np.testing.assert_array_equal(found.weights["embedding_weights"], decoder)
    assert len(fit.initial_weights(tiny().model, found)[0]) == 39


def test_all_that_is_wrong_is_one_message(changed, tiny):
    folder = changed({
        "bert.pooler.dense.bias": None,
        "bert.embeddings.LayerNorm.weight": np.zeros(31, np.float32),
        "bert.encoder.layer.1.output.dense.bias": None,
        "bert.encoder.layer.2.output.dense.bias": np.zeros(32, np.float32),
        "adapter.weight": np.zeros(1, np.float32),
    })  # fmt: skip
    with pytest.raises(UserError) as error:
        fit.initial_weights(tiny().model, read(folder))
    assert str(error.value).split("\n") == [
        f"the checkpoint {folder} (Hugging Face checkpoint) is not the expected BERT:",
        "  pre_encoder_layer_norm/pre_encoder_layer_norm/gamma: shape (31,), expected (32,)",
        "  encoder/ffn_1/dense_layer_3/dense_layer_3/bias: missing",
        "  cls_layer/cls_dense/cls_dense/bias: missing",
        "  adapter.weight: unexpected, not part of a BERT of this size",
        "  bert.encoder.layer.2.output.dense.bias: unexpected, not part of a BERT of this size",
    ]


def test_a_checkpoint_without_a_pooler_says_what_to_set(changed, tiny):
    pooler = ("bert.pooler.dense.weight", "bert.pooler.dense.bias")
    found = read(changed(dict.fromkeys(pooler)))
    with pytest.raises(UserError, match="set model.disable_nsp: true"):
        fit.initial_weights(tiny().model, found)
    weights, new = fit.initial_weights(tiny(model={"disable_nsp": True}).model, found)
    assert len(weights) == 37 and len(new) == 4


def test_all_variables_of_a_classifier(tiny):
    model = dataclasses.replace(tiny().model, num_cls_classes=3)
    found = read(str(HF / "classifier"))
    weights = fit.classifier_weights(model, found)
    assert set(weights) == {spec.name for spec in variables.table(model)}
    np.testing.assert_array_equal(
        weights[OUTPUT], load_file(HF / "classifier" / "model.safetensors")["classifier.weight"].T
    )
    with pytest.raises(UserError, match=r"cls_output_dense/kernel: shape \(32, 3\), expected"):
        fit.classifier_weights(tiny().model, found)
    for path in (HF / "pretrained", HF / "google_tf1", MODELZOO / "pretrained"):
        with pytest.raises(UserError, match="is pretrained but not a classifier"):
            fit.check_classifier(read(str(path)), None, print)


def test_our_own_training_must_have_the_records_vocabulary(own, tiny):
    labels = ("entailment", "neutral", "contradiction")
    found = read(str(own(labels)))
    assert found.format == "train.run checkpoint" and found.sizes == SIZES
    assert (found.encoder_nonlinearity, found.layer_norm_epsilon) == ("gelu_erf", 1e-12)
    unset = {"encoder_nonlinearity": None, "layer_norm_epsilon": None}
    asked = tiny(model=unset).model
    same = Vocabulary("mine", 64, "5" * 64, True, True, True, {})
    data = Manifest("mnli", {}, ("premise", "hypothesis"), 32, same, labels, {}, {})
    model = resolve.model(asked, data, found, print)
    assert (model.encoder_nonlinearity, model.layer_norm_epsilon) == ("gelu_erf", 1e-12)
    assert len(fit.classifier_weights(model, found)) == 41
    other = Vocabulary("other", 64, "6" * 64, False, False, True, {})
    with pytest.raises(UserError) as error:
        resolve.model(asked, dataclasses.replace(data, vocabulary=other), found, print)
    assert "lower_case: the checkpoint has True, the records have False" in str(error.value)
    assert (
        "vocabulary: the records were made with other (sha256 666666666666), "
        "the checkpoint with bert_base_uncased (555555555555)" in str(error.value)
    )


def test_which_of_several_checkpoints_in_a_folder(tmp_path):
    for step, name in ((1, "a.ckpt-1"), (2, "b.ckpt-2")):
        content = load_tf(MODELZOO / "classifier.ckpt")
        content[POOLER] = np.full((32, 32), float(step), np.float32)
        save_tf(tmp_path / name, content)
    with pytest.raises(UserError, match="has several checkpoints; .*\n  .*a.ckpt-1\n  .*b.ckpt"):
        read(str(tmp_path))
    assert read(str(tmp_path / "a.ckpt-1")).weights[POOLER][0, 0] == 1
    (tmp_path / "checkpoint").write_text(
        'model_checkpoint_path: "gone.ckpt-3"\nall_model_checkpoint_paths: "a.ckpt-1"\n'
        'all_model_checkpoint_paths: "/cluster/b.ckpt-2"\n'
        'all_model_checkpoint_paths: "gone.ckpt-3"\n'
    )
    found = read(str(tmp_path))
    assert found.path == str(tmp_path / "b.ckpt-2") and found.weights[POOLER][0, 0] == 2
    (tmp_path / "checkpoint").write_text("")
    with pytest.raises(UserError, match="checkpoint names none of the existing checkpoints"):
        read(str(tmp_path))


def test_damaged_files_are_named(copy_of):
    folder = copy_of(HF / "google_tf1")
    data = folder / "bert_model.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(UserError, match="bert_model.ckpt is damaged or incomplete"):
        read(str(folder))
    data.unlink()
    with pytest.raises(UserError, match="bert_model.ckpt is damaged or incomplete"):
        read(str(folder))
    folder = copy_of(HF / "pretrained")
    (folder / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(UserError, match="cannot read .*model.safetensors"):
        read(str(folder))
    (folder / "config.json").unlink()
    with pytest.raises(UserError, match="cannot read .*config.json"):
        read(str(folder))


def test_hugging_face_folders_are_read_with_numpy_alone():
    code = (
        "import sys; from train.pretrained.read import read; "
        f"read({str(HF / 'pretrained')!r}); "
        "found = {'tensorflow', 'safetensors', 'ml_dtypes'} & set(sys.modules); "
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
