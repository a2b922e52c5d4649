"""Weights that need no file: tests/engine/drawn_model.h draws the same ones, bit by bit.

All come from one generator, std::minstd_rand begun with 1, in the order of `draw`. A float is
mean + spread * (number / 2^30 - 1) in float64, rounded to float32 and then to BF16. With AWQ the
matrices of layers are words of two draws of 16 bits, their zero points 7 or 8, and their scales
2^-6 * (1 + a draw of 3 bits / 8).
"""
import numpy as np

import int4
import tensors as tensor_file


class Numbers:
    def __init__(self):
        self.state = 1

    def next(self):
        self.state = self.state * 48271 % (2**31 - 1)
        return self.state

    def floats(self, mean, spread, *shape):
        values = [mean + spread * (self.next() / 2**30 - 1) for _ in range(np.prod(shape))]
        return tensor_file.to_bf16(np.array(values).astype(np.float32).reshape(shape))

    def words(self, *shape):
        words = [self.next() & 0xFFFF | (self.next() & 0xFFFF) << 16 for _ in range(np.prod(shape))]
        return np.array(words, np.uint32).reshape(shape)

    def scales(self, *shape):
        values = [2**-6 * (1 + (self.next() & 7) / 8) for _ in range(np.prod(shape))]
        return np.array(values, np.float16).reshape(shape)


def draw(c):
    """Stored tensors, by their Hugging Face names, of a config.json of Llama or Qwen2."""
    width, inner = c["hidden_size"], c["intermediate_size"]
    head_dim = width // c["num_attention_heads"]
    kv_width = c["num_key_value_heads"] * head_dim
    has_bias = c["architectures"] == ["Qwen2ForCausalLM"]
    numbers, out = Numbers(), {}

    def matrix(name, n, k, spread):
        if "quantization_config" not in c:
            out[name + ".weight"] = numbers.floats(0, spread, n, k)
            return
        out[name + ".qweight"] = numbers.words(k, n // 8).view(np.int32)
        zeros = numbers.words(k // int4.GROUP, n // 8) & np.uint32(0x11111111)
        out[name + ".qzeros"] = (zeros + np.uint32(0x77777777)).view(np.int32)
        out[name + ".scales"] = numbers.scales(k // int4.GROUP, n)

    out["model.embed_tokens.weight"] = numbers.floats(0, 0.0625, c["vocab_size"], width)
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        out[layer + "input_layernorm.weight"] = numbers.floats(1, 0.25, width)
        for name, n in ("q", width), ("k", kv_width), ("v", kv_width):
            matrix(f"{layer}self_attn.{name}_proj", n, width, 0.125)
            if has_bias:
                out[f"{layer}self_attn.{name}_proj.bias"] = numbers.floats(0.25, 1, n)
        matrix(layer + "self_attn.o_proj", width, width, 0.125)
        out[layer + "post_attention_layernorm.weight"] = numbers.floats(1, 0.25, width)
        matrix(layer + "mlp.gate_proj", inner, width, 0.125)
        matrix(layer + "mlp.up_proj", inner, width, 0.125)
        matrix(layer + "mlp.down_proj", width, inner, 0.125)
    out["model.norm.weight"] = numbers.floats(1, 0.25, width)
    if not c["tie_word_embeddings"]:
        out["lm_head.weight"] = numbers.floats(0, 0.125, c["vocab_size"], width)
    return out
