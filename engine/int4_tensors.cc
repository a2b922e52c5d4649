#include "engine/int4_tensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/tensor_values.h"
#include "kernels/bf16.h"
#include "kernels/kernels.h"

namespace rondo::engine {
namespace {

constexpr int64_t kInWord = 8;  // values of a word
constexpr uint8_t kMiddle = 8;  // the zero point of symmetric weights
constexpr int64_t kBlock = 16;  // words that are turned at once, a line of a cache
constexpr std::array kAwqPlaces = {0, 4, 1, 5, 2, 6, 3, 7};  // in a word, of outputs in order

int64_t divided_up(int64_t n, int64_t by) { return (n + by - 1) / by; }

uint32_t load_word(const Tensor& tensor, int64_t index) {
  uint32_t word;
  std::memcpy(&word, tensor.bytes.data() + index * 4, sizeof word);
  return word;
}

uint32_t nibble(uint32_t word, int64_t place) { return word >> (4 * place) & 15; }

// As many groups of kInt4Group inputs.
int64_t n_kernel_groups(int32_t k) { return divided_up(k, kernels::kInt4Group); }

// Groups of the checkpoint.
int64_t n_groups(const Int4Config& config, int32_t k) {
  return config.group_size == 0 ? 1 : divided_up(k, config.group_size);
}

// The checkpoint's group of a kernel's.
int64_t source_group(const Int4Config& config, int64_t group) {
  return config.group_size == 0 ? 0 : group * kernels::kInt4Group / config.group_size;
}

Status wrong(const std::string& name, const Tensor& tensor, const std::string& what) {
  return corruption_error(std::string(tensor.file) + ": tensor \"" + name + "\" " + what);
}

// Finds one module's tensors.
class Finder {
 public:
  Finder(const TensorFolder& tensors, std::string module,
         const std::function<void(const std::string&)>& use)
      : tensors_(tensors), module_(std::move(module)), use_(use) {}

  Result<Tensor> words(const char* suffix, std::vector<int64_t> shape) {
    ASSIGN_OR_RETURN(Tensor found, find(suffix, shape));
    if (found.dtype != DType::kI32) return wrong_type(suffix, found, "I32");
    return found;
  }
  Result<Tensor> floats(const char* suffix, std::vector<int64_t> shape) {
    ASSIGN_OR_RETURN(Tensor found, find(suffix, shape));
    if (!is_float(found.dtype)) return wrong_type(suffix, found, "a floating-point type");
    return found;
  }
  // weight_shape says what is known.
  Status check_shape(int32_t n, int32_t k) {
    ASSIGN_OR_RETURN(const Tensor found, find("weight_shape", {2}));
    if (found.dtype != DType::kI32 && found.dtype != DType::kI64)
      return wrong_type("weight_shape", found, "I32 or I64");
    for (const auto& [i, size] : {std::pair{0, n}, std::pair{1, k}}) {
      int64_t value = 0;  // little-endian, and a size is positive
      const auto n_bytes = static_cast<size_t>(dtype_bytes(found.dtype));
      std::memcpy(&value, found.bytes.data() + i * n_bytes, n_bytes);
      if (value != size)
        return wrong(name("weight_shape"), found,
                     "says " + std::to_string(value) + " where " + std::to_string(size) +
                         " follows from config.json");
    }
    return {};
  }
  // Inputs in the order of their groups.
  Status check_order(const Int4Config& config, int32_t k) {
    if (!tensors_.has(name("g_idx"))) return {};
    ASSIGN_OR_RETURN(const Tensor found, words("g_idx", {k}));
    bool in_order = true;
    for (int64_t i = 0; i < k; ++i) {
      const uint32_t group = load_word(found, i);
      if (group >= n_groups(config, k))
        return wrong(name("g_idx"), found,
                     "puts input " + std::to_string(i) + " in group " +
                         std::to_string(static_cast<int32_t>(group)) + " of " +
                         std::to_string(n_groups(config, k)));
      in_order = in_order && group == (config.group_size == 0 ? 0 : i / config.group_size);
    }
    if (in_order) return {};
    return invalid_argument_error(
        std::string(found.file) + ": tensor \"" + name("g_idx") +
        "\" has inputs in the order of their activations (desc_act true), which is not supported; "
        "use weights that were quantised with desc_act false");
  }

