"""The configurations in configs/ do what the notes at their heads say."""

import math
import re

import pytest
import tensorflow as tf

from shared import config, tasks
from tests.inputs import ROOT
from train.optim.schedule import learning_rate

PATHS = sorted((ROOT / "configs").glob("*.yaml"))
# Rows of the train splits (TensorFlow Datasets, glue 2.0.0).
ROWS = {
    "cola": 8551,
    "sst2": 67349,
    "mrpc": 3668,
    "qqp": 363846,
    "stsb": 5749,
    "mnli": 392702,
    "qnli": 104743,
    "rte": 2490,
    "wnli": 635,
}
GLUE = [(size, task) for size in ("base", "large") for task in ROWS]
# The Model Zoo's own lengths and schedules; all others are made by one recipe.
MODEL_ZOO = ("sst2", "mnli")
RECIPE = [(size, task) for size, task in GLUE if task not in MODEL_ZOO]
EPOCHS = {"mrpc": 5, "wnli": 5}  # all others 3
SMALL = ("cola", "mrpc", "stsb", "rte", "wnli")


def of(size, task):
    path = ROOT / "configs" / f"params_bert_{size}_{task}.yaml"
    return path.read_text(encoding="utf-8"), config.load(str(path), pytest.fail)


def head(text):
    """The comment that a file begins with, as one line."""
    lines = text[: text.index("train_input:")].splitlines()
    assert all(line.startswith("# ") for line in lines)
    return " ".join(line[1:].strip() for line in lines)


def rates(loaded, *steps):
    optimizer = loaded.optimizer
    reset = not optimizer.disable_lr_steps_reset
    return [float(learning_rate(optimizer.learning_rate, tf.constant(n), reset)) for n in steps]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_every_file_loads_without_a_remark_and_says_what_it_is_for(path):
    sizes = {"hidden_size": 8, "num_heads": 2, "num_hidden_layers": 1, "filter_size": 16}
    config.load(str(path), pytest.fail, model_of_start=lambda: sizes)  # the recipe states none
    note = head(path.read_text(encoding="utf-8"))
    for word in ("Purpose:", "Command:", "Expected:", "Hardware:"):
        assert word in note


def test_every_glue_task_that_can_be_trained_has_both_sizes():
    assert {*ROWS} == {
        task for task, entry in tasks.TASKS.items() if tasks.TRAIN_SPLIT in entry.splits
    }
    names = {f"params_bert_{size}_{task}.yaml" for size, task in GLUE}
    assert names == {path.name for path in PATHS} - {
        "fine_tuning.yaml",
        "params_bert_base.yaml",
        "params_bert_minilm_sst2.yaml",
        "params_bert_tiny.yaml",
    }


@pytest.mark.parametrize("size, task", GLUE)
def test_a_file_is_for_the_task_and_size_of_its_name(size, task):
    text, loaded = of(size, task)
    model = loaded.model
    sizes = (model.num_hidden_layers, model.hidden_size, model.num_heads, model.filter_size)
    assert sizes == {"base": (12, 768, 12, 3072), "large": (24, 1024, 16, 4096)}[size]
    for inputs in (loaded.train_input, loaded.eval_input, loaded.predict_input):
        assert inputs.data_processor.lower() == task + "dataprocessor"
        assert inputs.max_sequence_length == tasks.get(task).max_sequence_length
    assert f"BERT-{size} uncased" in text
    assert f"make data TASK={task} && make train TASK={task} MODEL={size} " in text
    assert f"CHECKPOINT=<google-bert/bert-{size}-uncased>" in text


@pytest.mark.parametrize("size, task", GLUE)
def test_the_length_of_a_run_is_what_its_note_says(size, task):
    text, loaded = of(size, task)
    pattern = r"Length: ([\d,]+) steps x batch (\d+) = ([\d,]+) examples, ([\d.]+) epochs of (\S+)"
    found = re.search(pattern, re.sub(" +", " ", head(text))).groups()
    steps, batch, examples, epochs, rows = (float(number.replace(",", "")) for number in found)
    assert (steps, batch) == (loaded.runconfig.max_steps, loaded.train_input.batch_size)
    assert (examples, rows) == (steps * batch, ROWS[task])
    assert epochs == round(examples / rows, 1)


