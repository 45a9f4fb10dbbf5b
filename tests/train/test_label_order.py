"""A classifier answers the data's labels by their names, or is refused; it is never shifted."""

import dataclasses
import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from shared.errors import UserError
from shared.manifest import Manifest
from tests.inputs import GOLDEN
from tests.train.tf_files import load_tf, save_tf
from train.model import variables
from train.pretrained import fit
from train.pretrained.read import read

HF = GOLDEN / "hf"
MNLI = ("entailment", "neutral", "contradiction")
OUTPUT = variables.OUTPUT + "/kernel", variables.OUTPUT + "/bias"


@pytest.fixture
def classifier(copy_of):
    """A function: outputs, changes of config.json -> a classifier; output n has the weights n."""
    folder = copy_of(HF / "classifier")
    config = json.loads((folder / "config.json").read_text())
    tensors = load_file(folder / "model.safetensors")

    def make(outputs, **changes):
        numbers = np.arange(outputs, dtype=np.float32)
        layer = {"classifier.weight": np.repeat(numbers[:, None], 32, axis=1),
                 "classifier.bias": numbers}  # fmt: skip
        save_file({**tensors, **layer}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({**config, **changes}))
        return read(str(folder))

    return make


@pytest.fixture
def named(classifier):
    """A function: (label names of a checkpoint, of the data) -> (the columns, what is logged)."""

    def check(stated, expected):
        labels = {str(index): name for index, name in enumerate(stated)}
        lines = []
        found = classifier(len(stated), id2label=labels)
        return fit.check_classifier(found, data(expected), lines.append), lines

    return check


def data(label_names):
    return Manifest("mnli", {}, ("premise", "hypothesis"), 128, None, label_names, {}, {})


def test_the_same_names_in_the_same_order_need_no_word(named):
    assert named(MNLI, MNLI) == ([0, 1, 2], [])


def test_another_case_is_told(named):
    columns, (line,) = named(["ENTAILMENT", "NEUTRAL", "CONTRADICTION"], MNLI)
    assert columns == [0, 1, 2]
    assert "has the labels ENTAILMENT, NEUTRAL, CONTRADICTION: matched whatever their case" in line


def test_another_order_is_put_right_and_told(named):
    columns, (line,) = named(["contradiction", "entailment", "neutral"], MNLI)
    assert columns == [1, 2, 0]
    assert "in the order contradiction, entailment, neutral; its outputs are put into" in line
    columns, (line,) = named(["CONTRADICTION", "NEUTRAL", "ENTAILMENT"], MNLI)
    assert columns == [2, 1, 0] and "put into the data's order, entailment, neutral, con" in line


@pytest.mark.parametrize(
    "stated, expected, columns",
    [
        (["us", "US"], ("US", "us"), [1, 0]),  # exact names come first
        (["Yes", "no"], ("NO", "yes"), [1, 0]),
        (["a", "A"], ("A", "b"), None),
        (["a", "A", "b"], ("A", "b", "B"), None),
        (["a", "A"], ("aa", "a"), None),
        (["Ab", "aB"], ("AB", "ab"), None),
        (["a", "b", "c"], ("a", "b"), None),
        (["a", "b"], ("a", "b", "c"), None),
        (["LABEL_1", "LABEL_0"], ("negative", "positive"), None),  # they are names here
        (["LABEL_1", "LABEL_2"], ("negative", "positive"), None),
        (["LABEL_1", "LABEL_0"], ("LABEL_0", "LABEL_1"), [1, 0]),
    ],
)
def test_names_that_differ_in_case_only_and_numbered_names(named, stated, expected, columns):
    if columns:
        assert named(stated, expected)[0] == columns
    else:
        with pytest.raises(UserError, match=f"the checkpoint has {', '.join(stated)}\n"):
            named(stated, expected)


def test_numbered_names_mean_their_numbers_where_the_data_has_them(named):
    """Sorted as texts, as the data has them, LABEL_10 comes before LABEL_2."""
    numbered = [f"LABEL_{number}" for number in range(12)]
    columns, (line,) = named(numbered, tuple(sorted(numbered)))
    assert columns == [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9] and "data's order" in line


def test_without_names_the_order_is_assumed_and_told(named):
    columns, (line,) = named(["LABEL_0", "LABEL_1", "LABEL_2"], MNLI)
    assert columns == [0, 1, 2]
    assert "assumed to be entailment, neutral, contradiction, in this order" in line
    with pytest.raises(UserError, match="2 labels without names\n  the data has       entailment"):
        named(["LABEL_0", "LABEL_1"], MNLI)


def test_names_for_some_of_the_outputs(classifier):
    """As a params.yaml that was edited by hand may have them."""
    found = dataclasses.replace(classifier(3, id2label=None), label_names=("a", "b"))
    with pytest.raises(UserError, match="the checkpoint has a, b\n"):
        fit.check_classifier(found, data(("a", "b")), print)


