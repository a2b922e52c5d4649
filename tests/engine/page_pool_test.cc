#include "engine/page_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <set>

#include "engine/page_list.h"
#include "engine/segment_store.h"

namespace rondo::engine {
namespace {

ModelConfig small_config() {
  ModelConfig config;
  config.n_layers = 3;
  config.n_kv_heads = 2;
  config.head_dim = 4;
  return config;
}

Device& reference_device() {
  static const auto device = Device::cpu(kernels::reference_kernels(), 1);
  return *device;
}

PagePool pool_of(int32_t n_pages) {
  const int64_t page_bytes = 3 * 2 * 2 * kernels::kPageTokens * 4 * 4;
  return PagePool::create(small_config(), reference_device(), n_pages * page_bytes + 7).value();
}

TEST(PagePool, HandsOutEveryPageOnce) {
  PagePool pool = pool_of(5);
  ASSERT_EQ(pool.n_pages(), 5);
  std::set<int32_t> pages;
  while (const auto page = pool.allocate()) pages.insert(*page);
  EXPECT_EQ(pages.size(), 5u);
  EXPECT_EQ(pool.n_free(), 0);
}

TEST(PagePool, APageReturnsWithItsLastReference) {
  PagePool pool = pool_of(1);
  const int32_t page = *pool.allocate();
  pool.retain(page);
  pool.release(page);
  EXPECT_EQ(pool.allocate(), std::nullopt);
  pool.release(page);
  EXPECT_EQ(pool.allocate(), page);
}

TEST(PagePool, ReleasingAFreePageIsOurBug) {
  PagePool pool = pool_of(1);
  EXPECT_DEATH(pool.release(0), "released twice");
}

TEST(PagePool, RefusesAPoolWithoutAPage) {
  const auto pool = PagePool::create(small_config(), reference_device(), 100);
  EXPECT_EQ(pool.status().code(), Code::kResourceExhausted);
}

TEST(PagePool, CopiesATokenInEveryLayer) {
  PagePool pool = pool_of(2);
  const auto floats = [&](int32_t layer, int32_t slot, int32_t part) {
    const kernels::KvLayer kv = pool.layer(layer);
    std::byte* head = kv.data + slot / kernels::kPageTokens * kv.page_stride_bytes +
                      kv.layer_offset_bytes + part * kernels::kPageTokens * 4 * 4;
    return reinterpret_cast<float*>(head) + slot % kernels::kPageTokens * 4;
  };
  const int32_t from = 3;
  const int32_t to = kernels::kPageTokens + 9;
  float next = 1;
  for (int32_t layer = 0; layer < 3; ++layer) {
    for (int32_t part = 0; part < 4; ++part) {
      for (int i = 0; i < 4; ++i) floats(layer, from, part)[i] = next++;
    }
  }
  pool.copy_token(from, to, reference_device());
  for (int32_t layer = 0; layer < 3; ++layer) {
    for (int32_t part = 0; part < 4; ++part) {
      EXPECT_EQ(0, std::memcmp(floats(layer, from, part), floats(layer, to, part), 16));
      EXPECT_EQ(floats(layer, to - 1, part)[3], 0);
    }
  }
}

TEST(PageList, GrowsAllOrNothingAndGivesBack) {
  PagePool pool = pool_of(4);
  PageList a(pool);
  EXPECT_TRUE(a.grow(3));
  {
    PageList b(pool);
    EXPECT_FALSE(b.grow(2));
    EXPECT_EQ(b.size(), 0);
    EXPECT_TRUE(b.grow(1));
  }
  EXPECT_EQ(pool.n_free(), 1);
  a.drop_front(2);
  EXPECT_EQ(a.size(), 1);
  EXPECT_EQ(pool.n_free(), 3);
}

SegmentInput input_of(TokenIds ids) {
  return {.tokens = std::make_shared<const TokenIds>(std::move(ids))};
}

PageList pages_of(PagePool& pool, int32_t n) {
  PageList pages(pool);
  EXPECT_TRUE(pages.grow(n));
  return pages;
}

TEST(SegmentStore, FindsByContentAndKeepsWhatIsHeld) {
  PagePool pool = pool_of(4);
  SegmentStore store(Hash128{1, 2});
  const SegmentInput a = input_of({1, 2, 3});
  const SegmentInput b = input_of({1, 2, 4});
  auto held = store.insert(a, 3, pages_of(pool, 1));
  store.insert(b, 3, pages_of(pool, 1));
  EXPECT_EQ(store.find(input_of({1, 2, 3})), held);
  EXPECT_EQ(store.find(input_of({1, 2})), nullptr);
  SegmentInput released = a;
  released.n_released_head = 1;
  EXPECT_EQ(store.find(released), nullptr);

  EXPECT_TRUE(store.evict_one());  // b: nobody holds it
  EXPECT_FALSE(store.evict_one());
  EXPECT_EQ(store.find(b), nullptr);
  EXPECT_EQ(pool.n_free(), 3);
  held.reset();
  EXPECT_TRUE(store.evict_one());
  EXPECT_EQ(pool.n_free(), 4);
}

TEST(SegmentStore, EvictsTheLeastRecentlyUsedFirst) {
  PagePool pool = pool_of(4);
  SegmentStore store(Hash128{});
  const SegmentInput a = input_of({1});
  const SegmentInput b = input_of({2});
  store.insert(a, 1, pages_of(pool, 1));
  store.insert(b, 1, pages_of(pool, 1));
  store.find(a);
  EXPECT_TRUE(store.evict_one());
  EXPECT_NE(store.find(a), nullptr);
  EXPECT_EQ(store.find(b), nullptr);
}

// What a cursor uses, found again once in a while, among all that an index encodes beside it.
TEST(SegmentStore, ABackgroundScanDoesNotEvictWhatACursorUses) {
  PagePool pool = pool_of(100);
  SegmentStore store(Hash128{}, 75);
  const auto encode = [&](int32_t id) {
    while (pool.n_free() == 0) ASSERT_TRUE(store.evict_one());
    store.insert(input_of({id}), 1, pages_of(pool, 1));
  };
  for (int32_t id = 0; id < 20; ++id) {
    encode(id);
    store.note_use(*store.find(input_of({id})));
  }
  for (int32_t id = 1000; id < 11'000; ++id) encode(id);
  for (int32_t id = 0; id < 20; ++id) EXPECT_NE(store.find(input_of({id})), nullptr) << id;
  EXPECT_EQ(store.n_segments(), 100);
}

TEST(SegmentStore, UsedSegmentsBeyondTheirLimitAreOnTrialAgain) {
  PagePool pool = pool_of(10);
  SegmentStore store(Hash128{}, 4);
  for (int32_t id = 0; id < 6; ++id) {
    store.note_use(*store.insert(input_of({id}), 1, pages_of(pool, 1)));
  }
  store.insert(input_of({100}), 1, pages_of(pool, 1));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(store.evict_one());  // 0 and 1, and the new one
  for (const int32_t id : {0, 1, 100}) EXPECT_EQ(store.find(input_of({id})), nullptr) << id;
  for (const int32_t id : {2, 3, 4, 5}) EXPECT_NE(store.find(input_of({id})), nullptr) << id;
}

TEST(SegmentStore, KnowsTheNearestByFullPagesWhileItIsThere) {
  PagePool pool = pool_of(20);
  SegmentStore store(Hash128{});
  const auto counted = [](int32_t n, int32_t then, int32_t n_then) {
    TokenIds ids(n);
    std::iota(ids.begin(), ids.end(), 0);
    ids.insert(ids.end(), n_then, then);
    return ids;
  };
  const auto insert = [&](const TokenIds& ids) {
    const auto n = static_cast<int32_t>(ids.size());
    return store.insert(input_of(ids), n, pages_of(pool, pages_for(n)));
  };
  const auto near = insert(counted(20, 100, 20));
  auto nearer = insert(counted(40, 100, 5));
  EXPECT_EQ(store.nearest(counted(15, 7, 30)).segment, nullptr);
  EXPECT_EQ(store.nearest(counted(38, 7, 30)).segment, nearer);
  EXPECT_EQ(store.nearest(counted(38, 7, 30)).n_equal, 38);
  EXPECT_EQ(store.nearest(counted(60, 7, 1)).n_equal, 40);
  SegmentInput released = input_of(counted(64, 0, 0));
  released.n_released_head = 32;
  store.insert(released, 36, pages_of(pool, 3));  // its pages are not those of its tokens
  EXPECT_EQ(store.nearest(counted(64, 7, 1)).segment, nearer);
  nearer.reset();
  while (store.evict_one()) {
  }
  EXPECT_EQ(store.nearest(counted(60, 7, 1)).segment, nullptr);  // the second page was not near's
  EXPECT_EQ(store.find(input_of(counted(20, 100, 20))), near);
}

TEST(SegmentStore, ASecondCopyGivesItsPagesBack) {
  PagePool pool = pool_of(4);
  SegmentStore store(Hash128{});
  const auto first = store.insert(input_of({1}), 1, pages_of(pool, 1));
  EXPECT_EQ(store.insert(input_of({1}), 1, pages_of(pool, 1)), first);
  EXPECT_EQ(pool.n_free(), 3);
  EXPECT_EQ(store.n_segments(), 1);
}

}  // namespace
}  // namespace rondo::engine
