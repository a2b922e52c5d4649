// A read-only memory map of a whole file.
//
// Thread: immutable after open; reads from any thread. Owns the mapping and unmaps it when
// destroyed.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace rondo {

class MappedFile {
 public:
  // Maps the regular file at `path`; an empty file gives an empty span.
  // Errors: NotFound when it cannot be opened, InvalidArgument when it is not a regular file.
  static Result<MappedFile> open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}

  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace rondo
