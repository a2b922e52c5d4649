#include "cli/bench_clients.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/temporary_folder.h"
#include "bench/typing_trace.h"
#include "cli/measuring_editor.h"
#include "cli/model_path.h"
#include "lsp/spawn.h"
#include "workspace/languages.h"
#include "workspace/scanner.h"

namespace rondo::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Asked = MeasuringEditor::Asked;
namespace fs = std::filesystem;

constexpr const char* kFooter =
    "A daemon of its own, and editors that speak to it as editors do (rondo lsp): one types "
    "alone,\n"
    "then two type, in files of their own, while a third client asks for suggestions all over the\n"
    "workspace, one after the other without a pause. Lines are the same both times.\n\n"
    "  rondo bench clients . --threads 2";

constexpr int64_t kLeastBytes = 2'000, kMostBytes = 60'000;  // of a file that is typed in
constexpr int64_t kPlacesAFile = 4;                          // that the third client asks at

struct Arguments {
  std::string workspace;
  std::string model, device, kernels;
  int32_t n_threads = 0;
  int32_t n_actions = 150;
  int32_t most_keys = 12;
  int32_t n_rounds = 2;
  int32_t pause_ms = 80;
  int32_t jump_pause_ms = 500;
  bool json = false;
};

struct SourceFile {
  std::string path;  // absolute
  std::string text;
};

// Of code, ASCII alone, the longest first.
Result<std::vector<SourceFile>> files_to_type_in(const std::string& folder) {
  ASSIGN_OR_RETURN(workspace::Scanner scanner, workspace::Scanner::open(folder));
  std::vector<SourceFile> files;
  const auto add = [&](const std::string& path) {
    auto bytes = workspace::read_source(scanner.root(), path, kMostBytes);
    if (!bytes.ok() || std::ssize(*bytes) < kLeastBytes) return;
    const auto& language = workspace::language_of_file(path, *bytes);
    if (language.chunking != workspace::Chunking::kSyntax) return;
    if (!std::all_of(bytes->begin(), bytes->end(), [](char c) { return c >= 0; })) return;
    files.push_back({.path = scanner.root() + "/" + path, .text = std::move(*bytes)});
  };
  RETURN_IF_ERROR(scanner.scan(add, {}).status());
  std::stable_sort(files.begin(), files.end(), [](const SourceFile& a, const SourceFile& b) {
    return a.text.size() > b.text.size();
  });
  if (files.size() < 3)
    return not_found_error(folder + " has fewer than three files of code to type in");
  return files;
}

// A daemon that nobody else knows: its user has a home of its own.
class PrivateDaemon {
 public:
  static Result<std::unique_ptr<PrivateDaemon>> start(const Environment& environment,
                                                      const Arguments& arguments) {
    ASSIGN_OR_RETURN(TemporaryFolder home, TemporaryFolder::make("rondo-clients"));
    fs::create_directory(home.path() + "/run");
    fs::permissions(home.path() + "/run", fs::perms::owner_all);
    ASSIGN_OR_RETURN(const std::string model, find_model(environment, arguments.model));
    std::unique_ptr<PrivateDaemon> daemon(
        new PrivateDaemon(std::move(home), environment.executable));
    std::vector<std::string> more = {"--detach", "--model", fs::absolute(model).string()};
    const auto add = [&more](const char* name, const std::string& value) {
      if (!value.empty()) more.insert(more.end(), {name, value});
    };
    add("--device", arguments.device);
    add("--kernels", arguments.kernels);
    if (arguments.n_threads > 0) add("--threads", std::to_string(arguments.n_threads));
    RETURN_IF_ERROR(daemon->run("daemon", more));
    return daemon;
  }
  ~PrivateDaemon() { (void)!run("daemon", {"stop"}).ok(); }

  // How the program is started for the daemon's user.
  std::vector<std::string> words(const std::string& command) const {
    return {"env",
            "-u",
            "XDG_CONFIG_HOME",
            "-u",
            "XDG_DATA_HOME",
            "-u",
            "XDG_CACHE_HOME",
            "-u",
            "XDG_STATE_HOME",
            "HOME=" + home_.path(),
            "XDG_RUNTIME_DIR=" + home_.path() + "/run",
            program_,
            command};
  }

 private:
  PrivateDaemon(TemporaryFolder home, std::string program)
      : home_(std::move(home)), program_(std::move(program)) {}

