// What a test asks of the fake GPU (fake_gpu.cc) beside what every plugin does. The plugin lies
// beside the test's program, under the name that the engine looks for.
//
// Thread: while nothing runs on the GPU; rondo_let_chance_run at any time.
#pragma once

#include <cstdint>

extern "C" {
// Operation `n` from now on fails, 1 being the next: one that allocates, copies, packs or launches,
// when it runs. Memory that is refused breaks nothing else; after every other failure nothing
// works. 0: none fails any more.
void rondo_break_at(int64_t n);
// How many operations are left before it; 0 when it has failed.
int64_t rondo_n_left();
// From now on each lane gets on by itself, at a pace that chance gives it by `seed`; 0: only when
// somebody waits for it.
void rondo_let_chance_run(uint32_t seed);
// How often somebody waited for a part of what was queued, and more was queued behind it.
int64_t rondo_n_waits_with_more();
int64_t rondo_n_recordings();
}
