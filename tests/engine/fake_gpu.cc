// A GPU that is none: a plugin (kernels/device.h) for machines without one, in the place of
// librondo_cuda.so. Its memory is the host's under addresses that nobody but it can use; its
// kernels are the CPU's, of device 0 the fastest, of device 1 the reference. What is queued runs as
// late as the contract allows, when somebody waits for it, so that what is read or overwritten too
// early shows; a test can have lanes get on by chance instead, kernel by kernel, each at its own
// pace (fake_gpu.h), or have it break.
#include "tests/engine/fake_gpu.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/check.h"
#include "kernels/device.h"
#include "kernels/launch.h"
#include "kernels/thread_pool.h"

namespace rondo::kernels {
namespace {

constexpr uintptr_t kDevice = uintptr_t{1} << 62;  // set in every address of the device
constexpr std::align_val_t kAlignment{256};
constexpr int kPoison = 0xff;               // floats: NaN
constexpr size_t kMostPoisoned = 16 << 20;  // bytes at the beginning of a block

std::atomic<int64_t> n_left = 0;  // operations before the one that fails; 0: none will
std::atomic<int64_t> n_waits_with_more = 0;
std::atomic<int64_t> n_recordings = 0;
std::atomic<uint32_t> chance = 0;  // state of a xorshift; 0: lanes do not get on by themselves

// One of 0 .. n - 1. REQUIRES: chance is not 0.
uint32_t draw(size_t n) {
  uint32_t x = chance;
  x ^= x << 13, x ^= x >> 17, x ^= x << 5;
  chance = x;
  return (x >> 8) % static_cast<uint32_t>(n);
}

// True for the operation that a test has chosen.
bool breaks() { return n_left > 0 && --n_left == 0; }

bool is_here(const void* p) { return (reinterpret_cast<uintptr_t>(p) & kDevice) == 0; }

// Where something of the device lies for us.
template <class T>
T* here(T* p) {
  if (p == nullptr) return p;
  CHECK(!is_here(p), "a kernel was given the host's memory");
  return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(p) & ~kDevice);
}

using Work = std::function<int()>;
using Graph = std::deque<Work>;

struct Free {
  void operator()(std::byte* memory) const { ::operator delete(memory, kAlignment); }
};

struct FakeLane;

struct FakeGpu {
  explicit FakeGpu(int32_t ordinal)
      : kernels(ordinal == 0 ? best_cpu_kernels() : reference_kernels()) {}

  const Kernels& kernels;
  ThreadPool threads{2};
  std::map<const void*, std::unique_ptr<std::byte, Free>> blocks;  // all memory, by address here
  std::vector<FakeLane*> lanes;                                    // that are open
  bool failed = false;
};

struct FakeLane {
  explicit FakeLane(std::shared_ptr<FakeGpu> of) : gpu(std::move(of)) {
    gpu->lanes.push_back(this);
  }
  ~FakeLane() { std::erase(gpu->lanes, this); }
  FakeLane(const FakeLane&) = delete;
  FakeLane& operator=(const FakeLane&) = delete;

  // Does what is queued, the first `n` pieces of all time; the first failure is the end of it all.
  int wait(int64_t n) {
    while (n_done < n && !gpu->failed) {
      do_next();
      let_lanes_get_on();
    }
    return code();
  }
  int wait() { return wait(n_queued()); }
  int64_t n_queued() const { return n_done + static_cast<int64_t>(queue.size()); }
  int code() const { return gpu->failed ? kDeviceFailed : kOk; }
  int add(Work work) {
    if (gpu->failed) return kDeviceFailed;
    (recording ? recorded : queue).push_back(std::move(work));
    let_lanes_get_on();
    return kOk;
  }
  void do_next() {
    is_working = true;
    if (queue.front()() != kOk) gpu->failed = true;
    is_working = false;
    ++n_done;
    queue.pop_front();
  }
  // A piece of any lane, where chance wants it.
  void let_lanes_get_on() {
    if (chance == 0 || draw(2) != 0) return;
    FakeLane& lane = *gpu->lanes[draw(gpu->lanes.size())];
    if (!lane.is_working && !lane.queue.empty() && !gpu->failed) lane.do_next();
  }

