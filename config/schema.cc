#include "config/schema.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rondo::config {
namespace {

constexpr int64_t kWeek = 7 * 24 * 3600;

std::string_view who(SetBy set_by) {
  switch (set_by) {
    case SetBy::kAnybody:
      return "anybody";
    case SetBy::kTrusted:
      return "you, a trusted workspace";
    case SetBy::kUser:
      return "you";
  }
  return {};
}

// How many letters must be inserted, removed or replaced to make `a` of `b`.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

// From `rondo bench gate` (docs/quality.md).
constexpr int kConfidence = 66;

}  // namespace

const std::vector<Option>& schema() {
  static const std::vector<Option> options = {
      {.name = "automatic",
       .value = true,
       .sentence = "Suggest while typing; otherwise only when asked."},
      {.name = "multiline", .value = false, .sentence = "Suggestions may go on after the line."},
      {.name = "context", .value = true, .sentence = "Read other files of the workspace."},
      {.name = "contextMode",
       .kind = Kind::kText,
       .value = "segments",
       .choices = {"segments", "prefix"},
       .set_by = SetBy::kUser,
       .sentence = "How they are read: as Segments, where the model was trained on them, else, and "
                   "with \"prefix\", as text before the file."},
      {.name = "readAhead",
       .value = true,
       .sentence = "While you pause, the model reads what a suggestion at the cursor would need."},
      {.name = "readWorkspace",
       .kind = Kind::kText,
       .value = "gpu",
       .choices = {"never", "gpu", "always"},
       .set_by = SetBy::kUser,
       .sentence =
           "Whether the model reads the whole workspace while nobody waits, as far as half of "
           "its memory for what it reads goes: never, on a GPU, or also on the CPU, which is "
           "busy for minutes then."},
      {.name = "completionMenu",
       .value = false,
       .sentence = "Offer the completion menu even to an editor that shows ghost text."},
      {.name = "maxTokens",
       .kind = Kind::kInteger,
       .value = 0,
       .high = 4096,
       .sentence = "Length of a suggestion in tokens; 0: as the model is made for."},
      {.name = "candidates",
       .kind = Kind::kInteger,
       .value = 3,
       .low = 1,
       .high = 8,
       .sentence = "How many suggestions to make when asked for."},
      {.name = "confidence",
       .kind = Kind::kInteger,
       .value = kConfidence,
       .low = 0,
       .high = 99,
       .sentence = "How sure of its words the model must be to suggest something unasked, in "
                   "percent; 0: it always does."},
      {.name = "steps",
       .kind = Kind::kInteger,
       .value = 1,
       .low = 1,
       .high = 6,
       .sentence =
           "Steps of a suggestion: 1 drafts it, 2 repairs what does not parse, 3 names that "
           "nothing brings; each takes its time."},
      {.name = "model",
       .kind = Kind::kFolder,
       .value = "",
       .set_by = SetBy::kTrusted,
       .sentence = "Folder of the model; empty: the first of the places below."},
      {.name = "script",
       .kind = Kind::kFolder,
       .value = "",
       .set_by = SetBy::kUser,
       .sentence = "A file that answers instead of the model, for tests and demonstrations; see "
                   "[scripts](recording.md). Empty: none."},
      {.name = "device",
       .kind = Kind::kText,
       .value = "",
       .choices = {"", "cpu", "cuda", "cuda:1", "cuda:2", "cuda:3", "cuda:4", "cuda:5", "cuda:6",
                   "cuda:7"},
       .set_by = SetBy::kUser,
       .sentence = "What the model runs on; empty: the first GPU that serves, else the CPU."},
      {.name = "kernels",
       .kind = Kind::kText,
       .value = "",
       .choices = {"", "reference", "avx2", "avxvnni", "avx512", "amx"},
       .set_by = SetBy::kUser,
       .sentence = "Instruction set that the model runs on; empty: the fastest of this machine."},
      {.name = "threads",
       .kind = Kind::kInteger,
       .value = 0,
       .high = 256,
       .set_by = SetBy::kUser,
       .sentence = "Threads of the model; 0: one a core."},
      {.name = "kvMegabytes",
       .kind = Kind::kInteger,
       .value = 512,
       .low = 64,
       .high = 1 << 20,
       .set_by = SetBy::kUser,
       .sentence = "Memory for what the model has read, in MiB."},
      {.name = "hostMegabytes",
       .kind = Kind::kInteger,
       .value = 1024,
       .high = 1 << 20,
       .set_by = SetBy::kUser,
       .sentence = "Beside a GPU: the machine's memory for what the model has read, in MiB."},
      {.name = "diskMegabytes",
       .kind = Kind::kInteger,
       .value = 4096,
       .high = 1 << 22,
       .set_by = SetBy::kUser,
       .sentence = "Disk for what the model has read, kept between starts, in MiB; 0: none. See "
                   "`rondo cache`."},
      {.name = "socketFolder",
       .kind = Kind::kFolder,
       .value = "",
       .set_by = SetBy::kUser,
       .sentence = "Folder of the daemon's own folder with socket and locks; empty: "
                   "`$XDG_RUNTIME_DIR`."},
      {.name = "answerWithinSeconds",
       .kind = Kind::kSeconds,
       .value = 3,
       .high = kWeek,
       .set_by = SetBy::kUser,
       .sentence = "A daemon that says nothing for so long hangs, and is replaced."},
      {.name = "restAfterSeconds",
       .kind = Kind::kSeconds,
       .value = 120,
       .high = kWeek,
       .set_by = SetBy::kUser,
       .sentence = "When nobody asks for so long, what the model has read goes from a GPU to the "
                   "host's memory (`hostMegabytes`); 0: never."},
      {.name = "releaseAfterSeconds",
       .kind = Kind::kSeconds,
       .value = 600,
       .high = kWeek,
       .set_by = SetBy::kUser,
       .sentence =
           "When nobody asks for so long, the model's memory is given up until somebody does, "
           "editors open or not; 0: never."},
      {.name = "exitAfterSeconds",
       .kind = Kind::kSeconds,
       .value = 1800,
       .high = kWeek,
       .set_by = SetBy::kUser,
       .sentence = "Without an editor for so long, the daemon exits."},
  };
  return options;
}

