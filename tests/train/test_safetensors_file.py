"""A .safetensors file read with NumPy alone: by hand, against the library, and each damage."""

import json
import os
import struct

import ml_dtypes
import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from shared.errors import UserError
from train.pretrained import safetensors_file
from train.pretrained.safetensors_file import read

DTYPES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32",
          "uint16", "uint8", "bool")  # fmt: skip
SHAPES = ((3, 5), (7,), (), (0, 4), (2, 1, 3))
# Three tensors side by side: 8, 4 and 2 bytes.
ENTRIES = {
    "a": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},
    "b": {"dtype": "BF16", "shape": [2], "data_offsets": [8, 12]},
    "c": {"dtype": "F16", "shape": [], "data_offsets": [12, 14]},
}
# 1, -2 as float32; 1, -2 as bfloat16; 1.5 as float16: little-endian, by the definition of IEEE 754.
DATA = bytes.fromhex("0000803f 000000c0 803f 00c0 003e")


def file_bytes(header, data=DATA):
    """The file of a header, which is JSON or bytes that should be."""
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + data


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert found[name].tobytes() == array.tobytes(), name  # NaN and -0 too


def test_a_file_written_by_hand(path):
    empty = {"dtype": "I64", "shape": [2, 0], "data_offsets": [8, 8]}
    texts = {"format": "pt"}
    header = {**dict(reversed(ENTRIES.items())), "empty": empty, "__metadata__": texts}
    path.write_bytes(file_bytes(header))  # in an order that is not the data's
    found = read(str(path))
    path.unlink()  # the arrays need it no more
    expected = {
        "a": np.array([[1, -2]], np.float32),
        "b": np.array([1, -2], np.float32),
        "c": np.array(1.5, np.float16),
        "empty": np.zeros((2, 0), np.int64),
    }
    assert_same(found, expected)
    assert all(array.flags.owndata or array.base.flags.owndata for array in found.values())


@pytest.mark.parametrize("header, data", [(b"{}", b""), (b'{"__metadata__": {}}  ', b"")])
def test_a_file_without_tensors(path, header, data):
    path.write_bytes(file_bytes(header, data))
    assert read(str(path)) == {}


def test_every_dtype_and_shape_against_the_library(path):
    generator = np.random.default_rng(5)
    tensors = {}
    for dtype in DTYPES:
        for shape in SHAPES:
            raw = generator.integers(0, 256, (*shape, np.dtype(dtype).itemsize), np.uint8)
            values = (raw % 2) if dtype == "bool" else raw  # else any bits
            tensors[f"{dtype} {shape}"] = values.view(dtype).reshape(shape)
    save_file(tensors, path, metadata={"format": "pt"})
    assert_same(read(str(path)), load_file(path))
    assert_same(read(str(path)), tensors)


def test_every_bfloat16_there_is(path):
    """All 65,536, NaN and infinities among them."""
    bits = np.arange(2**16, dtype=np.uint16).reshape(2, -1)
    save_file({"b": bits.view(ml_dtypes.bfloat16)}, path)
    found = read(str(path))["b"]
    assert_same({"b": found}, {"b": (bits.astype(np.uint32) << 16).view(np.float32)})
    np.testing.assert_array_equal(found, load_file(path)["b"].astype(np.float32))


def test_a_header_of_odd_length(path):
    """Older versions of the library did not pad it: no tensor is aligned in the file."""
    header = json.dumps(ENTRIES).encode()
    header += b" " * (1 - len(header) % 2)
    path.write_bytes(file_bytes(header))
    assert len(header) % 2 == 1
    found = read(str(path))
    assert found["a"].tolist() == [[1, -2]] and found["b"].tolist() == [1, -2]
    assert all(array.flags.aligned for array in found.values())


def test_dtypes_that_numpy_lacks(path):
    save_file({"w": np.ones((2, 2), ml_dtypes.float8_e4m3fn)}, path)
    message = f"^{path} has w as F8_E4M3; use a checkpoint that is not quantized$"
    with pytest.raises(UserError, match=message):
        read(str(path))
    path.write_bytes(file_bytes({"w": {"dtype": "X9", "shape": [1], "data_offsets": [0, 14]}}))
    with pytest.raises(UserError, match="has w as X9;"):
        read(str(path))


def changed(**changes):
    """A file of ENTRIES whose `a` is changed."""
    return file_bytes({**ENTRIES, "a": {**ENTRIES["a"], **changes}})


