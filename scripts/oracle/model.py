"""The oracle: Llama, Qwen2 and IQuestLoopCoder forward passes in numpy float32, written to be read.

    model = Model.load(folder)
    rows = model.logits(model.hidden(tokens))        # tokens: Tokens (below); float32 [T, V]

No cache, no chunks, dense masks: everything is computed from the definition each time. Whatever the
weights are stored as (BF16, F32, I8 with one BF16 scale a row, or 4 bits: int4.py), the sums are float32 on the
dequantised values.
Letters: T tokens, H query heads, Hk key heads, D head dim, C model dim, V vocab.
"""
import copy
import dataclasses
import json
import os

import numpy as np

import int4
import tensors as tensor_file

MINUS_INF = np.float32(-np.inf)


@dataclasses.dataclass
class Tokens:
    """Segments laid end to end: any number of context Segments, then one active Segment."""

    input_ids: list
    position_ids: list  # from 0 in a context Segment, from active_position_offset in the active one
    segment_ids: list  # every Segment has its own number
    active: list  # 1 for tokens of the active Segment
    visible: list  # may the active Segment see it? 0 only for dropped tokens of a released Segment

    def append(self, ids, position, segment, active, visible):
        """Adds one Segment, or more of the last one; `position` is that of ids[0]."""
        n = len(ids)
        self.input_ids += ids
        self.position_ids += range(position, position + n)
        self.segment_ids += [segment] * n
        self.active += [active] * n
        self.visible += visible

    def extended(self, ids):
        """A copy with `ids` appended to the active Segment."""
        longer = copy.deepcopy(self)
        longer.append(ids, self.position_ids[-1] + 1, self.segment_ids[-1], 1, [1] * len(ids))
        return longer


def masks(tokens, window):
    """What each query may see, as biases on the scores: (global, local), float32 [T, T], 0 or -inf.

    global: the own Segment up to the token; from the active Segment also every visible token.
    local: the last `window` tokens of the own Segment, the current one counted.
    """
    segment = np.asarray(tokens.segment_ids)
    active, visible = np.asarray(tokens.active, bool), np.asarray(tokens.visible, bool)
    i = np.arange(len(segment))
    causal = i[:, None] >= i[None, :]
    same = segment[:, None] == segment[None, :]
    near = i[:, None] - i[None, :] < window
    sees = causal & (same | (active[:, None] & visible[None, :]))
    return tuple(np.where(m, np.float32(0), MINUS_INF) for m in (sees, causal & same & near))


def rope(x, positions, theta):
    """x [T, H, D] rotated to its positions, float32; half a head turns against the other half."""
    half = x.shape[-1] // 2
    exponents = np.arange(half, dtype=np.float32) / np.float32(half)
    angles = positions[:, None] / np.float32(theta) ** exponents
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    a, b = x[..., :half], x[..., half:]
    return np.concatenate((a * cos - b * sin, b * cos + a * sin), -1)


def attend(q, k, v, bias):
    """Softmax attention; q [T, H, D], k and v [T, Hk, D], bias [T, T]; result [T, H, D]."""
    n_heads, scale = q.shape[1], np.float32(q.shape[2] ** -0.5)
    group = n_heads // k.shape[1]
    out = np.empty_like(q)
    for h in range(n_heads):
        scores = q[:, h] @ k[:, h // group].T * scale + bias
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        out[:, h] = scores / scores.sum(-1, keepdims=True) @ v[:, h // group]
    return out


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -80, None)))  # exp(80) is still a float32


