"""Official GLUE files to the dataset that TFDS would have built, for every task."""

import json

import pytest

from preprocess import run
from preprocess.sources import glue_files
from shared import source_order, tasks
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.inputs import read_rows

VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\nd\n"
PAIRS = "index\tsentence1\tsentence2"
# {task: {file below GLUE_DIR: its lines}}; training files have one row of every label.
FILES = {
    "cola": {
        "CoLA/train.tsv": ["gj04\t0\t*\ta b", "gj04\t1\t\tc"],
        "CoLA/dev.tsv": ["gj04\t1\t\ta"],
        "CoLA/test.tsv": ["index\tsentence", "0\tb"],
    },
    "sst2": {
        "SST-2/train.tsv": ["sentence\tlabel", "a b \t0", "c \t1"],
        "SST-2/dev.tsv": ["sentence\tlabel", "a\t1"],
        "SST-2/test.tsv": ["index\tsentence", "0\tb"],
    },
    "mrpc": {
        "MRPC/msr_paraphrase_train.txt": [
            "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String",
            "0\t1\t2\ta b\tc", "1\t3\t4\tc\td", "1\t5\t6\ta\tb",
        ],
        "MRPC/msr_paraphrase_test.txt": [
            "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String", "1\t7\t8\tb\tc",
        ],
        "MRPC/dev_ids.tsv": ["5\t6"],
    },
    "qqp": {
        "QQP/train.tsv": ["id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
                          "0\t1\t2\ta b\tc\t0", "1\t3\t4\tc\td\t1"],
        "QQP/dev.tsv": ["id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate", "0\t1\t2\ta\tb\t1"],
        "QQP/test.tsv": ["id\tquestion1\tquestion2", "0\tb\tc"],
    },
    "stsb": {
        "STS-B/train.tsv": [PAIRS + "\tscore", "0\ta b\tc\t0.000", "1\tc\td\t4.750"],
        "STS-B/dev.tsv": [PAIRS + "\tscore", "0\ta\tb\t1.5"],
        "STS-B/test.tsv": [PAIRS, "0\tb\tc"],
    },
    "mnli": {
        "MNLI/train.tsv": [PAIRS + "\tgold_label", "0\ta b\tc\tentailment",
                           "1\tc\td\tcontradiction", "2\tc\td\tneutral"],
        "MNLI/dev_matched.tsv": [PAIRS + "\tgold_label", "0\ta\tb\tneutral"],
        "MNLI/dev_mismatched.tsv": [PAIRS + "\tgold_label", "0\ta\tb\tcontradiction"],
        "MNLI/test_matched.tsv": [PAIRS, "0\tb\tc"],
        "MNLI/test_mismatched.tsv": [PAIRS, "0\tb\tc", "1\tb\td"],
    },
    "qnli": {
        "QNLI/train.tsv": ["index\tquestion\tsentence\tlabel", "0\ta b\tc\tentailment",
                           "1\tc\td\tnot_entailment"],
        "QNLI/dev.tsv": ["index\tquestion\tsentence\tlabel", "0\ta\tb\tnot_entailment"],
        "QNLI/test.tsv": ["index\tquestion\tsentence", "0\tb\tc"],
    },
    "rte": {
        "RTE/train.tsv": [PAIRS + "\tlabel", "0\ta b\tc\tentailment", "1\tc\td\tnot_entailment"],
        "RTE/dev.tsv": [PAIRS + "\tlabel", "0\ta\tb\tnot_entailment"],
        "RTE/test.tsv": [PAIRS, "0\tb\tc"],
    },
    "wnli": {
        "WNLI/train.tsv": [PAIRS + "\tlabel", "0\ta b\tc\t0", "1\tc\td\t1"],
        "WNLI/dev.tsv": [PAIRS + "\tlabel", "0\ta\tb\t1"],
        "WNLI/test.tsv": [PAIRS, "0\tb\tc"],
    },
    "ax": {"diagnostic/diagnostic.tsv": [PAIRS, "0\tb\tc"]},
}  # fmt: skip
# What train holds, as (input_ids without specials and padding, label), in any order.
SINGLE = {((4, 5), 0), ((6,), 1)}
PAIR = {((4, 5, 3, 6), 0), ((6, 3, 7), 1)}
TRAIN = {
    "cola": SINGLE, "sst2": SINGLE, "mrpc": PAIR, "qqp": PAIR, "qnli": PAIR, "rte": PAIR,
    "wnli": PAIR, "stsb": {((4, 5, 3, 6), 0.0), ((6, 3, 7), 4.75)},
    "mnli": {((4, 5, 3, 6), 0), ((6, 3, 7), 1), ((6, 3, 7), 2)},
}  # fmt: skip
# The label of the one validation row.
VALIDATION = {
    "cola": 1, "sst2": 1, "mrpc": 1, "qqp": 1, "stsb": 1.5, "qnli": 1, "rte": 1, "wnli": 1,
}  # fmt: skip


