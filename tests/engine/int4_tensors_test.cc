// What the oracle's tiny models (scripts/oracle/int4.py) do not have: other shapes and groups, and
// tensors that are not as they should be.
#include "engine/int4_tensors.h"

#include <gmock/gmock.h>

#include <cstring>
#include <map>
#include <random>

#include "engine/checkpoint_reader.h"
#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

using ::testing::HasSubstr;

constexpr const char* kModule = "model.layers.0.mlp.down_proj";

std::string word_bytes(const std::vector<uint32_t>& words) {
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(uint32_t)};
}

// One module: values and zero points of 4 bits, and scales that are powers of two.
struct Module {
  Module(Int4Config config, int32_t n, int32_t k) : config(config), n(n), k(k) {
    n_groups = config.group_size == 0 ? 1 : (k + config.group_size - 1) / config.group_size;
    std::mt19937 random(7);
    for (int64_t i = 0; i < int64_t{n} * k; ++i) values.push_back(random() % 16);
    for (int64_t i = 0; i < int64_t{n} * n_groups; ++i) {
      zeros.push_back(random() % 16);
      exponents.push_back(random() % 4);
    }
  }

  // Word [row][column] of `rows` and `columns`, each of 8 of nibble(row, 8 * column + place).
  template <class Nibble>
  static std::string words(int64_t rows, int64_t columns, const Nibble& nibble) {
    std::vector<uint32_t> out;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        uint32_t word = 0;
        for (int64_t place = 0; place < 8; ++place)
          word |= nibble(row, column * 8, place) << (4 * place);
        out.push_back(word);
      }
    }
    return word_bytes(out);
  }
  uint32_t value(int64_t row, int64_t input) const {
    return row < n && input < k ? values[static_cast<size_t>(row * k + input)] : 0;
  }
  uint32_t zero(int64_t row, int64_t group) const {
    return row < n ? zeros[static_cast<size_t>(row * n_groups + group)] : 0;
  }
  uint16_t half(int64_t row, int64_t group) const {  // 2^-e
    return static_cast<uint16_t>((15 - exponents[static_cast<size_t>(row * n_groups + group)])
                                 << 10);
  }
  std::string scales(bool turned) const {
    std::string bytes;
    for (int64_t i = 0; i < int64_t{n} * n_groups; ++i) {
      const uint16_t bits = turned ? half(i % n, i / n) : half(i / n_groups, i % n_groups);
      bytes.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    }
    return bytes;
  }

  std::map<std::string, StoredTensor> stored() const {
    std::map<std::string, StoredTensor> all;
    const auto add = [&](const char* suffix, const char* dtype, std::vector<int64_t> shape,
                         std::string bytes) {
      const std::string name = std::string(kModule) + "." + suffix;
      all[suffix] = {name, dtype, std::move(shape), std::move(bytes)};
    };
    if (config.layout == Int4Layout::kCompressedTensors) {
      const int64_t rows = (n + 7) / 8, columns = (k + 7) / 8;
      add("weight_packed", "I32", {n, columns},
          words(n, columns, [&](int64_t row, int64_t first, int64_t place) {
            return value(row, first + place);
          }));
      add("weight_scale", "F16", {n, n_groups}, scales(false));
      add("weight_shape", "I32", {2},
          word_bytes({static_cast<uint32_t>(n), static_cast<uint32_t>(k)}));
      if (config.has_zeros) {
        std::vector<uint32_t> packed;
        for (int64_t i = 0; i < rows * n_groups; ++i) {
          uint32_t word = 0;
          for (int64_t place = 0; place < 8; ++place)
            word |= zero(i / n_groups * 8 + place, i % n_groups) << (4 * place);
          packed.push_back(word);
        }
        add("weight_zero_point", "I32", {rows, n_groups}, word_bytes(packed));
      }
      return all;
    }
    const bool is_awq = config.layout == Int4Layout::kAwq;
    constexpr int64_t kAwqOrder[] = {0, 2, 4, 6, 1, 3, 5, 7};
    const auto output = [&](int64_t first, int64_t place) {
      return first + (is_awq ? kAwqOrder[place] : place);
    };
    if (is_awq) {
      add("qweight", "I32", {k, n / 8},
          words(k, n / 8, [&](int64_t input, int64_t first, int64_t place) {
            return value(output(first, place), input);
          }));
    } else {
      std::vector<uint32_t> packed;
      for (int64_t i = 0; i < int64_t{k} / 8 * n; ++i) {
        uint32_t word = 0;
        for (int64_t place = 0; place < 8; ++place)
          word |= value(i % n, i / n * 8 + place) << (4 * place);
        packed.push_back(word);
      }
      add("qweight", "I32", {k / 8, n}, word_bytes(packed));
      std::vector<uint32_t> order;
      for (int32_t i = 0; i < k; ++i)
        order.push_back(static_cast<uint32_t>(config.group_size == 0 ? 0 : i / config.group_size));
      add("g_idx", "I32", {k}, word_bytes(order));
    }
    add("qzeros", "I32", {n_groups, n / 8},
        words(n_groups, n / 8, [&](int64_t group, int64_t first, int64_t place) {
          return zero(output(first, place), group);
        }));
    add("scales", "F16", {n_groups, n}, scales(true));
    return all;
  }

  Int4Config config;
  int32_t n, k;
  int64_t n_groups;
  std::vector<uint32_t> values, zeros, exponents;
};