@pytest.mark.parametrize("size, task", RECIPE)
def test_the_recipe_warms_up_over_a_tenth_and_ends_at_0_with_the_last_step(size, task):
    _, loaded = of(size, task)
    steps = loaded.runconfig.max_steps
    assert loaded.train_input.batch_size == 32
    assert steps == math.ceil(ROWS[task] * EPOCHS.get(task, 3) / 32)
    warm_up = round(steps / 10)
    peak, half = 2e-5, warm_up // 2
    assert rates(loaded, 0, half, warm_up) == pytest.approx([0, peak * half / warm_up, peak])
    before_the_end = peak / (steps - warm_up)
    assert rates(loaded, steps - 1, steps) == pytest.approx([before_the_end, 0], rel=1e-3, abs=0)
    options = loaded.optimizer
    assert (options.weight_decay_rate, options.max_gradient_norm) == (0.01, 1.0)
    assert options.use_bias_correction == (task in SMALL)


@pytest.mark.parametrize("size, task", [pair for pair in GLUE if pair not in RECIPE])
def test_the_model_zoos_files_stay_at_their_rate(size, task):
    _, loaded = of(size, task)
    steps, rate = loaded.runconfig.max_steps, {"base": 5e-5, "large": 5e-6}[size]
    warm_up = {"sst2": 2000, "mnli": 10000}[task]
    assert (steps, loaded.train_input.batch_size) == (10 * warm_up, 12)
    assert rates(loaded, 0, warm_up, steps) == pytest.approx([0, rate, rate])


@pytest.mark.parametrize("size, task", RECIPE)
def test_the_note_says_how_the_steps_are_divided(size, task):
    text, loaded = of(size, task)
    up, down = (schedule.duration for schedule in loaded.optimizer.learning_rate)
    exact = ROWS[task] * EPOCHS.get(task, 3) / 32
    note = head(text)
    assert f"({exact:,.1f} steps, rounded up): {up:,} steps up and {down:,} down." in note


def test_the_bands_stand_around_the_scores_that_the_notes_cite():
    """1 point to either side; 3 where there are fewer than 10,000 rows to learn from."""
    for size, task in GLUE:
        text, loaded = of(size, task)
        if (size, task) == ("large", "wnli"):
            assert loaded.quality is None  # nobody has published a score
            continue
        low, high = (100 * limit for limit in (loaded.quality.low, loaded.quality.high))
        points = 3 if task in SMALL else 1
        assert ROWS[task] < 10000 or points == 1
        assert high - low == pytest.approx(2 * points)
        expected = head(text).partition("Expected:")[2]
        assert f" {(low + high) / 2:.4g}" in expected, (size, task)
        assert loaded.quality.metric in (None, *tasks.get(task).metrics)


@pytest.mark.parametrize(
    "path, steps, warm_up",
    [("configs/params_bert_minilm_sst2.yaml", 2104, 210), ("bench/minilm_sst2_20k.yaml", 625, 62)],
)
def test_minilm_is_trained_as_pytorch_trains_it(path, steps, warm_up):
    """One epoch at batch 32, torch.optim.AdamW with its defaults, clipping at 1."""
    loaded = config.load(str(ROOT / path), pytest.fail)
    rows = {2104: ROWS["sst2"], 625: 20000}[steps]
    assert (loaded.train_input.batch_size, rows // 32) == (32, steps)
    assert (loaded.runconfig.max_steps, steps // 10) == (steps, warm_up)
    peak = 5e-5
    assert rates(loaded, 0, 31, warm_up, steps) == pytest.approx([0, peak * 31 / warm_up, peak, 0])
    assert rates(loaded, steps - 1) == pytest.approx([peak / (steps - warm_up)], rel=1e-3)
    options, model = loaded.optimizer, loaded.model
    assert (options.optimizer_type, options.use_bias_correction) == ("adamw", True)
    assert (options.beta1, options.beta2, options.epsilon) == (0.9, 0.999, 1e-8)
    assert (options.weight_decay_rate, options.exclude_from_weight_decay) == (0.01, ())
    assert options.max_gradient_norm == 1.0
    assert (model.dropout_rate, model.attention_dropout_rate, model.cls_dropout_rate) == (0.1,) * 3
    assert model.mixed_precision == "bfloat16"
    assert (model.num_hidden_layers, model.hidden_size, model.num_heads) == (6, 384, 12)
    assert (model.filter_size, loaded.eval_input.max_sequence_length) == (1536, 128)
