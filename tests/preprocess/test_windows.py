"""Long texts in windows, from the command line to the records."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from preprocess import data_quality, inspect_dataset, run, verify
from preprocess.encoding import windows
from shared import source_order
from shared.errors import FaultsFound, UserError
from shared.files import sha256_of
from shared.manifest_file import read_manifest
from tests import long_texts
from tests.inputs import data_arguments, read_rows, spelt

VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\nfilm\na\nbad\ngood\n"
TRAIN = (
    "id,text,label\n"
    "A,the film a bad good the film a bad good the,no\n"  # 11 words
    'B,"good\nfilm",yes\n'
    "C,,yes\n"
    "D,the film a bad good the film,no\n"  # 7 words
)


@pytest.fixture
def make(tmp_path):
    """A function: content of the training file, more arguments -> the dataset's folder."""
    (tmp_path / "v.txt").write_text(VOCABULARY)

    def made(content, *more, length=8):
        (tmp_path / "t.csv").write_text(content)
        arguments = ["--task", "mine", "--data", f"train={tmp_path}/t.csv", "--text", "text"]
        arguments += ["--label", "label", "--vocab_file", tmp_path / "v.txt"]
        arguments += ["--data_dir", tmp_path / "data", "--max_sequence_length", length, *more]
        run.main([*map(str, arguments)])
        return tmp_path / "data" / "mine" / f"msl{length}"

    return made


def test_a_text_becomes_windows_that_share_tokens(make, capsys):
    dataset = make(TRAIN, "--windows", "2", "--id", "id", "--num_shards", "2")
    rows = read_rows(dataset, "train")
    assert rows["input_ids"].tolist() == [
        [2, 4, 5, 6, 7, 8, 4, 3],  # the film a bad good the
        [2, 8, 4, 5, 6, 7, 8, 3],  # good the film a bad good
        [2, 7, 8, 4, 3, 0, 0, 0],  # bad good the
        [2, 8, 5, 3, 0, 0, 0, 0],
        [2, 3, 0, 0, 0, 0, 0, 0],
        [2, 4, 5, 6, 7, 8, 4, 3],
        [2, 8, 4, 5, 3, 0, 0, 0],
    ]
    assert rows["labels"].tolist() == [0, 0, 0, 1, 1, 0, 0]
    manifest = read_manifest(str(dataset))
    read = {kind: kind.read(str(dataset), "train", manifest) for kind in source_order.MAPS}
    assert read[source_order.DOCUMENTS].tolist() == [0, 0, 0, 1, 2, 3, 3]
    assert read[source_order.ROWS].tolist() == [[0, 2], [0, 3], [0, 5], [0, 6]]
    assert read[source_order.IDS] == ["A", "B", "C", "D"]
    split = manifest.splits["train"]
    assert (split.examples, split.documents, split.rows) == (7, 4, 4)
    assert [shard.examples for shard in split.shards] == [4, 3]  # two documents each
    assert split.length_histogram == {13: 1, 4: 1, 2: 1, 9: 1}
    assert manifest.record_lengths("train") == {8: 3, 5: 2, 4: 1, 2: 1}
    assert (split.truncated, split.label_counts) == (0, {"no": 2, "yes": 2})
    assert (manifest.windows, manifest.schema_version) == (2, 6)
    out = capsys.readouterr().out
    assert "\n4 documents in 2 shards\n" in out and "4 of 4 documents\n" in out
    assert "\nsplit                 documents    windows    [UNK]" in out
    assert "\ntrain                         4          7   0.000%" in out
    assert "max_sequence_length 8, windows that share 2 tokens\n" in out


def test_it_is_verified_and_shown(long_data, capsys):
    verify.main([str(long_data)])
    windows = [
        window for row in long_texts.rows(60, 1) for window in long_texts.windows(row["text"])
    ]
    assert f"train: {len(windows)} records in 3 files, 0 faults" in capsys.readouterr().out
    inspect_dataset.main([str(long_data)])
    shown = capsys.readouterr().out
    assert "max_sequence_length 8, windows that share 2 tokens\n" in shown
    assert f"\ntrain: {len(windows)} windows of 60 documents\n" in shown
    assert "no 32 (53.3%), yes 28 (46.7%)" in shown


def test_every_window_is_there(long_data):
    pieces = (long_data / "vocab.txt").read_text().split("\n")
    for split, texts in (("train", long_texts.rows(60, 1)), ("test", long_texts.rows(20, 3))):
        expected = [window for row in texts for window in long_texts.windows(row["text"])]
        assert spelt(pieces, read_rows(long_data, split)) == expected


def test_where_no_text_is_longer_the_records_are_the_same(make):
    content = "text,label\nthe film a bad good the,no\ngood,yes\n"
    shards = []
    for more in ((), ("--windows", "5", "--overwrite")):
        dataset = make(content, *more)
        shards.append((dataset / "train" / "train-00000-of-00001.tfrecord").read_bytes())
        manifest = json.loads((dataset / "manifest.json").read_text())
        is_cut = bool(more)
        assert (manifest["schema_version"], "documents" in manifest["splits"]["train"]) == (
            6 if is_cut else 4,
            is_cut,
        )
    assert shards[0] == shards[1]


@pytest.mark.parametrize("overlap", [1, 3, 9])
def test_windows_of_any_overlap(overlap):
    random = np.random.default_rng(overlap)
    texts = [random.integers(4, 99, size=size) for size in (*range(25), 300)]
    lengths = np.array([len(text) for text in texts])
    places, sizes, documents = windows.cut(lengths, 10, overlap)
    parts = np.split(np.concatenate(texts)[places], sizes.cumsum()[:-1])
    for number, text in enumerate(texts):
        first, *others = [part for part, of in zip(parts, documents, strict=True) if of == number]
        assert [*first, *(token for part in others for token in part[overlap:])] == list(text)
        assert all(len(part) == 10 for part in [first, *others][:-1])
        assert all(len(part) > overlap for part in others)


