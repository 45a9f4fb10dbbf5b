import dataclasses
import textwrap

import pytest
import yaml

from shared import config
from shared.config import modelzoo_keys
from shared.errors import UserError
from tests.inputs import ROOT

MINIMAL = """
train_input: {batch_size: 8}
model: {hidden_size: 8, num_heads: 2, num_hidden_layers: 1, filter_size: 16}
optimizer: {learning_rate: 1e-4}
"""


def load(tmp_path, text, log=None):
    path = tmp_path / "c.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return config.load(str(path), log if log is not None else pytest.fail)


def errors_of(tmp_path, text):
    with pytest.raises(UserError) as error:
        load(tmp_path, text)
    return str(error.value)


def test_defaults_are_the_model_zoos(tmp_path):
    loaded = load(tmp_path, MINIMAL)
    assert loaded.eval_input == loaded.predict_input == loaded.train_input
    assert loaded.optimizer.beta2 == 0.999 and not loaded.optimizer.use_bias_correction
    assert loaded.optimizer.exclude_from_weight_decay == ("LayerNorm", "layer_norm", "bias", "Bias")
    assert loaded.runconfig.save_checkpoints_steps == 1000
    assert loaded.runconfig.keep_checkpoint_max == 5


def test_predict_input_overlays_eval_input(tmp_path):
    loaded = load(
        tmp_path,
        MINIMAL + "eval_input: {batch_size: 3, data_dir: d}\npredict_input: {batch_size: 1}\n",
    )
    assert (loaded.predict_input.batch_size, loaded.predict_input.data_dir) == (1, "d")


OWN = """
train_input: {batch_size: 8, input_fn: mine.train, vocab_file: v.txt, pad_id: 9, depth: [1, null]}
predict_input: {input_fn: mine.predict, depth: 2}
model: {hidden_size: 8, num_heads: 2, num_hidden_layers: 1, filter_size: 16}
optimizer: {learning_rate: 1e-4}
"""


def test_keys_of_the_users_own_are_for_the_input_function(tmp_path):
    said = []
    loaded = load(tmp_path, OWN, said.append)
    assert loaded.own_keys == {
        "train_input": {"vocab_file": "v.txt", "pad_id": 9, "depth": [1, None]},
        "predict_input": {"depth": 2},
    }
    where = f"{tmp_path}/c.yaml"
    assert said == [
        f"{where}: train_input: passed to mine.train as they are: vocab_file, pad_id, depth",
        f"{where}: predict_input: passed to mine.predict as they are: depth",
    ]
    dumped = config.dump(loaded)
    assert dumped["train_input"]["depth"] == [1, None]
    assert "depth" not in dumped["eval_input"]  # it reads records
    assert load(tmp_path, yaml.safe_dump(dumped), said.append) == loaded


def test_other_sections_have_no_keys_of_their_own(tmp_path):
    text = MINIMAL.replace("batch_size: 8", "batch_size: 8, depth: 2")
    assert "train_input.depth: unknown key 'depth'" in errors_of(tmp_path, text)


def test_numbers_that_yaml_reads_as_text_are_numbers(tmp_path):
    assert yaml.safe_load("1e-6") == "1e-6"  # the trap
    text = MINIMAL.replace("learning_rate: 1e-4", "learning_rate: 1e-4, epsilon: 1e-6")
    optimizer = load(tmp_path, text).optimizer
    assert optimizer.epsilon == 1e-6
    assert optimizer.learning_rate == (config.Schedule("Constant", {"learning_rate": 1e-4}),)


