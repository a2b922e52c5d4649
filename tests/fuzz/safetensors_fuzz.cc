// Any bytes as model.safetensors: opening them gives tensors whose bytes can be read, or a Status.
#include "engine/safetensors.h"
#include "tests/engine/model_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using rondo::engine::TensorFolder;
  static const rondo::engine::ScratchFolder folder;
  folder.write("model.safetensors", {reinterpret_cast<const char*>(data), size});
  const auto tensors = TensorFolder::open(folder.path());
  if (!tensors.ok()) {
    CHECK(!tensors.status().message().empty(), "a refusal has a reason");
    return 0;
  }
  unsigned sum = 0;
  for (const auto& [name, tensor] : tensors->tensors()) {
    for (const std::byte byte : tensor.bytes) sum += static_cast<unsigned>(byte);
  }
  CHECK(sum <= 255 * size, "the tensors lie inside the file");
  return 0;
}
