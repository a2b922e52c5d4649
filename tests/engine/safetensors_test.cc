#include "engine/safetensors.h"

#include <gmock/gmock.h>

#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

using ::testing::HasSubstr;

std::string bytes_text(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()};
}

TEST(Safetensors, ReadsNamesShapesAndBytes) {
  ScratchFolder folder;
  folder.write("model.safetensors", safetensors_file({{"a", "BF16", {2, 1}, "abcd"},
                                                      {"b", "I8", {3}, "xyz"},
                                                      {"empty", "F32", {0, 7}, ""},
                                                      {"scalar", "F32", {}, "1234"}}));
  const auto tensors = TensorFolder::open(folder.path());
  ASSERT_TRUE(tensors.ok()) << tensors.status().to_string();
  EXPECT_EQ(tensors->tensors().size(), 4u);
  EXPECT_TRUE(tensors->has("a"));
  EXPECT_FALSE(tensors->has("c"));
  EXPECT_EQ(bytes_text(*tensors->tensor("a")), "abcd");
  EXPECT_EQ(bytes_text(*tensors->tensor("b")), "xyz");
  EXPECT_EQ(bytes_text(*tensors->tensor("scalar")), "1234");
  EXPECT_EQ(tensors->tensor("a")->dtype, DType::kBf16);
  EXPECT_EQ(tensors->tensor("empty")->shape, (std::vector<int64_t>{0, 7}));
  EXPECT_EQ(tensors->tensor("b")->file, folder.path() + "/model.safetensors");
}

TEST(Safetensors, MissingTensorAndWrongShapeNameWhatIsWrong) {
  ScratchFolder folder;
  folder.write("model.safetensors", safetensors_file({{"a", "BF16", {2, 1}, "abcd"}}));
  const auto tensors = TensorFolder::open(folder.path());
  ASSERT_TRUE(tensors.ok());
  const auto missing = tensors->tensor("b");
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  EXPECT_THAT(missing.status().message(), HasSubstr("no tensor \"b\""));
  const int64_t shape[] = {1, 2};
  const auto wrong = tensors->tensor("a", shape);
  EXPECT_EQ(wrong.status().code(), Code::kCorruption);
  EXPECT_THAT(wrong.status().message(), HasSubstr("has shape [2, 1]"));
  EXPECT_THAT(wrong.status().message(), HasSubstr("needs [1, 2]"));
}

TEST(Safetensors, ReadsShardsByTheIndex) {
  ScratchFolder folder;
  folder.write("s1.safetensors", safetensors_file({{"a", "I8", {1}, "a"}}));
  folder.write("s2.safetensors", safetensors_file({{"b", "I8", {1}, "b"}}));
  folder.write("model.safetensors.index.json",
               R"({"weight_map": {"a": "s1.safetensors", "b": "s2.safetensors"}})");
  auto tensors = TensorFolder::open(folder.path());
  ASSERT_TRUE(tensors.ok()) << tensors.status().to_string();
  const TensorFolder moved = *std::move(tensors);
  EXPECT_EQ(bytes_text(*moved.tensor("b")), "b");
  EXPECT_EQ(moved.tensor("b")->file, folder.path() + "/s2.safetensors");
}

struct BadFile {
  std::string content;
  std::string reason;
};