def test_all_errors_are_reported_at_once(tmp_path):
    message = errors_of(
        tmp_path,
        """
        train_input: {batch_size: none, shufle: true}
        model: {hidden_size: 10, num_heads: 3, num_hidden_layers: 0, filter_size: 16,
                dropout_rate: 1.0, use_pre_normalization: true, encoder_nonlinearity: lrelu}
        optimizer: {optimizer_type: lamb, rmsprop_decay: 0.9}
        runconfig: {max_steps: 1.5, keep_checkpoint_max: true}
        """,
    )
    for line in (
        "train_input.batch_size: expected a number, found 'none'",
        "train_input.shufle: unknown key 'shufle': did you mean 'shuffle'",
        "model.num_hidden_layers: expected a whole number of at least 1, found 0",
        "model.dropout_rate: expected a number of at least 0 and below 1, found 1.0",
        "model.use_pre_normalization: only false is supported",
        "model.encoder_nonlinearity: expected one of gelu, gelu_erf, elu, ",
        "optimizer.optimizer_type: expected one of adamw, adam, sgd, momentum, found lamb",
        "optimizer.rmsprop_decay: refused",
        "optimizer.learning_rate: missing",
        "runconfig.max_steps: expected a whole number",
        "runconfig.keep_checkpoint_max: expected a number, found True",
    ):
        assert line in message


@pytest.mark.parametrize(
    "change, message",
    [
        (
            ("hidden_size: 8", "hidden_size: 9"),
            "is not a multiple of model.num_heads 2",
        ),
        (("1e-4", "1e-4, max_gradient_norm: 1, max_gradient_value: 1"), "not both"),
        (
            ("1e-4", "1e-4, optimizer_type: Adam, weight_decay_rate: 0.01"),
            "optimizer.weight_decay_rate 0.01: only optimizer_type adamw decays weights, adam does",
        ),
        (
            ("1e-4", "1e-4, optimizer_type: sgd, use_bias_correction: true"),
            "optimizer.use_bias_correction: it belongs to optimizer_type adamw (adam always has",
        ),
        (
            ("1e-4", "1e-4, momentum: 0.9"),
            "optimizer.momentum: it belongs to optimizer_type momentum, not adamw",
        ),
        (("1e-4", "1e-4, max_loss_scale: 1024"), "ascending order, found 6.10352e-05, 32768, 1024"),
        (("1e-4", "1e-4, min_loss_scale: 65536"), "ascending order, found 65536, 32768, 32768"),
        (
            ("batch_size: 8", "batch_size: 8, group_by_length: true, shuffle: false"),
            "train_input.group_by_length shuffles, but shuffle is false",
        ),
        (
            ("batch_size: 8", "batch_size: 8, group_by_length: true, input_fn: a.b"),
            "train_input.group_by_length: input_fn a.b makes its own batches",
        ),
        (("filter_size: 16", "filter_size: 16, max_position_embeddings: 64"), None),
    ],
)
def test_rules_that_join_two_keys(tmp_path, change, message):
    text = MINIMAL.replace(*change)
    if message is None:
        text = text.replace("batch_size: 8", "batch_size: 8, max_sequence_length: 72")
        message = "max_sequence_length 72 exceeds model.max_position_embeddings 64"
    assert message in errors_of(tmp_path, text)


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: [", "not valid YAML"),
        ("- 1", "expected the sections"),
        (
            MINIMAL + "trian_input: {}\n",
            "unknown section 'trian_input': did you mean 'train_input'",
        ),
        (MINIMAL.replace("{batch_size: 8}", "{batch_size: 8, batch_size: 9}"), "appears twice"),
        (MINIMAL.replace("{batch_size: 8}", "8"), "train_input: expected a mapping, found 8"),
        (MINIMAL.replace("num_heads: 2", "num_heads: true"), "expected a number, found True"),
        (MINIMAL + "runconfig: {xla: 1}\n", "expected one of auto, true, false, found 1"),
        (MINIMAL + "runconfig: {steps: 1, max_steps: 1}\n", "give only one of them"),
        (MINIMAL + "runconfig: {tf_random_seed: 99999999999}\n", "expected a whole number of at"),
        (MINIMAL + "runconfig: {max_steps: .inf}\n", "expected a number, found inf"),
        (MINIMAL + "runconfig: {max_steps: .nan}\n", "expected a number, found nan"),
        (MINIMAL + "predict_input: []\n", "predict_input: expected a mapping, found []"),
        (MINIMAL.replace("1e-4", "1e-4, epsilon: 0"), "expected a number above 0, found 0"),
        (MINIMAL.replace("batch_size: 8", "batch_size: 8, pad_id: false"), "only 0 is supported"),
        *[
            (MINIMAL.replace("batch_size: 8", f"batch_size: 8, {key}"), message)
            for key, message in (
                ("memory_limit_gb: 0", "expected a number above 0, found 0"),
                ("shuffle_buffer: 0", "expected a whole number of at least 1, found 0"),
                ("input_fn: my_rows", "expected package.module.function, found 'my_rows'"),
                ("input_fn: my.rows.", "expected package.module.function, found 'my.rows.'"),
                ("input_fn: my/rows.py", "expected package.module.function, found 'my/rows.py'"),
            )
        ],
        *[
            (MINIMAL.replace("1e-4", f"1e-4, {key}"), message)
            for key, message in (
                ("optimizer_type: rmsprop", "one of adamw, adam, sgd, momentum, found rmsprop"),
                ("grad_accum_steps: 0", "expected a whole number of at least 1, found 0"),
                ("optimizer_type: momentum, momentum: 1", "at least 0 and below 1, found 1"),
                ("loss_scaling_factor: 0", "a number above 0, dynamic, tf_dynamic; found 0"),
                ("loss_scaling_factor: true", "a number above 0, dynamic, tf_dynamic; found true"),
                ("loss_scaling_factor: dynamo", "dynamic, tf_dynamic; found dynamo"),
                ("overflow_tolerance: -0.1", "expected a number of at least 0, found -0.1"),
                ("min_loss_scale: 0", "expected a number above 0, found 0"),
            )
        ],
        (MINIMAL + "runconfig: {early_stopping_patience: 0}\n", "of at least 1, found 0"),
        (MINIMAL + "runconfig: {max_skipped_steps: 0}\n", "of at least 1, found 0"),
        (MINIMAL + "runconfig: {enable_distributed: 4}\n", "expected true or false, found 4"),
        (
            MINIMAL.replace("1e-4", "1e-4, exclude_from_weight_decay: ['(']"),
            "'(' is not a regular expression",
        ),
    ],
)
def test_other_mistakes(tmp_path, text, message):
    assert message in errors_of(tmp_path, text)


