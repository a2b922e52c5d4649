#include "cli/status_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "cli/daemon_home.h"

namespace rondo::cli {
namespace {

std::string text(const Json& json, const char* key) {
  return json_get<std::string>(json, key).value_or("");
}
long long number(const Json& json, const char* key) {
  return json_get<int64_t>(json, key).value_or(0);
}
const Json& part(const Json& json, const char* key) {
  static const Json nothing;
  const auto found = json.find(key);
  return found == json.end() ? nothing : *found;
}

void print_client(const Json& client) {
  std::printf("  client  %lld documents open", number(client, "documents"));
  if (const long long n = number(client, "answers"); n > 0) {
    std::printf("; %lld answers, %lld of them typed through", n, number(client, "typed_through"));
  }
  if (const long long n = number(client, "prompt_tokens"); n > 0) {
    const auto read_before = static_cast<double>(number(client, "read_before"));
    std::printf("; %.0f%% of %lld prompt tokens read before",
                100 * read_before / static_cast<double>(n), n);
  }
  std::puts("");
  const Json& reading = part(client, "read_ahead");
  if (number(reading, "max_tokens") == 0) return;
  std::printf("          read ahead: %lld tokens of %lld Blocks; half of the KV pages hold %lld\n",
              number(reading, "tokens"), number(reading, "blocks"), number(reading, "max_tokens"));
}

// What an engine that nobody asks has given up, and what becomes of a daemon that has no clients.
void print_idle(const Json& report) {
  const std::string rung = text(report, "rung");
  if (rung == "kv on the host")
    std::puts("resting   nobody asks: what the model has read is in the host's memory");
  if (rung == "released")
    std::puts("resting   nobody asks: the model's memory is released until somebody does");
  if (report.contains("exits_in_seconds"))
    std::printf("idle      no client: exits in %lld s\n", number(report, "exits_in_seconds"));
}

// A tier that Segments go to and come back from; nothing where there is none.
void print_tier(const char* name, const Json& tier) {
  if (number(tier, "bytes") == 0) return;
  std::printf("  %s    %lld, %.1f MiB; %lld written, %lld brought back, %lld evicted\n", name,
              number(tier, "segments"), static_cast<double>(number(tier, "bytes")) / (1 << 20),
              number(tier, "written"), number(tier, "restored"), number(tier, "evicted"));
}

void print(const Json& report) {
  const Json& model = part(report, "model");
  std::printf("daemon    process %lld, rondo %s, up %lld s, %zu clients\n", number(report, "pid"),
              text(report, "version").c_str(), number(report, "uptime_seconds"),
              part(report, "clients").size());
  for (const Json& client : part(report, "clients")) print_client(client);
  print_idle(report);
  std::printf("model     %s: %s\n", text(model, "path").c_str(), text(model, "state").c_str());
  if (report.contains("engine")) {
    const Json& engine = report["engine"];
    const Json& kv = part(engine, "kv");
    const Json& segments = part(engine, "segments");
    const Json& requests = part(engine, "requests");
    std::printf("          %s\n", text(model, "sentence").c_str());
    std::printf("engine    %s, kernels %s, %lld threads\n", text(engine, "device").c_str(),
                text(engine, "kernels").c_str(), number(engine, "threads"));
    if (const std::string why = text(engine, "no_gpu"); !why.empty())
      std::printf("          no GPU: %s\n", why.c_str());
    const auto mib = [](long long n_bytes) { return static_cast<double>(n_bytes) / (1 << 20); };
    std::printf(
        "memory    %.0f MiB: weights %.0f, KV %.0f, steps %.0f\n",
        mib(number(engine, "memory_bytes")), mib(number(engine, "weight_bytes")),
        mib(number(kv, "bytes")),
        mib(number(engine, "memory_bytes") - number(engine, "weight_bytes") - number(kv, "bytes")));
    std::printf("KV        %lld pages used, %lld free\n", number(kv, "pages") - number(kv, "free"),
                number(kv, "free"));
    const long long n_wanted = number(segments, "hits") + number(segments, "misses");
    std::printf(
        "Segments  %lld, of %lld tokens; found %lld of %lld times, %lld encoded, %lld evicted\n",
        number(segments, "count"), number(segments, "tokens"), number(segments, "hits"), n_wanted,
        number(segments, "encoded"), number(segments, "evicted"));
    print_tier("host", part(engine, "host"));
    print_tier("disk", part(engine, "disk"));
    std::printf("requests  %lld done, %lld of them cancelled, %lld queued\n",
                number(requests, "done"), number(requests, "cancelled"),
                number(requests, "queued"));
  }
  std::printf("          %s\n", text(model, "larger").c_str());
  std::printf("log       %s\n", text(report, "log").c_str());
}

}  // namespace

void add_status_command(CLI::App& app, CommandContext context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("status", "What the daemon is doing");
  command->add_flag("--json", *json, "As JSON; null when no daemon runs");
  on_run(*command, context, [json, context]() -> Status {
    ASSIGN_OR_RETURN(const Json report, ask_daemon(context.environment, lsp::Wish::kStatus));
    if (*json) {
      print_json(report);
    } else if (report.is_null()) {
      std::puts("no daemon runs; an editor starts it (rondo lsp)");
    } else {
      print(report);
    }
    return {};
  });
}

}  // namespace rondo::cli
