"""Text to token ids: the Segments and prompts of models with "segment" in config.json.

    Segment   <|block|> + enc(path + "\\n" + text[:6000 characters]) as one encoding, cut to 768 ids
              with <|block|> counted, then 4 x <|anchor|>
    file      <|file_sep|> enc(path + "\\n") enc(P)
    spm       <|fim_suffix|> enc(S) <|fim_prefix|> file <|fim_middle|>
    psm       <|fim_prefix|> file <|fim_suffix|> enc(S) <|fim_middle|>
    plain     file
"""
import itertools
import os

import sentencepiece

from model import Tokens

MAX_TEXT_CHARACTERS = 6000
KEPT_NEWLINES = 2  # a released Segment keeps its tokens up to the one that holds this newline


class Tokenizer:
    def __init__(self, model_folder):
        file = os.path.join(model_folder, "tokenizer.model")
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=file)
        self.encode, self.decode = self.pieces.encode, self.pieces.decode

    def special(self, name):
        return self.pieces.piece_to_id(f"<|{name}|>")

    def n_newlines(self, token):
        return 0 if self.pieces.is_control(token) else self.decode([token]).count("\n")


def context_segment(tokenizer, segment_config, path, text):
    """(ids, kept) of a Block: its Segment, and which of its tokens stay when it is released."""
    n_anchors = segment_config["anchors_per_block"]
    ids = [tokenizer.special("block")] + tokenizer.encode(path + "\n" + text[:MAX_TEXT_CHARACTERS])
    ids = ids[: segment_config["max_block_tokens"] - n_anchors]
    newlines = list(itertools.accumulate(map(tokenizer.n_newlines, ids)))
    kept = [1] + [int(before < KEPT_NEWLINES) for before in newlines[:-1]]
    return ids + [tokenizer.special("anchor")] * n_anchors, kept + [1] * n_anchors


def active_ids(tokenizer, case):
    """The ids of the active Segment of a case, in its order."""
    special = tokenizer.special
    suffix = [special("fim_suffix")] + tokenizer.encode(case["suffix"] or "")
    file = [special("file_sep")] + tokenizer.encode(case["path"] + "\n")
    prefix = file + tokenizer.encode(case["prefix"])
    return {
        "spm": suffix + [special("fim_prefix")] + prefix + [special("fim_middle")],
        "psm": [special("fim_prefix")] + prefix + suffix + [special("fim_middle")],
        "plain": prefix,
    }[case["order"]]


def compose(segments, active, active_position_offset):
    """Tokens of context Segments (each: ids, visible) followed by the ids of the active one."""
    n = len(active)
    tokens = Tokens([], [], [], [], [])
    for number, (ids, visible) in enumerate(segments):
        tokens.append(ids, 0, number, active=0, visible=visible)
    tokens.append(active, active_position_offset, len(segments), active=1, visible=[1] * n)
    return tokens


def case_tokens(tokenizer, config, case):
    """Tokens of a case of cases.py."""
    segments = []
    for block in case["blocks"]:
        ids, kept = context_segment(tokenizer, config["segment"], block["path"], block["text"])
        segments.append((ids, kept if block["released"] else [1] * len(ids)))
    offset = config["segment"]["active_position_offset"]
    return compose(segments, active_ids(tokenizer, case), offset)