def write(folder, files):
    for name, lines in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(("\n".join(lines) + "\n").encode())


def make(tmp_path, task, *more):
    """Runs the program on the GLUE files in tmp_path; returns the dataset's folder."""
    (tmp_path / "v.txt").write_text(VOCABULARY)
    run.main([*("--task", task, "--glue_dir", str(tmp_path), "--max_sequence_length", "8"),
              *("--vocab_file", str(tmp_path / "v.txt"), "--data_dir", str(tmp_path / "data")),
              *more])  # fmt: skip
    return tmp_path / "data" / task / "msl8"


def contents(dataset, split):
    rows = read_rows(dataset, split)
    tokens = [tuple(i for i in ids if i)[1:-1] for ids in rows["input_ids"].tolist()]
    return list(zip(tokens, rows["labels"].tolist(), strict=True))


def assert_holds(dataset, task):
    """That a dataset of FILES holds their rows."""
    manifest = read_manifest(str(dataset))
    assert set(manifest.splits) == set(tasks.get(task).splits)
    assert manifest.label_names == tasks.get(task).label_names
    for name in manifest.splits:
        rows = contents(dataset, name)
        if name == "train":
            assert set(rows) == TRAIN[task] and len(rows) == len(TRAIN[task])
        elif name.startswith("test"):
            assert {label for _, label in rows} == {-1} and rows[0][0][0] in (4, 5)
        elif task == "mnli":
            assert rows == [((4, 3, 5), {"validation_matched": 1}.get(name, 2))]
        else:
            assert rows[0][1] == VALIDATION[task] and len(rows) == 1


def test_what_was_prepared_is_used_again(tmp_path, capsys):
    write(tmp_path, FILES["mnli"])
    make(tmp_path, "mnli")
    capsys.readouterr()
    make(tmp_path, "mnli")
    out = capsys.readouterr().out
    assert "was already prepared from these files" in out and "is up to date" in out


def test_tfds_reads_what_was_prepared(tmp_path):
    import tensorflow_datasets as tfds

    write(tmp_path, FILES["mrpc"])
    glue_files.prepare(tasks.get("mrpc"), str(tmp_path), str(tmp_path / "tfds"))
    builder = tfds.builder("glue/mrpc", data_dir=str(tmp_path / "tfds"))
    rows = list(builder.as_dataset(split="train").as_numpy_iterator())
    assert sorted((row["idx"], row["sentence1"], row["label"]) for row in rows) == [
        (0, b"a b", 0),
        (1, b"c", 1),
    ]


