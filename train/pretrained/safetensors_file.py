"""Reads a .safetensors file with NumPy alone: Cerebras' container lacks the safetensors library.

The format, from "Format" in the README of https://github.com/huggingface/safetensors: 8 bytes, the
length of the header as a little-endian unsigned integer; the header, JSON in UTF-8,
{tensor: {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}} and, under __metadata__,
texts; then the data, little-endian, in row-major order. Offsets count from the data's first byte.
The tensors cover the data without gaps or overlaps.
"""

import functools
import json
import operator
import os
from typing import Any, BinaryIO, Dict, List, NamedTuple, Tuple

import numpy as np

from shared.errors import UserError
from shared.files import check_is_no_pointer

_LENGTH_BYTES = 8
_METADATA = "__metadata__"
# {in the file: NumPy's}
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # the upper half of a float32's bits; NumPy has no such float
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}


class _Tensor(NamedTuple):
    """An entry of the header."""

    name: str
    dtype: str
    shape: Tuple[int, ...]
    begin: int
    end: int


def read(path: str) -> Dict[str, np.ndarray]:
    """All tensors of a file.

    Returns:
      {name: array} in the file's dtypes, except that bfloat16 becomes float32, which is exact. The
      arrays are independent of the file and of one another.
    Raises:
      UserError: the file is missing, damaged or incomplete, or holds a dtype that NumPy lacks.
    """
    try:
        check_is_no_pointer(path)
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            header, data_bytes = _header(file, size, path)
            tensors = _tensors(header, path)
            _check_cover(tensors, data_bytes, path)
            return {tensor.name: _array(file, tensor, path) for tensor in tensors}
    except OSError as error:
        raise _damaged(path, error.strerror) from None


def _damaged(path: str, fault: str) -> UserError:
    return UserError(f"cannot read {path}: {fault}; copy or convert it again")


def _header(file: BinaryIO, size: int, path: str) -> Tuple[Dict[str, Any], int]:
    """The header, and how many bytes follow it; leaves the file at the first of them."""
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    data_bytes = size - _LENGTH_BYTES - length
    if data_bytes < 0:
        fault = f"it has {size} bytes, expected {_LENGTH_BYTES + length} for its header alone"
        raise _damaged(path, fault)
    try:
        header = json.loads(file.read(length).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"its header is not JSON ({error})") from None
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not {tensor: {dtype, shape, data_offsets}}")
    return header, data_bytes


def _tensors(header: Dict[str, Any], path: str) -> List[_Tensor]:
    """The entries in the order of their data; at the same position, empty ones come first."""
    tensors = [_tensor(name, header[name], path) for name in header if name != _METADATA]
    return sorted(tensors, key=lambda tensor: (tensor.begin, tensor.end))


def _tensor(name: str, content: Any, path: str) -> _Tensor:
    try:
        dtype, shape = content["dtype"], tuple(content["shape"])
        begin, end = content["data_offsets"]
        is_valid = isinstance(dtype, str) and all(map(_is_count, (*shape, begin, end)))
    except (KeyError, TypeError, ValueError):
        is_valid = False
    if not is_valid:
        expected = '{"dtype": <text>, "shape": [<counts>], "data_offsets": [<begin>, <end>]}'
        raise _damaged(path, f"{name} is {content!r} in its header, expected {expected}")
    tensor = _Tensor(name, dtype, shape, begin, end)
    _check_size(tensor, path)
    return tensor


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0  # True is an int too


def _check_size(tensor: _Tensor, path: str) -> None:
    name, dtype, shape, begin, end = tensor
    if dtype not in _DTYPES:
        raise UserError(f"{path} has {name} as {dtype}; use a checkpoint that is not quantized")
    expected = functools.reduce(operator.mul, shape, np.dtype(_DTYPES[dtype]).itemsize)
    if end - begin != expected:
        place = f"{name} is at bytes {begin} to {end} of the data"
        raise _damaged(path, f"{place}, expected {expected} bytes for {dtype} {list(shape)}")


def _check_cover(tensors: List[_Tensor], data_bytes: int, path: str) -> None:
    """Rejects gaps, overlaps, and data that ends before or after its last tensor."""
    position = 0
    for tensor in tensors:
        if tensor.begin != position:
            fault = f"{tensor.name} begins at byte {tensor.begin} of the data, expected {position}"
            raise _damaged(path, fault)
        position = tensor.end
        if position > data_bytes:
            fault = f"{tensor.name} ends at byte {position} of the data, which has {data_bytes}"
            raise _damaged(path, fault)
    if position < data_bytes:
        raise _damaged(path, f"{data_bytes - position} bytes follow its last tensor")


def _array(file: BinaryIO, tensor: _Tensor, path: str) -> np.ndarray:
    """The tensor whose data comes next in the file."""
    try:
        array = np.empty(tensor.shape, _DTYPES[tensor.dtype])
    except ValueError as error:  # more axes, or longer ones, than NumPy supports
        raise _damaged(path, f"{tensor.name}: {error}") from None
    if file.readinto(array) != array.nbytes:  # it is just being written
        raise _damaged(path, f"it became shorter while {tensor.name} was being read")
    return _widened(array) if tensor.dtype == "BF16" else array


def _widened(upper_halves: np.ndarray) -> np.ndarray:
    """float32 of the same shape, whose lower 16 bits are 0."""
    bits = upper_halves.astype("<u4")
    bits <<= 16
    return bits.view("<f4")
