"""What `make export` writes answers as the trained model does, in the programs it is meant for."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import inference
from inference.export import __main__ as export
from inference.export import check, examples, hugging_face, onnx_graph
from preprocess.encoding.encode import Tokens
from shared.errors import FaultsFound, UserError, exit_code
from tests.inputs import GOLDEN, ROOT, read_rows

LABELS = ("no", "perhaps", "yés")
PEERS = ROOT / ".venv-bench" / "bin" / "python"
LINES = (GOLDEN / "tokenization_small.jsonl").read_text(encoding="utf-8").split("\n")
CASES = [json.loads(line) for line in LINES if line]
# {model: Google's ids of its texts}: a score of a text; classes of a pair, which has room for 13.
GOLDEN_CASES = {
    "scores": [case for case in CASES if case["text_b"] is None],
    "classes": [case for case in CASES if case["max_sequence_length"] == 16],
}


def texts_of(case):
    return (case["text_a"],) if case["text_b"] is None else (case["text_a"], case["text_b"])


TEXTS = {name: [texts_of(case) for case in cases] for name, cases in GOLDEN_CASES.items()}


@pytest.fixture(scope="module")
def models(made):
    """{name: model_dir}."""
    return {
        "scores": made(None, ("text",), 128),
        "classes": made(LABELS, ("premise", "hypothesis"), 16),
    }


@pytest.fixture(scope="module")
def logits(models):
    """{name: what the trained model answers to TEXTS, float32 [50, C]}."""
    return {name: inference.load(str(models[name])).logits(TEXTS[name]) for name in models}


def run(model_dir, target, form, *more):
    """Exports into the folder `target` and returns it."""
    export.main(
        ["--model_dir", str(model_dir), "--to", str(target), "--format", form, *map(str, more)]
    )
    return target


def export_all(models, folder, form):
    """{name: folder of its export}."""
    return {name: run(models[name], folder / name, form) for name in models}


@pytest.fixture(scope="module")
def hugging_face_folders(models, tmp_path_factory):
    return export_all(models, tmp_path_factory.mktemp("hf"), "huggingface")


def assert_modes_are_ordinary(folder):
    """Those that the umask gives a new file."""
    (folder.parent / "plain").touch()
    plain = (folder.parent / "plain").stat().st_mode
    modes = {path.name: path.stat().st_mode for path in folder.rglob("*") if path.is_file()}
    assert modes == dict.fromkeys(modes, plain) and modes


FRESH = """
import json, sys
import tensorflow as tf, tensorflow_text

def answers(folder, texts):
    signatures = tf.saved_model.load(folder).signatures
    texts = dict(zip(("text", "text_b"), map(tf.constant, zip(*texts))))
    tokenized = signatures["tokenize"](**texts)
    found = {"tokenize": tokenized, "text": signatures["text"](**texts),
             "ids": signatures["ids"](**tokenized)}
    if "label_names" in signatures:
        found["label_names"] = signatures["label_names"]()
    return {name: {key: value.numpy().tolist() for key, value in outputs.items()}
            for name, outputs in found.items()}