TEST(Safetensors, EveryLyingHeaderIsRefusedWithItsReason) {
  const auto entry = [](std::string fields) { return "{\"t\":{" + std::move(fields) + "}}"; };
  const std::string good = safetensors_file({{"t", "F32", {2}, "12345678"}});
  const std::vector<BadFile> cases = {
      {"", "empty or truncated"},
      {"1234567", "empty or truncated"},
      {std::string(8, '\0'), "not valid JSON"},
      {std::string(8, '\xff') + "{}", "says that its header has 18446744073709551615 bytes"},
      {std::string("\x03\0\0\0\0\0\0\0{}", 10), "says that its header has 3 bytes, but 2"},
      {good.substr(0, good.size() - 1), "truncated"},
      {good + "x", "its last 1 bytes belong to no tensor"},
      {safetensors_file("[]", ""), "not an object"},
      {safetensors_file("{\"t\":", ""), "not valid JSON"},
      {safetensors_file("{\"t\":1e999}", ""), "not valid JSON"},
      {safetensors_file("{\"\xff\":1}", ""), "not valid JSON"},
      {safetensors_file("{\"t\":3}", ""), "tensor \"t\" is not described by an object"},
      {safetensors_file(entry(R"("dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1])"), "x"),
       "has dtype \"F8_E4M3\", which is not supported"},
      {safetensors_file(entry(R"("shape":[1],"data_offsets":[0,1])"), "x"), "has dtype \"\""},
      {safetensors_file(entry(R"("dtype":"I8","data_offsets":[0,1])"), "x"), "no valid shape"},
      {safetensors_file(entry(R"("dtype":"I8","shape":[-1],"data_offsets":[0,1])"), "x"),
       "no valid shape"},
      {safetensors_file(entry(R"("dtype":"I8","shape":[1.0],"data_offsets":[0,1])"), "x"),
       "no valid shape"},
      {safetensors_file(entry(R"("dtype":"I8","shape":[1],"data_offsets":[0])"), "x"),
       "no valid data_offsets"},
      {safetensors_file(entry(R"("dtype":"I8","shape":[1],"data_offsets":[1,0])"), "x"),
       "lies at bytes 1 to 0"},
      {safetensors_file(entry(R"("dtype":"I8","shape":[2],"data_offsets":[0,2])"), "x"),
       "lies at bytes 0 to 2 of a data section of 1"},
      {safetensors_file(entry(R"("dtype":"I8","shape":[1],"data_offsets":[0,9223372036854775808])"),
                        "x"),
       "no valid data_offsets"},
      {safetensors_file(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,1])"), "x"),
       "needs 4 bytes but has 1"},
      {safetensors_file(
           entry(R"("dtype":"I8","shape":[4294967296,4294967296],"data_offsets":[0,0])"), ""),
       "larger than any file"},
      {safetensors_file(
           entry(R"("dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0])"), ""),
       "larger than any file"},
      {safetensors_file(R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},)"
                        R"("b":{"dtype":"I8","shape":[2],"data_offsets":[1,3]}})",
                        "xyz"),
       "tensor \"b\" overlaps another tensor"},
      {safetensors_file(R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},)"
                        R"("b":{"dtype":"I8","shape":[1],"data_offsets":[2,3]}})",
                        "xyz"),
       "tensor \"b\" follows 1 bytes that belong to no tensor"},
      {safetensors_file(R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},)"
                        R"("a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}})",
                        "xy"),
       "names \"a\" twice"},
  };
  for (const BadFile& bad : cases) {
    ScratchFolder folder;
    const std::string path = folder.write("model.safetensors", bad.content);
    const auto tensors = TensorFolder::open(folder.path());
    ASSERT_FALSE(tensors.ok()) << bad.reason;
    EXPECT_EQ(tensors.status().code(), Code::kCorruption) << bad.reason;
    EXPECT_THAT(tensors.status().message(), HasSubstr(path));
    EXPECT_THAT(tensors.status().message(), HasSubstr(bad.reason));
  }
}

TEST(Safetensors, EveryCutOfAFileIsRefused) {
  const std::string good =
      safetensors_file({{"a", "F32", {2}, "12345678"}, {"b", "I8", {3}, "xyz"}});
  for (size_t length = 0; length < good.size(); ++length) {
    ScratchFolder folder;
    folder.write("model.safetensors", good.substr(0, length));
    EXPECT_EQ(TensorFolder::open(folder.path()).status().code(), Code::kCorruption) << length;
  }
}

TEST(Safetensors, EveryBadIndexIsRefusedWithItsReason) {
  const std::string name = "model.safetensors.index.json";
  const std::vector<BadFile> cases = {
      {"", "not valid JSON"},
      {"{}", "has no object \"weight_map\""},
      {R"({"weight_map": []})", "has no object \"weight_map\""},
      {R"({"weight_map": {}})", "names no tensor"},
      {R"({"weight_map": {"a": 3}})", "is not a file name"},
      {R"({"weight_map": {"a": "../s1.safetensors"}})", "is not a file name"},
      {R"({"weight_map": {"a": "s1.safetensors", "a": "s2.safetensors"}})", "names \"a\" twice"},
      {R"({"weight_map": {"a": "s9.safetensors"}})", "names a shard that is not there"},
      {R"({"weight_map": {"b": "s1.safetensors"}})", "holds tensor \"b\", but it does not"},
      {R"({"weight_map": {"a": "s1.safetensors", "b": "s2.safetensors"}})",
       "tensor \"a\" is in both"},
  };
  for (const BadFile& bad : cases) {
    ScratchFolder folder;
    folder.write("s1.safetensors", safetensors_file({{"a", "I8", {1}, "a"}}));
    folder.write("s2.safetensors",
                 safetensors_file({{"a", "I8", {1}, "a"}, {"b", "I8", {1}, "b"}}));
    folder.write(name, bad.content);
    const auto tensors = TensorFolder::open(folder.path());
    ASSERT_FALSE(tensors.ok()) << bad.reason;
    EXPECT_THAT(tensors.status().message(), HasSubstr(folder.path()));
    EXPECT_THAT(tensors.status().message(), HasSubstr(bad.reason));
  }
}

TEST(Safetensors, AFolderWithoutWeightsIsNotFound) {
  ScratchFolder folder;
  EXPECT_EQ(TensorFolder::open(folder.path()).status().code(), Code::kNotFound);
  EXPECT_EQ(TensorFolder::open(folder.path() + "/none").status().code(), Code::kNotFound);
  std::filesystem::create_directory(folder.path() + "/model.safetensors");
  const auto tensors = TensorFolder::open(folder.path());
  EXPECT_THAT(tensors.status().message(), HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace rondo::engine
