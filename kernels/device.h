// A device with memory of its own, as a plugin gives it: what the engine does beside launching
// kernels. The plugin is a shared library that is opened at run time, so that a program without a
// driver or its libraries starts and says what is missing.
//
// Lanes: what is queued through one state runs in the order in which it was queued, and this is a
// lane. open_lane() gives another state to the same device, for all functions here and for
// Stream::device, with scratch of its own: its work runs beside the first one's, and gives way to
// it where both want the same multiprocessors, unless they share() them out. Between lanes nothing
// is ordered but by follow(), and by what the host has waited for.
//
//   opened     step | step | step | step      a decode step: hundreds of short kernels, recorded
//   open_lane  chunk           | chunk        of prefill
//
// Memory is the device's, whichever lane it came from: there for that lane's later work, and gone
// when that lane's work of before release() is done. Memory that several lanes use is allocated and
// released where the others have been waited for.
//
// Thread: one at a time; attach() on a thread comes before its first use. Ownership: the device
// belongs to whoever opened it, until close; its lanes are closed before it. Errors: functions
// return 0, or what error() explains; a device that failed once stays so, in all lanes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/yardsticks.h"

namespace rondo::kernels {

inline constexpr int32_t kDeviceAbi = 9;  // both sides of a plugin must say the same

struct DeviceInfo {
  char name[128] = {};  // "NVIDIA H100 80GB HBM3, sm_90"
  // What the bits of its kernels' results depend on beside the table's `numerics`: the kind of GPU,
  // the code that it runs, libraries. Empty where it is the table alone.
  char numerics[192] = {};
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;  // when it was opened
  int32_t n_multiprocessors = 0;
  int32_t max_head_dim = 0;  // that attention takes
};

struct Device {
  void* state = nullptr;  // for Stream::device, and for the functions below
  DeviceInfo info;
  const Kernels* kernels = nullptr;  // their pointers are the device's

  int (*attach)(void* state) = nullptr;  // makes it this thread's, with all lanes
  // A lane of low priority. It is closed as a device is, when its work is done or means nothing.
  int (*open_lane)(void* state, void** lane) = nullptr;
  // What is queued in `lane` from now on begins when all is done that was queued in `other` so far.
  int (*follow)(void* lane, void* other) = nullptr;
  // With `shares`, what is queued in the lane from now on runs on a part of the multiprocessors
  // that the other lane's, when it shares too, leaves alone: neither waits for the other's blocks.
  // Without, as at first, on all of them. Nothing else changes, and nothing at all where they have
  // no parts.
  int (*share)(void* state, bool shares) = nullptr;
  int (*allocate)(void* state, int64_t n_bytes, void** out) = nullptr;  // aligned to 256
  int (*release)(void* state, void* memory) = nullptr;
  // After all work that was queued in this lane before. `from` may change as soon as upload
  // returns; what download wrote is there when it returns.
  int (*upload)(void* state, void* to, const void* from, int64_t n_bytes) = nullptr;
  int (*download)(void* state, void* to, const void* from, int64_t n_bytes) = nullptr;
  int (*copy)(void* state, void* to, const void* from, int64_t n_bytes) = nullptr;
  int (*synchronize)(void* state) = nullptr;  // waits for the lane's work
  // Pinned: the host's memory that the device reaches by itself. copy() from or to it returns when
  // the copy is queued; the bytes are the device's until an event has passed that was recorded
  // after it. An event passes when all that was queued in the lane before its last recording is
  // done; one that was never recorded has passed. query_event() says whether it has, at once.
  // Pinned memory that is short breaks nothing.
  int (*allocate_pinned)(void* state, int64_t n_bytes, void** out) = nullptr;
  int (*release_pinned)(void* state, void* memory) = nullptr;
  int (*create_event)(void* state, void** event) = nullptr;
  int (*record_event)(void* state, void* event) = nullptr;
  int (*wait_event)(void* state, void* event) = nullptr;
  int (*query_event)(void* state, void* event, bool* has_passed) = nullptr;
  int (*release_event)(void* state, void* event) = nullptr;
  // What launchers queue between begin_graph and end_graph is recorded instead; launch_graph queues
  // all of it again, with the pointers and sizes that it was recorded with, in the same share.
  // Launchers that are recorded must have run once with these sizes, so that they need no more
  // memory.
  int (*begin_graph)(void* state) = nullptr;
  int (*end_graph)(void* state, void** graph) = nullptr;
  int (*launch_graph)(void* state, void* graph) = nullptr;
  int (*release_graph)(void* state, void* graph) = nullptr;
  int (*measure)(void* state, Yardsticks* out) = nullptr;  // takes a second, and 4 GiB
  const char* (*error)(void* state) = nullptr;
  void (*close)(void* state) = nullptr;
};

// What a plugin exports as kOpenDevice: fills `device` and returns 0, or writes a sentence to
// `why`.
using OpenDevice = int (*)(int32_t abi, int32_t ordinal, Device* device, char* why,
                           size_t why_bytes);
inline constexpr char kOpenDevice[] = "rondo_open_device";

}  // namespace rondo::kernels
