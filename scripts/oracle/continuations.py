#!/usr/bin/env python3
"""Lists the cases whose greedy continuations differ in two golden sets:  continuations.py A B"""
import sys

import golden


def main():
    (a, _), (b, _) = map(golden.read, sys.argv[1:])
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x["greedy_ids"] != y["greedy_ids"]]
    for x, y in pairs:
        print(f"{x['name']}: {x['greedy_text']!r} against {y['greedy_text']!r}")
    print(f"{len(pairs)} of {len(a)} continuations differ")


if __name__ == "__main__":
    main()
