#include "lsp/handshake.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace rondo::lsp {
namespace {

constexpr std::array<std::pair<std::string_view, Wish>, 5> kWishes = {{
    {"serve", Wish::kServe},
    {"status", Wish::kStatus},
    {"why", Wish::kWhy},
    {"stop", Wish::kStop},
    {"clear cache", Wish::kClearCache},
}};
constexpr std::array<std::pair<std::string_view, Answer>, 5> kAnswers = {{
    {"accepted", Answer::kAccepted},
    {"other protocol", Answer::kOtherProtocol},
    {"other build", Answer::kOtherBuild},
    {"other engine", Answer::kOtherEngine},
    {"busy", Answer::kBusy},
}};
constexpr std::chrono::milliseconds kNap{10};

template <typename Table, typename Value>
std::string_view name_in(const Table& table, Value value) {
  const auto* const found = std::find_if(table.begin(), table.end(),
                                         [&](const auto& row) { return row.second == value; });
  return found->first;
}

template <typename Value, typename Table>
std::optional<Value> value_in(const Table& table, const Json& json, std::string_view key) {
  const std::string name = json_get<std::string>(json, key).value_or("");
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::string line_of(const Json& json) { return dump_json(json) + "\n"; }

Identity read_identity(const Json& json) {
  return {.version = json_get<std::string>(json, "version").value_or(""),
          .build = json_get<std::string>(json, "build").value_or("")};
}

// The object in `line`, if it speaks of a protocol.
Result<Json> read_object(std::string_view line) {
  Result<Json> json = parse_json(line, "the handshake");
  if (!json.ok() || !json_get<int64_t>(*json, "rondo")) {
    return invalid_argument_error("what was said is no handshake of Rondo");
  }
  return json;
}

}  // namespace

std::string to_line(const Hello& hello) {
  return line_of({{"rondo", hello.protocol},
                  {"version", hello.program.version},
                  {"build", hello.program.build},
                  {"wish", name_in(kWishes, hello.wish)},
                  {"model", hello.model},
                  {"kernels", hello.kernels},
                  {"threads", hello.n_threads},
                  {"anyBuild", hello.any_build}});
}

std::string to_line(const Welcome& welcome) {
  return line_of({{"rondo", welcome.protocol},
                  {"version", welcome.program.version},
                  {"build", welcome.program.build},
                  {"answer", name_in(kAnswers, welcome.answer)},
                  {"reason", welcome.reason},
                  {"pid", welcome.process_id},
                  {"clients", welcome.n_clients},
                  {"status", welcome.status}});
}

Result<Hello> read_hello(std::string_view line) {
  ASSIGN_OR_RETURN(const Json json, read_object(line));
  Hello hello = {.protocol = *json_get<int64_t>(json, "rondo"), .program = read_identity(json)};
  const std::optional<Wish> wish = value_in<Wish>(kWishes, json, "wish");
  if (!wish) return invalid_argument_error("the handshake wishes what this daemon cannot do");
  hello.wish = *wish;
  hello.model = json_get<std::string>(json, "model").value_or("");
  hello.kernels = json_get<std::string>(json, "kernels").value_or("");
  hello.n_threads = json_get<int32_t>(json, "threads").value_or(0);
  hello.any_build = json_get<bool>(json, "anyBuild").value_or(false);
  return hello;
}

Result<Welcome> read_welcome(std::string_view line) {
  ASSIGN_OR_RETURN(Json json, read_object(line));
  Welcome welcome = {.protocol = *json_get<int64_t>(json, "rondo"),
                     .program = read_identity(json),
                     .answer = Answer::kOtherProtocol,
                     .reason = json_get<std::string>(json, "reason").value_or(""),
                     .process_id = json_get<int64_t>(json, "pid").value_or(0),
                     .n_clients = json_get<int64_t>(json, "clients").value_or(0)};
  if (welcome.protocol != kHandshakeProtocol) return welcome;
  welcome.answer = value_in<Answer>(kAnswers, json, "answer").value_or(Answer::kOtherProtocol);
  if (json.contains("status")) welcome.status = std::move(json["status"]);
  return welcome;
}

bool Patience::nap() const {
  if (stop.stop_requested() || std::chrono::steady_clock::now() >= deadline) return false;
  ::poll(nullptr, 0, static_cast<int>(kNap.count()));
  return true;
}

bool Patience::readable(int fd) const {
  pollfd wanted = {.fd = fd, .events = POLLIN, .revents = 0};
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < deadline) {
    if (::poll(&wanted, 1, static_cast<int>(kNap.count())) > 0) return true;
  }
  return false;
}

Result<Welcome> ask(int socket, const Hello& hello, const Patience& patience) {
  const std::string line = to_line(hello);
  if (::send(socket, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) {
    return unavailable_error("the daemon does not listen");
  }
  std::string answer;
  std::array<char, 4096> buffer;
  while (!answer.ends_with('\n')) {
    if (!patience.readable(socket)) return resource_exhausted_error("the daemon does not answer");
    const ssize_t n = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (n <= 0 || answer.size() > kMaxHandshakeBytes) {
      return unavailable_error("the daemon ended instead of answering");
    }
    answer.append(buffer.data(), static_cast<size_t>(n));
  }
  return read_welcome(answer);
}

bool wait_for_end(int socket, const Patience& patience) {
  std::array<char, 4096> buffer;
  while (patience.readable(socket)) {
    if (::recv(socket, buffer.data(), buffer.size(), 0) <= 0) return true;
  }
  return false;
}

}  // namespace rondo::lsp
