"""Tensors on disk: reads and writes safetensors files, whole or in shards, with numpy alone.

    file    u64 little-endian length of the header, header (JSON), data
    header  {"__metadata__": {...}, NAME: {"dtype", "shape", "data_offsets": [begin, end]}, ...}

BF16 lives in numpy as its bits (uint16): `from_bf16` widens them exactly, `to_bf16` rounds half to
even.
"""
import json
import os
import struct

import numpy as np

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
DTYPES = {"BF16": "<u2", "F16": "<f2", "F32": "<f4", "I8": "i1", "I32": "<i4", "I64": "<i8"}  # uint16 arrays are always BF16 bits
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}


def from_bf16(bits):
    """The float32 values of BF16 bits; exact."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_bf16(values):
    """BF16 bits of finite float32 values, rounded to nearest, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def read_file(path):
    """{name: array} of one safetensors file; arrays are read-only views of the mapped file."""
    data = np.memmap(path, np.uint8, "r")
    (length,) = struct.unpack("<Q", data[:8].tobytes())
    header = json.loads(data[8 : 8 + length].tobytes())
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = data[begin:end].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def read_folder(folder):
    """{name: array} of a model folder: model.safetensors, or every shard that its index names."""
    index = os.path.join(folder, INDEX)
    files = [SINGLE]
    if os.path.exists(index):
        with open(index) as f:
            files = sorted(set(json.load(f)["weight_map"].values()))
    tensors = {}
    for file in files:
        tensors.update(read_file(os.path.join(folder, file)))
    return tensors


def write_file(path, tensors):
    """Writes {name: array}: wide types first, for their alignment, and by name among equals."""
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name in order:
        tensor = tensors[name]
        end = offset + tensor.nbytes
        header[name] = {
            "dtype": NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)  # the data begins at a multiple of 64 bytes
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            f.write(np.ascontiguousarray(tensors[name]).tobytes())


def write_shards(folder, tensors, limit_bytes):
    """Writes model-0000i-of-0000n.safetensors and their index.

    n is the least count from 2 on that keeps every shard under `limit_bytes`.
    """
    total = sum(tensor.nbytes for tensor in tensors.values())
    n_shards = 2
    while max(shard_bytes(shards := deal(tensors, total, n_shards))) >= limit_bytes:
        n_shards += 1
    weight_map = {}
    for i, shard in enumerate(shards):
        file = f"model-{i + 1:05}-of-{n_shards:05}.safetensors"
        write_file(os.path.join(folder, file), shard)
        weight_map.update(dict.fromkeys(shard, file))
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    with open(os.path.join(folder, INDEX), "w") as f:
        f.write(json.dumps(index, indent=1) + "\n")


def deal(tensors, total, n_shards):
    """n even shards of the tensors in order of their names; the first byte decides for a tensor."""
    shards, begin = [{} for _ in range(n_shards)], 0
    for name in sorted(tensors):
        shards[begin * n_shards // total][name] = tensors[name]
        begin += tensors[name].nbytes
    return shards


def shard_bytes(shards):
    return [sum(tensor.nbytes for tensor in shard.values()) for shard in shards]
