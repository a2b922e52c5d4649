#!/usr/bin/env python3
"""Makes an int8 model folder from a bf16 one:  quantize.py SOURCE OUT

Weight-only, the compressed-tensors form `int-quantized`: each matrix `X.weight` [N, K] of a Linear
or Embedding becomes I8 and gets `X.weight_scale`, BF16 [N, 1]. Norms and gate projections are
copied as they are.

The rounding, exactly, so that another program can produce the same bytes. For each row of N:
    absmax = max |w|                   w widened from bf16 to float32: exact
    scale  = bf16(absmax / 127)        one float32 division; rounded to nearest, ties to even;
                                       1.0 where this is 0
    q      = rint(w / float32(scale))  one float32 division; rounded to nearest, ties to even;
                                       clamped to -127..127
The clamp is for subnormal scales alone: a normal bf16 scale is at most 1/256 of itself too small,
and 127 * (1 + 1/256) still rounds to 127. Shards are dealt and ordered as tensors.py says.
"""
import argparse
import json
import os
import shutil

import numpy as np

import tensors as tensor_file

SHARD_LIMIT_BYTES = 50_000_000
COPIED = ("generation_config.json", "tokenizer.model", "tokenizer_config.json")


def quantized_row_wise(bits):
    """(I8 [N, K], BF16 scale [N, 1]) of a BF16 matrix [N, K]."""
    w = tensor_file.from_bf16(bits)
    absmax = np.abs(w).max(-1, keepdims=True)
    scale = tensor_file.to_bf16(absmax / np.float32(127))
    scale[scale == 0] = tensor_file.to_bf16(1.0)
    q = np.rint(w / tensor_file.from_bf16(scale)).clip(-127, 127)
    return q.astype(np.int8), scale


def is_quantized(name, tensor):
    """Linear and Embedding matrices are; norms (vectors) and gate projections are not."""
    return tensor.ndim == 2 and "gate_projections" not in name


def quantized(tensors):
    out = {}
    for name, tensor in tensors.items():
        if is_quantized(name, tensor):
            out[name], out[name + "_scale"] = quantized_row_wise(tensor)
        else:
            out[name] = tensor
    return out


def quantization_config(tensors):
    ignored = {
        n.rsplit(".", 1)[0] for n, t in tensors.items() if t.ndim == 2 and not is_quantized(n, t)
    }
    weights = {
        "num_bits": 8,
        "type": "int",
        "symmetric": True,
        "strategy": "channel",
        "dynamic": False,
    }
    return {
        "quant_method": "compressed-tensors",
        "format": "int-quantized",
        "quantization_status": "compressed",
        "config_groups": {
            "group_0": {
                "targets": ["Linear", "Embedding"],
                "weights": weights,
                "input_activations": None,
            }
        },
        "ignore": sorted(ignored, key=lambda name: int(name.rsplit(".", 1)[1])),
    }


def write_int8_folder(source, out, shard_limit_bytes=SHARD_LIMIT_BYTES):
    os.makedirs(out, exist_ok=True)
    tensors = tensor_file.read_folder(source)
    tensor_file.write_shards(out, quantized(tensors), shard_limit_bytes)
    with open(os.path.join(source, "config.json")) as f:
        config = json.load(f)
    config["quantization_config"] = quantization_config(tensors)
    with open(os.path.join(out, "config.json"), "w") as f:
        f.write(json.dumps(config, indent=2) + "\n")
    for name in COPIED:
        if os.path.exists(os.path.join(source, name)):
            shutil.copyfile(os.path.join(source, name), os.path.join(out, name))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="bf16 model folder -> int8 model folder")
    parser.add_argument("source")
    parser.add_argument("out")
    arguments = parser.parse_args()
    write_int8_folder(arguments.source, arguments.out)
