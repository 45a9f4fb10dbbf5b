"""GLUE as a table: every fact about a task is here and only here.

Columns, label order and split names are those of TensorFlow Datasets 4.9.10 (`glue` 2.0.0);
metrics are those of the GLUE leaderboard. NamedTuples, because shared/where.py runs on Python 3.6.
"""

from typing import NamedTuple, Optional, Tuple

from shared.errors import UserError
from shared.suggest import unknown

TRAIN_SPLIT, VALIDATION_SPLIT, TEST_SPLIT = "train", "validation", "test"
_SPLITS = (TRAIN_SPLIT, VALIDATION_SPLIT, TEST_SPLIT)
_MNLI_SPLITS = (
    TRAIN_SPLIT,
    "validation_matched",
    "validation_mismatched",
    "test_matched",
    "test_mismatched",
)
DEFAULT_LENGTH = 128  # the usual length for GLUE
MULTI_LABEL_METRICS = ("f1_micro", "f1_macro", "accuracy")
_ENTAILMENT_3 = ("entailment", "neutral", "contradiction")
_ENTAILMENT_2 = ("entailment", "not_entailment")


class Task(NamedTuple):
    """One classification (or regression) task.

    Attributes:
      name: the task's name, and the name of its TFDS config.
      text_columns: one column for single sentences, two for sentence pairs.
      label_names: in the order of the label's integer values; None for a regression task.
      metrics: names in shared/metric_names.py; the first one decides which checkpoint is best.
      splits: in TFDS' order.
      max_sequence_length: the default, in tokens, [CLS] and [SEP] included.
      is_multi_label: whether a row may have several of the labels, or none.
    """

    name: str
    text_columns: Tuple[str, ...]
    label_names: Optional[Tuple[str, ...]]
    metrics: Tuple[str, ...] = ("accuracy",)
    splits: Tuple[str, ...] = _SPLITS
    max_sequence_length: int = DEFAULT_LENGTH
    is_multi_label: bool = False

    @property
    def is_regression(self) -> bool:
        return self.label_names is None

    @property
    def label_shape(self) -> Tuple[int, ...]:
        """Of a record's labels: () for a class or a score, (C,) for 0 or 1 of each class."""
        return (len(self.label_names or ()),) if self.is_multi_label else ()


# The lengths of SST-2 and MNLI are the Cerebras Model Zoo's.
_GLUE = (
    Task("cola", ("sentence",), ("unacceptable", "acceptable"), ("matthews_correlation",)),
    Task("sst2", ("sentence",), ("negative", "positive"), max_sequence_length=72),
    Task("mrpc", ("sentence1", "sentence2"), ("not_equivalent", "equivalent"), ("f1", "accuracy")),
    Task("qqp", ("question1", "question2"), ("not_duplicate", "duplicate"), ("f1", "accuracy")),
    Task("stsb", ("sentence1", "sentence2"), None, ("spearman", "pearson")),
    Task(
        "mnli",
        ("premise", "hypothesis"),
        _ENTAILMENT_3,
        splits=_MNLI_SPLITS,
        max_sequence_length=448,
    ),
    Task("qnli", ("question", "sentence"), _ENTAILMENT_2),
    Task("rte", ("sentence1", "sentence2"), _ENTAILMENT_2),
    Task("wnli", ("sentence1", "sentence2"), ("not_entailment", "entailment")),
    Task(
        "ax",
        ("premise", "hypothesis"),
        _ENTAILMENT_3,
        metrics=("matthews_correlation",),
        splits=("test",),
        max_sequence_length=448,
    ),
)
TASKS = {task.name: task for task in _GLUE}
# {a task without training data: the task whose models answer it}
ANSWERED_BY = {"ax": "mnli"}


class Submission(NamedTuple):
    """A file of a submission to the GLUE leaderboard.

    Attributes:
      file: its name.
      form: of the predictions: LABEL_NAME, LABEL_VALUE (an index into label_names) or SCORE.
      rows: of the official test file, one prediction each.
    """

    file: str
    form: str
    rows: int


LABEL_NAME, LABEL_VALUE, SCORE = "name", "value", "score"
SCORE_RANGE = (0.0, 5.0)  # of STS-B
SUBMISSION_HEADER = "index\tprediction"
# {(task, test split): what https://gluebenchmark.com accepts for it}
SUBMISSIONS = {
    ("cola", "test"): Submission("CoLA.tsv", LABEL_VALUE, 1063),
    ("sst2", "test"): Submission("SST-2.tsv", LABEL_VALUE, 1821),
    ("mrpc", "test"): Submission("MRPC.tsv", LABEL_VALUE, 1725),
    ("qqp", "test"): Submission("QQP.tsv", LABEL_VALUE, 390_965),
    ("stsb", "test"): Submission("STS-B.tsv", SCORE, 1379),
    ("mnli", "test_matched"): Submission("MNLI-m.tsv", LABEL_NAME, 9796),
    ("mnli", "test_mismatched"): Submission("MNLI-mm.tsv", LABEL_NAME, 9847),
    ("qnli", "test"): Submission("QNLI.tsv", LABEL_NAME, 5463),
    ("rte", "test"): Submission("RTE.tsv", LABEL_NAME, 3000),
    ("wnli", "test"): Submission("WNLI.tsv", LABEL_VALUE, 146),
    ("ax", "test"): Submission("AX.tsv", LABEL_NAME, 1104),
}


def own(
    name: str,
    text_columns: Tuple[str, ...],
    label_names: Optional[Tuple[str, ...]],
    splits: Tuple[str, ...],
    is_multi_label: bool = False,
) -> Task:
    """A user's own task, with the metrics of SST-2 for classes or of STS-B for scores."""
    like = TASKS["stsb" if label_names is None else "sst2"]
    metrics = MULTI_LABEL_METRICS if is_multi_label else like.metrics
    return Task(name, text_columns, label_names, metrics, splits, is_multi_label=is_multi_label)


def is_test(split: str) -> bool:
    """Whether a split is meant for prediction: its rows may lack labels."""
    return split.startswith(TEST_SPLIT)


def in_order(splits) -> list:
    """Names of splits: train, then validation, then test, then others.

    >>> in_order(["extra", "test", "train", "validation_matched"])
    ['train', 'validation_matched', 'test', 'extra']
    """

    def rank(name):
        return next((n for n, kind in enumerate(_SPLITS) if name.startswith(kind)), len(_SPLITS))

    return sorted(splits, key=lambda name: (rank(name), name))


def of_dataset(manifest) -> Task:
    """The task of a dataset, from its manifest: one of GLUE's, or the user's own."""
    if manifest.task in TASKS:
        return TASKS[manifest.task]
    return own(
        manifest.task,
        manifest.text_columns,
        manifest.label_names,
        tuple(manifest.splits),
        manifest.is_multi_label,
    )


def get(name: str) -> Task:
    """The task of that name; for an unknown one a UserError that suggests the nearest name."""
    if name not in TASKS:
        raise UserError(unknown("task", name, TASKS))
    return TASKS[name]
