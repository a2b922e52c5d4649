"""4-bit weights in the forms that checkpoints have, written and read; numpy alone.

A matrix W [N, K] becomes q 0..15 [N, K], and a scale s and a zero point z for each output and group
of inputs, [N, G]:  W[n][k] = (q[n][k] - z[n][k // group]) * s[n][k // group].

    form        tensors of X, I32 words of 8 values, the lowest 4 bits first
    ct          X.weight_packed [N, K/8], X.weight_scale [N, G], X.weight_shape; z = 8
    ct-zeros    and X.weight_zero_point [N/8, G]
    awq         X.qweight [K, N/8], X.qzeros [G, N/8], X.scales [G, N]; words of outputs 0 2 4 6 1 3 5 7
    gptq        X.qweight [K/8, N], X.qzeros [G, N/8] of z - 1, X.scales [G, N], X.g_idx [K]; z = 8
    gptq-zeros  the same with any z

Scales are rounded to bf16, which F16 holds exactly, so that no reader has to round them.
"""
import numpy as np

import tensors as tensor_file

GROUP = 128
FORMS = ("ct", "ct-zeros", "awq", "gptq", "gptq-zeros")
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def quantized(w, has_zeros):
    """(q, s, z) of float32 W."""
    n, k = w.shape
    groups = w.reshape(n, k // GROUP, GROUP)
    if has_zeros:
        low, high = np.minimum(groups.min(-1), 0), np.maximum(groups.max(-1), 0)
        s = (high - low) / 15
    else:
        s = np.abs(groups).max(-1) / 7.5
    s = tensor_file.from_bf16(tensor_file.to_bf16(s.astype(np.float32)))
    z = np.rint(-low / s).clip(1, 15) if has_zeros else np.full_like(s, 8)
    q = (np.rint(groups / s[..., None]) + z[..., None]).clip(0, 15)
    return q.reshape(n, k).astype(np.int64), s, z.astype(np.int64)


def dequantized(q, s, z):
    """float32 W; exact, as its factors have 5 and 8 bits."""
    return ((q - z.repeat(GROUP, -1)) * s.repeat(GROUP, -1)).astype(np.float32)


def packed(values, order=range(8)):
    """I32 words of 8 neighbours in the last axis, in that order."""
    eights = values.reshape(*values.shape[:-1], -1, 8)
    words = sum(eights[..., place].astype(np.uint32) << (4 * i) for i, place in enumerate(order))
    return words.astype(np.uint32).view(np.int32)


def unpacked(words, order=range(8)):
    out = np.empty((*words.shape, 8), np.int64)
    for i, place in enumerate(order):
        out[..., place] = words.view(np.uint32) >> np.uint32(4 * i) & 15
    return out.reshape(*words.shape[:-1], -1)


def write(form, q, s, z):
    """{suffix: tensor} of one module."""
    n, k = q.shape
    if form.startswith("ct"):
        out = {
            "weight_packed": packed(q),
            "weight_scale": tensor_file.to_bf16(s),
            "weight_shape": np.array([n, k], np.int64),
        }
        if form == "ct-zeros":
            out["weight_zero_point"] = np.ascontiguousarray(packed(z.T).T)
        return out
    scales = np.ascontiguousarray(s.T).astype(np.float16)
    if form == "awq":
        return {
            "qweight": packed(q.T, AWQ_ORDER),
            "qzeros": packed(z.T, AWQ_ORDER),
            "scales": scales,
        }
    return {
        "qweight": np.ascontiguousarray(packed(q).T),
        "qzeros": packed(z.T - 1),
        "scales": scales,
        "g_idx": (np.arange(k) // GROUP).astype(np.int32),
    }


def read(form, get):
    """(q, s, z) of one module; get(suffix) is a tensor or None."""
    if form.startswith("ct"):
        q, s = unpacked(get("weight_packed")), tensor_file.from_bf16(get("weight_scale"))
        words = get("weight_zero_point")
        return q, s, np.full(s.shape, 8) if words is None else unpacked(words.T).T
    s = get("scales").T.astype(np.float32)
    if form == "awq":
        q, z = (unpacked(get(name), AWQ_ORDER) for name in ("qweight", "qzeros"))
        return q.T, s, z.T
    return unpacked(get("qweight").T), s, unpacked(get("qzeros")).T + 1


def quantization_config(form):
    if form.startswith("ct"):
        weights = {
            "num_bits": 4,
            "type": "int",
            "symmetric": form == "ct",
            "strategy": "group",
            "group_size": GROUP,
            "actorder": None,
        }
        group = {"targets": ["Linear"], "weights": weights, "input_activations": None}
        return {
            "quant_method": "compressed-tensors",
            "format": "pack-quantized",
            "quantization_status": "compressed",
            "config_groups": {"group_0": group},
            "ignore": ["lm_head"],
        }
    if form == "awq":
        return {
            "quant_method": "awq",
            "bits": 4,
            "group_size": GROUP,
            "zero_point": True,
            "version": "gemm",
        }
    return {
        "quant_method": "gptq",
        "bits": 4,
        "group_size": GROUP,
        "desc_act": False,
        "sym": form == "gptq",
        "checkpoint_format": "gptq",
    }


def form_of(config):
    """The form that quantization_config() says, or None."""
    for form in FORMS:
        if config.get("quantization_config") == quantization_config(form):
            return form
    return None


def write_weights(form, weights):
    """Stored tensors of BF16 ones; the matrices of layers get 4 bits."""
    out = {}
    for name, tensor in weights.items():
        if not name.endswith("_proj.weight"):
            out[name] = tensor
            continue
        module = name.removesuffix("weight")
        parts = quantized(tensor_file.from_bf16(tensor), form in ("ct-zeros", "awq", "gptq-zeros"))
        for suffix, part in write(form, *parts).items():
            out[module + suffix] = part
        if form.startswith("gptq"):  # as AutoGPTQ has it
            out[module + "bias"] = np.zeros(len(tensor), np.float16)
    return out


def read_weights(form, stored):
    """float32 matrices by their plain names, and the tensors that are not of them."""
    first = ".weight_packed" if form.startswith("ct") else ".qweight"
    modules = [name.removesuffix(first) for name in stored if name.endswith(first)]
    weights = {}
    for module in modules:
        parts = read(form, lambda suffix: stored.get(f"{module}.{suffix}"))
        weights[module + ".weight"] = dequantized(*parts)
    prefixes = tuple(module + "." for module in modules)
    others = {n: t for n, t in stored.items() if n.endswith(".bias") or not n.startswith(prefixes)}
    return weights, others
