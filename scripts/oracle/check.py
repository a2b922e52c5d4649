#!/usr/bin/env python3
"""How far is model B from model A on real text?  check.py A B [--tokens N] FILE...

Each file is laid out plain, `<|file_sep|> enc(path + "\\n" + text)`; its first 1024 ids are one
sequence; files are taken in the order given until N tokens are reached. Over every position:
    mean KL         sum p_A ln(p_A / p_B), nats
    top-1           share of positions where both have the same most likely token
    log-prob        mean of ln p_B(next) - ln p_A(next) over the tokens that follow, nats
"""
import argparse

import numpy as np

from model import Model
from segments import Tokenizer, compose

CHUNK_TOKENS = 1024


def plain_chunk(tokenizer, path, offset):
    """The first ids of a file as one active Segment."""
    with open(path, encoding="utf-8") as f:
        text = path.lstrip("/") + "\n" + f.read()
    ids = [tokenizer.special("file_sep")] + tokenizer.encode(text)
    return compose([], ids[:CHUNK_TOKENS], offset)


def log_softmax(logits):
    x = logits.astype(np.float64)
    x -= x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def compare(a, b, tokens):
    """Per position of one sequence: (KL, top-1 equal, log-prob difference of the next token)."""
    p, q = (log_softmax(m.logits(m.hidden(tokens))) for m in (a, b))
    following = np.asarray(tokens.input_ids[1:])
    rows = np.arange(len(following))
    kl = (np.exp(p) * (p - q)).sum(-1)
    return kl, p.argmax(-1) == q.argmax(-1), q[rows, following] - p[rows, following]


def main():
    parser = argparse.ArgumentParser(
        description="mean KL, top-1 agreement and log-prob difference of two models"
    )
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--tokens", type=int, default=20_000)
    arguments = parser.parse_args()
    a, b = Model.load(arguments.a), Model.load(arguments.b)
    tokenizer = Tokenizer(arguments.a)
    offset = a.config["segment"]["active_position_offset"]
    results, n_tokens = [], 0
    for path in arguments.files:
        if n_tokens >= arguments.tokens:
            break
        tokens = plain_chunk(tokenizer, path, offset)
        n_tokens += len(tokens.input_ids)
        results.append(compare(a, b, tokens))
        kl, top1, log_prob = (np.concatenate(column) for column in zip(*results))
        print(
            f"{n_tokens:6} tokens: mean KL {kl.mean():.2e} nats, "
            f"top-1 equal {100 * top1.mean():.2f} %, "
            f"log-prob {log_prob.mean():+.2e} nats a token  {path}",
            flush=True,
        )


if __name__ == "__main__":
    main()
