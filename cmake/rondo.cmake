# Helpers used by every folder's CMakeLists.txt.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE})
endif()

# Flags of our own code; dependencies compile without them.
add_library(rondo_flags INTERFACE)
target_include_directories(rondo_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(rondo_flags INTERFACE -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
if(RONDO_SANITIZE)
  add_compile_options(-fsanitize=${RONDO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RONDO_SANITIZE})
endif()

# rondo_library(NAME folder-name SOURCES a.cc ... LINKS libs...): one static library a folder, sources by hand.
function(rondo_library)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;LINKS" ${ARGN})
  add_library(rondo_${ARG_NAME} STATIC ${ARG_SOURCES})
  target_link_libraries(rondo_${ARG_NAME} PUBLIC rondo_flags ${ARG_LINKS})
endfunction()

# rondo_test(NAME engine_test SOURCES a_test.cc ... LINKS libs...): one GoogleTest program, one ctest entry a suite.
function(rondo_test)
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LINKS} GTest::gmock_main)
  target_compile_definitions(${ARG_NAME} PRIVATE RONDO_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${ARG_NAME} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
