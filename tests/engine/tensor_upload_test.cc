// Tensors in the memory of the fake GPU: what reads them runs as late as may be, so that a slot
// which is written again too early shows.
#include "engine/tensor_upload.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "engine/choose_device.h"
#include "engine/tensor_values.h"

namespace rondo::engine {
namespace {

struct OwnedTensor {
  std::vector<std::byte> bytes;
  Tensor tensor;
};

OwnedTensor random_tensor(DType dtype, int64_t n, uint32_t seed) {
  std::minstd_rand random(seed);
  OwnedTensor owned;
  owned.bytes.resize(static_cast<size_t>(n * dtype_bytes(dtype)));
  for (std::byte& byte : owned.bytes) byte = static_cast<std::byte>(random() >> 8 & 0x3f);
  owned.tensor = {.dtype = dtype, .shape = {n}, .bytes = owned.bytes};
  return owned;
}

void check_upload(int64_t pinned_from_bytes) {
  const auto device = std::move(choose_device({.device = "cuda"}).value().device);
  // More pieces than there are slots, and tensors that end within one.
  std::vector<OwnedTensor> tensors;
  for (const DType dtype : {DType::kI8, DType::kBf16, DType::kF16, DType::kF32}) {
    for (const int64_t n : {1, 1000, 12'345'679})
      tensors.push_back(random_tensor(dtype, n, static_cast<uint32_t>(tensors.size())));
  }
  int64_t n_bytes = 0;
  for (const OwnedTensor& owned : tensors) n_bytes += elements_of(owned.tensor).n_bytes();
  const DeviceMemory memory = device->allocate(n_bytes).value();
  TensorUpload upload(*device, pinned_from_bytes);
  std::byte* to = memory.data();
  size_t n_works = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const RowSource rows = elements_of(tensors[i].tensor);
    upload.add(rows, to);
    upload.then([&n_works, i] { EXPECT_EQ(n_works++, i); });
    to += rows.n_bytes();
  }
  upload.run();
  std::vector<std::byte> got(static_cast<size_t>(n_bytes));
  device->download(got.data(), memory.data(), n_bytes);
  ASSERT_TRUE(device->ok());
  EXPECT_EQ(n_works, tensors.size());
  size_t begin = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i].tensor;
    std::vector<std::byte> want = tensors[i].bytes;
    want.resize(static_cast<size_t>(elements_of(tensor).n_bytes()));
    if (is_float(tensor.dtype)) {
      for (int64_t j = 0; j < n_elements(tensor); ++j) {
        const uint16_t bits = kernels::float_to_bf16(load_float(tensor, j));
        std::memcpy(want.data() + 2 * j, &bits, 2);
      }
    }
    EXPECT_EQ(std::memcmp(got.data() + begin, want.data(), want.size()), 0) << i;
    begin += want.size();
  }
}

TEST(TensorUpload, BringsEveryTypeWholeAndInOrder) { check_upload(0); }

TEST(TensorUpload, BringsFewBytesAlone) { check_upload(TensorUpload::kPinnedFromBytes); }

}  // namespace
}  // namespace rondo::engine