  const std::shared_ptr<FakeGpu> gpu;
  std::deque<Graph> graphs;    // kept to the end
  std::deque<int64_t> events;  // each passes when so many pieces are done; kept to the end
  Graph queue;
  int64_t n_done = 0;       // pieces, of all time
  bool is_working = false;  // at the first of the queue
  Graph recorded;
  bool recording = false;
};

FakeLane& of(void* state) { return *static_cast<FakeLane*>(state); }

int attach(void* state) { return of(state).code(); }

int open_lane(void* state, void** lane) {
  if (of(state).gpu->failed || breaks()) return kDeviceFailed;
  *lane = new FakeLane(of(state).gpu);
  return kOk;
}

int follow(void* lane, void* other) {
  return of(lane).add([&before = of(other), n = of(other).n_queued()] { return before.wait(n); });
}

int share(void* state, bool) { return of(state).code(); }  // it has no parts

int allocate(void* state, int64_t n_bytes, void** out) {
  if (of(state).gpu->failed || breaks())
    return kDeviceFailed;  // memory that is short breaks nothing
  const auto n = static_cast<size_t>(n_bytes);
  auto* memory = static_cast<std::byte*>(::operator new(n, kAlignment));
  std::memset(memory, kPoison, std::min(n, kMostPoisoned));
  of(state).gpu->blocks[memory].reset(memory);
  *out = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(memory) | kDevice);
  return kOk;
}

// In the order of the lane's work.
int release(void* state, void* memory) {
  return of(state).add([state, memory] {
    of(state).gpu->blocks.erase(here(memory));
    return kOk;
  });
}

int upload(void* state, void* to, const void* from, int64_t n_bytes) {
  const auto* bytes = static_cast<const std::byte*>(from);
  return of(state).add([to, copy = std::vector(bytes, bytes + n_bytes)] {
    if (breaks()) return kDeviceFailed;
    std::memcpy(here(to), copy.data(), copy.size());
    return kOk;
  });
}

int copy(void* state, void* to, const void* from, int64_t n_bytes) {
  return of(state).add([=] {
    if (breaks()) return kDeviceFailed;
    std::memcpy(is_here(to) ? to : here(to), is_here(from) ? from : here(from),
                static_cast<size_t>(n_bytes));
    return kOk;
  });
}

int synchronize(void* state) { return of(state).wait(); }

int download(void* state, void* to, const void* from, int64_t n_bytes) {
  const int queued = copy(state, to, from, n_bytes);
  return queued == kOk ? synchronize(state) : queued;
}

int allocate_pinned(void* state, int64_t n_bytes, void** out) {
  if (of(state).gpu->failed || breaks()) return kDeviceFailed;
  *out = ::operator new(static_cast<size_t>(n_bytes), kAlignment);
  return kOk;
}

int release_pinned(void*, void* memory) {
  ::operator delete(memory, kAlignment);
  return kOk;
}

int create_event(void* state, void** event) {
  *event = &of(state).events.emplace_back(0);
  return of(state).code();
}

int record_event(void* state, void* event) {
  *static_cast<int64_t*>(event) = of(state).n_queued();
  return of(state).code();
}

int wait_event(void* state, void* event) {
  FakeLane& lane = of(state);
  const int64_t n_done = lane.n_done;
  const int code = lane.wait(*static_cast<int64_t*>(event));
  if (lane.n_done > n_done && !lane.queue.empty()) ++n_waits_with_more;
  return code;
}

int query_event(void* state, void* event, bool* has_passed) {
  *has_passed = of(state).n_done >= *static_cast<int64_t*>(event);
  return of(state).code();
}

int release_event(void*, void*) { return kOk; }

int begin_graph(void* state) {
  of(state).recording = true;
  return of(state).code();
}

int end_graph(void* state, void** graph) {
  of(state).recording = false;
  ++n_recordings;
  *graph = &of(state).graphs.emplace_back(std::exchange(of(state).recorded, {}));
  return of(state).code();
}

int launch_graph(void* state, void* graph) {
  for (const Work& part : *static_cast<const Graph*>(graph)) {
    if (of(state).add(part) != kOk) return kDeviceFailed;
  }
  return kOk;
}

int release_graph(void*, void*) { return kOk; }

int measure(void*, Yardsticks*) { return kOk; }  // it has no rates

const char* error(void*) { return "it was broken on purpose"; }

void close(void* state) { delete static_cast<FakeLane*>(state); }

// ---- kernels ---------------------------------------------------------------------------------