def test_mrpc_as_glues_script_splits_it(tmp_path):
    header = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String"
    files = {
        "MRPC/train.tsv": ["\ufeff" + header, '0\t1\t2\t"a b\tc', "1\t3\t4\tc\td"],
        "MRPC/dev.tsv": [header, "1\t5\t6\ta\tb"],
        "MRPC/test.tsv": [
            "index\t#1 ID\t#2 ID\t#1 String\t#2 String",
            "0\t7\t8\tb\tc",
            "1\t7\t9\tb\td",
        ],
    }
    write(tmp_path, files)
    dataset = make(tmp_path, "mrpc")
    assert sorted(contents(dataset, "train")) == [((1, 4, 5, 3, 6), 0), ((6, 3, 7), 1)]
    assert contents(dataset, "validation") == [((4, 3, 5), 1)]
    assert sorted(contents(dataset, "test")) == [((5, 3, 6), -1), ((5, 3, 7), -1)]
    index = source_order.INDEX.read(str(dataset), "test", read_manifest(str(dataset)))
    in_order = [contents(dataset, "test")[list(index).index(n)][0] for n in (0, 1)]
    assert in_order == [(5, 3, 6), (5, 3, 7)]


def test_the_diagnostic_data_with_its_annotations(tmp_path, capsys):
    lines = ["Logic\tDomain\tPremise\tHypothesis\tLabel", "x\tNews\tb\tc\tentailment"]
    write(tmp_path, {"diagnostic/diagnostic-full.tsv": lines})
    assert contents(make(tmp_path, "ax"), "test") == [((5, 3, 6), -1)]
    assert "diagnostic-full.tsv: its labels are ignored" in capsys.readouterr().out


def test_a_disk_without_room_is_one_message(tmp_path, little_room, capfd):
    write(tmp_path, {**FILES["sst2"], "SST-2/test.tsv": ["index\tsentence", *["0\tb"] * 2000]})
    with little_room(9_000), pytest.raises(UserError) as error:
        make(tmp_path, "sst2")
    assert str(error.value).startswith(f"cannot write {tmp_path}/data/tfds: File too large. ")
    assert capfd.readouterr().err == ""


def test_lines_that_become_no_example_are_counted_and_named(tmp_path, capsys):
    lines = ["sentence\tlabel", "a \t0", "short", "", "b \t1", "c\rd \t1", "e \t", "a b \t1"]
    write(tmp_path, {**FILES["sst2"], "SST-2/train.tsv": lines})
    manifest = read_manifest(str(make(tmp_path, "sst2")))
    assert manifest.splits["train"].examples == 4  # a, b, the second half of line 6, a b
    out = capsys.readouterr().out
    assert "SST-2/train.tsv: 2 lines yielded no example: line 3, 7\n" in out
    assert "train.tsv: 1 lines contain a carriage return, which splits them" in out
    assert "became an example: line 6\n" in out


def test_a_pair_with_a_carriage_return_is_lost_and_named(tmp_path, capsys):
    lines = [PAIRS + "\tlabel", *["0\ta\tb\tentailment", "1\ta\rb\tc\tentailment"] * 7]
    write(tmp_path, {**FILES["rte"], "RTE/train.tsv": lines})
    manifest = read_manifest(str(make(tmp_path, "rte")))
    assert manifest.splits["train"].examples == 7
    out = capsys.readouterr().out
    assert "train.tsv: 7 lines yielded no example: line 3, 5, 7, 9, 11, ...\n" in out


@pytest.mark.parametrize(
    "task, file, lines",
    [
        ("sst2", "SST-2/test.tsv", ["sentence\tlabel", "b\t1", "c\t0"]),
        ("mrpc", "MRPC/msr_paraphrase_test.txt", FILES["mrpc"]["MRPC/msr_paraphrase_test.txt"]),
        ("stsb", "STS-B/test.tsv", [PAIRS + "\tscore", "0\tb\tc\t3.5"]),
    ],
)
def test_labels_of_a_test_file_are_dropped_and_this_is_said(tmp_path, task, file, lines, capsys):
    write(tmp_path, {**FILES[task], file: lines})
    dataset = make(tmp_path, task)
    assert {label for _, label in contents(dataset, "test")} == {-1}
    assert f"{file}: its labels are ignored" in capsys.readouterr().out


@pytest.mark.parametrize("task, file", [("sst2", "SST-2/dev.tsv"), ("mrpc", None)])
def test_with_and_without_a_byte_order_mark(tmp_path, task, file):
    files = dict(FILES[task])
    if file:
        files[file] = ["\ufeff" + files[file][0], *files[file][1:]]
    else:
        file = "MRPC/msr_paraphrase_train.txt"
        files[file] = [files[file][0].removeprefix("\ufeff"), *files[file][1:]]
    write(tmp_path, files)
    assert contents(make(tmp_path, task), "validation")[0][1] == 1


