#include "workspace/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "workspace/path.h"

namespace rondo::workspace {
namespace {

// Every secret has an unbroken run of so many letters and digits, with both in it; hardly anything
// else does, and such runs are quick to find.
constexpr size_t kRunBytes = 16;
constexpr double kMinEntropy = 3.5;  // bits a byte
constexpr size_t kMaxNameBytes = 64;
// How far a secret goes beyond a run, at most. Without a bound each of the many runs in encoded
// data would be widened to all of it.
constexpr size_t kMaxWidenBytes = 256;

struct Span {
  size_t begin = 0;
  size_t end = 0;
};

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool in_token(char c) { return is_alnum(c) || c == '_' || c == '-'; }
bool in_value(char c) { return in_token(c) || c == '+' || c == '/' || c == '.' || c == '~'; }

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// `span` extended on both sides over what `inside` takes, by at most kMaxWidenBytes each.
Span widen(std::string_view text, Span span, bool (*inside)(char)) {
  const size_t first = span.begin - std::min(span.begin, kMaxWidenBytes);
  const size_t last = span.end + std::min(text.size() - span.end, kMaxWidenBytes);
  while (span.begin > first && inside(text[span.begin - 1])) --span.begin;
  while (span.end < last && inside(text[span.end])) ++span.end;
  return span;
}

// Keys that begin with a mark of their issuer and go on with so many letters, digits, '_' and '-'.
struct Form {
  std::string_view prefix;
  size_t n_more;
  std::string_view what;
};
constexpr std::array<Form, 17> kForms = {{
    {"AKIA", 16, "an AWS access key"},
    {"ASIA", 16, "an AWS access key"},
    {"AIza", 35, "a Google API key"},
    {"ghp_", 36, "a GitHub token"},
    {"gho_", 36, "a GitHub token"},
    {"ghu_", 36, "a GitHub token"},
    {"ghs_", 36, "a GitHub token"},
    {"ghr_", 36, "a GitHub token"},
    {"github_pat_", 40, "a GitHub token"},
    {"glpat-", 20, "a GitLab token"},
    {"xoxb-", 20, "a Slack token"},
    {"xoxp-", 20, "a Slack token"},
    {"xoxa-", 20, "a Slack token"},
    {"sk-", 40, "an API key"},
    {"sk_live_", 20, "a Stripe key"},
    {"npm_", 36, "an npm token"},
    {"hf_", 34, "a Hugging Face token"},
}};

std::string_view issued_key(std::string_view token) {
  for (const Form& form : kForms) {
    if (token.starts_with(form.prefix) && token.size() >= form.prefix.size() + form.n_more) {
      return form.what;
    }
  }
  return {};
}

// Whether the header of a private key stands some lines before the run, or right before it.
bool follows_key_header(std::string_view text, size_t run_begin) {
  constexpr size_t kMaxHeaderBytes = 300;
  const size_t begin = run_begin - std::min(run_begin, kMaxHeaderBytes);
  const std::string_view before = text.substr(begin, run_begin - begin);
  const size_t key = before.rfind("PRIVATE KEY-----");
  return key != before.npos && before.substr(0, key).rfind("-----BEGIN ") != before.npos &&
         before.find("-----END", key) == before.npos;
}

double entropy(std::string_view value) {
  std::array<int, 256> counts{};
  for (const unsigned char c : value) ++counts[c];
  double bits = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    const double share = count / static_cast<double>(value.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

// Whether what stands before `value_begin` assigns to a name for secrets: api_key = , "password": .
bool assigns_secret(std::string_view text, size_t value_begin) {
  const size_t begin = value_begin - std::min(value_begin, kMaxNameBytes);
  std::string_view before = text.substr(begin, value_begin - begin);
  if (const size_t line = before.rfind('\n'); line != before.npos) before.remove_prefix(line + 1);
  const auto trim = [&](std::string_view characters) {
    const size_t last = before.find_last_not_of(characters);
    before = before.substr(0, last == before.npos ? 0 : last + 1);
  };
  trim(" \t\"'`([");
  if (before.empty() || std::string_view("=:>,").find(before.back()) == std::string_view::npos) {
    return false;
  }
  trim("=:>, \t\"'`])");
  size_t name_begin = before.size();
  while (name_begin > 0 && in_token(before[name_begin - 1])) --name_begin;
  const std::string name = lower(before.substr(name_begin));
  for (const std::string_view word :
       {"password", "passwd", "secret", "token", "credential", "apikey", "api_key", "api-key",
        "access_key", "accesskey", "private_key", "auth_key"}) {
    if (name.find(word) != name.npos) return true;
  }
  return false;
}

// The next run of kRunBytes letters and digits that begins at or after `from`; empty at the end.
// Such a run holds the byte at any kRunBytes-th place, so most bytes are not looked at.
Span next_run(std::string_view text, size_t from) {
  for (size_t probe = from + kRunBytes - 1; probe < text.size(); probe += kRunBytes) {
    if (!is_alnum(text[probe])) continue;
    Span run = {.begin = probe, .end = probe + 1};
    while (run.begin > from && is_alnum(text[run.begin - 1])) --run.begin;
    while (run.end < text.size() && is_alnum(text[run.end])) ++run.end;
    if (run.end - run.begin >= kRunBytes) return run;
    probe = run.end;
  }
  return {.begin = text.size(), .end = text.size()};
}

bool mixes_digits_and_letters(std::string_view run) {
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const auto n_digits = std::count_if(run.begin(), run.end(), is_digit);
  return n_digits > 0 && n_digits < static_cast<int64_t>(run.size());
}

// What the run is part of, if that is a secret.
std::optional<Secret> secret_at(std::string_view text, Span run) {
  const Span token = widen(text, run, in_token);
  const std::string_view what = issued_key(text.substr(token.begin, token.end - token.begin));
  if (!what.empty()) return Secret{.what = std::string(what), .offset = token.begin};
  if (follows_key_header(text, run.begin))
    return Secret{.what = "a private key", .offset = run.begin};
  const Span value = widen(text, run, in_value);
  const bool is_call = value.end < text.size() && text[value.end] == '(';
  if (!is_call && assigns_secret(text, value.begin) &&
      entropy(text.substr(value.begin, value.end - value.begin)) >= kMinEntropy) {
    return Secret{.what = "a value that looks like a secret", .offset = value.begin};
  }
  return std::nullopt;
}

}  // namespace

bool is_secret_file(std::string_view path) {
  const std::string name = lower(name_of(path));
  for (const std::string_view end : {".example", ".sample", ".template", ".dist", ".pub", ".md"}) {
    if (name.ends_with(end)) return false;
  }
  for (const std::string_view whole :
       {".env", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".git-credentials", ".htpasswd",
        "credentials", "credentials.json", "secrets.yml", "secrets.yaml", "secrets.json",
        "secrets.toml", ".dockercfg"}) {
    if (name == whole) return true;
  }
  for (const std::string_view begin : {".env.", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"}) {
    if (name.starts_with(begin)) return true;
  }
  for (const std::string_view end : {".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx",
                                     ".ppk", ".asc", ".gpg", ".env", ".tfstate", ".ovpn"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

std::optional<Secret> find_secret(std::string_view text) {
  for (Span run = next_run(text, 0); run.begin < text.size(); run = next_run(text, run.end)) {
    if (!mixes_digits_and_letters(text.substr(run.begin, run.end - run.begin))) continue;
    if (std::optional<Secret> secret = secret_at(text, run)) return secret;
  }
  return std::nullopt;
}

}  // namespace rondo::workspace
