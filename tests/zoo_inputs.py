"""Input functions as one writes them for the Model Zoo's classifier: the keys of their section, its
features dictionary, batches of one shape. Both backends' tests name them as `tests.zoo_inputs.*`.

    input_ids, input_mask (1 on padding), segment_ids   int32 [B, max_sequence_length]
    is_matched                                           int32 [B], what MNLI's evaluation adds
    labels                                               int32 [B]

`path` is a file of arrays: input_ids and segment_ids [N, max_sequence_length], labels [N].
"""

import numpy as np
import tensorflow as tf


def train_input_fn(params):
    return _batches(params["train_input"]).repeat()


def eval_input_fn(params):
    return _batches(params["eval_input"])


def predict_input_fn(params):
    return _batches(params["predict_input"])


def _batches(inputs):
    with np.load(inputs["path"]) as file:
        rows = {name: array.astype(np.int32) for name, array in file.items()}
    assert rows["input_ids"].shape[1] == inputs["max_sequence_length"]
    labels = rows.pop("labels")
    rows["input_mask"] = (rows["input_ids"] == 0).astype(np.int32)
    rows["is_matched"] = np.ones_like(labels)
    dataset = tf.data.Dataset.from_tensor_slices((rows, labels))
    return dataset.batch(inputs["batch_size"], drop_remainder=True)


# What wse cannot take.


def that_ends(params):
    return _batches(params["train_input"])


def that_ends_unseen(params):
    return train_input_fn(params).take(3).filter(lambda *_: True)


def with_a_remainder(params):
    return train_input_fn(params).unbatch().batch(params["train_input"]["batch_size"])


def trimmed(params):
    return train_input_fn(params).map(
        lambda features, labels: ({name: x[:, :8] for name, x in _tokens(features)}, labels)
    )


def of_open_length(params):
    dataset = train_input_fn(params)
    shapes = dataset.map(lambda features, labels: (dict(_tokens(features)), labels))
    return shapes.map(
        lambda features, labels: (
            {name: x[:, : tf.reduce_max(labels) + 9] for name, x in features.items()},
            labels,
        )
    )


def of_int64(params):
    return train_input_fn(params).map(
        lambda features, labels: (
            {name: tf.cast(x, tf.int64) for name, x in features.items()},
            labels,
        )
    )


def weighted(params):
    return train_input_fn(params).map(
        lambda features, labels: ({**features, "weights": tf.ones(tf.shape(labels))}, labels)
    )


def _tokens(features):
    return [(name, x) for name, x in features.items() if x.shape.rank == 2]


def of_a_worker(params, input_context=None):
    print(f"worker {input_context.input_pipeline_id} of {input_context.num_input_pipelines}")
    return train_input_fn(params)
