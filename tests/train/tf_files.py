"""TensorFlow checkpoints as other programs write them."""

import struct

import google_crc32c
import tensorflow as tf
from tensorflow.core.protobuf import tensor_bundle_pb2

from train.checkpoints import tensors as checkpoint


def save_tf(prefix, tensors):
    """Writes a TensorFlow checkpoint."""
    names = sorted(tensors)
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names),
                      tensors=[tf.constant(tensors[name]) for name in names])  # fmt: skip


def load_tf(prefix):
    names = [name for name, _ in tf.train.list_variables(str(prefix))]
    return checkpoint.read(str(prefix), names)


def masked_crc(content):
    """The checksum of TFRecord files and of checkpoints' index files, 4 bytes."""
    crc = google_crc32c.value(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def forge_index(prefix, name, shape, size):
    """Writes an index file by which the data file holds a float32 variable of this shape, in `size`
    bytes; a table as in tensorflow/core/lib/io/table_format.txt, each block without compression."""
    header = tensor_bundle_pb2.BundleHeaderProto(num_shards=1)
    header.version.producer = 1
    entry = tensor_bundle_pb2.BundleEntryProto(dtype=1, size=size)
    for length in shape:
        entry.shape.dim.add(size=length)
    content, handles = b"", []
    entries = [(b"", header.SerializeToString()), (name.encode(), entry.SerializeToString())]
    for rows in (entries, [], None):
        block = _block([(name.encode(), handles[0])] if rows is None else rows)
        handles.append(_varint(len(content)) + _varint(len(block)))
        content += block + b"\0" + masked_crc(block + b"\0")
    footer = (handles[1] + handles[2]).ljust(40, b"\0")
    with open(f"{prefix}.index", "wb") as file:
        file.write(content + footer + struct.pack("<Q", 0xDB4775248B80FB57))


def _block(entries):
    """Keys that share no beginning, so that one restart, at 0, is enough."""
    rows = [
        _varint(0) + _varint(len(key)) + _varint(len(value)) + key + value for key, value in entries
    ]
    return b"".join(rows) + struct.pack("<II", 0, 1)


def _varint(number):
    """Seven bits in each byte, the lowest first."""
    rest = number >> 7
    return bytes([number & 127 | 128]) + _varint(rest) if rest else bytes([number])
