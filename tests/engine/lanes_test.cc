// The two lanes of a GPU: what orders them and what does not.
#include <gtest/gtest.h>

#include <vector>

#include "engine/choose_device.h"
#include "engine/event.h"

namespace rondo::engine {
namespace {

class Lanes : public testing::Test {
 protected:
  Lanes()
      : first_(std::move(choose_device({.device = "cuda"}).value().device)),
        second_(first_->open_lane().value()),
        memory_(first_->allocate(sizeof(int)).value()) {
    write(*first_, 1);
    first_->synchronize();
  }

  void write(Device& lane, int value) { lane.upload(memory_.data(), &value, sizeof value); }
  int read(Device& lane) {
    int value = 0;
    lane.download(&value, memory_.data(), sizeof value);
    return value;
  }

  const std::unique_ptr<Device> first_, second_;
  const DeviceMemory memory_;
};

TEST_F(Lanes, WorkBesideEachOther) {
  write(*second_, 2);
  EXPECT_EQ(read(*first_), 1);
  EXPECT_EQ(read(*second_), 2);
}

TEST_F(Lanes, FollowEachOtherAsFarAsAsked) {
  write(*second_, 2);
  first_->follow(*second_);
  write(*second_, 3);
  EXPECT_EQ(read(*first_), 2);
  write(*first_, 4);
  second_->follow(*first_);
  EXPECT_EQ(read(*second_), 4);
}

TEST_F(Lanes, AnEventPassesWhenItsLaneHasComeToIt) {
  Event event(*second_);
  EXPECT_TRUE(event.passed());
  write(*second_, 2);
  event.record();
  first_->synchronize();
  EXPECT_FALSE(event.passed());
  event.wait();
  EXPECT_TRUE(event.passed());
  write(*second_, 3);
  EXPECT_TRUE(event.passed());
}

TEST_F(Lanes, FailTogether) {
  second_->fail(unavailable_error("lost"));
  EXPECT_EQ(first_->status().message(), "lost");
}

TEST(Lane, TheCpuHasOne) {
  const ChosenDevice cpu = choose_device({.device = "cpu"}).value();
  EXPECT_EQ(cpu.device->open_lane().value(), nullptr);
}

}  // namespace
}  // namespace rondo::engine
