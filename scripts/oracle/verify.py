#!/usr/bin/env python3
"""Do golden vectors agree with this model?  verify.py MODEL GOLDEN_FOLDER

Computes every case again, with its greedy continuation as given, and compares the logits and each
greedy choice. Exits with 1 if a logit differs by more than 1e-3 or a choice differs.
"""
import sys

import numpy as np

import golden
from model import Model

MAX_DIFFERENCE = 1e-3


def verify_case(model, case, rows):
    """(largest |difference| of a logit, whether the greedy continuation is the same)."""
    tokens, ids = golden.tokens_of(case), case["greedy_ids"]
    hidden = model.hidden(tokens.extended(ids))
    difference = 0.0
    for top in case["top20"]:
        logits = model.logits(hidden[top["index"]])[top["ids"]]
        difference = max(difference, np.abs(logits - top["logits"]).max())
    for row, index in zip(rows, case["full_rows"]):
        difference = max(difference, np.abs(model.logits(hidden[index]) - row).max())
    n = len(tokens.input_ids)
    chosen = model.logits(hidden[n - 1 : n - 1 + len(ids)]).argmax(-1)
    return difference, chosen.tolist() == ids


def main():
    model_folder, golden_folder = sys.argv[1:]
    model = Model.load(model_folder)
    cases, rows = golden.read(golden_folder)
    failed = False
    for case in cases:
        difference, same = verify_case(model, case, rows[case["name"]])
        failed |= difference > MAX_DIFFERENCE or not same
        print(
            f"{case['name']:36} max |difference| {difference:.1e}, greedy equal: {same}", flush=True
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
