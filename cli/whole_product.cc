#include "cli/bench_actions.h"
#include "cli/bench_cache.h"
#include "cli/bench_clients.h"
#include "cli/bench_completion.h"
#include "cli/bench_index.h"
#include "cli/bench_kv.h"
#include "cli/bench_quality.h"
#include "cli/bench_steps.h"
#include "cli/blocks_command.h"
#include "cli/cache_command.h"
#include "cli/complete_command.h"
#include "cli/config_command.h"
#include "cli/daemon_command.h"
#include "cli/fix_command.h"
#include "cli/lsp_command.h"
#include "cli/product.h"
#include "cli/refactor_command.h"
#include "cli/replay_command.h"
#include "cli/status_command.h"
#include "cli/trust_command.h"
#include "cli/why_command.h"

namespace rondo::cli {

void add_product_commands(CLI::App& app, CommandContext context) {
  add_complete_command(app, context);
  add_blocks_command(app, context);
  add_refactor_command(app, context);
  add_docs_command(app, context);
  add_annotate_command(app, context);
  add_fix_command(app, context);
  add_lsp_command(app, context);
  add_daemon_command(app, context);
  add_replay_command(app, context);
  add_status_command(app, context);
  add_why_command(app, context);
  add_cache_command(app, context);
  add_config_command(app, context);
  add_trust_command(app, context);
}

void add_product_benches(CLI::App& bench, CommandContext context) {
  add_completion_bench(bench, context);
  add_clients_bench(bench, context);
  add_cache_bench(bench, context);
  add_index_bench(bench, context);
  add_kv_bench(bench, context);
  add_quality_benches(bench, context);
  add_steps_benches(bench, context);
  add_actions_bench(bench, context);
}

}  // namespace rondo::cli
