// What a model's results depend on, as its digest tells it.

#include "engine/model.h"

#include <gtest/gtest.h>

#include "tests/engine/tiny_model.h"

namespace rondo::engine {
namespace {

class ModelDigest : public testing::Test {
 protected:
  void SetUp() override { write_tiny_model(folder_, 1); }

  Hash128 digest(const kernels::Kernels& kernels) {
    const auto device = Device::cpu(kernels, 1);
    const ModelConfig config = ModelConfig::load(folder_.path()).value();
    return Model::load(folder_.path(), config, *device).value().digest();
  }

  ScratchFolder folder_;
};

TEST_F(ModelDigest, IsTheSameOnEveryStart) {
  EXPECT_EQ(digest(kernels::reference_kernels()), digest(kernels::reference_kernels()));
}

TEST_F(ModelDigest, ChangesWithTheKernelsAndWithTheirArithmetic) {
  kernels::Kernels newer = kernels::reference_kernels(), other = newer;
  ++newer.numerics;
  other.name = "other";
  const Hash128 reference = digest(kernels::reference_kernels());
  EXPECT_NE(digest(newer), reference);
  EXPECT_NE(digest(other), reference);
  EXPECT_NE(digest(newer), digest(other));
}

}  // namespace
}  // namespace rondo::engine
