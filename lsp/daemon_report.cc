#include "lsp/daemon_report.h"

#include <filesystem>

namespace rondo::lsp {
namespace {

// A model whose answers end so soon is made for the line at the cursor.
constexpr int32_t kLineTokens = 64;

Json engine_json(const engine::EngineStats& stats) {
  return {
      {"kernels", stats.kernels},
      {"threads", stats.n_threads},
      {"weight_bytes", stats.weight_bytes},
      {"kv", {{"bytes", stats.kv_bytes}, {"pages", stats.n_pages}, {"free", stats.n_free_pages}}},
      {"segments",
       {{"count", stats.n_segments},
        {"tokens", stats.n_segment_tokens},
        {"evicted", stats.n_evicted_segments}}},
      {"requests",
       {{"done", stats.n_requests}, {"cancelled", stats.n_cancelled}, {"queued", stats.n_queued}}}};
}

}  // namespace

std::string abilities_of(const std::string& model_folder, const engine::ModelConfig& config) {
  const std::filesystem::path folder(model_folder);
  const std::string name = (folder.has_filename() ? folder : folder.parent_path()).filename();
  return name + (config.max_new_tokens <= kLineTokens ? ": single lines" : ": several lines") +
         ", no chat";
}

Json to_json(const DaemonReport& report) {
  Json json = {{"pid", report.process_id},
               {"version", report.program.version},
               {"build", report.program.build},
               {"uptime_seconds", report.uptime.count()},
               {"log", report.log_path},
               {"clients", Json::array()},
               {"model", {{"path", report.model}, {"state", report.engine_state}}}};
  for (const int64_t n : report.documents) json["clients"].push_back({{"documents", n}});
  if (report.engine) {
    json["model"]["abilities"] = report.abilities;
    json["engine"] = engine_json(*report.engine);
  }
  return json;
}

}  // namespace rondo::lsp
