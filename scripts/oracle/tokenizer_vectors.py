#!/usr/bin/env python3
"""Writes texts and their ids:  tokenizer_vectors.py MODEL OUT.json

Every vector decodes to its text again. U+2581 is left out: SentencePiece reads it as a space.
"""
import json
import sys

from segments import Tokenizer

# The seven of the model's own golden set.
GIVEN = [
    "def f(x):\n    return x\n",
    "a\r\nb\n\tc",
    "héllo 日本語 😀",
    "  lead\n\n\n        deep\n",
    "x = 12345.678e-9\n",
    "for (int i = 0; i < n; ++i) {\n\t\ts += a[i];\n\t}\n",
    "trailing   \n   \n x",
]

LINES = [
    "",
    " ",
    "\n",
    "\r\n\r\n",
    "\r",
    "\t",
    "\n\n\n\n\n\n\n\n\n",
    "if (a) {\r\n\tb();\r\n}\r\n",
    "\t\t\tcase 3:\n\t\t\t\treturn nil, err\n",
    " \t \t mixed \t indentation",
    "x" * 300,
    " " * 300,
    "a" + " " * 77 + "b" + "\t" * 33 + "c",
    "no-break\u00a0space, zero\u200bwidth, ideographic\u3000space, line\u2028separator, BOM\ufeff",
    "e\u0301 a\u030a o\u0308 \u1e9b\u0323 ﬁ Å Å Ω Ω",  # combining marks and what NFKC would change
    "한국어 ไทย हिन्दी العربية עברית",
    "👩\u200d👩\u200d👧\u200d👦 🇩🇪 👍🏽 ❤\ufe0f",
    "ℝ → ∀x∈A: x² ≤ ½ · ∑ᵢ aᵢ",
    "<|endoftext|><|fim_prefix|><|block|> are text here, not special tokens",
    "<unk> <s> </s> <0x41> <0x0A>",
    "snake_case camelCase PascalCase SCREAMING_CASE kebab-case __dunder__ x1y2z3",
    "0 00 007 1_000_000 0xDEADBEEF 0b1010 1e-9 3.14159265358979 1,234.5",
    "'\"`\\\\n\\t\\u00e9 %d %s {} ${x} #{y} $(z)",
    "a&&b||!c; p->q.r::s<T>&&... = [](auto&& x) { return x <=> y; };",
    "https://example.org/a/b?c=d&e=%20f#g",
    "// ------------------------------------------------------------------------- //\n",
    "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n",
    "SELECT a, b FROM t WHERE a >= 10 AND b LIKE '%x%' ORDER BY a DESC;\n",
]


def byte_texts():
    """Texts that hold every byte of valid UTF-8: ASCII, each continuation byte, each lead byte."""
    ascii_text = "".join(map(chr, range(0x80)))
    continuations = "".join(map(chr, range(0x80, 0x100)))
    two = "".join(chr(lead << 6) for lead in range(0x02, 0x20))
    three = "".join(chr(max(lead << 12, 0x800)) for lead in range(0x10) if lead != 0xD) + "\ud7ff"
    four = "".join(chr(max(lead << 18, 0x10000)) for lead in range(0x05)) + "\U0010ffff"
    return [ascii_text, *map(chr, range(0x20)), "\x7f", continuations, two, three, four]


def main():
    model, out = sys.argv[1:]
    tokenizer = Tokenizer(model)
    texts = GIVEN + LINES + byte_texts()
    vectors = [{"text": text, "ids": tokenizer.encode(text)} for text in texts]
    for vector in vectors:
        assert tokenizer.decode(vector["ids"]) == vector["text"], vector
    with open(out, "w") as f:
        f.write("[\n" + ",\n".join(map(json.dumps, vectors)) + "\n]\n")


if __name__ == "__main__":
    main()
