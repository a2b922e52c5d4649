"""The cases of the golden sets: what stands before and after the cursor, and the Blocks beside it.

All texts are written for this purpose. They lie in cases/: NAME.txt is a file with @HOLE@ at the
cursor, NAME.blocks.txt holds Blocks, each behind a line `==== PATH`.
"""
import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")
HOLE = "@HOLE@"


def read(name):
    with open(os.path.join(FOLDER, name + ".txt"), encoding="utf-8") as f:
        return f.read()


def block(path, text, released=False):
    return {"path": path, "text": text, "released": released}


def blocks(name, released=()):
    """The Blocks of NAME.blocks.txt; those with a number in `released` are released."""
    parts = re.split(r"^==== (.*)\n", read(name + ".blocks"), flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2])
    return [block(path, text, i in released) for i, (path, text) in enumerate(pairs)]


def case(name, path, text, context=()):
    """The order is the second word of the name. Without a hole the suffix is None."""
    prefix, hole, suffix = text.partition(HOLE)
    order = name.split("_")[1]
    suffix = suffix if hole else None
    context = list(context)
    return dict(name=name, order=order, path=path, prefix=prefix, suffix=suffix, blocks=context)


# 400 characters and about 35 ids a section: 6000 characters end before 768 ids do.
RULED_TABLE = "".join(f"# {'-' * 382}\n# größe {i:03} =\n" for i in range(20))

CASES = [
    case("py_psm_nocontext", "tools/stats.py", read("stats.py")),
    case("py_spm_context", "shop/checkout.py", read("checkout.py"), blocks("shop")),
    case("py_spm_released", "shop/checkout.py", read("checkout.py"), blocks("shop", {0, 1})),
    case(
        "cpp_psm_context",
        "src/worker.cc",
        read("worker_condition.cc"),
        blocks("ring_buffer"),
    ),
    case("ts_spm_all_released", "src/view.ts", read("view_call.ts"), blocks("users", {0, 1})),
    case("go_psm_nocontext", "pkg/queue/queue.go", read("queue.go")),
    case("rs_spm_nocontext", "src/parse.rs", read("parse.rs")),
    case("cpp_spm_context", "src/worker.cc", read("worker_statement.cc"), blocks("ring_buffer")),
    case("ts_spm_context", "src/view.ts", read("view_word.ts"), blocks("users")),
    case("go_spm_nocontext", "pkg/queue/queue.go", read("queue.go")),
    case("py_spm_nocontext", "tools/stats.py", read("stats.py")),
    case(
        "cpp_plain_context_long",
        "src/ring_buffer_test.cc",
        read("ring_buffer_test.cc"),
        blocks("ring_buffer", {1}),
    ),
    # The active Segment alone is longer than 700 tokens.
    case("py_spm_active_over_700", "shop/orders.py", read("order_service.py"), blocks("shop", {3})),
    # A Block longer than 768 ids is cut there, in the middle of a line.
    case(
        "cpp_spm_block_cut_at_768_ids",
        "src/downloader.cc",
        read("downloader.cc"),
        [block("src/pool/thread_pool.h", read("thread_pool.h")), *blocks("ring_buffer")[1:2]],
    ),
    # A Block longer than 6000 characters (not bytes) is cut there, before it is encoded.
    case(
        "py_spm_block_cut_at_6000_characters",
        "tools/stats.py",
        read("stats.py"),
        [block("tools/table.py", RULED_TABLE)],
    ),
    # Released Blocks: one without a second newline, which keeps everything, and one whose second
    # newline stands in one token with two others.
    case(
        "go_spm_released_newlines",
        "limit/limiter.go",
        read("rate_limiter.go"),
        [
            block("limit/clock.go", "type Clock func() time.Time", released=True),
            block(
                "limit/doc.go",
                "\n\n// Package limit slows callers down.\npackage limit\n",
                released=True,
            ),
        ],
    ),
    case("ts_spm_16_blocks", "src/board.ts", read("task_board.ts"), blocks("tasks")),
    case(
        "ts_spm_16_blocks_half_released",
        "src/board.ts",
        read("task_board.ts"),
        blocks("tasks", range(0, 16, 2)),
    ),
    # The cursor at the end of a file, and at its start.
    case("py_spm_end_of_file", "shop/checkout.py", read("checkout.py").split(HOLE)[0] + HOLE),
    case(
        "go_spm_start_of_file",
        "limit/limiter.go",
        HOLE + read("rate_limiter.go").replace(HOLE, "l.burst"),
    ),
]