RowMajorMatrix localized(RowMajorMatrix m) {
  m.data = here(m.data);
  m.scales = here(m.scales);
  m.zeros = here(m.zeros);
  return m;
}

PackedMatrix localized(PackedMatrix m) {
  m.data = here(m.data);
  return m;
}

KvLayer localized(KvLayer kv) {
  kv.data = here(kv.data);
  return kv;
}

EmbedParams localized(EmbedParams p) {
  p.ids = here(p.ids);
  p.table = localized(p.table);
  p.x = here(p.x);
  return p;
}

RmsNormParams localized(RmsNormParams p) {
  p.x = here(p.x);
  p.weight = here(p.weight);
  p.out = here(p.out);
  return p;
}

LinearParams localized(LinearParams p) {
  p.x = here(p.x);
  p.weight = localized(p.weight);
  p.out = here(p.out);
  return p;
}

RopeStoreParams localized(RopeStoreParams p) {
  p.qkv = here(p.qkv);
  p.bias = here(p.bias);
  p.positions = here(p.positions);
  p.slots = here(p.slots);
  p.kv = localized(p.kv);
  return p;
}

CopyTokenParams localized(CopyTokenParams p) {
  p.kv = localized(p.kv);
  return p;
}

SwigluParams localized(SwigluParams p) {
  p.gate_up = here(p.gate_up);
  p.out = here(p.out);
  return p;
}

ChooseParams localized(ChooseParams p) {
  p.logits = here(p.logits);
  p.draws = here(p.draws);
  p.ids = here(p.ids);
  if (!is_here(p.choices)) p.choices = here(p.choices);
  return p;
}

QkvParams localized(QkvParams p) {
  p.x = here(p.x);
  p.norm_weight = here(p.norm_weight);
  p.weight = localized(p.weight);
  p.normed = here(p.normed);
  p.rope = localized(p.rope);
  return p;
}

FeedForwardParams localized(FeedForwardParams p) {
  p.x = here(p.x);
  p.norm_weight = here(p.norm_weight);
  p.gate_up = localized(p.gate_up);
  p.down = localized(p.down);
  p.normed = here(p.normed);
  p.gate_up_rows = here(p.gate_up_rows);
  p.hidden = here(p.hidden);
  return p;
}

int done(int code) {
  CHECK(code != kBadArguments, "a kernel was given what its contract forbids");
  return code;
}

// A launcher of the table, later.
template <class Params, int (*Kernels::*kLauncher)(const Params&, Stream)>
int launch(const Params& params, Stream stream) {
  FakeGpu& gpu = *of(stream.device).gpu;
  return of(stream.device).add([&gpu, params] {
    if (breaks()) return kDeviceFailed;
    return done((gpu.kernels.*kLauncher)(localized(params), {.threads = &gpu.threads}));
  });
}

// They lie in the device's memory, and their tables too.
std::vector<QuerySpan> localized(const QuerySpan* spans, int32_t n_spans) {
  const QuerySpan* from = here(spans);
  std::vector<QuerySpan> result(from, from + n_spans);
  for (QuerySpan& span : result) {
    span.context = here(span.context);
    span.own_pages = here(span.own_pages);
  }
  return result;
}

// An attention of which all is here.
class LocalAttention {
 public:
  explicit LocalAttention(AttentionParams p) : spans_(localized(p.spans, p.n_spans)) {
    p.q = here(p.q);
    p.out = here(p.out);
    p.kv = localized(p.kv);
    p.spans = spans_.data();
    if (p.second.spans != nullptr) {
      second_ = localized(p.second.spans, p.second.n_spans);
      p.second.spans = second_.data();
      p.second.weight = here(p.second.weight);
      p.second.bias = here(p.second.bias);
      p.second.room = here(p.second.room);
    }
    params_ = p;
  }
  const AttentionParams& params() const { return params_; }

 private:
  std::vector<QuerySpan> spans_, second_;
  AttentionParams params_;
};

int attention(const AttentionParams& params, Stream stream) {
  FakeGpu& gpu = *of(stream.device).gpu;
  return of(stream.device).add([&gpu, params] {
    if (breaks()) return kDeviceFailed;
    const LocalAttention local(params);
    return done(gpu.kernels.attention(local.params(), {.threads = &gpu.threads}));
  });
}

