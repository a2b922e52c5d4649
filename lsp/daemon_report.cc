#include "lsp/daemon_report.h"

namespace rondo::lsp {
namespace {

Json tier_json(const engine::TierStats& tier) {
  return {{"segments", tier.n_segments}, {"bytes", tier.n_bytes},     {"hits", tier.n_hits},
          {"restored", tier.n_restored}, {"written", tier.n_written}, {"evicted", tier.n_evicted}};
}

Json engine_json(const engine::EngineStats& stats) {
  return {
      {"device", stats.device},
      {"no_gpu", stats.no_gpu},
      {"kernels", stats.kernels},
      {"threads", stats.n_threads},
      {"memory_bytes", stats.device_bytes},
      {"weight_bytes", stats.weight_bytes},
      {"kv",
       {{"bytes", stats.kv_bytes},
        {"pages", stats.n_pages},
        {"free", stats.n_free_pages},
        {"prefixes", stats.n_prefix_pages}}},
      {"segments",
       {{"count", stats.n_segments},
        {"tokens", stats.n_segment_tokens},
        {"hits", stats.n_segment_hits},
        {"misses", stats.n_segment_misses},
        {"encoded", stats.n_encoded_segments},
        {"evicted", stats.n_evicted_segments}}},
      {"host", tier_json(stats.host)},
      {"disk", tier_json(stats.disk)},
      {"requests",
       {{"done", stats.n_requests}, {"cancelled", stats.n_cancelled}, {"queued", stats.n_queued}}}};
}

// Where on the ladder of an engine that nobody asks.
std::string rung(const DaemonReport& report) {
  if (!report.engine) return "none";
  switch (report.engine->rest) {
    case engine::Rest::kNone:
      return "ready";
    case engine::Rest::kKv:
      return "kv on the host";
    case engine::Rest::kModel:
      return "released";
  }
  return "";
}

}  // namespace

Json to_json(const DaemonReport& report) {
  Json json = {{"pid", report.process_id},
               {"version", report.program.version},
               {"build", report.program.build},
               {"uptime_seconds", report.uptime.count()},
               {"log", report.log_path},
               {"clients", Json::array()},
               {"model",
                {{"path", report.model},
                 {"state", report.engine_state},
                 {"larger", larger_model_hint(report.user_file)}}}};
  for (const ClientReport& client : report.clients) {
    json["clients"].push_back({{"documents", client.n_documents},
                               {"answers", client.counts.n_answers},
                               {"typed_through", client.counts.n_typed_through},
                               {"prompt_tokens", client.counts.n_prompt_tokens},
                               {"read_before", client.counts.n_read_before},
                               {"read_ahead",
                                {{"blocks", client.reading.n_blocks},
                                 {"tokens", client.reading.n_tokens},
                                 {"max_tokens", client.reading.max_tokens},
                                 {"finished", client.reading.finished}}}});
  }
  json["rung"] = rung(report);
  if (report.exits_in) json["exits_in_seconds"] = report.exits_in->count();
  if (report.engine) {
    json["model"]["name"] = report.abilities.name;
    json["model"]["sentence"] = sentence(report.abilities);
    json["model"]["abilities"] = to_json(report.abilities);
    json["engine"] = engine_json(*report.engine);
  }
  return json;
}

}  // namespace rondo::lsp