struct Opened {
  explicit Opened(const std::map<std::string, StoredTensor>& stored) {
    std::vector<StoredTensor> list;
    for (const auto& [suffix, tensor] : stored) list.push_back(tensor);
    folder.write("model.safetensors", safetensors_file(list));
    tensors = TensorFolder::open(folder.path()).value();
  }
  ScratchFolder folder;
  TensorFolder tensors;
};

Result<Int4Tensors> find(const TensorFolder& tensors, const Module& module) {
  return Int4Tensors::find(tensors, kModule, module.config, module.n, module.k,
                           [](const std::string&) {});
}

// Reads rows a few at a time, from the last on.
std::vector<uint8_t> all_rows(const RowSource& rows) {
  std::vector<uint8_t> bytes(static_cast<size_t>(rows.n_bytes()));
  constexpr int64_t kAtATime = 5;
  for (int64_t first = (rows.n - 1) / kAtATime * kAtATime; first >= 0; first -= kAtATime)
    rows.read(first, std::min(kAtATime, rows.n - first),
              reinterpret_cast<std::byte*>(bytes.data() + first * rows.row_bytes));
  return bytes;
}

void expect_reads(const Module& module) {
  const Opened opened(module.stored());
  const auto found = find(opened.tensors, module);
  ASSERT_TRUE(found.ok()) << found.status().message();
  const std::vector<uint8_t> words = all_rows(found->words());
  const std::vector<uint8_t> scales = all_rows(found->group_scales());
  const std::vector<uint8_t> zeros = all_rows(found->group_zeros());
  const int64_t row_bytes = (module.k + 7) / 8 * 4, n_groups = (module.k + 127) / 128;
  for (int64_t row = 0; row < module.n; ++row) {
    for (int64_t i = 0; i < module.k; ++i)
      ASSERT_EQ(words[row * row_bytes + i / 2] >> (i % 2 * 4) & 15, module.value(row, i))
          << row << " " << i;
    for (int64_t group = 0; group < n_groups; ++group) {
      const int64_t of = module.config.group_size == 0 ? 0 : group * 128 / module.config.group_size;
      uint16_t scale;
      std::memcpy(&scale, scales.data() + 2 * (row * n_groups + group), sizeof scale);
      const auto exponent = module.exponents[row * module.n_groups + of];
      EXPECT_EQ(scale, (127 - exponent) << 7);
      const bool stored = module.config.has_zeros;
      EXPECT_EQ(zeros[row * n_groups + group],
                stored ? module.zero(row, of) + module.config.zero_shift : 8u);
    }
  }
}