@pytest.mark.parametrize(
    "schedule, message",
    [
        ("{scheduler: Linaer}", "unknown scheduler 'Linaer': did you mean 'Linear'"),
        ("{scheduler: Linear, steps: 4}", "Linear needs `initial_learning_rate`"),
        ("{scheduler: Constant, learning_rate: 1, stpes: 2}", "did you mean 'steps'"),
        ("{scheduler: PiecewiseConstant, boundaries: [1], values: [1]}", "one more of `values`"),
        ("[{scheduler: Constant, learning_rate: 1}, {scheduler: Constant, learning_rate: 2}]",
         "schedule 1 (Constant) is followed by another one and needs `steps`"),
        ("{scheduler: Constant, learning_rate: fast}", "expected a number, found 'fast'"),
        ("{scheduler: PiecewiseConstant, boundaries: [4, 2], values: [1, 2, 3]}",
         "rising `boundaries`, found [4, 2]"),
        ("{scheduler: [a]}", "unknown scheduler '['a']'"),
        ("{scheduler: Constant, learning_rate: 1, 5: 2}", "unknown key '5'"),
        ("[]", "expected a list"),
        ("-1", "at least 0"),
    ],
)  # fmt: skip
def test_schedule_mistakes(tmp_path, schedule, message):
    text = MINIMAL.replace("learning_rate: 1e-4", f"learning_rate: {schedule}")
    assert "optimizer.learning_rate: " in errors_of(tmp_path, text)
    assert message in errors_of(tmp_path, text)


def test_null_means_the_default(tmp_path):
    text = MINIMAL.replace("1e-4", "1e-4, max_gradient_norm: null")
    loaded = load(tmp_path, text + "runconfig: {tf_random_seed: null, eval_steps: -5}\n")
    assert loaded.runconfig.tf_random_seed == 1 and loaded.optimizer.max_gradient_norm == 0.0
    assert loaded.runconfig.eval_steps == -5


