#!/usr/bin/env python3
"""Writes tiny random models with golden vectors of their own:  make_tiny.py OUT

    tiny-loop   Loop, tied head, Segments; every size a multiple of 16
    tiny-odd    Loop with sizes that divide nothing, and heads wider together than the model
    tiny-llama  Llama (no loop, no Segments), own head
    tiny-int4   Llama of one layer, own head, in every form of int4.py
    tiny-qwen   Qwen2 with 7 queries a key head, tied head and linear RoPE scaling, and in AWQ with 8 and
                its own head; weights are drawn (drawn.py), and only config.json is written

Each lies in OUT/NAME/bf16 and OUT/NAME/int8, or in OUT/NAME/FORM, as a Hugging Face folder without a tokenizer (its cases
give ids), with its vectors in golden/. All is seeded. Weights are drawn so that every part matters:
attention is neither flat nor a choice of one, and the gate bias of -3 leaves most of loop 1 to its
window.
"""
import json
import os
import sys

import numpy as np

import drawn
import golden
import int4
import quantize
import tensors as tensor_file
from model import Model
from segments import compose

N_GREEDY = 24
GATE_BIAS = -3
SHARD_LIMIT_BYTES = 120_000  # makes two shards of each tiny int8 model
END, BLOCK, ANCHOR = 1, 8, 9
N_SPECIAL = 20  # ids below this have a meaning; texts are drawn from the others


def config(architecture, **sizes):
    return {
        "architectures": [architecture],
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "rope_scaling": None,
        "max_position_embeddings": 512,
        "attention_bias": False,
        "mlp_bias": False,
        "torch_dtype": "bfloat16",
        "bos_token_id": None,
        "eos_token_id": END,
        **sizes,
    }


def loop_config(window, **sizes):
    n_anchors = 2
    return config(
        "IQuestLoopCoderForCausalLM",
        model_type="iquestloopcoder",
        loop_num=2,
        loop_window_size=window,
        tie_word_embeddings=True,
        segment={
            "active_position_offset": 32,
            "block_token_id": BLOCK,
            "anchor_token_id": ANCHOR,
            "anchors_per_block": n_anchors,
            "max_block_tokens": 24 + n_anchors,
            "file_sep_token_id": 7,
            "fim_order": "spm",
        },
        fim_prefix_token_id=2,
        fim_middle_token_id=3,
        fim_suffix_token_id=4,
        fim_pad_token_id=5,
        **sizes,
    )


MODELS = {
    "tiny-loop": loop_config(
        window=8,
        vocab_size=512,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=96,
    ),
    "tiny-odd": loop_config(
        window=7,
        vocab_size=333,
        hidden_size=80,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=20,
        intermediate_size=104,
    ),
    "tiny-llama": config(
        "LlamaForCausalLM",
        model_type="llama",
        tie_word_embeddings=False,
        vocab_size=256,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=96,
    ),
}

INT4_MODEL = config(
    "LlamaForCausalLM",
    model_type="llama",
    tie_word_embeddings=False,
    vocab_size=72,
    hidden_size=128,
    num_hidden_layers=1,
    num_attention_heads=4,
    num_key_value_heads=2,
    intermediate_size=256,
)

def qwen_config(**more):
    c = config(
        "Qwen2ForCausalLM",
        model_type="qwen2",
        vocab_size=64,
        num_hidden_layers=2,
        num_key_value_heads=1,
        intermediate_size=256,
        use_sliding_window=False,
        sliding_window=512,
        max_window_layers=2,
    )
    return c | {"rms_norm_eps": 1e-6, "rope_theta": 1000000.0} | more


QWEN_MODELS = {
    "bf16": qwen_config(
        tie_word_embeddings=True,
        hidden_size=224,
        num_attention_heads=7,
        rope_scaling={"type": "linear", "factor": 4.0},
    ),
    "awq": qwen_config(
        tie_word_embeddings=False,
        hidden_size=256,
        num_attention_heads=8,
        quantization_config=int4.quantization_config("awq"),
    ),
}

# Of the seeds tried, ones with no near tie: every greedy choice leads by more than 0.005.
SEEDS = {"tiny-loop": 26, "tiny-odd": 15, "tiny-llama": 35, "tiny-int4": 3, "tiny-qwen": 3}


def random_weights(c, random):
    """BF16 weights by their Hugging Face names."""
    width, inner = c["hidden_size"], c["intermediate_size"]
    n_heads, n_kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
    head_dim = c.get("head_dim", width // n_heads)
    weights = {}

    def normal(name, *shape, std, mean=0.0):
        values = mean + std * random.standard_normal(shape, np.float32)
        if shape[0] == c["vocab_size"]:
            values[:N_SPECIAL] *= 0.3  # a special token is never the greedy choice
        weights[name] = tensor_file.to_bf16(values)

    def matrix(name, n, k, gain):
        """A Linear whose outputs have standard deviation `gain` for inputs of 1."""
        normal(name + ".weight", n, k, std=gain * k**-0.5)

    normal("model.embed_tokens.weight", c["vocab_size"], width, std=0.2)
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}"
        normal(layer + ".input_layernorm.weight", width, mean=1, std=0.1)
        matrix(layer + ".self_attn.q_proj", n_heads * head_dim, width, gain=1.5)
        matrix(layer + ".self_attn.k_proj", n_kv_heads * head_dim, width, gain=1.0)
        matrix(layer + ".self_attn.v_proj", n_kv_heads * head_dim, width, gain=1.0)
        matrix(layer + ".self_attn.o_proj", width, n_heads * head_dim, gain=1.0)
        normal(layer + ".post_attention_layernorm.weight", width, mean=1, std=0.1)
        matrix(layer + ".mlp.gate_proj", inner, width, gain=1.0)
        matrix(layer + ".mlp.up_proj", inner, width, gain=1.0)
        matrix(layer + ".mlp.down_proj", width, inner, gain=1.0)
        if "loop_num" in c:
            normal(f"model.gate_projections.{i}.weight", n_heads, head_dim, std=0.2)
            normal(f"model.gate_projections.{i}.bias", n_heads, mean=GATE_BIAS, std=0.2)
    normal("model.norm.weight", width, mean=1, std=0.1)
    if not c["tie_word_embeddings"]:
        matrix("lm_head", c["vocab_size"], width, gain=1.0)
    return weights


