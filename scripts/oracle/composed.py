#!/usr/bin/env python3
"""Does composing Segments change the loss?  composed.py MODEL RESULTS

RESULTS is the file that `rondo bench context-loss --out` wrote; its witnesses carry their token ids
and the engine's log-probabilities, computed from Segments that were encoded one by one, paged and
shared. Here each witness is computed at once: all Segments and the text in one pass with the block
mask. The difference of the two losses is what composing costs, plus the kernels' rounding.
"""
import argparse
import json

import numpy as np

from model import Model, Tokens


def one_pass(witness, offset):
    """The witness as one layout: every Segment from position 0, the text from `offset`."""
    ids, positions, segments = [], [], []
    for number, segment in enumerate(witness["segments"]):
        ids += segment
        positions += range(len(segment))
        segments += [number] * len(segment)
    text = witness["prompt"] + witness["score"]
    n, n_context = len(text), len(ids)
    return Tokens(
        ids + text,
        positions + list(range(offset, offset + n)),
        segments + [len(witness["segments"])] * n,
        [0] * n_context + [1] * n,
        [1] * (n_context + n),
    )


def loss(model, witness):
    """The mean loss of the text's tokens, in nats."""
    offset = model.config["segment"]["active_position_offset"]
    n = len(witness["score"])
    hidden = model.hidden(one_pass(witness, offset))[-n - 1 : -1]
    logits = model.logits(hidden).astype(np.float64)
    logits -= logits.max(-1, keepdims=True)
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -log_probs[np.arange(n), witness["score"]].mean()


def main():
    parser = argparse.ArgumentParser(description="composed Segments against one pass")
    parser.add_argument("model")
    parser.add_argument("results")
    arguments = parser.parse_args()
    model = Model.load(arguments.model)
    with open(arguments.results, encoding="utf-8") as f:
        witnesses = [result for result in map(json.loads, f) if "scores" in result]
    differences = []
    for witness in witnesses:
        composed, monolithic = -np.mean(witness["scores"]), loss(model, witness)
        differences.append(composed - monolithic)
        print(f"{composed:.4f} composed, {differences[-1]:+.5f} to one pass  {witness['key']}", flush=True)
    print(
        f"{len(differences)} witnesses: mean {np.mean(differences):+.6f}, "
        f"largest {np.abs(differences).max():.6f} nats a token"
    )


if __name__ == "__main__":
    main()
