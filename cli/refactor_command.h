// rondo refactor: a recipe over the files of a tree, so that it cannot break them. rondo docs and
// rondo annotate: the same with one thing to do.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_refactor_command(CLI::App& app, CommandContext context);
void add_docs_command(CLI::App& app, CommandContext context);
void add_annotate_command(CLI::App& app, CommandContext context);

}  // namespace rondo::cli