WHOLE = file_bytes(ENTRIES)
LENGTH = len(WHOLE) - 8 - len(DATA)
EMPTY = {"dtype": "F32", "shape": [0], "data_offsets": [4, 4]}
DAMAGES = {
    "no bytes": (b"", "it has 0 bytes, expected 8 for its header alone;"),
    "within the length": (WHOLE[:7], "it has 7 bytes, expected "),
    "within the header": (WHOLE[:100], f"it has 100 bytes, expected {8 + LENGTH} for "),
    "within the last tensor": (WHOLE[:-1], "c ends at byte 14 of the data, which has 13"),
    "within the first tensor": (WHOLE[:-14], "a ends at byte 8 of the data, which has 0"),
    "longer": (WHOLE + b"\0\0", "2 bytes follow its last tensor"),
    "huge length": (b"\xff" * 8 + WHOLE[8:], f"expected {2**64 + 7} for "),
    "zeros": (b"\0" * 100, "its header is not JSON (Expecting value"),
    "no JSON": (file_bytes(b"{'a'}"), "its header is not JSON (Expecting property name"),
    "no UTF-8": (file_bytes(b'{"\xff": 1}'), "its header is not JSON ('utf-8' codec"),
    "UTF-16": (file_bytes("{}".encode("utf-16")), "its header is not JSON ('utf-8' codec"),
    "deep": (file_bytes(b"[" * 10**5), "its header is not JSON (maximum recursion depth"),
    "list": (file_bytes([]), "its header is not {tensor: {dtype, shape, data_offsets}}"),
    "no entry": (file_bytes({"a": 3}), "a is 3 in its header, expected {"),
    "no dtype": (file_bytes({"a": {"shape": [], "data_offsets": [0, 4]}}), "a is {'shape': [], "),
    "dtype": (changed(dtype=["F32"]), "a is {'dtype': ['F32'], "),
    "shape": (changed(shape=2), "a is {'dtype': 'F32', 'shape': 2, "),
    "negative": (changed(shape=[-1, -2]), "'shape': [-1, -2], "),
    "float": (changed(shape=[1.0, 2]), "'shape': [1.0, 2], "),
    "truth": (changed(shape=[True, 2]), "'shape': [True, 2], "),
    "one offset": (changed(data_offsets=[8]), "'data_offsets': [8]} in its header"),
    "negative offset": (changed(data_offsets=[-8, 0]), "'data_offsets': [-8, 0]} in its header"),
    "fewer": (changed(shape=[1]), "a is at bytes 0 to 8 of the data, expected 4 bytes for "
              "F32 [1];"),
    "more": (changed(shape=[2, 2]), "a is at bytes 0 to 8 of the data, expected 16 bytes for "
             "F32 [2, 2];"),
    "backwards": (changed(data_offsets=[8, 0]), "a is at bytes 8 to 0 of the data, expected 8 "),
    "overflow": (changed(shape=[2**32, 2**32]), f"expected {2**66} bytes for"),
    "hole before": (changed(shape=[1], data_offsets=[4, 8]), "a begins at byte 4 of the data, "
                    "expected 0;"),
    "hole between": (changed(shape=[1], data_offsets=[0, 4]), "b begins at byte 8 of the data, "
                     "expected 4;"),
    "overlap": (changed(shape=[3], data_offsets=[0, 12]), "b begins at byte 8 of the data, "
                "expected 12;"),
    "shared": (file_bytes({**ENTRIES, "d": ENTRIES["b"]}), "d begins at byte 8 of the data, "
               "expected 12;"),
    "empty inside": (file_bytes({**ENTRIES, "d": EMPTY}), "d begins at byte 4 of the data, "),
    "beyond": (changed(shape=[50], data_offsets=[14, 214]), "b begins at byte 8 of the data, "),
    "long axes": (file_bytes({"a": {**EMPTY, "shape": [0, 2**70], "data_offsets": [0, 0]}}, b""),
                  "a: "),
    "many axes": (file_bytes({"a": {**EMPTY, "shape": [1] * 99, "data_offsets": [0, 4]}}, b"1234"),
                  "a: maximum supported dimension"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_one_message(path, damage):
    content, fault = DAMAGES[damage]
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read(str(path))
    message = str(error.value)
    assert message.startswith(f"cannot read {path}: ") and fault in message
    assert message.endswith("; copy or convert it again") and "\n" not in message
    with pytest.raises((SafetensorError, ValueError)):  # the library agrees
        load_file(path)


def test_a_file_that_is_cut_while_it_is_read(path, monkeypatch):
    entry = {"dtype": "U8", "shape": [10**5], "data_offsets": [0, 10**5]}
    path.write_bytes(file_bytes({"w": entry}, bytes(10**5)))
    monkeypatch.setattr(safetensors_file, "_check_cover", lambda *_: os.truncate(path, 10**5))
    with pytest.raises(UserError, match="it became shorter while w was being read;"):
        read(str(path))


def test_every_cut_is_noticed(path):
    for length in range(len(WHOLE)):
        path.write_bytes(WHOLE[:length])
        with pytest.raises(UserError, match="^cannot read .*; copy or convert it again$"):
            read(str(path))


def test_a_file_that_the_system_does_not_give(tmp_path):
    with pytest.raises(UserError, match=r"gone: No such file or directory; copy or convert"):
        read(str(tmp_path / "gone"))
    with pytest.raises(UserError, match="Is a directory; copy or convert it again"):
        read(str(tmp_path))
