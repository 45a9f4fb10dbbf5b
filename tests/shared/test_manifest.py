import dataclasses
import json

import pytest

from shared.dataset_fit import check_run
from shared.errors import UserError
from shared.manifest import Manifest, Shard, Split, Vocabulary
from shared.manifest_file import read_manifest, write_manifest
from shared.shards import default_num_shards, shard_paths, shard_range

SPECIAL = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}


def a_manifest(**changes):
    split = Split(
        examples=2,
        shards=(Shard("train-00000-of-00001.tfrecord", 2, 100, "ab" * 32),),
        length_histogram={7: 1, 9: 1},
        truncated=1,
        unknown_share=0.25,
        label_counts={"no": 1, "yes": 1},
        unlabelled=0,
        index_sha256=None,
    )
    made = Manifest(
        task="sst2",
        source={"name": "tfds:glue/sst2", "version": "2.0.0", "splits": {}},
        text_columns=("sentence",),
        max_sequence_length=8,
        vocabulary=Vocabulary("v", 30, "cd" * 32, True, True, True, SPECIAL),
        label_names=("no", "yes"),
        splits={"train": split},
        versions={"tensorflow": "2.21.0"},
    )
    return dataclasses.replace(made, **changes)


def with_index(sha256):
    split = dataclasses.replace(a_manifest().splits["train"], index_sha256=sha256)
    return {"splits": {"train": split}}


@pytest.mark.parametrize("changes", [{}, {"label_names": None}, with_index("ef" * 32)])
def test_a_manifest_survives_the_round_trip(tmp_path, changes):
    made = a_manifest(**changes)
    write_manifest(str(tmp_path), made)
    assert read_manifest(str(tmp_path)) == made
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_the_file_has_sorted_keys_and_no_time(tmp_path):
    write_manifest(str(tmp_path), a_manifest())
    content = (tmp_path / "manifest.json").read_text()
    assert content == json.dumps(json.loads(content), sort_keys=True, indent=2) + "\n"


def test_the_fingerprint_leaves_out_the_versions_only():
    made = a_manifest()
    assert made.fingerprint() == a_manifest(versions={}).fingerprint()
    assert made.fingerprint() != a_manifest(**with_index("ef" * 32)).fingerprint()
    for name, value in (("max_sequence_length", 9), ("label_names", ("yes", "no"))):
        assert made.fingerprint() != a_manifest(**{name: value}).fingerprint()


def test_without_ids_bytes_and_fingerprint_are_those_of_before_there_were_ids(tmp_path):
    made = a_manifest()
    write_manifest(str(tmp_path), made)
    assert "ids_sha256" not in (tmp_path / "manifest.json").read_text()
    # Of the version before.
    assert made.fingerprint() == "bdbfd33221586f30c4a67d552d1dba18cb3529f8b053b4abc90549912beb099e"
    split = dataclasses.replace(made.splits["train"], ids_sha256="ef" * 32)
    with_ids = a_manifest(splits={"train": split})
    write_manifest(str(tmp_path), with_ids)
    assert read_manifest(str(tmp_path)) == with_ids != made
    assert with_ids.fingerprint() != made.fingerprint()


def test_the_folder_above_datasets_names_them(tmp_path):
    (tmp_path / "sst2" / "msl8").mkdir(parents=True)
    write_manifest(str(tmp_path / "sst2" / "msl8"), a_manifest())
    with pytest.raises(UserError, match="Datasets below it: .*sst2/msl8. Give one of them"):
        read_manifest(str(tmp_path))


def test_another_length_of_a_task_names_those_that_were_built(tmp_path):
    for length in (64, 128):
        (tmp_path / "mine" / f"msl{length}").mkdir(parents=True)
        write_manifest(str(tmp_path / "mine" / f"msl{length}"), a_manifest())
    with pytest.raises(
        UserError,
        match="msl72/manifest.json is missing. Task mine has datasets of MSL 64, 128: choose",
    ):
        read_manifest(str(tmp_path / "mine" / "msl72"))


def test_a_name_that_is_not_utf8_is_read_back_equal(tmp_path):
    made = dataclasses.replace(a_manifest(), source={"file": "donn\udce9es é.csv", "splits": {}})
    write_manifest(str(tmp_path), made)
    assert "donn\\udce9es é.csv" in (tmp_path / "manifest.json").read_text(encoding="utf-8")
    read = read_manifest(str(tmp_path))
    assert read == made and read.fingerprint() == made.fingerprint()