  Status run(const std::string& command, const std::vector<std::string>& more) const {
    std::vector<std::string> all = words(command);
    all.insert(all.end(), more.begin(), more.end());
    const FileDescriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ASSIGN_OR_RETURN(const pid_t process, lsp::spawn(all, nothing.get()));
    int code = 0;
    if (::waitpid(process, &code, 0) > 0 && code == 0) return {};
    return unavailable_error("the daemon of the measurement did not start; its reason is above");
  }

  const TemporaryFolder home_;
  const std::string program_;
};

// Milliseconds of answers.
struct Times {
  std::vector<double> keys;
  std::vector<double> jumps;  // the first at a place

  void add(const Times& other) {
    keys.insert(keys.end(), other.keys.begin(), other.keys.end());
    jumps.insert(jumps.end(), other.jumps.begin(), other.jumps.end());
  }
};

double percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  return values[std::min(values.size() - 1, static_cast<size_t>(p * n))];
}

// Somebody who types in one file.
Result<Times> type(MeasuringEditor& editor, const SourceFile& file, const Arguments& arguments,
                   uint32_t seed) {
  Times times;
  RETURN_IF_ERROR(editor.change(file.text));
  Status status;
  const auto act = [&](const bench::TypingState& state) {
    const bool jumps = state.action == bench::Action::kJump;
    std::this_thread::sleep_for(
        std::chrono::milliseconds(jumps ? arguments.jump_pause_ms : arguments.pause_ms));
    status = editor.change(state.text);
    if (!status.ok()) return false;
    const Result<double> ms = editor.suggest(state.offset, Asked::kByTyping);
    status = ms.status();
    if (ms.ok()) (jumps ? times.jumps : times.keys).push_back(*ms);
    return status.ok();
  };
  bench::type_trace(
      file.text, {.n_actions = arguments.n_actions, .most_keys = arguments.most_keys, .seed = seed},
      act);
  RETURN_IF_ERROR(status);
  return times;
}

