"""Heads that a training replaces may be anything; what lies inside its BERT must be ours."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from shared.errors import UserError
from shared.manifest import Manifest, Vocabulary
from tests.inputs import GOLDEN
from tests.train.tf_files import load_tf, save_tf
from train import convert
from train.model import variables
from train.pretrained import fit
from train.pretrained.read import read

GOOGLE = GOLDEN / "hf" / "google_tf1" / "bert_model.ckpt"
KERNEL = "bert.encoder.layer.0.output.dense.weight"


def logged(config, checkpoint):
    """What check_fits logs for records that fit."""
    lines = []
    vocabulary = Vocabulary("unknown", 64, "", True, True, True, {})
    data = Manifest("mine", {}, ("text",), 32, vocabulary, ("a", "b"), {}, {})
    fit.check_fits(config.model, data, checkpoint, lines.append)
    return lines


def test_heads_of_other_tasks_are_not_used_and_named(changed, tiny):
    head = {f"layer{n}.weight": np.zeros((3, 3), np.float32) for n in range(6)}
    found = read(changed({"qa_outputs.bias": np.zeros(2, np.int8), **head}))
    assert len(fit.initial_weights(tiny().model, found)[0]) == 39
    names = "layer0.weight, layer1.weight, layer2.weight, layer3.weight, layer4.weight"
    assert logged(tiny(), found) == [f"not used of {found.path}: {names} and 2 more"]


@pytest.mark.parametrize(
    "tensors",
    [
        {"cls.predictions.bias": np.zeros(64, np.int8)},
        {"cls.predictions.decoder.bias": np.ones(64, np.float32)},  # not tied to that one
        {"cls.predictions.transform.dense.weight": np.full((32, 32), np.nan, np.float32)},
        {"cls.seq_relationship.weight": np.zeros((5, 5, 5), np.float32)},
    ],
)
def test_heads_of_pretraining_matter_only_to_a_conversion(changed, tiny, tensors, tmp_path):
    found = read(changed(tensors))
    assert len(fit.initial_weights(tiny().model, found)[0]) == 39
    with pytest.raises(UserError, match=r"is not the expected BERT:\n  \S+: "):
        convert.main([found.path, str(tmp_path / "zoo")])


@pytest.mark.parametrize(
    "name",
    [
        "bert.encoder.layer.0.adapter.weight",
        "bert.encoder.layer.2.output.dense.bias",
        "bert.encoder.layer.0.attention.self.distance_embedding.weight",
        "bert.invertible_adapters.x",
    ],
)
def test_what_lies_inside_bert_is_refused(changed, tiny, name):
    found = read(changed({name: np.zeros(32, np.float32)}))
    with pytest.raises(UserError) as error:
        fit.initial_weights(tiny().model, found)
    assert f"\n  {name}: unexpected, not part of a BERT of this size" in str(error.value)
    assert "disable_nsp" not in str(error.value)


def test_names_without_the_prefix_lie_inside_too(changed, tiny):
    tensors = load_file(GOLDEN / "hf" / "pretrained" / "model.safetensors")
    bare = {name.replace("bert.", ""): array for name, array in tensors.items()}
    more = {"encoder.layer.0.adapter.weight": bare["pooler.dense.bias"], "lstm.bias": bare[
            "pooler.dense.bias"]}  # fmt: skip
    found = read(changed({**dict.fromkeys(tensors), **bare, **more}))
    assert found.left_over == ("encoder.layer.0.adapter.weight",)
    assert found.unused == ("lstm.bias",)


def test_google_s_heads(tmp_path, tiny):
    tensors = load_tf(GOOGLE)
    head = {"cls/squad/output_weights": np.ones((2, 32), np.float32)}
    save_tf(tmp_path / "model.ckpt-1", {**tensors, **head})
    found = read(str(tmp_path))
    assert len(fit.initial_weights(tiny().model, found)[0]) == 39
    assert f"not used of {found.path}: cls/squad/output_weights" in logged(tiny(), found)
    inside = {"bert/encoder/layer_1/adapter/bias": np.ones(32, np.float32)}
    save_tf(tmp_path / "model.ckpt-1", {**tensors, **inside})
    with pytest.raises(UserError, match="layer_1/adapter/bias: unexpected"):
        fit.initial_weights(tiny().model, read(str(tmp_path)))


def test_buffers_are_no_weights(changed, tiny):
    buffers = {"bert.embeddings.token_type_ids": np.zeros((1, 40), np.int64),
               "bert.embeddings.position_ids": np.arange(40)[None]}  # fmt: skip
    found = read(changed(buffers))
    assert logged(tiny(), found) == []
    assert len(fit.initial_weights(tiny().model, found)[0]) == 39


def test_a_missing_pooler_beside_another_head_is_told_as_that(changed, tiny):
    pooler = dict.fromkeys(("bert.pooler.dense.weight", "bert.pooler.dense.bias"))
    found = read(changed({**pooler, "qa_outputs.bias": np.zeros(2, np.float32)}))
    with pytest.raises(UserError) as error:
        fit.initial_weights(tiny().model, found)
    assert "qa_outputs" not in str(error.value)
    assert "set model.disable_nsp: true" in str(error.value)
    weights, _ = fit.initial_weights(tiny(model={"disable_nsp": True}).model, found)
    assert len(weights) == 37


def test_the_prefix_of_data_parallel_is_left_off(changed, tiny):
    tensors = load_file(GOLDEN / "hf" / "pretrained" / "model.safetensors")
    parallel = {"module." + name: array for name, array in tensors.items()}
    found = read(changed({**dict.fromkeys(tensors), **parallel}))
    expected = read(str(GOLDEN / "hf" / "pretrained")).weights
    assert set(found.weights) == set(expected)
    np.testing.assert_array_equal(found.weights[variables.POOLER + "/kernel"],
                                  expected[variables.POOLER + "/kernel"])  # fmt: skip
    (line,) = logged(tiny(), found)
    assert "all names begin with module. (DataParallel's), which is left off" in line


@pytest.mark.parametrize("values, dtype", [([np.nan], "f4"), ([np.inf, -np.inf], "f2")])
def test_values_that_are_not_finite_are_told_as_that(changed, tiny, tmp_path, values, dtype):
    kernel = np.ones((32, 64), dtype)
    kernel.flat[: len(values)] = values
    found = read(changed({KERNEL: kernel}))
    expected = f"  {KERNEL}: {len(values)} of 2,048 values are NaN or infinite\n"
    uses = (fit.initial_weights, fit.classifier_weights)
    for use in (*(lambda use=use: use(tiny().model, found) for use in uses),
                lambda: convert.main([found.path, str(tmp_path / "zoo")])):  # fmt: skip
        with pytest.raises(UserError) as error:
            use()
        assert expected in str(error.value) and "diverged" in str(error.value)


def test_not_finite_in_an_output_layer_that_is_replaced(changed, tiny):
    layer = {"classifier.bias": np.full(3, np.nan, np.float32)}
    found = read(changed(layer, folder="classifier"))
    assert len(fit.initial_weights(tiny().model, found)[0]) == 39


def test_tables_of_zeros_are_warned_of(changed, tiny):
    found = read(changed({KERNEL: np.zeros((32, 64), np.float32)}))
    assert logged(tiny(), found) == [
        f"warning: is the file whole? All values are 0 in {found.path}: {KERNEL}"
    ]


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"is_decoder": True}, r"is_decoder is True \(supported: false\)"),
        ({"add_cross_attention": True}, "add_cross_attention is True"),
        ({"position_embedding_type": "relative_key_query"}, "position_embedding_type is 'rela"),
        ({"position_embedding_type": None}, "position_embedding_type is None"),
        ({"model_type": "electra"}, "model_type is 'electra'"),
    ],
)
def test_what_changes_answers_but_no_shape_is_refused_by_name(changed, changes, fault, tmp_path):
    folder = changed({})
    path = tmp_path / "pretrained" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(UserError, match=f"config.json: not a BERT that can be loaded: {fault}"):
        read(folder)


@pytest.fixture
def google(tmp_path):
    """A function: {file: changes of the golden configuration} -> a Google TF1 folder with them."""
    config = json.loads((GOLDEN / "hf" / "pretrained" / "config.json").read_text())
    save_tf(tmp_path / "bert_model.ckpt", load_tf(GOOGLE))

    def make(**files):
        for name, changes in files.items():
            (tmp_path / f"{name}.json").write_text(json.dumps({**config, **changes}))
        return str(tmp_path)

    return make


def test_a_config_json_beside_a_google_checkpoint_states_its_heads(google, tiny):
    found = read(google(config={"layer_norm_eps": 1e-5}))
    assert found.sizes["num_heads"] == 2 and found.layer_norm_epsilon == 1e-5
    assert found.encoder_nonlinearity == "gelu"  # the format is Google's
    with pytest.raises(UserError, match="num_heads: the checkpoint has 2, the run has 4"):
        logged(tiny(model={"num_heads": 4}), found)
    assert logged(tiny(), found) == []


def test_two_configurations_must_agree(google):
    same = {"layer_norm_eps": 1e-12, "vocab_size": 99}
    assert read(google(config=same, bert_config={})).sizes["num_heads"] == 2
    with pytest.raises(UserError) as error:
        read(google(config={"num_attention_heads": 4, "layer_norm_eps": 1e-5}, bert_config={}))
    assert "bert_config.json and " in str(error.value)
    assert "\n  num_heads: 2 and 4\n  layer_norm_epsilon: 1e-12 and 1e-05" in str(error.value)


def test_a_config_json_of_something_else_is_not_read(google, tmp_path, tiny):
    folder = google()
    (tmp_path / "config.json").write_text('{"model_type": "app"}')
    (line,) = logged(tiny(), read(folder))
    assert line.endswith(
        "bert_model.ckpt does not state its number of attention heads; the configuration's 2 is "
        "used"
    )


def test_the_odd_layer_is_left_out_of_a_conversion_with_a_word(changed, tmp_path, capsys):
    folder = changed({}, folder="classifier")
    path = tmp_path / "classifier" / "config.json"
    config = {**json.loads(path.read_text()), "problem_type": "ranking"}
    path.write_text(json.dumps(config))
    convert.main([folder, str(tmp_path / "zoo")])
    out = capsys.readouterr().out
    assert f"not written of {folder}: classifier.bias, classifier.weight ({path}: problem" in out
    assert not read(str(tmp_path / "zoo")).is_classifier
    assert read(str(tmp_path / "zoo")).outputs == 0


def test_no_weights_at_all(tmp_path):
    save_file({}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text((GOLDEN / "hf/pretrained/config.json").read_text())
    found = read(str(tmp_path))
    assert found.notes == () and found.weights == {}
