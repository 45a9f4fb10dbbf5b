"""The record, declared once: what preprocess writes and train reads.

A record is one `tf.train.Example` with exactly the four features of FEATURES and, where rows have
weights, WEIGHTS. With the vocabulary [PAD]=0 [CLS]=2 [SEP]=3 and max_sequence_length 8, the pair
("a b", "c") is

    input_ids   [2, 5, 6, 3, 7, 3, 0, 0]     [CLS] a b [SEP] c [SEP] [PAD] [PAD]
    input_mask  [0, 0, 0, 0, 0, 0, 1, 1]     1 = padding (Cerebras' convention)
    segment_ids [0, 0, 0, 0, 1, 1, 0, 0]     1 = `c [SEP]`
    labels      [1]                          -1 where the split has no labels

Of multi-label data `labels` has 0 or 1 for each class, [1, 0, 1], or -1 for each.

`weights` says how much a row counts: in training, its loss is multiplied by it. Batches of an
evaluation have weights, too, which are on no disk: 0 on rows that only fill the batch.
"""

from dataclasses import dataclass

# The polarity of input_mask: the opposite of BERT's and Hugging Face's attention_mask.
TOKEN = 0
PADDING = 1
MASK_POLARITY = "1 = padding, 0 = token"

SEGMENT_A = 0  # [CLS] a [SEP]
SEGMENT_B = 1  # b [SEP]
SEGMENT_PADDING = 0

# The label of a row that has none, as in GLUE's test splits. Only a test split holds such rows, and
# its manifest says how many; where it says 0, a score of -1 is a score.
UNLABELLED = -1
# Between the names of a row's classes in multi-label data, where they are one text.
LABEL_SEPARATOR = "|"


def special_tokens(num_texts: int) -> int:
    """How many [CLS] and [SEP] a record of one or two texts holds: 2 or 3."""
    return 1 + num_texts


def mask_and_segments(lengths, b_starts, max_sequence_length):
    """input_mask and segment_ids of records of these lengths.

    >>> mask_and_segments([6], [4], 8)  # the pair above
    (array([[0, 0, 0, 0, 0, 0, 1, 1]]), array([[0, 0, 0, 0, 1, 1, 0, 0]]))

    Args:
      lengths: int [N], tokens of each record, [CLS] and [SEP] included.
      b_starts: int [N], the first position of `b [SEP]`; the length if there is no b.
    Returns:
      (input_mask, segment_ids), int [N, max_sequence_length] arrays.
    """
    import numpy as np

    position = np.arange(max_sequence_length)
    is_token = position < np.asarray(lengths)[:, None]
    segments = np.where(position < np.asarray(b_starts)[:, None], SEGMENT_A, SEGMENT_B)
    return (
        np.where(is_token, TOKEN, PADDING),
        np.where(is_token, segments, SEGMENT_PADDING),
    )


def rules(ids, vocabulary_size, labels, num_labels, smallest_label=UNLABELLED, weights=None):
    """The rules for the values of records, the same for every reader: {rule: whether it is kept}.

    >>> import numpy as np
    >>> rules(np.array([3, 9]), 9, np.array([-1, 1]), 2)
    {'input_ids from 0 to 8': array([ True, False]), 'labels from -1 to 1': array([ True,  True])}

    Args:
      ids, labels: NumPy arrays or tensors of any shape; the smallest and largest value suffice.
        Of multi-label data labels is [N, C].
      num_labels: how many values a label can have (Manifest.label_values); None for scores, which
        may be any number.
      smallest_label: 0 if every record must have one.
      weights: float32 [N]; None where there are none.
    """
    kept = {f"input_ids from 0 to {vocabulary_size - 1}": (ids >= 0) & (ids < vocabulary_size)}
    if num_labels is not None:
        is_label = (labels >= smallest_label) & (labels < num_labels)
        kept[f"labels from {smallest_label} to {num_labels - 1}"] = is_label
    if len(labels.shape) > 1:
        is_none = labels == UNLABELLED
        kept[f"labels {UNLABELLED} for every class or for none"] = is_none == is_none[:, :1]
    if weights is not None:
        kept["weights finite and not below 0"] = (weights >= 0) & (weights < float("inf"))
    return kept


# What mask_and_segments gives, in words.
MASK_RULE = "input_mask 1 exactly on the padding, after all tokens"
SEGMENTS_RULE = "segment_ids 1 exactly on the second text and its [SEP]"


@dataclass(frozen=True)
class Feature:
    """One feature of the record; on disk int64, or float32 for weights and the labels of a
    regression task."""

    name: str
    per_token: bool
    meaning: str


FEATURES = (
    Feature("input_ids", True, "`[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`, padded with [PAD]"),
    Feature("input_mask", True, MASK_POLARITY),
    Feature("segment_ids", True, "0 for `[CLS] a [SEP]`, 1 for `b [SEP]`, 0 on padding"),
    Feature(
        "labels", False, "index into label_names (a score; 0 or 1 for each name); -1 = no label"
    ),
)
WEIGHTS = Feature("weights", False, "how much the row counts; 0 = not at all")
# The names of those that have a value for each token; the model reads these.
TOKEN_FEATURES = tuple(feature.name for feature in FEATURES if feature.per_token)


def feature_spec(max_sequence_length, is_regression, label_shape=(), has_weights=False):
    """What `tf.io.parse_example` needs: {name: FixedLenFeature}, each [max_sequence_length], but
    the labels of the shape `label_shape` (shared/tasks.py) and the weights []."""
    import tensorflow as tf

    def one(feature):
        dtype = tf.float32 if is_regression and not feature.per_token else tf.int64
        shape = [max_sequence_length] if feature.per_token else list(label_shape)
        return tf.io.FixedLenFeature(shape, dtype)

    spec = {feature.name: one(feature) for feature in FEATURES}
    if has_weights:
        spec[WEIGHTS.name] = tf.io.FixedLenFeature([], tf.float32)
    return spec