def test_the_columns_are_those_of_the_weights(classifier, tiny):
    names = {"0": "contradiction", "1": "entailment", "2": "neutral"}
    found = classifier(3, id2label=names)
    columns = fit.check_classifier(found, data(MNLI), print)
    model = dataclasses.replace(tiny().model, num_cls_classes=3)
    weights = fit.classifier_weights(model, found, columns)
    np.testing.assert_array_equal(weights[OUTPUT[0]], [[1, 2, 0]] * 32)
    np.testing.assert_array_equal(weights[OUTPUT[1]], [1, 2, 0])
    words = variables.WORD_EMBEDDINGS
    np.testing.assert_array_equal(weights[words], found.weights[words])


def test_a_score_and_classes_are_never_taken_for_each_other(classifier):
    one = classifier(1, id2label={"0": "LABEL_0"}, problem_type=None)
    assert fit.check_classifier(one, data(None), print) == [0]
    named_score = classifier(1, id2label={"0": "score"}, problem_type="regression")
    assert fit.check_classifier(named_score, data(None), print) == [0]
    for labels in (("a",), ("a", "b")):
        with pytest.raises(UserError, match="the checkpoint has a score, no labels\n"):
            fit.check_classifier(named_score, data(labels), print)
    for names in ({"0": "a", "1": "b"}, None):
        with pytest.raises(UserError, match="the data has       a score, no labels\n"):
            fit.check_classifier(classifier(2, id2label=names), data(None), print)


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"problem_type": "ranking"},
         r"config.json: problem_type is 'ranking' \(supported: single_label_class.*, multi_label_"),
        ({"problem_type": "regression"}, "problem_type is 'regression', but it has 2 outputs"),
        ({"architectures": ["BertForTokenClassification"]},
         r"architectures is \['BertForTokenClassification'\], expected BertForSequenceClass"),
        ({"architectures": ["BertForMultipleChoice"]}, "architectures is"),
        ({"architectures": ["MyBertClassifier"]}, "architectures is"),
    ],
)  # fmt: skip
def test_an_output_layer_for_another_task_is_not_scored_but_trained_from(
    classifier, tiny, changes, fault
):
    found = classifier(2, id2label={"0": "a", "1": "b"}, **changes)
    with pytest.raises(UserError, match=f"{fault}.* cannot be scored"):
        fit.check_classifier(found, data(("a", "b")), print)
    weights, new = fit.initial_weights(tiny().model, found)
    assert len(weights) == 39 and new == list(OUTPUT)


@pytest.mark.parametrize(
    "labels, fault",
    [
        ({"0": 0, "1": 1}, "id2label is .*, expected"),
        (["a", "b"], "id2label is .*, expected"),
        ({"1": "a", "2": "b"}, "id2label is .*, expected"),
        ({"0": None, "1": None}, "id2label is .*, expected"),
        ({"00": "a", "1": "b"}, "id2label is .*, expected"),
        ("a", "id2label is .*, expected"),
        (2, "id2label is 2, expected"),
        ({"0": "a"}, "id2label names 1 labels, but there are 2 outputs"),
        ({"0": "a", "1": "a"}, "id2label names 'a' twice"),
    ],
)
def test_odd_forms_of_label_names_matter_only_where_they_are_used(classifier, tiny, labels, fault):
    found = classifier(2, id2label=labels)
    assert len(fit.initial_weights(tiny().model, found)[0]) == 39
    with pytest.raises(UserError, match=f"config.json: {fault}"):
        fit.check_classifier(found, data(("a", "b")), print)
    with pytest.raises(UserError, match=f"config.json: {fault}"):
        fit.check_complete(found)


def test_a_google_classifier_whose_configuration_has_names(tmp_path):
    encoder = {name: array for name, array in load_tf(HF / "google_tf1" / "bert_model.ckpt").items()
               if name.startswith("bert/")}  # fmt: skip
    layer = {"output_weights": np.ones((2, 32), np.float32), "output_bias": np.ones(2, np.float32)}
    save_tf(tmp_path / "model.ckpt-9", {**encoder, **layer})
    config = json.loads((HF / "classifier" / "config.json").read_text())
    stated = {"id2label": {"0": "b", "1": "a"}, "architectures": ["BertForMaskedLM"]}
    (tmp_path / "config.json").write_text(json.dumps({**config, **stated}))
    assert fit.check_classifier(read(str(tmp_path)), data(("a", "b")), print) == [1, 0]
    stated["problem_type"] = "multi_label_classification"
    (tmp_path / "config.json").write_text(json.dumps({**config, **stated}))
    with pytest.raises(
        UserError, match="answers several labels a row, but the data of mnli has one"
    ):
        fit.check_classifier(read(str(tmp_path)), data(("a", "b")), print)