def test_yaml_reads_no_numbers_of_base_60(tmp_path):
    assert yaml.safe_load("1:30") == 90  # the trap
    for written in ("1:30", "-1:30", "1:30.5", "190:20:30"):
        message = errors_of(tmp_path, MINIMAL + f"runconfig: {{max_steps: {written}}}\n")
        assert f"runconfig.max_steps: expected a number, found '{written}'" in message


def test_yaml_may_merge_mappings(tmp_path):
    text = MINIMAL.replace("train_input: {batch_size: 8}", "train_input: &t {batch_size: 8}")
    loaded = load(tmp_path, text + "eval_input: {<<: *t, batch_size: 2}\n")
    assert loaded.eval_input.batch_size == 2


def test_an_ignored_key_is_one_log_line(tmp_path):
    lines = []
    text = MINIMAL.replace(
        "batch_size: 8", "batch_size: 8, vocab_file: v.txt, add_special_tokens: true"
    )
    load(tmp_path, text, lines.append)
    # Once for train_input, and for eval_input and predict_input, which inherit it.
    assert sum("train_input.vocab_file has no effect" in line for line in lines) == 1
    assert len(lines) == 3


def test_csconfig_is_cerebras_own_but_for_what_is_known_of_it(tmp_path):
    mixed = MINIMAL.replace("filter_size:", "mixed_precision: true, filter_size:")
    given = load(tmp_path, mixed + "csconfig: {use_cbfloat16: true, some_field: 3}\n")
    assert given.csconfig == {"use_cbfloat16": True, "some_field": 3}
    assert config.dump(given)["csconfig"] == given.csconfig
    for text, fault in [
        ("csconfig: [1]", "csconfig: expected a mapping, found [1]"),
        ("csconfig: {use_cbfloat16: 1}", "csconfig.use_cbfloat16: expected true or false, found 1"),
        ("csconfig: {use_cbfloat16: true}", "csconfig.use_cbfloat16: it replaces float16, but"),
    ]:
        assert fault in errors_of(tmp_path, MINIMAL + text + "\n")


def test_the_band_of_a_score(tmp_path):
    assert load(tmp_path, MINIMAL).quality is None
    assert load(tmp_path, MINIMAL + "quality:\n").quality is None
    found = load(tmp_path, MINIMAL + "quality: {low: -0.1, high: 1e0}\n").quality
    assert found == config.QualityConfig(low=-0.1, high=1.0, metric=None, seeds=(1, 2, 3))
    given = MINIMAL + "quality: {low: 0.8, high: 0.9, metric: F1, seeds: [7, 0]}\n"
    found = load(tmp_path, given).quality
    assert (found.metric, found.seeds) == ("f1", (7, 0))
    found = load(tmp_path, MINIMAL + "quality: {low: 1.5, high: 25, metric: MSE}\n").quality
    assert (found.low, found.high, found.metric) == (1.5, 25.0, "mse")


@pytest.mark.parametrize(
    "band, message",
    [
        ("{low: 0.9}", "quality.high: missing"),
        ("{low: 0.9, high: 0.9}", "quality.low 0.9 and high 0.9: expected low below high"),
        ("{low: 0.9, high: 92.7}", "quality.high: expected a score from -1 to 1 (92.7 % is 0.927), "
         "found 92.7"),
        ("{low: -1.1, high: 0}", "quality.low: expected a score from -1 to 1 (92.7 % is 0.927), "
         "found -1.1"),
        ("{low: 0, high: 2, metric: ece}", "quality.high: expected a score from -1 to 1 (92.7 % is "
         "0.927), found 2"),
        ("{low: x, high: 1}", "quality.low: expected a number, found 'x'"),
        ("{low: 0, high: 1, seeds: [1]}",
         "quality.seeds: expected two or more different seeds, found [1]"),
        ("{low: 0, high: 1, seeds: [1, 2, 1]}",
         "quality.seeds: expected two or more different seeds, found [1, 2, 1]"),
        ("{low: 0, high: 1, seeds: 3}", "quality.seeds: expected a list of seeds, found 3"),
        ("{low: 0, high: 1, seeds: [1, -2]}",
         "quality.seeds: expected a whole number of at least 0, found -2"),
        ("{low: 0, high: 1, metric: acc}", "quality.metric: expected one of accuracy, "
         "balanced_accuracy, f1, f1_macro, f1_micro, f1_weighted, matthews_correlation, roc_auc, "
         "average_precision, log_loss, ece, pearson, spearman, mse, loss, mcc, f1:<class>, found "
         "acc"),
        ("{low: 0, high: 1, sedes: [1, 2]}", "quality.sedes: unknown key 'sedes': did you mean "
         "'seeds'? Known: high, low, metric, seeds"),
        ("[0.9, 1]", "quality: expected a mapping, found [0.9, 1]"),
    ],
)  # fmt: skip
def test_mistakes_in_the_band(tmp_path, band, message):
    message_of = errors_of(tmp_path, MINIMAL + f"quality: {band}\n")
    assert message_of.splitlines()[1:] == ["  " + message]