given = json.loads(sys.argv[1])
found = {name: answers(*each) for name, each in given.items()}
print(json.dumps(found, default=bytes.decode))
"""


def from_another_process(python, program, exported, folder):
    """The JSON that a program prints in a folder which is not the project's."""
    given = {name: (str(path), TEXTS[name]) for name, path in exported.items()}
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "HF_HUB_OFFLINE": "1"}
    ran = subprocess.run(
        [str(python), "-c", program, json.dumps(given)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.long
def test_a_saved_model_in_a_fresh_process(models, logits, tmp_path):
    exported = export_all(models, tmp_path, "saved_model")
    found = from_another_process(sys.executable, FRESH, exported, tmp_path)
    for name, cases in GOLDEN_CASES.items():
        assert_modes_are_ordinary(exported[name])
        assert set(found[name]["tokenize"]) == {"input_ids", "input_mask", "segment_ids"}
        for feature, rows in found[name]["tokenize"].items():
            width = len(rows[0])
            assert rows == [case[feature][:width] for case in cases]
            rest = {value for case in cases for value in case["input_mask"][width:]}
            assert rest <= {1}  # only padding is left out
        for signature in ("text", "ids"):
            assert np.abs(found[name][signature]["logits"] - logits[name]).max() <= 1e-5
    for signature in ("text", "ids"):
        scores, classes = (found[name][signature] for name in ("scores", "classes"))
        assert set(scores) == {"scores", "logits"}
        assert scores["scores"] == [row[0] for row in scores["logits"]]
        assert set(classes) == {"labels", "probabilities", "logits"}
        expected = [LABELS[best] for best in logits["classes"].argmax(axis=1)]
        assert classes["labels"] == expected and len(set(expected)) == 3
        powers = np.exp(logits["classes"].astype(np.float64))
        shares = powers / powers.sum(axis=1, keepdims=True)
        assert np.abs(classes["probabilities"] - shares).max() <= 1e-5
    assert found["classes"]["label_names"] == {"label_names": list(LABELS)}
    assert "label_names" not in found["scores"]


PIPELINE = """
import json, sys
from transformers import pipeline

def answers(folder, texts):
    classify = pipeline("text-classification", model=folder, truncation=True)
    given = [text[0] if len(text) == 1 else {"text": text[0], "text_pair": text[1]}
             for text in texts]
    found = classify(given, function_to_apply="none", top_k=None)
    answer = classify(given[-1])
    return {"answer": answer if isinstance(answer, dict) else answer[0],
            "ids": [classify.tokenizer(*text, truncation=True)["input_ids"] for text in texts],
            "logits": [{one["label"]: one["score"] for one in each} for each in found]}

print(json.dumps({name: answers(*each) for name, each in json.loads(sys.argv[1]).items()}))
"""


def differs_in_transformers(texts):
    """What docs/export.md says of it."""
    return any(len(word) > 100 for text in texts for word in text.split()) or texts[1:] == ("",)


@pytest.mark.long
def test_the_pipeline_of_transformers(hugging_face_folders, logits, tmp_path):
    if not PEERS.exists():
        pytest.skip("needs transformers in .venv-bench (bench/README.md)")
    found = from_another_process(PEERS, PIPELINE, hugging_face_folders, tmp_path)
    for name, names in (("scores", ["LABEL_0"]), ("classes", LABELS)):
        same = [n for n, texts in enumerate(TEXTS[name]) if not differs_in_transformers(texts)]
        assert len(same) >= 47
        for number in same:
            case = GOLDEN_CASES[name][number]
            ids = found[name]["ids"][number]
            assert ids + case["input_ids"][len(ids) :] == case["input_ids"]
            assert sum(case["input_mask"]) == len(case["input_mask"]) - len(ids)
            outputs = [found[name]["logits"][number][label] for label in names]
            assert np.abs(outputs - logits[name][number]).max() <= 1e-5
        answer = found[name]["answer"]
        assert answer["label"] == names[logits[name][-1].argmax()]


def test_a_folder_for_transformers_is_whole(hugging_face_folders):
    exported = hugging_face_folders
    for folder in exported.values():
        assert_modes_are_ordinary(folder)
        assert {path.name for path in folder.iterdir()} == {
            *("README.md", "config.json", "model.safetensors", "special_tokens_map.json"),
            *("tokenizer_config.json", "vocab.txt"),
        }
    classes, scores = (
        json.loads((exported[name] / "config.json").read_text()) for name in ("classes", "scores")
    )
    assert classes["id2label"] == dict(zip("012", LABELS, strict=True))
    assert classes["problem_type"] == "single_label_classification"
    assert (scores["problem_type"], len(scores["id2label"])) == ("regression", 1)
    settings = json.loads((exported["classes"] / "tokenizer_config.json").read_text())
    assert (settings["model_max_length"], settings["do_lower_case"]) == (16, True)
    assert (settings["cls_token"], settings["mask_token"]) == ("[CLS]", "[MASK]")


def test_an_onnx_file_takes_batches_of_any_shape(models, logits, tmp_path, capsys):
    for name in models:
        folder = run(models[name], tmp_path / name, "onnx")
        said = capsys.readouterr().out
        assert f"{folder}: model.onnx (opset 17) of " in said
        assert "with onnxruntime on 14 examples (all built in: its dataset is not here" in said
        assert_modes_are_ordinary(folder)
        proto = onnx.load(folder / "model.onnx")
        onnx.checker.check_model(proto, full_check=True)
        assert {(entry.domain, entry.version) for entry in proto.opset_import} >= {("", 17)}
        names = {entry.key: json.loads(entry.value) for entry in proto.metadata_props}
        labels = {"id2label": dict(zip("012", LABELS, strict=True))}
        assert names == ({} if name == "scores" else labels)
        session = onnxruntime.InferenceSession(folder / "model.onnx")
        assert [each.shape for each in session.get_inputs()] == [["batch", "length"]] * 3
        cases = GOLDEN_CASES[name]
        ids, mask, segments = (
            np.array([case[key] for case in cases])
            for key in ("input_ids", "input_mask", "segment_ids")
        )
        shortest = (mask == 0).sum(axis=1).argmin()
        for rows, length in ((range(50), ids.shape[1]), ([shortest], 5), ([shortest] * 3, 9)):
            inputs = {"input_ids": ids, "attention_mask": 1 - mask, "token_type_ids": segments}
            inputs = {key: values[rows, :length] for key, values in inputs.items()}
            (found,) = session.run(["logits"], inputs)
            assert np.abs(found - logits[name][rows]).max() <= 1e-5


def test_it_is_checked_on_the_validation_split(trained, demo_data, tmp_path, capsys):
    folder = run(trained, tmp_path / "to", "huggingface")
    where = f"(500 of {demo_data}/validation, 14 built in)"
    assert f"own reader on 514 examples {where}" in capsys.readouterr().out
    card = (folder / "README.md").read_text()
    assert "one of the labels `negative`, `positive`" in card and "random weights; 60 steps" in card
    assert "## Scores" not in card  # never evaluated


def test_the_texts_of_a_split_have_its_ids(model, demo_data):
    found = examples.of_dataset(model.folder).rows
    records = read_rows(demo_data, "validation")
    tokens = model.tokens(found[:500])
    np.testing.assert_array_equal(tokens.values, records["input_ids"][records["input_mask"] == 0])


def test_it_is_checked_on_a_file(models, tmp_path, capsys):
    path = tmp_path / "dev.csv"
    path.write_text("premise,hypothesis,label\na,b,no\nc,d,x\n")
    run(models["classes"], tmp_path / "to", "huggingface", "--input", path)
    assert f"on 16 examples (2 of {path}, 14 built in): equal ids" in capsys.readouterr().out
    path.write_text("premise,label\na,no\n")
    with pytest.raises(UserError, match="has no column 'hypothesis'"):
        run(models["classes"], tmp_path / "again", "huggingface", "--input", path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dev.csv", "to"]


def test_the_card_has_the_scores_of_the_exported_checkpoint(models, tmp_path):
    source = shutil.copytree(models["classes"], tmp_path / "source")
    result = {"step": 7, "examples": 1234, "accuracy": 0.75, "loss": 0.5, "constant": None}
    (source / "eval_validation.json").write_text(json.dumps(result))
    (source / "eval_test.json").write_text(json.dumps({**result, "step": 6, "accuracy": 0.25}))
    (source / "eval_all.json").write_text("[]")
    card = (run(source, tmp_path / "to", "huggingface") / "README.md").read_text()
    assert "| validation | 1,234 | accuracy | 0.7500 |\n" in card and "0.2500" not in card
    assert "Reads: `premise`, `hypothesis`, 16 tokens at most" in card
    assert "Fine-tuned from: bert-tiny; 7 steps" in card and "/models" not in card
    assert 'classify({"text": "one", "text_pair": "two"})' in card
    judged = {"split": "dev", "metric": "accuracy", "eval_steps": None}
    best = {"step": 7, "results": {"dev": {**result, "accuracy": 0.875}}, **judged}
    (source / "best.json").write_text(json.dumps(best))
    card = (run(source, tmp_path / "best", "huggingface") / "README.md").read_text()
    assert "| dev | 1,234 | accuracy | 0.8750 |\n" in card and "| validation |" not in card


def change_config(folder):
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"gelu"', '"gelu_new"'))


def swap_pieces(folder):
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    place = lines.index("a")
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    (folder / "vocab.txt").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    "damage, message",
    [
        (change_config, r"its logits differ by \d\.\de-0\d, allowed are 1e-05, for instance '"),
        (swap_pieces, r"\d of 14 examples become other ids, for instance '"),
    ],
)
def test_an_export_that_is_wrong_is_removed(models, tmp_path, monkeypatch, capsys, damage, message):
    write = hugging_face.write

    def write_and_damage(target, model):
        write(target, model)
        damage(Path(target))

    monkeypatch.setattr(hugging_face, "write", write_and_damage)
    assert exit_code(lambda: run(models["classes"], tmp_path / "to", "huggingface")) == 1
    assert re.search(message, capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shift, code", [(5e-5, 0), (2e-4, 1)])
def test_onnxruntime_may_round_in_other_places(models, tmp_path, monkeypatch, capsys, shift, code):
    build = onnx_graph.build

    def build_shifted(weights, model):
        (bias,) = (name for name in weights if name.endswith("/bias") and len(weights[name]) == 3)
        return build({**weights, bias: weights[bias] + np.float32(shift)}, model)

    monkeypatch.setattr(onnx_graph, "build", build_shifted)
    assert exit_code(lambda: run(models["classes"], tmp_path / "to", "onnx")) == code
    assert ("allowed are 1e-04" in capsys.readouterr().err) == bool(code)


class Answers:
    """A model that gives every example the same tokens and the logits it is made with."""

    def __init__(self, *logits, b_start=3):
        self._logits, self._b_start = np.array(logits, np.float32), b_start

    def tokens(self, examples):
        count = len(examples)
        values = np.tile(np.array([2, 7, 3], np.int32), count)
        return Tokens(values, np.full(count, 3), np.full(count, self._b_start))

    def logits(self, examples):
        return np.tile(self._logits, (len(examples), 1))


def test_how_different_logits_may_be():
    rows = [("a",)] * 600  # two windows
    assert check.compare(Answers(0.5, 2), Answers(0.5, 2), rows, 0) == 0
    within = check.compare(Answers(0, 100), Answers(5e-6, 100.0005), rows, 1e-5)
    assert within == pytest.approx(5e-6, rel=0.02)  # 100.0005 is off by 5e-6 of 100
    for wrong in ((2e-5, 100), (0, 100.002), (np.nan, 100), (np.inf, 100)):
        with pytest.raises(FaultsFound, match="its logits differ by"):
            check.compare(Answers(0, 100), Answers(*wrong), rows, 1e-5)
    with pytest.raises(FaultsFound, match="512 of 512 examples become other ids, for instance 'a'"):
        check.compare(Answers(1), Answers(1, b_start=2), rows, 1e-5)


def test_what_cannot_be_meant(models, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"give the folder to write: TO=<new folder> \(--to\)"):
        export.main(["--model_dir", str(models["scores"])])
    with pytest.raises(UserError, match="has no trained model"):
        run(tmp_path, tmp_path / "to", "saved_model")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(UserError, match="full already exists; give a new or empty folder"):
        run(models["scores"], tmp_path / "full", "saved_model")
    monkeypatch.setattr(export, "_PACKAGES", {"onnx": ("onnx", "no_such_package")})
    message = "FORMAT=onnx needs no_such_package; install with: make setup EXTRAS=onnx"
    with pytest.raises(UserError, match=message):
        run(models["scores"], tmp_path / "to", "onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