def test_several_labels_go_with_each_window(make):
    content = TRAIN.replace(",no", ",a|b").replace(",yes", ",b")
    dataset = make(content, "--windows", "2", "--labels", "several")
    both, one = [1, 1], [0, 1]
    assert read_rows(dataset, "train")["labels"].tolist() == [both] * 3 + [one] * 2 + [both] * 2
    assert read_manifest(str(dataset)).splits["train"].label_counts == {"a": 2, "b": 4}
    verify.main([str(dataset)])


def test_another_overlap_is_another_dataset(make, capsys):
    make(TRAIN, "--windows", "2", "--num_shards", "3")
    make(TRAIN, "--windows", "2", "--num_shards", "3")
    assert "is up to date" in capsys.readouterr().out
    for more, new in ((("--windows", "3"), "3"), ((), "none")):
        with pytest.raises(
            UserError, match=f"source windows: it has 2, this run would write {new}"
        ):
            make(TRAIN, *more, "--num_shards", "3")


@pytest.mark.parametrize(
    "more, length, message",
    [
        (
            ["--windows", "0"],
            8,
            "'0'; expected a whole number from 1 on, the tokens that two windo",
        ),
        (["--windows", "1.5"], 8, "windows .--windows. is '1.5'; expected a whole number"),
        (
            ["--windows", "6"],
            8,
            "is 6; with MSL=8 a window has 6 of a text's tokens, .* share at most 5",
        ),
        (["--windows", "1"], 3, "with MSL=3 a window has 1 of a text's tokens, .* share at most 0"),
        (["--windows", "2", "--text", "text,id"], 8, "but TEXT has two .text, id.; leave windows"),
    ],
)
def test_what_is_refused(make, more, length, message):
    with pytest.raises(UserError, match=message):
        make(TRAIN, *more, length=length)


def test_glue_has_none(demo_input, tmp_path):
    with pytest.raises(UserError, match="--windows: no effect without --data"):
        run.main(data_arguments(demo_input, tmp_path, "--windows", "2"))


@pytest.mark.parametrize(
    "stated, message", [("2", None), ("true", "windows .* is True"), ("x", "'x'")]
)
def test_the_yaml_file_has_the_key(tmp_path, stated, message):
    (tmp_path / "v.txt").write_text(VOCABULARY)
    (tmp_path / "t.csv").write_text(TRAIN)
    (tmp_path / "mine.yaml").write_text(
        f"data: {{train: t.csv}}\ntext: text\nlabel: label\nwindows: {stated}\n"
    )
    arguments = ["--task", "mine", "--data", tmp_path / "mine.yaml", "--max_sequence_length", "8"]
    arguments += ["--vocab_file", tmp_path / "v.txt", "--data_dir", tmp_path / "data"]
    if message:
        with pytest.raises(UserError, match=message):
            run.main([*map(str, arguments)])
        return
    run.main([*map(str, arguments)])
    assert read_manifest(str(tmp_path / "data" / "mine" / "msl8")).windows == 2


@pytest.fixture
def copy(long_data, tmp_path):
    return shutil.copytree(long_data, tmp_path / "copy")


def test_a_wrong_map_of_documents_is_found(copy, capsys):
    path = copy / "train" / "documents.npy"
    np.save(path, np.load(path)[::-1])
    with pytest.raises(FaultsFound):
        verify.main([str(copy)])
    assert f"{path}: has the sha256" in capsys.readouterr().out
    content = json.loads((copy / "manifest.json").read_text())
    content["splits"]["train"]["documents_sha256"] = sha256_of(str(path))
    (copy / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(FaultsFound):
        verify.main([str(copy)])
    fault = "does not hold the number of its row for each of 142 records, in order"
    assert f"{path}: {fault}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "key, message",
    [
        ("label_counts", "train: 32 documents have the label 'no', the manifest says 33"),
        ("length_histogram", "train: the lengths of the records differ from length_histogram"),
        ("truncated", "train: truncated is 1, expected 0"),
    ],
)
def test_the_counts_are_checked(copy, key, message, capsys):
    content = json.loads((copy / "manifest.json").read_text())
    split = content["splits"]["train"]
    if key == "label_counts":
        split[key]["no"] += 1
    elif key == "truncated":
        split[key] = 1
    else:
        split[key]["20"] = split[key].get("20", 0) + 1
    (copy / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(FaultsFound):
        verify.main([str(copy)])
    assert message in capsys.readouterr().out


@pytest.mark.parametrize(
    "truncated, columns, label, advice",
    [
        (5, ("text",), "label", None),
        (6, ("text",), "label", 'a longer MSL or windows (ARGS="--windows 16")'),
        (6, ("a", "b"), "label", "a longer MSL"),
        (6, ("text",), None, "a longer MSL"),  # GLUE's
    ],
)
def test_many_cut_texts_are_told(long_data, truncated, columns, label, advice):
    manifest = read_manifest(str(long_data))
    split = dataclasses.replace(
        manifest.splits["train"], examples=100, documents=None, truncated=truncated
    )
    manifest = dataclasses.replace(
        manifest, splits={"train": split}, text_columns=columns, source={"label": label}
    )
    told = f"train: 6.0% of the rows lose tokens at MSL=8; keep them with {advice}"
    assert list(data_quality.truncation(manifest)) == ([told] if advice else [])


def test_a_manifest_with_windows_needs_its_version(copy):
    content = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**content, "schema_version": 4}))
    with pytest.raises(UserError, match="has schema_version 4, expected 6. Rebuild"):
        read_manifest(str(copy))
