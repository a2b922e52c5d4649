// Random numbers that are the same on every machine and standard library for a seed (SplitMix64).
//
// Thread: a plain value; one thread at a time.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace rondo::bench {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // A number of [0, n). REQUIRES: n > 0. The bias of % is below n / 2^64.
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }

  // True in `percent` of 100 calls.
  bool percent(int percent) { return below(100) < percent; }

  template <typename T>
  void shuffle(std::vector<T>& values) {
    for (auto i = static_cast<int64_t>(values.size()) - 1; i > 0; --i) {
      std::swap(values[i], values[below(i + 1)]);
    }
  }

 private:
  uint64_t state_;
};

}  // namespace rondo::bench