 private:
  std::string name(const char* suffix) const { return module_ + "." + suffix; }
  Result<Tensor> find(const char* suffix, const std::vector<int64_t>& shape) {
    use_(name(suffix));
    return tensors_.tensor(name(suffix), shape);
  }
  Status wrong_type(const char* suffix, const Tensor& found, const char* needed) const {
    return wrong(
        name(suffix), found,
        "has dtype " + std::string(dtype_name(found.dtype)) + " where " + needed + " is needed");
  }

  const TensorFolder& tensors_;
  const std::string module_;
  const std::function<void(const std::string&)>& use_;
};

// Words [rows, columns] to [columns, rows], of columns [first, first + n).
void turn_words(const Tensor& from, int64_t rows, int64_t columns, int64_t first, int64_t n,
                std::byte* out) {
  for (int64_t column = 0; column < n; column += kBlock) {
    const int64_t n_columns = std::min(kBlock, n - column);
    for (int64_t row = 0; row < rows; ++row) {
      const std::byte* line = from.bytes.data() + (row * columns + first + column) * 4;
      for (int64_t i = 0; i < n_columns; ++i)
        std::memcpy(out + ((column + i) * rows + row) * 4, line + i * 4, 4);
    }
  }
}

// Swaps the nibbles of a that `mask` has with those of b that are `places` lower.
void swap_nibbles(uint32_t& a, uint32_t& b, int places, uint32_t mask) {
  const uint32_t difference = (a >> (4 * places) ^ b) & mask;
  b ^= difference;
  a ^= difference << (4 * places);
}

// Of 8 words of 8 nibbles: nibble i of word j becomes nibble j of word i.
void turn_nibbles(uint32_t (&words)[8]) {
  for (const auto& [step, mask] :
       {std::pair{4, 0x0000ffffu}, std::pair{2, 0x00ff00ffu}, std::pair{1, 0x0f0f0f0fu}}) {
    for (int i = 0; i < 8; ++i) {
      if ((i & step) == 0) swap_nibbles(words[i], words[i + step], step, mask);
    }
  }
}

// awq: words [k, n / 8] of 8 outputs to words [n, k / 8] of 8 inputs.
void turn_outputs(const Int4Tensors& source, int64_t first, int64_t n, std::byte* out) {
  const int64_t columns = source.n / kInWord, row_words = divided_up(source.k, kInWord);
  // Whole words; the first and the last may have rows that are not asked for.
  const auto turn = [&](int64_t column, int64_t at) {
    uint32_t words[8] = {};
    for (int64_t i = 0; i < std::min<int64_t>(8, source.k - at * 8); ++i)
      words[i] = load_word(source.weights, (at * 8 + i) * columns + column);
    turn_nibbles(words);
    for (int64_t i = 0; i < kInWord; ++i) {
      const int64_t row = column * kInWord + i - first;
      if (row >= 0 && row < n)
        std::memcpy(out + (row * row_words + at) * 4, &words[kAwqPlaces[i]], 4);
    }
  };
  const int64_t last = divided_up(first + n, kInWord);
  for (int64_t column = first / kInWord; column < last; column += kBlock) {
    for (int64_t at = 0; at < row_words; ++at) {
      for (int64_t i = column; i < std::min(column + kBlock, last); ++i) turn(i, at);
    }
  }
}

// Of output n and a group of the checkpoint.
uint8_t zero_of(const Int4Tensors& source, int64_t n, int64_t group) {
  const Tensor& zeros = *source.zeros;
  if (source.config.layout == Int4Layout::kCompressedTensors) {
    const int64_t columns = n_groups(source.config, source.k);
    return static_cast<uint8_t>(
        nibble(load_word(zeros, n / kInWord * columns + group), n % kInWord));
  }
  const int64_t place =
      source.config.layout == Int4Layout::kAwq ? kAwqPlaces[n % kInWord] : n % kInWord;
  const uint32_t word = load_word(zeros, group * (source.n / kInWord) + n / kInWord);
  return static_cast<uint8_t>(nibble(word, place) + source.config.zero_shift);
}

uint16_t scale_of(const Int4Tensors& source, int64_t n, int64_t group) {
  const int64_t index = source.config.layout == Int4Layout::kCompressedTensors
                            ? n * n_groups(source.config, source.k) + group
                            : group * source.n + n;
  return kernels::float_to_bf16(load_float(source.scales, index));
}

const char* weights_suffix(const Int4Config& config) {
  return config.layout == Int4Layout::kCompressedTensors ? "weight_packed" : "qweight";
}

}  // namespace

bool Int4Tensors::has(const TensorFolder& tensors, const std::string& module,
                      const Int4Config& config) {
  return tensors.has(module + "." + weights_suffix(config));
}

Result<Int4Tensors> Int4Tensors::find(const TensorFolder& tensors, const std::string& module,
                                      const Int4Config& config, int32_t n, int32_t k,
                                      const std::function<void(const std::string&)>& use) {
  Finder finder(tensors, module, use);
  Int4Tensors found = {.config = config, .n = n, .k = k};
  const int64_t groups = n_groups(config, k);
  if (config.layout == Int4Layout::kCompressedTensors) {
    ASSIGN_OR_RETURN(found.weights, finder.words("weight_packed", {n, divided_up(k, kInWord)}));
    ASSIGN_OR_RETURN(found.scales, finder.floats("weight_scale", {n, groups}));
    if (config.has_zeros) {
      ASSIGN_OR_RETURN(found.zeros,
                       finder.words("weight_zero_point", {divided_up(n, kInWord), groups}));
    }
    RETURN_IF_ERROR(finder.check_shape(n, k));
    return found;
  }
  const bool is_awq = config.layout == Int4Layout::kAwq;
  if (n % kInWord != 0 || (!is_awq && k % kInWord != 0))
    return invalid_argument_error("module " + module + " has " + std::to_string(n) +
                                  " outputs and " + std::to_string(k) + " inputs, which " +
                                  (is_awq ? "awq" : "gptq") + " does not pack in words of 8");
  ASSIGN_OR_RETURN(found.weights, is_awq ? finder.words("qweight", {k, n / kInWord})
                                         : finder.words("qweight", {k / kInWord, n}));
  ASSIGN_OR_RETURN(found.scales, finder.floats("scales", {groups, n}));
  ASSIGN_OR_RETURN(found.zeros, finder.words("qzeros", {groups, n / kInWord}));
  RETURN_IF_ERROR(finder.check_order(config, k));
  return found;
}

bool Int4Tensors::is_symmetric() const {
  if (!zeros) return true;
  if (config.layout == Int4Layout::kCompressedTensors && n % kInWord != 0) return false;
  const uint32_t word =
      (uint32_t{kMiddle} - static_cast<uint32_t>(config.zero_shift)) * 0x11111111u;
  for (int64_t i = 0; i < n_elements(*zeros); ++i) {
    if (load_word(*zeros, i) != word) return false;
  }
  return true;
}

RowSource Int4Tensors::words() const {
  RowSource rows = {.n = n, .row_bytes = divided_up(k, kInWord) * 4};
  switch (config.layout) {
    case Int4Layout::kCompressedTensors:
      rows.in_place = weights.bytes.data();
      break;
    case Int4Layout::kAwq:
      rows.make = [source = *this](int64_t first, int64_t n_rows, std::byte* out) {
        turn_outputs(source, first, n_rows, out);
      };
      break;
    case Int4Layout::kGptq:
      rows.make = [source = *this](int64_t first, int64_t n_rows, std::byte* out) {
        turn_words(source.weights, source.k / kInWord, source.n, first, n_rows, out);
      };
      break;
  }
  return rows;
}

RowSource Int4Tensors::group_scales() const {
  const auto make = [source = *this](int64_t first, int64_t n_rows, std::byte* out) {
    for (int64_t row = first; row < first + n_rows; ++row) {
      for (int64_t group = 0; group < n_kernel_groups(source.k); ++group, out += 2) {
        const uint16_t scale = scale_of(source, row, source_group(source.config, group));
        std::memcpy(out, &scale, sizeof scale);
      }
    }
  };
  return {.n = n, .row_bytes = 2 * n_kernel_groups(k), .make = make};
}

RowSource Int4Tensors::group_zeros() const {
  const auto make = [source = *this](int64_t first, int64_t n_rows, std::byte* out) {
    for (int64_t row = first; row < first + n_rows; ++row) {
      for (int64_t group = 0; group < n_kernel_groups(source.k); ++group) {
        const uint8_t zero =
            source.zeros ? zero_of(source, row, source_group(source.config, group)) : kMiddle;
        *out++ = static_cast<std::byte>(zero);
      }
    }
  };
  return {.n = n, .row_bytes = n_kernel_groups(k), .make = make};
}

}  // namespace rondo::engine
