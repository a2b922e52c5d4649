# Every dependency comes from the distribution's packages; scripts/install-dependencies names them.
# libsentencepiece exports a protobuf of its own: nothing that links the system's protobuf may be added here.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
find_library(SENTENCEPIECE_LIBRARY sentencepiece REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
find_path(HIGHWAY_INCLUDE_DIR hwy/highway.h REQUIRED)
if(RONDO_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

if(RONDO_PARTS STREQUAL "all")
  pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
  pkg_check_modules(LIBGIT2 REQUIRED IMPORTED_TARGET libgit2)
  pkg_check_modules(LIBYAML REQUIRED IMPORTED_TARGET yaml-0.1)
endif()
