"""Golden vectors: what a model computes for given tokens, written down for other implementations.

    golden.json               {"compute": ..., "cases": [...]}, one line a case:
        name, order, path, prefix, suffix, blocks    see cases.py; empty if only ids are given
        input_ids, position_ids, segment_ids, active, visible    see model.Tokens
        top20          [{"index", "ids", "logits"}]: the 20 largest logits after some tokens
        full_rows      indices of the tokens whose whole logits are in golden_rows.safetensors
        greedy_ids     the greedy continuation, up to and with the stop id or to its limit
        greedy_text    greedy_ids as text, without the stop id
    golden_rows.safetensors   {name of the case: F32 [rows, V]}

All indices lie in the active Segment: an engine need not compute logits for context.
"""
import json
import os

import numpy as np

import tensors as tensor_file
from model import Tokens

GOLDEN, ROWS = "golden.json", "golden_rows.safetensors"
TOP = 20
FRACTIONS = (0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.85, 0.95)
TOKEN_FIELDS = ("input_ids", "position_ids", "segment_ids", "active", "visible")


def tokens_of(case):
    """The Tokens of a case that was read from golden.json."""
    return Tokens(*(case[field] for field in TOKEN_FIELDS))


def sampled_indices(tokens):
    """The first and last two tokens of the active Segment, and eight between."""
    n, n_active = len(tokens.input_ids), sum(tokens.active)
    begin = n - n_active
    ends = {begin, min(begin + 1, n - 1), max(begin, n - 2), n - 1}
    return sorted(ends.union(begin + int(n_active * f) for f in FRACTIONS))


def top_logits(logits, index):
    ids = np.argsort(-logits, kind="stable")[:TOP]
    return {
        "index": index,
        "ids": ids.tolist(),
        "logits": [round(float(x), 5) for x in logits[ids]],
    }


def greedy(model, tokens, n_tokens, stop_id):
    """(ids, gap): the greedy continuation and the least lead of a choice over the next best logit.

    Everything is computed again for each token.
    """
    ids, least_gap = [], np.inf
    while len(ids) < n_tokens and stop_id not in ids:
        logits = model.logits(model.hidden(tokens.extended(ids))[-1])
        second, first = np.partition(logits, -2)[-2:]
        ids.append(int(logits.argmax()))
        least_gap = min(least_gap, first - second)
    return ids, least_gap


def measured(model, tokens, full_rows, n_greedy):
    """(fields of golden.json, full logits rows, least greedy gap) for the tokens of a case."""
    hidden = model.hidden(tokens)
    ids, least_gap = greedy(model, tokens, n_greedy, model.config["eos_token_id"])
    fields = {field: getattr(tokens, field) for field in TOKEN_FIELDS}
    fields["top20"] = [top_logits(model.logits(hidden[i]), i) for i in sampled_indices(tokens)]
    fields["full_rows"] = full_rows
    fields["greedy_ids"] = ids
    return fields, model.logits(hidden[full_rows]), least_gap


def write(folder, compute, cases, rows):
    """`rows`: {case name: F32 [rows, V]}."""
    os.makedirs(folder, exist_ok=True)
    compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    lines = ",\n".join(map(compact, cases))
    with open(os.path.join(folder, GOLDEN), "w", encoding="utf-8") as f:
        f.write(f'{{"compute":{compact(compute)},"cases":[\n{lines}\n]}}\n')
    tensor_file.write_file(os.path.join(folder, ROWS), rows)


def read(folder):
    """(cases, rows) as `write` took them."""
    with open(os.path.join(folder, GOLDEN), encoding="utf-8") as f:
        cases = json.load(f)["cases"]
    return cases, tensor_file.read_file(os.path.join(folder, ROWS))