TEST(Int4Tensors, ReadsWhatModulesHold) {
  for (const int32_t group_size : {0, 128, 256}) {
    for (const bool has_zeros : {false, true}) {
      const Int4Config ct = {.group_size = group_size, .has_zeros = has_zeros};
      expect_reads({ct, 13, 300});  // odd sizes, and a last group that is short
    }
    const Int4Config awq = {
        .layout = Int4Layout::kAwq, .group_size = group_size, .has_zeros = true};
    expect_reads({awq, 24, 512});
    expect_reads({awq, 304, 36});
    for (const int32_t shift : {0, 1}) {
      const Int4Config gptq = {.layout = Int4Layout::kGptq,
                               .group_size = group_size,
                               .has_zeros = true,
                               .zero_shift = shift};
      expect_reads({gptq, 40, 520});
    }
  }
}

TEST(Int4Tensors, KnowsZeroPointsThatAreAllEight) {
  for (const Int4Layout layout : {Int4Layout::kAwq, Int4Layout::kGptq}) {
    Module module({.layout = layout, .group_size = 128, .zero_shift = 1}, 16, 256);
    EXPECT_FALSE(find(Opened(module.stored()).tensors, module)->is_symmetric());
    std::ranges::fill(module.zeros, 7);
    EXPECT_TRUE(find(Opened(module.stored()).tensors, module)->is_symmetric());
  }
}

struct Hostile {
  const char* suffix;
  std::function<void(StoredTensor&)> change;
  const char* reason;
};

void expect_refused(const Module& module, const std::vector<Hostile>& cases) {
  for (const Hostile& bad : cases) {
    auto stored = module.stored();
    ASSERT_TRUE(stored.contains(bad.suffix)) << bad.suffix;
    bad.change(stored[bad.suffix]);
    if (stored[bad.suffix].name.empty()) stored.erase(bad.suffix);
    const Opened opened(stored);
    const auto found = find(opened.tensors, module);
    ASSERT_FALSE(found.ok()) << bad.suffix << ": " << bad.reason;
    EXPECT_THAT(found.status().message(), HasSubstr(bad.reason));
    EXPECT_THAT(found.status().message(),
                HasSubstr("\"" + std::string(kModule) + "." + bad.suffix + "\""));
    EXPECT_THAT(found.status().message(), HasSubstr(opened.folder.path()));
  }
}

void leave_out(StoredTensor& tensor) { tensor.name.clear(); }
void widen(StoredTensor& tensor) { tensor.shape.push_back(1); }
void cut(StoredTensor& tensor) {
  tensor.bytes.resize(tensor.bytes.size() / static_cast<size_t>(tensor.shape[0]));
  tensor.shape[0] = 1;
}
void retype(StoredTensor& tensor) {
  tensor.bytes.resize(tensor.bytes.size() / (tensor.dtype == "I32" ? 4 : 2));
  tensor.dtype = "I8";
}
Hostile set_word(const char* suffix, size_t index, uint32_t word, const char* reason) {
  return {suffix,
          [=](StoredTensor& tensor) { std::memcpy(tensor.bytes.data() + 4 * index, &word, 4); },
          reason};
}

std::vector<Hostile> of_any(std::initializer_list<const char*> suffixes) {
  std::vector<Hostile> cases;
  for (const char* suffix : suffixes) {
    cases.push_back({suffix, widen, "has shape "});
    cases.push_back({suffix, cut, "has shape "});
    cases.push_back({suffix, retype, "has dtype I8"});
  }
  return cases;
}