def test_each_key_has_one_treatment():
    for section, kind in config.SECTIONS.items():
        fields = {field.name for field in dataclasses.fields(kind)}
        groups = [fields] + [
            set(table.get(section, {}))
            for table in (modelzoo_keys.FIXED, modelzoo_keys.IGNORED, modelzoo_keys.REFUSED)
        ]
        assert sum(map(len, groups)) == len(set().union(*groups))


@pytest.mark.parametrize(
    "text, factor",
    [("4096", 4096.0), ("1e3", 1000.0), ("dynamic", "dynamic"), ("TF_Dynamic", "tf_dynamic")],
)
def test_the_loss_scale_is_a_number_or_a_word(tmp_path, text, factor):
    loaded = load(tmp_path, MINIMAL.replace("1e-4", f"1e-4, loss_scaling_factor: {text}"))
    assert loaded.optimizer.loss_scaling_factor == factor


def test_the_defaults_of_loss_scaling_are_the_model_zoos(tmp_path):
    optimizer = load(tmp_path, MINIMAL).optimizer
    assert optimizer.loss_scaling_factor is None
    assert (optimizer.min_loss_scale, optimizer.initial_loss_scale) == (1 / 16384, 32768)
    assert (optimizer.max_loss_scale, optimizer.steps_per_increase) == (32768, 2000)
    assert optimizer.overflow_tolerance == 0.05


EVERY_NEW_SETTING = """
train_input: {batch_size: 8, input_fn: my.rows.make, memory_limit_gb: 0.5, shuffle_buffer: 7}
model: {hidden_size: 8, num_heads: 2, num_hidden_layers: 1, filter_size: 16}
optimizer: {learning_rate: 1e-4, optimizer_type: momentum, momentum: 0.5, grad_accum_steps: 3,
            loss_scaling_factor: dynamic, initial_loss_scale: 2, steps_per_increase: 9,
            min_loss_scale: 1e-3, max_loss_scale: 64, overflow_tolerance: 0}
runconfig: {enable_distributed: true, multiple_workers: true, early_stopping_patience: 3,
            max_skipped_steps: 4}
quality: {low: 0.8, high: 0.9, metric: accuracy, seeds: [4, 2]}
"""


@pytest.mark.parametrize(
    "text",
    [
        MINIMAL,
        EVERY_NEW_SETTING,
        MINIMAL.replace("1e-4", "1e-4, loss_scaling_factor: 8, optimizer_type: sgd"),
    ],
)
def test_every_setting_survives_a_dump(tmp_path, text):
    loaded = load(tmp_path, text)
    assert load(tmp_path, yaml.safe_dump(config.dump(loaded))) == loaded


def test_a_dump_loads_as_the_same_config(tmp_path):
    loaded = config.load(str(ROOT / "configs" / "params_bert_tiny.yaml"), pytest.fail)
    content = {**config.dump(loaded), "data": {"task": "sst2"}}
    assert load(tmp_path, yaml.safe_dump(content)) == loaded