const Option* find_option(std::string_view name) {
  const auto found = std::find_if(schema().begin(), schema().end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == schema().end() ? nullptr : &*found;
}

std::optional<std::string_view> nearest_option(std::string_view name) {
  const auto distance = [&](const Option& option) { return edit_distance(name, option.name); };
  const auto nearest =
      std::min_element(schema().begin(), schema().end(),
                       [&](const Option& a, const Option& b) { return distance(a) < distance(b); });
  // A third of the letters may be wrong.
  if (distance(*nearest) * 3 > std::max(name.size(), nearest->name.size())) return std::nullopt;
  return nearest->name;
}

std::string expected(const Option& option) {
  const std::string range =
      " from " + std::to_string(option.low) + " to " + std::to_string(option.high);
  switch (option.kind) {
    case Kind::kBoolean:
      return "true or false";
    case Kind::kInteger:
      return "an integer" + range;
    case Kind::kSeconds:
      return "a number" + range;
    case Kind::kFolder:
      return "a path";
    case Kind::kText:
      break;
  }
  std::string list;
  for (size_t i = 0; i < option.choices.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == option.choices.size() ? " or " : ", ");
    list += quoted(option.choices[i]);
  }
  return list;
}

bool fits(const Option& option, const Json& value) {
  const auto in_range = [&] {
    const double number = value.is_number() ? value.get<double>() : NAN;
    return number >= static_cast<double>(option.low) && number <= static_cast<double>(option.high);
  };
  switch (option.kind) {
    case Kind::kBoolean:
      return value.is_boolean();
    case Kind::kInteger:  // some editors write 3.0 for 3
      return in_range() && value.get<double>() == std::floor(value.get<double>());
    case Kind::kSeconds:
      return in_range();
    case Kind::kFolder:
      return value.is_string() && value.get<std::string>().find('\0') == std::string::npos;
    case Kind::kText:
      return value.is_string() && std::count(option.choices.begin(), option.choices.end(),
                                             value.get<std::string>()) != 0;
  }
  return false;
}

std::string reference_table() {
  std::string table = "| option | default | may be | set by | |\n|---|---|---|---|---|\n";
  for (const Option& option : schema()) {
    const std::string value = option.value == "" ? "" : "`" + dump_json(option.value) + "`";
    table += "| `" + std::string(option.name) + "` | " + value + " | " + expected(option) + " | " +
             std::string(who(option.set_by)) + " | " + std::string(option.sentence) + " |\n";
  }
  return table;
}

}  // namespace rondo::config