class Model:
    def __init__(self, config, weights):
        """`weights` are float32 by their Hugging Face names."""
        refuse_unknown(config)
        self.config, self.weights = config, weights
        self.n_layers = config["num_hidden_layers"]
        self.n_heads = config["num_attention_heads"]
        self.head_dim = config.get("head_dim") or config["hidden_size"] // self.n_heads
        self.n_loops = config.get("loop_num", 1)
        self.window = config.get("loop_window_size", 0)
        self.theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
        self.rope_factor = np.float32((config.get("rope_scaling") or {}).get("factor", 1))
        self.eps = np.float32(config["rms_norm_eps"])

    @classmethod
    def load(cls, folder):
        with open(os.path.join(folder, "config.json")) as f:
            config = json.load(f)
        return cls.of(config, tensor_file.read_folder(folder))

    @classmethod
    def of(cls, config, stored):
        weights = {}
        if form := int4.form_of(config):
            weights, stored = int4.read_weights(form, stored)
        return cls(config, weights | dequantised(stored))

    def hidden(self, tokens):
        """Final hidden states, after the last norm; float32 [T, C]."""
        positions = np.asarray(tokens.position_ids, np.float32) / self.rope_factor
        sees, near = masks(tokens, self.window)
        x = self.weights["model.embed_tokens.weight"][np.asarray(tokens.input_ids)]
        first = []  # loop 0's K and V of every layer
        for layer in range(self.n_layers):
            q, k, v = self.qkv(layer, x, positions)
            first.append((k, v))
            x = self.finish_layer(layer, x, attend(q, k, v, sees))
        for _ in range(1, self.n_loops):
            for layer in range(self.n_layers):
                q, k, v = self.qkv(layer, x, positions)
                gate = self.gate(layer, q)
                mixed = gate * attend(q, *first[layer], sees) + (1 - gate) * attend(q, k, v, near)
                x = self.finish_layer(layer, x, mixed)
        return self.norm("model.norm", x)

    def logits(self, hidden):
        tied = self.config.get("tie_word_embeddings", False)
        head = "model.embed_tokens.weight" if tied else "lm_head.weight"
        return hidden @ self.weights[head].T

    def qkv(self, layer, x, positions):
        """Projections of the normed input, q and k rotated: q [T, H, D], k and v [T, Hk, D]."""
        h = self.norm(f"model.layers.{layer}.input_layernorm", x)
        q, k, v = (
            self.linear(f"model.layers.{layer}.self_attn.{p}_proj", h).reshape(
                len(x), -1, self.head_dim
            )
            for p in "qkv"
        )
        return rope(q, positions, self.theta), rope(k, positions, self.theta), v

    def gate(self, layer, q):
        """The share of global attention per token and head, from the rotated query; [T, H, 1]."""
        name = f"model.gate_projections.{layer}"
        return sigmoid((q * self.weights[name + ".weight"]).sum(-1) + self.weights[name + ".bias"])[
            ..., None
        ]

    def finish_layer(self, layer, x, attended):
        """Output projection, residual, SwiGLU feed-forward, residual."""
        name = f"model.layers.{layer}"
        x = x + self.linear(name + ".self_attn.o_proj", attended.reshape(len(x), -1))
        h = self.norm(name + ".post_attention_layernorm", x)
        gate = self.linear(name + ".mlp.gate_proj", h)
        return x + self.linear(
            name + ".mlp.down_proj", gate * sigmoid(gate) * self.linear(name + ".mlp.up_proj", h)
        )

    def linear(self, name, x):
        return x @ self.weights[name + ".weight"].T + self.weights.get(name + ".bias", 0)

    def norm(self, name, x):
        return (
            x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps) * self.weights[name + ".weight"]
        )


def dequantised(stored):
    """float32 weights of stored tensors; I8 times the scale of its row is exact in float32."""
    scales = {name for name in stored if name.endswith(".weight_scale")}
    weights = {}
    for name, tensor in stored.items():
        if name in scales:
            continue
        if tensor.dtype == np.int8:
            weights[name] = tensor.astype(np.float32) * widened(stored[name + "_scale"])
        else:
            weights[name] = widened(tensor)
    return weights


def widened(tensor):
    return tensor_file.from_bf16(tensor) if tensor.dtype == np.uint16 else tensor


def refuse_unknown(config):
    """Stops at a config whose maths is not written here, rather than compute something else."""
    rope_type = (config.get("rope_parameters") or {}).get("rope_type", "default")
    scaling_type = (config.get("rope_scaling") or {}).get("type", "linear")
    supported = (
        config["architectures"][0]
        in (
            "LlamaForCausalLM",
            "Qwen2ForCausalLM",
            "IQuestCoderForCausalLM",
            "IQuestLoopCoderForCausalLM",
        )
        and config["hidden_act"] == "silu"
        and not config.get("attention_bias")
        and not config.get("mlp_bias")
        and not config.get("use_sliding_window")
        and scaling_type == "linear"
        and rope_type == "default"
    )
    if not supported:
        raise ValueError(f"the oracle has no maths for this config.json: {config}")
