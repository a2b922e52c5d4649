#include "cli/build_identity.h"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace rondo::cli {
namespace {

// The build id among the ELF notes in `notes`, in hexadecimal: each note is a header, a name and a
// value, both padded to four bytes.
std::string build_id_in(std::string_view notes) {
  const auto padded = [](size_t size) { return (size + 3) & ~size_t{3}; };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes.data(), sizeof note);
    const size_t value = sizeof note + padded(note.n_namesz);
    const size_t end = value + padded(note.n_descsz);
    if (end > notes.size()) break;
    if (note.n_type == NT_GNU_BUILD_ID &&
        notes.substr(sizeof note, 4) == std::string_view("GNU", 4)) {
      std::string id;
      for (const char byte : notes.substr(value, note.n_descsz)) {
        constexpr char kDigits[] = "0123456789abcdef";
        id += kDigits[static_cast<uint8_t>(byte) >> 4];
        id += kDigits[static_cast<uint8_t>(byte) & 15];
      }
      return id;
    }
    notes.remove_prefix(end);
  }
  return {};
}

// The first object that is told is the program itself.
int read_program(dl_phdr_info* object, size_t, void* id) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    if (part.p_type != PT_NOTE) continue;
    const auto* notes = reinterpret_cast<const char*>(object->dlpi_addr + part.p_vaddr);
    const std::string found = build_id_in({notes, part.p_memsz});
    if (!found.empty()) *static_cast<std::string*>(id) = found;
  }
  return 1;
}

}  // namespace

lsp::Identity build_identity() {
  lsp::Identity identity = {.version = RONDO_VERSION};
  ::dl_iterate_phdr(read_program, &identity.build);
  return identity;
}

}  // namespace rondo::cli
