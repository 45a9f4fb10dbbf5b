"""Files of a dataset or a model folder that somebody else may have written: sizes and names in them
are looked at before they are followed."""

import dataclasses
import json
import struct

import numpy as np
import pytest

from shared import source_order
from shared.config import InputConfig
from shared.errors import UserError
from shared.files import sha256_of
from shared.manifest_file import read_manifest
from tests.inputs import GOLDEN
from tests.train.runs import arguments
from tests.train.tf_files import forge_index, masked_crc, save_tf
from train import run
from train.checkpoints import tensors
from train.data import in_memory, streaming
from train.pretrained.read import read

HUGE = 2**60  # bytes, more than any machine has: TensorFlow would end the program


def forge_length(shard):
    """Has the first record say that it is huge; the file's size and the checksum are right."""
    length = struct.pack("<Q", HUGE)
    content = shard.read_bytes()
    shard.write_bytes(length + masked_crc(length) + content[12:])


def test_a_record_that_says_it_is_huge(train, tmp_path, data_copy):
    manifest = read_manifest(str(data_copy))
    for split in ("train", "validation"):
        (shard,) = (data_copy / split).glob("*.tfrecord")
        forge_length(shard)
        message = f"{shard} has [0-9,]+ bytes for record 0, which should have 1,152,921,504,"
        with pytest.raises(UserError, match=message):
            in_memory.read_split(str(data_copy), split, manifest)
        options = InputConfig(batch_size=8, data_dir=str(data_copy))
        with pytest.raises(UserError, match=message):
            streaming.evaluation_batches(options, split, manifest)
    with pytest.raises(UserError, match="the rule: .*train/.* for record 0, which should have 1,1"):
        train(
            "train",
            tmp_path / "m",
            data=data_copy,
            config={"train_input": {"memory_limit_gb": 1e-9}},
        )


@pytest.mark.parametrize("shape", [(2**50,), (2**31, 3)])
def test_a_checkpoint_whose_index_says_more_than_its_data_hold(tmp_path, shape):
    prefix = str(tmp_path / "model.ckpt-1")
    save_tf(prefix, {"w": np.ones(3, np.float32)})
    assert tensors.read(prefix, ["w"])["w"].tolist() == [1, 1, 1]
    forge_index(prefix, "w", (3,), 12)
    with pytest.raises(UserError, match="Checksum does not match"):  # the forgery can be read
        tensors.read(prefix, ["w"])
    forge_index(prefix, "w", shape, 12)
    message = f"its index says {4 * np.prod(shape, dtype=int):,} bytes of variables, its data .* 12"
    for reader in (lambda path: tensors.read(path, ["w"]), read):
        with pytest.raises(UserError, match=message):
            reader(prefix)


def test_an_index_of_rows_whose_header_says_it_is_huge(data_copy):
    path, manifest = data_copy / "test" / "index.npy", read_manifest(str(data_copy))
    found = source_order.INDEX.read(str(data_copy), "test", manifest)
    np.testing.assert_array_equal(found, np.load(path))
    rows = f"({len(found)},), }}".encode()
    forged = path.read_bytes().replace(rows, f"({2**45},), }}".encode())
    path.write_bytes(forged)
    entry = dataclasses.replace(manifest.splits["test"], index_sha256=sha256_of(str(path)))
    problem = source_order.INDEX.fault(str(data_copy), "test", entry)
    assert problem == "is not a NumPy file (mmap length is greater than file size)"


@pytest.mark.parametrize("name", ["../model.safetensors", "/model.safetensors", "..", "a\0b"])
def test_a_list_of_shards_that_leads_out_of_its_folder(copy_of, name):
    folder = copy_of(GOLDEN / "hf" / "pretrained")
    (folder / "model.safetensors").rename(folder.parent / "model.safetensors")
    content = {"weight_map": {"embeddings": name}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="index.json names .*, expected files beside it"):
        read(str(folder))


@pytest.mark.parametrize("ending", ["index", "data-00000-of-00001"])
def test_a_trained_model_whose_checkpoint_is_a_link(trained, demo_data, ending):
    path = trained / f"model.ckpt-12.{ending}"
    path.rename(trained.parent / "elsewhere")
    path.symlink_to(trained.parent / "elsewhere")
    with pytest.raises(UserError, match=rf"{path} is a link to .*elsewhere, and may have been put"):
        run.main(arguments("eval", trained, trained / "params.yaml", demo_data))


def test_a_shard_that_is_a_link(trained, data_copy):
    (shard,) = (data_copy / "validation").glob("*.tfrecord")
    shard.rename(data_copy.parent / "elsewhere")
    shard.symlink_to(data_copy.parent / "elsewhere")
    with pytest.raises(
        UserError, match=rf"{shard} is a link to .*elsewhere, and may have been put"
    ):
        run.main(arguments("eval", trained, trained / "params.yaml", data_copy))
