#include "engine/tokenizer.h"

#include <filesystem>
#include <utility>

#include "engine/byte_level_tokenizer.h"
#include "engine/sentencepiece_tokenizer.h"
#include "engine/token_encoder.h"

namespace rondo::engine {

struct Tokenizer::Impl : TokenizerParts {};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::load(const std::string& folder) {
  std::error_code ignored;
  const bool has_model = std::filesystem::exists(folder + "/tokenizer.model", ignored);
  const bool has_json = std::filesystem::exists(folder + "/tokenizer.json", ignored);
  ASSIGN_OR_RETURN(TokenizerParts parts,
                   has_json && !has_model ? load_byte_level(folder) : load_sentencepiece(folder));
  return Tokenizer(std::make_unique<Impl>(Impl{std::move(parts)}));
}

int32_t Tokenizer::vocab_size() const { return impl_->tokens.size(); }
Hash128 Tokenizer::digest() const { return impl_->digest; }
bool Tokenizer::adds_prefix_space() const { return impl_->adds_prefix_space; }

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  if (impl_->adds_prefix_space && !text.empty()) return encode_part(" " + std::string(text));
  return encode_part(text);
}

std::vector<int32_t> Tokenizer::encode_part(std::string_view part) const {
  std::vector<int32_t> ids;
  ids.reserve(part.size() / 2);
  impl_->encoder->append(part, ids);
  return ids;
}

std::string_view Tokenizer::token_bytes(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return impl_->tokens.bytes[static_cast<size_t>(id)];
}

std::string Tokenizer::decode(std::span<const int32_t> ids) const {
  std::string text;
  for (const int32_t id : ids) text += token_bytes(id);
  if (impl_->adds_prefix_space && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

bool Tokenizer::is_special(int32_t id) const {
  return id >= 0 && id < vocab_size() && impl_->tokens.special[static_cast<size_t>(id)];
}

std::optional<int32_t> Tokenizer::special(std::string_view name) const {
  const auto it = impl_->tokens.names.find(name);
  return it == impl_->tokens.names.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace rondo::engine
