# CUDA, where its compiler is installed: the plugin kernels/cuda. Nothing else needs it.
#   RONDO_CUDA                       auto (build it if possible), on, off
#   CMAKE_CUDA_ARCHITECTURES         default: code for Hopper, and what the driver compiles for every other GPU from
#                                    Ampere on when the plugin is first opened; the preset cuda names them all

set(RONDO_CUDA "auto" CACHE STRING "The CUDA plugin: auto, on or off")
set(RONDO_HAVE_CUDA FALSE)
if(RONDO_CUDA STREQUAL "off" OR RONDO_SANITIZE)
  return()
endif()
find_package(CUDAToolkit 12.8 QUIET)
if(NOT CUDAToolkit_FOUND)
  if(RONDO_CUDA STREQUAL "on")
    message(FATAL_ERROR "RONDO_CUDA=on, but no CUDA toolkit of 12.8 or newer was found")
  endif()
  message(STATUS "No CUDA toolkit of 12.8 or newer: without the CUDA plugin")
  return()
endif()
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-virtual 90a-real)
endif()
set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
enable_language(CUDA)
# CMake 3.25 has no flag for CUDA C++ 20 in its table, though nvcc has one.
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
set(CMAKE_CUDA_STANDARD 20)
set(RONDO_HAVE_CUDA TRUE)
message(STATUS "The CUDA plugin: CUDA ${CUDAToolkit_VERSION}, ${CMAKE_CUDA_ARCHITECTURES}")