@pytest.mark.parametrize(
    "task, file, lines, message",
    [
        ("sst2", "SST-2/dev.tsv", ["text\tlabel", "a\t1"], "dev.tsv line 1: its columns are text"),
        ("sst2", "SST-2/dev.tsv", ["sentence\tlabel", "a\t1", "b\t2"],
         "dev.tsv line 3: the label '2', expected one of negative, positive, 0, 1"),
        ("sst2", "SST-2/dev.tsv", ["sentence\tlabel"], "dev.tsv has no rows"),
        ("sst2", "SST-2/dev.tsv", ["sentence\tlabel", "x" * 131_073 + "\t1"], "line 2: a field of"),
        ("cola", "CoLA/train.tsv", ["x\t1\t\ta", "x\t1"], "line 2: 2 fields, expected 4"),
        ("cola", "CoLA/train.tsv", ["x\t1\t\ta", "", "x\t1\t\ta"], "line 2: 1 fields, expected 4"),
        ("stsb", "STS-B/dev.tsv", [PAIRS + "\tscore", "0\ta\tb\thigh"],
         "line 2: found the label 'high'"),
        ("stsb", "STS-B/dev.tsv", [PAIRS + "\tscore", "0\ta\tb"], "line 2: found the label ''"),
        ("stsb", "STS-B/dev.tsv", [PAIRS + "\tscore", "0\ta\tb\tnan"], "found the label 'nan'"),
        ("stsb", "STS-B/dev.tsv", [PAIRS + "\tscore", "0\ta\tb\t-1"], "found the score -1"),
        ("mrpc", "MRPC/dev_ids.tsv", ["5"], "dev_ids.tsv line 1: 1 fields, expected 2"),
        ("mrpc", "MRPC/dev_ids.tsv", ["8\t9"], "TFDS finds no example for a split of mrpc"),
        ("mrpc", "MRPC/msr_paraphrase_train.txt",
         ["Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", "1\t2\t3\ta"], "line 2: 4 fields"),
    ],
)  # fmt: skip
def test_what_tfds_would_stop_at_is_one_message(tmp_path, task, file, lines, message):
    write(tmp_path, {**FILES[task], file: lines})
    with pytest.raises(UserError, match=message):
        make(tmp_path, task)
    assert not (tmp_path / "data" / task).exists()
    assert not (tmp_path / "data" / "tfds" / "glue" / task / "2.0.0").exists()


def test_invalid_utf8_is_named_by_line(tmp_path):
    write(tmp_path, FILES["rte"])
    (tmp_path / "RTE" / "dev.tsv").write_bytes(
        (PAIRS + "\tlabel\n").encode() + b"0\ta\xff\tb\tentailment\n"
    )
    with pytest.raises(UserError, match="RTE/dev.tsv line 2: not UTF-8 .byte 0xff at byte 4"):
        make(tmp_path, "rte")


def test_a_missing_file_and_other_files_than_before(tmp_path):
    with pytest.raises(UserError, match="SST-2/train.tsv is missing; GLUE_DIR"):
        make(tmp_path, "sst2")
    write(tmp_path, FILES["sst2"])
    make(tmp_path, "sst2")
    write(tmp_path, {"SST-2/dev.tsv": ["sentence\tlabel", "b\t0"]})
    with pytest.raises(UserError, match="was prepared earlier, and not from the current files in"):
        make(tmp_path, "sst2", "--overwrite")
    mark = tmp_path / "data/tfds/glue/sst2/2.0.0/glue_files.json"
    assert set(json.loads(mark.read_text())) == {"train.tsv", "dev.tsv", "test.tsv"}
    mark.write_text("")
    with pytest.raises(UserError, match="was prepared earlier, and not from the current files in"):
        make(tmp_path, "sst2", "--overwrite")
