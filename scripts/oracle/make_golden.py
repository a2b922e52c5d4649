#!/usr/bin/env python3
"""Writes the golden vectors of a model with a tokenizer:  make_golden.py MODEL OUT

The cases are those of cases.py. Takes about a quarter of an hour on two cores.
"""
import argparse

import golden
from cases import CASES
from model import Model
from segments import Tokenizer, case_tokens

N_GREEDY = 40


def main():
    parser = argparse.ArgumentParser(description="golden vectors of the cases of cases.py")
    parser.add_argument("model")
    parser.add_argument("out")
    arguments = parser.parse_args()
    model, tokenizer = Model.load(arguments.model), Tokenizer(arguments.model)
    cases, rows = [], {}
    for i, case in enumerate(CASES):
        tokens = case_tokens(tokenizer, model.config, case)
        n = len(tokens.input_ids)
        full_rows = [] if i % 4 else [n - 1]  # of every fourth case
        fields, rows[case["name"]], gap = golden.measured(model, tokens, full_rows, N_GREEDY)
        stop_id = model.config["eos_token_id"]
        text = tokenizer.decode([i for i in fields["greedy_ids"] if i != stop_id])
        cases.append({**case, **fields, "greedy_text": text})
        print(f"{case['name']:36} {n:5} tokens, least gap {gap:.4f}, {text!r}", flush=True)
    golden.write(arguments.out, "float32 on the dequantised weights", cases, rows)


if __name__ == "__main__":
    main()
