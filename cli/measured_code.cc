#include "cli/measured_code.h"

#include <utility>

#include "bench/worktree.h"
#include "cli/model_path.h"

namespace rondo::cli {

constexpr int64_t kPoolBytes = int64_t{1} << 30;  // so that neighbours share the Segments of a file

void add_code_options(CLI::App& command, MeasuredCode& code) {
  command.add_option("--corpus", code.corpus,
                     "Folder of repositories: DIR/corpus of scripts/fetch-corpus DIR");
  command.add_option("--worktree", code.worktree, "Instead of a corpus: a git work tree");
  command.add_option("--out", code.log, "File of results; a run that was stopped goes on there");
  command.add_option("--part", code.part,
                     "Measure 2/8, say: for several processes, a file of results each; then join\n"
                     "the files with cat and run once more without --part");
  command.add_option("--model", code.engine.model,
                     "Model folder (default: the one that rondo complete uses)");
  command.add_option("--device", code.engine.device, "cpu, cuda or cuda:N");
  add_threads_option(command, code.engine.n_threads);
  command.add_flag("--json", code.json, "One JSON object with every answer instead of a table");
}

Result<bench::Corpus> read_code(const MeasuredCode& code) {
  if (code.corpus.empty() == code.worktree.empty())
    return invalid_argument_error("one of --corpus and --worktree is needed");
  return code.corpus.empty() ? bench::read_worktree(code.worktree)
                             : bench::read_corpus(code.corpus);
}

Result<std::unique_ptr<engine::Engine>> load_engine(const Environment& environment,
                                                    const MeasuredCode& code) {
  engine::EngineOptions options = code.engine;
  ASSIGN_OR_RETURN(options.model, find_model(environment, options.model));
  options.kv_bytes = kPoolBytes;
  ASSIGN_OR_RETURN(auto engine, engine::Engine::load(options));
  if (!engine->config().fim || !engine->config().segment) {
    return invalid_argument_error(
        options.model + " was not trained on holes and Segments, which is what is measured here");
  }
  return engine;
}

}  // namespace rondo::cli
