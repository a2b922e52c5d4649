#include "cli/why_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "cli/daemon_home.h"
#include "lsp/uri.h"

namespace rondo::cli {
namespace {

constexpr const char* kFooter =
    "The last request of any editor: what the model read, how long each stage took, and why\n"
    "nothing was shown. A Block's score is the sum of its parts.\n"
    "  rondo why\n"
    "  rondo why --json | jq '.blocks[] | {path, score, parts}'";

long long number(const Json& json, const char* key) {
  return json_get<int64_t>(json, key).value_or(0);
}

std::string parts_of(const Json& block) {
  std::string text;
  for (const auto& [name, value] : block.at("parts").items()) {
    char part[64];
    std::snprintf(part, sizeof part, "%s%s %.2f", text.empty() ? "" : ", ", name.c_str(),
                  value.get<double>());
    text += part;
  }
  return text;
}

void print_blocks(const Json& blocks) {
  if (blocks.empty()) return;
  std::printf("%7s %7s  Block\n", "score", "tokens");
  for (const Json& block : blocks) {
    std::printf("%7.2f %7lld  %s: %s (%s)\n", block.at("score").get<double>(),
                number(block, "tokens"), block.at("path").get<std::string>().c_str(),
                block.at("reason").get<std::string>().c_str(), parts_of(block).c_str());
  }
}

void print(const Json& why) {
  const Json& position = why.at("position");
  const std::string uri = why.at("uri").get<std::string>();
  std::printf("%s:%lld:%lld, %lld s ago, asked by %s\n",
              lsp::path_of_uri(uri).value_or(uri).c_str(), number(position, "line") + 1,
              number(position, "character") + 1, number(why, "secondsAgo"),
              why.at("invoked").get<bool>() ? "hand" : "typing");
  if (why.contains("reason")) {
    std::printf("nothing   %s\n", why["reason"].get<std::string>().c_str());
  } else {
    std::printf("shown     %lld, mean log-probability %.2f\n", number(why, "suggestions"),
                why.at("meanLogprob").get<double>());
  }
  std::printf(
      "tokens    prompt %lld (%lld there already, %lld of them read for others), Segments %lld, "
      "generated %lld\n",
      number(why, "promptTokens"), number(why, "cachedTokens"), number(why, "adoptedTokens"),
      number(why, "segmentTokens"), number(why, "generatedTokens"));
  const auto ms = [&timings = why.at("timings")](const char* key) {
    return json_get<double>(timings, key).value_or(0);
  };
  std::printf(
      "ms        %.1f: context %.1f, tokens %.1f, queue %.1f, Segments %.1f, prompt %.1f, "
      "answer %.1f, clean-up %.1f\n",
      ms("totalMs"), ms("contextMs"), ms("tokenizeMs"), ms("queuedMs"), ms("segmentsMs"),
      ms("prefillMs"), ms("decodeMs"), ms("postprocessMs"));
  if (why.contains("gate")) {
    std::printf("gate      %lld%% sure, %lld%% asked for: %s\n", number(why["gate"], "confidence"),
                number(why["gate"], "asked"),
                why["gate"].at("shown").get<bool>() ? "shown" : "not shown");
  }
  for (const Json& step : why.value("loop_steps", Json::array())) {
    std::printf("step %lld    %s (%s, %lld tokens)\n", number(step, "step"),
                step.at("focus").get<std::string>().c_str(),
                step.at("verdict").get<std::string>().c_str(), number(step, "tokens_generated"));
  }
  print_blocks(why.at("blocks"));
  for (const Json& path : why.at("nearCopies")) {
    std::printf("left out  Blocks of %s: nearly what stands around the cursor\n",
                path.get<std::string>().c_str());
  }
}

}  // namespace

void add_why_command(CLI::App& app, CommandContext context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("why", "Why something was suggested last, or nothing")->footer(kFooter);
  command->add_flag("--json", *json, "As JSON; null when nobody has asked");
  on_run(*command, context, [json, context]() -> Status {
    ASSIGN_OR_RETURN(const Json why, ask_daemon(context.environment, lsp::Wish::kWhy));
    if (*json) {
      print_json(why);
    } else if (why.is_null()) {
      std::puts("no editor has asked for a suggestion yet; type in one, then ask again");
    } else {
      print(why);
    }
    return {};
  });
}

}  // namespace rondo::cli
