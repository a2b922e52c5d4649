// Every `new` of the test program takes memory that the GPU can read and write at the same address,
// so that tests written for kernels on the CPU run on the GPU as they are.
#pragma once

namespace rondo::kernels {

// Maps the memory into the GPU; nullptr, or what went wrong.
const char* map_memory_into_gpu();

}  // namespace rondo::kernels