TEST(Int4Tensors, TensorsThatAreNotAsTheyShouldBeAreNamedWithTheirFile) {
  const Module ct({.group_size = 128, .has_zeros = true}, 16, 256);
  std::vector<Hostile> cases =
      of_any({"weight_packed", "weight_scale", "weight_zero_point", "weight_shape"});
  for (const char* suffix : {"weight_scale", "weight_zero_point", "weight_shape"})
    cases.push_back({suffix, leave_out, "no tensor"});
  cases.push_back(set_word("weight_shape", 1, 255, "says 255 where 256 follows"));
  expect_refused(ct, cases);

  const Module awq({.layout = Int4Layout::kAwq, .group_size = 128, .has_zeros = true}, 16, 256);
  cases = of_any({"qweight", "scales", "qzeros"});
  for (const char* suffix : {"scales", "qzeros"}) cases.push_back({suffix, leave_out, "no tensor"});
  expect_refused(awq, cases);

  const Module gptq({.layout = Int4Layout::kGptq, .group_size = 128, .zero_shift = 1}, 16, 256);
  cases = of_any({"qweight", "scales", "qzeros", "g_idx"});
  for (const char* suffix : {"scales", "qzeros"}) cases.push_back({suffix, leave_out, "no tensor"});
  cases.push_back(set_word("g_idx", 3, 2, "puts input 3 in group 2 of 2"));
  cases.push_back(set_word("g_idx", 3, 0xffffffff, "puts input 3 in group -1 of 2"));
  cases.push_back(set_word("g_idx", 3, 1, "desc_act true), which is not supported"));
  expect_refused(gptq, cases);
}

TEST(Int4Tensors, ABiasThatNothingAskedForMayOnlyBeZeros) {
  const Module module({.layout = Int4Layout::kGptq, .group_size = 128}, 16, 128);
  auto stored = module.stored();
  const std::string name = std::string(kModule) + ".bias";
  stored["bias"] = {name, "F16", {16}, std::string(32, '\0')};
  ModelConfig config;
  config.weight_format = WeightFormat::kInt4Group;
  config.int4 = module.config;
  const auto check = [&](bool reads_bias) -> Status {
    const Opened opened(stored);
    CheckpointReader reader(opened.tensors, config);
    RETURN_IF_ERROR(reader.matrix({{kModule, 16}}, 128).status());
    std::vector<float> bias;
    if (reads_bias) RETURN_IF_ERROR(reader.vector(name, {16}, bias));
    return reader.check_all_used();
  };
  EXPECT_TRUE(check(false).ok());
  stored["bias"].bytes[7] = 1;
  EXPECT_THAT(check(false).message(), HasSubstr(name + "\", which config.json's architecture"));
  EXPECT_TRUE(check(true).ok());
}

TEST(Int4Tensors, RowsOfOneMatrixHaveOneType) {
  const Module module({.layout = Int4Layout::kGptq, .group_size = 128}, 16, 128);
  auto stored = module.stored();
  stored["plain"] = {"plain.weight", "F16", {16, 128}, std::string(16 * 128 * 2, '\0')};
  const Opened opened(stored);
  ModelConfig config;
  config.weight_format = WeightFormat::kInt4Group;
  config.int4 = module.config;
  CheckpointReader reader(opened.tensors, config);
  EXPECT_TRUE(reader.matrix({{kModule, 16}}, 128).ok());
  EXPECT_TRUE(reader.matrix({{"plain", 16}}, 128).ok());
  EXPECT_TRUE(reader.check_all_used().ok());
  EXPECT_THAT(reader.matrix({{kModule, 16}, {"plain", 16}}, 128).status().message(),
              HasSubstr("\"plain.weight\" has dtype F16 where the type of the rows before it"));
  EXPECT_THAT(reader.matrix({{"plain", 16}, {kModule, 16}}, 128).status().message(),
              HasSubstr("down_proj has 4-bit weights, unlike the rows before it"));
}

}  // namespace
}  // namespace rondo::engine