def random_ids(c, random, n):
    return random.integers(N_SPECIAL, c["vocab_size"], n).tolist()


def random_segment(c, random, n_tokens, n_kept=None):
    """(ids, visible) of a Segment of `n_tokens`; released to its first `n_kept` and its anchors."""
    n_anchors = c["segment"]["anchors_per_block"]
    n_text = n_tokens - n_anchors
    ids = [BLOCK] + random_ids(c, random, n_text - 1) + [ANCHOR] * n_anchors
    n_kept = n_text if n_kept is None else n_kept
    return ids, [int(i < n_kept or i >= n_text) for i in range(n_tokens)]


def cases(c, random):
    """(name, Tokens, step between the tokens whose full logits are kept)."""
    offset = c.get("segment", {}).get("active_position_offset", 0)
    yield "one_token", compose([], random_ids(c, random, 1), offset), 1
    yield "short", compose([], random_ids(c, random, 21), offset), 3
    yield "long", compose([], random_ids(c, random, 150), offset), 30
    if "segment" not in c:
        return
    full = [random_segment(c, random, n) for n in (26, 3, 17)]
    released = [random_segment(c, random, 26, n_kept=5), full[2], random_segment(c, random, 18, 1)]
    many = [random_segment(c, random, 4 + n, n_kept=2 if n % 3 == 0 else None) for n in range(16)]
    yield "segments", compose(full, random_ids(c, random, 17), offset), 3
    yield "segments_released", compose(released, random_ids(c, random, 17), offset), 3
    yield "segments_16_long", compose(many, random_ids(c, random, 140), offset), 30


def write_vectors(folder, model, tokens_of_cases):
    entries, rows = [], {}
    for name, tokens, step in tokens_of_cases:
        n = len(tokens.input_ids)
        full_rows = list(range(n - 1, n - 1 - sum(tokens.active), -step))[::-1]
        fields, rows[name], gap = golden.measured(model, tokens, full_rows, N_GREEDY)
        text = dict(name=name, order="ids", path="", prefix="", suffix=None, blocks=[])
        entries.append({**text, **fields, "greedy_text": ""})
        print(f"{folder} {name:18} {n:4} tokens, least gap {gap:.4f}", fields["greedy_ids"][:8])
    compute = "float32 on the dequantised weights"
    golden.write(os.path.join(folder, "golden"), compute, entries, rows)


def write_model(folder, c, weights):
    os.makedirs(folder, exist_ok=True)
    tensor_file.write_file(os.path.join(folder, tensor_file.SINGLE), weights)
    write_configs(folder, c)


def write_configs(folder, c):
    for file, content in (("config.json", c), ("generation_config.json", {"eos_token_id": END})):
        with open(os.path.join(folder, file), "w") as f:
            f.write(json.dumps(content, indent=2) + "\n")


def write_all_vectors(folder, seed):
    model = Model.load(folder)
    write_vectors(folder, model, cases(model.config, np.random.default_rng(100 + seed)))


def write_drawn_model(folder, c, seed):
    os.makedirs(folder, exist_ok=True)
    write_configs(folder, c)
    random = np.random.default_rng(100 + seed)
    case = "long", compose([], random_ids(c, random, 60), 0), 30
    write_vectors(folder, Model.of(c, drawn.draw(c)), [case])


def main():
    (out,) = sys.argv[1:]
    for name, c in MODELS.items():
        seed = SEEDS[name]
        bf16, int8 = (os.path.join(out, name, form) for form in ("bf16", "int8"))
        write_model(bf16, c, random_weights(c, np.random.default_rng(seed)))
        quantize.write_int8_folder(bf16, int8, SHARD_LIMIT_BYTES)
        for folder in (bf16, int8):
            write_all_vectors(folder, seed)
    for form in int4.FORMS:
        seed = SEEDS["tiny-int4"]
        folder = os.path.join(out, "tiny-int4", form)
        c = INT4_MODEL | {"quantization_config": int4.quantization_config(form)}
        weights = random_weights(c, np.random.default_rng(seed))
        write_model(folder, c, int4.write_weights(form, weights))
        write_all_vectors(folder, seed)
    for form, c in QWEN_MODELS.items():
        write_drawn_model(os.path.join(out, "tiny-qwen", form), c, SEEDS["tiny-qwen"])


if __name__ == "__main__":
    main()