int attend(const AttendParams& params, Stream stream) {
  FakeGpu& gpu = *of(stream.device).gpu;
  return of(stream.device).add([&gpu, params] {
    if (breaks()) return kDeviceFailed;
    const LocalAttention local(params.attention);
    const AttendParams p = {
        .attention = local.params(), .o = localized(params.o), .x = here(params.x)};
    return done(gpu.kernels.attend(p, {.threads = &gpu.threads}));
  });
}

// A matrix of the host's is read before this returns.
int pack(const RowMajorMatrix& matrix, void* out, Stream stream) {
  FakeLane& lane = of(stream.device);
  FakeGpu& gpu = *lane.gpu;
  const bool is_ours = !is_here(matrix.data);
  const int code = lane.add([&gpu, is_ours, matrix, out] {
    if (breaks()) return kDeviceFailed;
    const RowMajorMatrix from = is_ours ? localized(matrix) : matrix;
    return done(gpu.kernels.pack(from, here(out), {.threads = &gpu.threads}));
  });
  return code == kOk && !is_ours ? lane.wait() : code;
}

Kernels table(const Kernels& real) {
  return {.name = real.name,
          .numerics = real.numerics,
          .few_rows = real.few_rows,
          .kv_type = real.kv_type,
          .packed_bytes = real.packed_bytes,
          .pack = pack,
          .embed = launch<EmbedParams, &Kernels::embed>,
          .rms_norm = launch<RmsNormParams, &Kernels::rms_norm>,
          .linear = launch<LinearParams, &Kernels::linear>,
          .rope_store = launch<RopeStoreParams, &Kernels::rope_store>,
          .copy_token = launch<CopyTokenParams, &Kernels::copy_token>,
          .attention = attention,
          .swiglu = launch<SwigluParams, &Kernels::swiglu>,
          .choose = launch<ChooseParams, &Kernels::choose>,
          .qkv = launch<QkvParams, &Kernels::qkv>,
          .attend = attend,
          .feed_forward = launch<FeedForwardParams, &Kernels::feed_forward>};
}

const Kernels& table_of(int32_t ordinal) {
  static const Kernels kFastest = table(best_cpu_kernels());
  static const Kernels kReference = table(reference_kernels());
  return ordinal == 0 ? kFastest : kReference;
}

}  // namespace
}  // namespace rondo::kernels

extern "C" {

__attribute__((visibility("default"))) int rondo_open_device(int32_t abi, int32_t ordinal,
                                                             rondo::kernels::Device* device,
                                                             char* why, size_t why_bytes) {
  using namespace rondo::kernels;
  if (abi != kDeviceAbi || ordinal < 0 || ordinal > 1) {
    std::snprintf(why, why_bytes, "there is no fake GPU %d", ordinal);
    return kDeviceFailed;
  }
  *device = {.state = new FakeLane(std::make_shared<FakeGpu>(ordinal)),
             .info = {.name = "fake GPU",
                      .total_bytes = 1 << 30,
                      .free_bytes = 1 << 30,
                      .n_multiprocessors = 1,
                      .max_head_dim = 1024},
             .kernels = &table_of(ordinal),
             .attach = attach,
             .open_lane = open_lane,
             .follow = follow,
             .share = share,
             .allocate = allocate,
             .release = release,
             .upload = upload,
             .download = download,
             .copy = copy,
             .synchronize = synchronize,
             .allocate_pinned = allocate_pinned,
             .release_pinned = release_pinned,
             .create_event = create_event,
             .record_event = record_event,
             .wait_event = wait_event,
             .query_event = query_event,
             .release_event = release_event,
             .begin_graph = begin_graph,
             .end_graph = end_graph,
             .launch_graph = launch_graph,
             .release_graph = release_graph,
             .measure = measure,
             .error = error,
             .close = close};
  return kOk;
}

__attribute__((visibility("default"))) void rondo_break_at(int64_t n) {
  rondo::kernels::n_left = n;
}

__attribute__((visibility("default"))) void rondo_let_chance_run(uint32_t seed) {
  rondo::kernels::chance = seed;
}

__attribute__((visibility("default"))) int64_t rondo_n_waits_with_more() {
  return rondo::kernels::n_waits_with_more;
}

__attribute__((visibility("default"))) int64_t rondo_n_recordings() {
  return rondo::kernels::n_recordings;
}

__attribute__((visibility("default"))) int64_t rondo_n_left() { return rondo::kernels::n_left; }
}
