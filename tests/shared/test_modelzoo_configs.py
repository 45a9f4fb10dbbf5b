"""The four configurations of the Model Zoo's classifier (release 1.7.1) load as they are."""

import pytest
import yaml

from shared import config
from shared.config import InputConfig, ModelConfig, OptimizerConfig, RunConfig, Schedule
from shared.errors import UserError
from shared.manifest_file import read_manifest

# {(size, task): length of the pretraining file, labels, max_sequence_length, warm-up, steps}
SHIPPED = {
    ("base", "sst2"): (128, 2, 72, 2000, 20000),
    ("base", "mnli"): (512, 3, 448, 10000, 100000),
    ("large", "sst2"): (512, 2, 72, 2000, 20000),
    ("large", "mnli"): (128, 3, 448, 10000, 100000),
}
# {size: hidden, layers, heads, filter, learning rate}
SIZES = {"base": (768, 12, 12, 3072, 5e-5), "large": (1024, 24, 16, 4096, 5e-6)}
FLAGS = {"mixed_precision": True, "boundary_casting": False, "tf_summary": False}


def pretraining(size):
    """What params_bert_<size>_msl*.yaml say; of this only the model section counts."""
    hidden, layers, heads, filters, _ = SIZES[size]
    return {
        "train_input": {"data_processor": "BertTfRecordsProcessor", "max_predictions_per_seq": 20},
        "model": {
            "hidden_size": hidden,
            "use_position_embedding": True,
            "use_segment_embedding": True,
            "position_embedding_type": "learned",
            "max_position_embeddings": 512,
            "share_embedding_weights": True,
            "num_hidden_layers": layers,
            "dropout_rate": 0.1,
            "layer_norm_epsilon": "1e-5",  # as YAML files state it, which PyYAML reads as text
            "num_heads": heads,
            "attention_dropout_rate": 0.1,
            "filter_size": filters,
            "encoder_nonlinearity": "gelu",
            "use_ffn_bias": True,
            "use_vsl": True,
            **FLAGS,
        },
        "optimizer": {"optimizer_type": "adamw", "disable_lr_steps_reset": True},
        "runconfig": {"max_steps": 900000, "multireplica": False},
    }


def fine_tuning(size, task):
    pretrained_length, classes, length, warm_up, steps = SHIPPED[size, task]
    rate = SIZES[size][-1]
    eval_input = {
        "data_processor": f"{task.capitalize()}DataProcessor",
        "data_dir": "./tfds",
        "vocab_file": "../../../../vocab/google_research_uncased_L-12_H-768_A-12.txt",
        "max_sequence_length": length,
        "add_special_tokens": True,
        "batch_size": 12,
    }
    path = f"../../configs/params_bert_{size}_msl{pretrained_length}.yaml"
    return {
        "train_input": {**eval_input, "shuffle": True},
        "eval_input": eval_input,
        "predict_input": {"batch_size": 1},
        "model": {
            "pretrain_params_path": path,
            "cls_dropout_rate": 0.1,
            "num_cls_classes": classes,
            **FLAGS,
        },
        "optimizer": {
            "optimizer_type": "adamw",
            "weight_decay_rate": 0.01,
            "epsilon": "1e-6",
            "max_gradient_norm": 1.0,
            "learning_rate": [
                {
                    "scheduler": "Linear",
                    "steps": warm_up,
                    "initial_learning_rate": 0.0,
                    "end_learning_rate": rate,
                },
                {"scheduler": "Constant", "learning_rate": rate},
            ],
            "loss_scaling_factor": "dynamic",
            "log_summaries": True,
        },
        "runconfig": {
            "max_steps": steps,
            "save_summary_steps": 100,
            "save_checkpoints_steps": warm_up,
            "eval_steps": 0,
            "keep_checkpoint_max": 2,
            "tf_random_seed": 1202,
            "throttle_secs": 0,
        },
    }


@pytest.fixture
def shipped(tmp_path):
    """Writes the Model Zoo's folders bert/configs and bert/fine_tuning/classifier/configs."""

    def write(size, task):
        bert = tmp_path / "bert"
        length = SHIPPED[size, task][0]
        save(bert / "configs" / f"params_bert_{size}_msl{length}.yaml", pretraining(size))
        path = bert / "fine_tuning" / "classifier" / "configs" / f"params_bert_{size}_{task}.yaml"
        return save(path, fine_tuning(size, task))

    return write


def save(path, content):
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return str(path)


def expected(size, task):
    _, classes, length, warm_up, steps = SHIPPED[size, task]
    hidden, layers, heads, filters, rate = SIZES[size]
    inputs = {
        "data_processor": {"sst2": "Sst2DataProcessor", "mnli": "MnliDataProcessor"}[task],
        "data_dir": "./tfds",
        "max_sequence_length": length,
    }
    warm = {"steps": warm_up, "initial_learning_rate": 0.0, "end_learning_rate": rate}
    return config.Config(
        train_input=InputConfig(batch_size=12, shuffle=True, **inputs),
        eval_input=InputConfig(batch_size=12, **inputs),
        predict_input=InputConfig(batch_size=1, **inputs),
        model=ModelConfig(
            hidden_size=hidden,
            num_heads=heads,
            num_hidden_layers=layers,
            filter_size=filters,
            max_position_embeddings=512,
            dropout_rate=0.1,
            attention_dropout_rate=0.1,
            cls_dropout_rate=0.1,
            encoder_nonlinearity="gelu",
            layer_norm_epsilon=1e-5,
            use_segment_embedding=True,
            mixed_precision=True,
            num_cls_classes=classes,
        ),
        optimizer=OptimizerConfig(
            learning_rate=(Schedule("Linear", warm), Schedule("Constant", {"learning_rate": rate})),
            optimizer_type="adamw",
            weight_decay_rate=0.01,
            epsilon=1e-6,
            max_gradient_norm=1.0,
            loss_scaling_factor="dynamic",
        ),
        runconfig=RunConfig(
            max_steps=steps,
            eval_steps=0,
            save_summary_steps=100,
            save_checkpoints_steps=warm_up,
            keep_checkpoint_max=2,
            tf_random_seed=1202,
        ),
    )


@pytest.mark.parametrize("size, task", SHIPPED)
def test_every_value_of_a_shipped_configuration(shipped, size, task):
    path, remarks = shipped(size, task), []
    loaded = config.load(path, remarks.append)
    assert loaded == expected(size, task)
    changing_nothing = {line.split(": ")[1].split(" has no effect")[0] for line in remarks}
    assert changing_nothing == {
        *("train_input.vocab_file", "eval_input.vocab_file", "predict_input.vocab_file"),
        *("model.boundary_casting", "model.tf_summary", "model.share_embedding_weights"),
        *("optimizer.log_summaries", "runconfig.throttle_secs"),
    }


@pytest.mark.parametrize("size, task", SHIPPED)
def test_it_is_still_the_same_after_a_dump(shipped, tmp_path, size, task):
    loaded = config.load(shipped(size, task), lambda line: None)
    again = tmp_path / "params.yaml"
    again.write_text(yaml.safe_dump(config.dump(loaded)), encoding="utf-8")
    assert config.load(str(again), pytest.fail) == loaded


def test_its_folder_of_tfds_is_no_dataset_of_ours(shipped, tmp_path, monkeypatch):
    """--data_dir overrides it; without, the message says what to do."""
    (tmp_path / "tfds" / "glue").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    loaded = config.load(shipped("base", "sst2"), lambda line: None)
    with pytest.raises(UserError, match="./tfds is not a complete dataset: .* DATA_DIR"):
        read_manifest(loaded.train_input.data_dir)