// Asks at places of all files, round and round; how often a second it was answered.
Result<double> ask_everywhere(MeasuringEditor& editor, const std::vector<SourceFile>& files,
                              std::stop_token stop) {
  int64_t n_answers = 0;
  const auto begin = Clock::now();
  for (size_t i = 2; !stop.stop_requested(); i = i + 1 < files.size() ? i + 1 : 2) {
    const std::string& text = files[i].text;
    RETURN_IF_ERROR(editor.open(files[i].path, text));
    for (int64_t place = 1; place <= kPlacesAFile && !stop.stop_requested(); ++place) {
      const size_t from = text.size() * static_cast<size_t>(place) / (kPlacesAFile + 1);
      const auto offset = static_cast<int64_t>(std::min(text.find('\n', from), text.size()));
      RETURN_IF_ERROR(editor.suggest(offset, Asked::kByCommand).status());
      ++n_answers;
    }
  }
  return static_cast<double>(n_answers) /
         std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Report {
  Times alone, beside;
  double batch_answers_per_s = 0;  // of the third client, the mean of the rounds
};

class Measurement {
 public:
  static Result<std::unique_ptr<Measurement>> prepare(const Environment& environment,
                                                      const Arguments& arguments) {
    std::unique_ptr<Measurement> self(new Measurement(arguments));
    const std::string folder = fs::canonical(arguments.workspace).string();
    ASSIGN_OR_RETURN(self->files_, files_to_type_in(folder));
    ASSIGN_OR_RETURN(self->daemon_, PrivateDaemon::start(environment, arguments));
    std::vector<std::string> words = self->daemon_->words("lsp");
    words.emplace_back("--stdio");
    for (std::unique_ptr<MeasuringEditor>& editor : self->editors_) {
      ASSIGN_OR_RETURN(editor, MeasuringEditor::start(words, folder));
      RETURN_IF_ERROR(editor->wait_until_ready());
    }
    for (size_t i = 0; i < 2; ++i)
      RETURN_IF_ERROR(self->editors_[i]->open(self->files_[i].path, self->files_[i].text));
    return self;
  }

  Result<Report> run() {
    Report report;
    for (int32_t round = 0; round < arguments_.n_rounds; ++round) {
      const auto seed = static_cast<uint32_t>(round) + 1;
      // So that neither way finds less read than the other.
      say(round, "reading what the lines need");
      RETURN_IF_ERROR(alone(seed).status());
      say(round, "one client");
      ASSIGN_OR_RETURN(const Times once, alone(seed));
      report.alone.add(once);
      say(round, "three clients");
      RETURN_IF_ERROR(beside(seed, report));
    }
    report.batch_answers_per_s /= arguments_.n_rounds;
    return report;
  }

  size_t n_files() const { return files_.size(); }

 private:
  explicit Measurement(const Arguments& arguments) : arguments_(arguments) {}

  void say(int32_t round, const char* what) const {
    std::fprintf(stderr, "round %d of %d: %s\n", round + 1, arguments_.n_rounds, what);
  }
  Result<Times> alone(uint32_t seed) { return type(*editors_[0], files_[0], arguments_, seed); }

  Status beside(uint32_t seed, Report& report) {
    std::stop_source over;
    auto batch = std::async(std::launch::async,
                            [&] { return ask_everywhere(*editors_[2], files_, over.get_token()); });
    auto other = std::async(std::launch::async,
                            [&] { return type(*editors_[1], files_[1], arguments_, seed + 100); });
    const Result<Times> mine = alone(seed);
    const Result<Times> others = other.get();
    over.request_stop();
    const Result<double> pace = batch.get();
    RETURN_IF_ERROR(mine.status());
    RETURN_IF_ERROR(others.status());
    RETURN_IF_ERROR(pace.status());
    report.beside.add(*mine);
    report.batch_answers_per_s += *pace;
    return {};
  }

  const Arguments arguments_;
  std::vector<SourceFile> files_;
  std::unique_ptr<PrivateDaemon> daemon_;
  std::unique_ptr<MeasuringEditor> editors_[3];  // two that type, one that asks all the time
};

Json times_json(const Times& times) {
  return {{"keys", times.keys.size()},
          {"key_p50_ms", percentile(times.keys, 0.5)},
          {"key_p95_ms", percentile(times.keys, 0.95)},
          {"jumps", times.jumps.size()},
          {"jump_p50_ms", percentile(times.jumps, 0.5)},
          {"jump_p95_ms", percentile(times.jumps, 0.95)}};
}

void print_times(const char* who, const Times& times) {
  std::printf("  %-32s key p50 %6.1f  p95 %6.1f ms (%zu)   jump p50 %6.1f  p95 %6.1f ms (%zu)\n",
              who, percentile(times.keys, 0.5), percentile(times.keys, 0.95), times.keys.size(),
              percentile(times.jumps, 0.5), percentile(times.jumps, 0.95), times.jumps.size());
}

Status run(const Arguments& arguments, const Environment& environment) {
  ASSIGN_OR_RETURN(const auto measurement, Measurement::prepare(environment, arguments));
  ASSIGN_OR_RETURN(const Report report, measurement->run());
  const double alone = percentile(report.alone.keys, 0.95);
  const double ratio = alone > 0 ? percentile(report.beside.keys, 0.95) / alone : 0;
  if (arguments.json) {
    print_json({{"files", measurement->n_files()},
                {"alone", times_json(report.alone)},
                {"beside", times_json(report.beside)},
                {"key_p95_ratio", ratio},
                {"batch_answers_per_s", report.batch_answers_per_s}});
    return {};
  }
  std::printf("clients  %zu files; the third client had %.1f answers a second\n",
              measurement->n_files(), report.batch_answers_per_s);
  print_times("alone", report.alone);
  print_times("beside one that types, one more", report.beside);
  std::printf("  p95 of a key: %.2f times\n", ratio);
  return {};
}

}  // namespace

void add_clients_bench(CLI::App& bench, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      bench.add_subcommand("clients", "Type alone, and beside others on the same daemon");
  command->footer(kFooter);
  command->add_option("WORKSPACE", arguments->workspace, "A folder with source files")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--model", arguments->model,
                      "Model folder (default: the one that rondo complete uses)");
  command->add_option("--device", arguments->device, "cpu, cuda or cuda:N");
  command->add_option("--kernels", arguments->kernels,
                      "Force reference, avx2, avxvnni, avx512 or amx");
  add_threads_option(*command, arguments->n_threads);
  command->add_option("--keys", arguments->n_actions, "How many keys and jumps a round")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--rounds", arguments->n_rounds, "How many rounds, of other lines each")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--pause", arguments->pause_ms, "Milliseconds between two keys")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  on_run(*command, context,
         [arguments, &environment = context.environment] { return run(*arguments, environment); });
}

}  // namespace rondo::cli