def test_a_folder_without_manifest_is_no_dataset(tmp_path):
    with pytest.raises(UserError, match="is not a complete dataset"):
        read_manifest(str(tmp_path))


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda text: text[:40], "is not valid JSON"),
        (lambda text: text.replace('"schema_version": 4', '"schema_version": 9'), "version 9"),
        # What was written before there was an index.
        (lambda text: text.replace('"schema_version": 4', '"schema_version": 3'), "version 3"),
        (
            lambda text: text.replace('"index_sha256": null', '"index_sha256": 7'),
            "is damaged: index_sha256 is 7",
        ),
        (lambda text: text.replace('"index_sha256": null,', ""), "is damaged: split has"),
        (lambda text: text.replace('"vocabulary"', '"dictionary"'), "is damaged"),
        (lambda text: text.replace('"truncated"', '"shortened"'), "is damaged"),
        (lambda text: "[]", "expected a mapping, found"),
        (
            lambda text: text.replace('"max_sequence_length": 8', '"max_sequence_length": "8"'),
            "is damaged: max_sequence_length is '8'",
        ),
        (lambda text: text.replace('"examples": 2', '"examples": 3', 1), "do not add up to"),
        (lambda text: text.replace('"train-0', '"../train-0'), "a shard's file has a path"),
        (lambda text: text.replace('"train-0', '"/train-0'), "a shard's file has a path"),
        (lambda text: text.replace('"train"', '".."'), r"splits are \['..'\], expected names"),
        (lambda text: text.replace('"train"', '"a/../.."'), r"expected names without a path"),
    ],
)
def test_a_damaged_manifest_is_one_message(tmp_path, damage, message):
    write_manifest(str(tmp_path), a_manifest())
    path = tmp_path / "manifest.json"
    path.write_text(damage(path.read_text()))
    with pytest.raises(UserError, match=message):
        read_manifest(str(tmp_path))


@pytest.mark.parametrize(
    "examples, shards",
    [(0, 1), (1, 1), (8192, 1), (8193, 2), (67349, 9), (524288, 64), (10**9, 64)],
)
def test_default_number_of_shards(examples, shards):
    assert default_num_shards(examples) == shards


@pytest.mark.parametrize("num_shards, examples", [(1, 0), (3, 10), (7, 7), (5, 3), (9, 67349)])
def test_shards_cover_all_rows_in_order_once(num_shards, examples):
    ranges = [shard_range(k, num_shards, examples) for k in range(num_shards)]
    assert [row for start, stop in ranges for row in range(start, stop)] == list(range(examples))
    sizes = [stop - start for start, stop in ranges]
    assert max(sizes) - min(sizes) <= 1


def test_every_disagreement_is_in_one_message():
    expected = {
        "task": ("mnli", "c.yaml"),
        "max_sequence_length": (72, "c.yaml"),
        "vocab_size": (30522, "c.yaml"),
        "vocab_sha256": ("00", "the checkpoint"),
        "lower_case": (False, "c.yaml"),
        "label_names": (("a", "b", "c"), "model"),
        "num_cls_classes": (3, "c.yaml"),
    }
    wrong_mask = a_manifest(mask_polarity="1 = token")
    with pytest.raises(UserError) as error:
        check_run("data/x", wrong_mask, expected)
    message = str(error.value)
    for name in [*expected, "mask"]:
        assert f"\n  {name}: the records have" in message
    assert "max_sequence_length: the records have 8, c.yaml says 72" in message
    assert "make data TASK=mnli MSL=72" in message


def test_what_a_run_leaves_open_is_no_disagreement():
    check_run("data/x", a_manifest(), {"task": (None, ""), "vocab_size": (30, "")})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"text_columns": ("a", "b", "c")}, "text_columns is"),
        ({"max_sequence_length": 1}, "max_sequence_length is 1"),
        ({"vocabulary": Vocabulary("v", 30, "", True, True, True, {"[PAD]": 0})}, "special_ids is"),
    ],
)
def test_numbers_that_make_no_record(tmp_path, changes, message):
    write_manifest(str(tmp_path), a_manifest(**changes))
    with pytest.raises(UserError, match=f"is damaged: {message}"):
        read_manifest(str(tmp_path))


@pytest.mark.parametrize("linked", ["train", "train/train-00000-of-00001.tfrecord"])
def test_a_shard_that_is_a_link_is_not_followed(tmp_path, linked):
    made, dataset = a_manifest(), tmp_path / "d"
    (tmp_path / "elsewhere" / "train").mkdir(parents=True)
    (tmp_path / "elsewhere" / "train" / "train-00000-of-00001.tfrecord").touch()
    (dataset / linked).parent.mkdir(parents=True)
    (dataset / linked).symlink_to(tmp_path / "elsewhere" / linked)
    with pytest.raises(UserError, match=f"{linked} is a link to .*elsewhere/{linked}, and may"):
        shard_paths(str(dataset), "train", made)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")  # of the whole, by the user
    assert shard_paths(str(tmp_path / "link"), "train", made)
