# tree-sitter's core and grammars, compiled from the C sources in the npm packages that grammars/package-lock.json pins.
# Debian has no grammars, and its core is too old for grammars of ABI 15. Gives the target `grammars`.
# Without npm: -DRONDO_GRAMMARS_DIR=DIR, where DIR/node_modules holds those packages.

set(RONDO_GRAMMARS_DIR "" CACHE PATH "Folder whose node_modules holds the packages of grammars/package.json; empty: npm")

set(grammars_source ${PROJECT_SOURCE_DIR}/grammars)
if(RONDO_GRAMMARS_DIR)
  set(grammars_dir ${RONDO_GRAMMARS_DIR})
else()
  set(grammars_dir ${PROJECT_BINARY_DIR}/grammars)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${grammars_source}/package-lock.json)
  file(SHA256 ${grammars_source}/package-lock.json grammars_wanted)
  set(grammars_have "")
  if(EXISTS ${grammars_dir}/installed)
    file(READ ${grammars_dir}/installed grammars_have)
  endif()
  if(NOT grammars_have STREQUAL grammars_wanted)
    find_program(NPM npm)
    if(NOT NPM)
      message(FATAL_ERROR "The tree-sitter grammars come from npm, which is not installed: apt-get install npm, or give "
                          "-DRONDO_GRAMMARS_DIR=DIR where DIR/node_modules holds the packages of grammars/package.json")
    endif()
    message(STATUS "Fetching the tree-sitter grammars (npm ci)")
    file(COPY ${grammars_source}/package.json ${grammars_source}/package-lock.json ${grammars_source}/.npmrc
         DESTINATION ${grammars_dir})
    execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
                    WORKING_DIRECTORY ${grammars_dir} COMMAND_ERROR_IS_FATAL ANY)
    # Binaries for Node, half of the bytes.
    file(GLOB grammars_prebuilds ${grammars_dir}/node_modules/*/prebuilds ${grammars_dir}/node_modules/*/*/prebuilds)
    file(REMOVE_RECURSE ${grammars_prebuilds})
    file(WRITE ${grammars_dir}/installed ${grammars_wanted})
  endif()
endif()

set(grammars_packages ${grammars_dir}/node_modules CACHE INTERNAL "Where the grammars are; also their licences")
set(tree_sitter_core ${grammars_packages}/tree-sitter/vendor/tree-sitter/lib)
if(NOT EXISTS ${tree_sitter_core}/src/lib.c)
  message(FATAL_ERROR "No tree-sitter core in ${tree_sitter_core}")
endif()
add_library(tree_sitter STATIC ${tree_sitter_core}/src/lib.c)
target_include_directories(tree_sitter SYSTEM PUBLIC ${tree_sitter_core}/include)
target_include_directories(tree_sitter PRIVATE ${tree_sitter_core}/src)
target_compile_definitions(tree_sitter PRIVATE _POSIX_C_SOURCE=200112L _DEFAULT_SOURCE TREE_SITTER_HIDE_SYMBOLS)
set_target_properties(tree_sitter PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
target_compile_options(tree_sitter PRIVATE -O3 -g0 -w)

add_library(grammars INTERFACE)
target_link_libraries(grammars INTERFACE tree_sitter)

# rondo_grammar(NAME FOLDER): the function tree_sitter_NAME from the package folder FOLDER. Each ships its own parser.h.
function(rondo_grammar name folder)
  file(GLOB sources ${grammars_packages}/${folder}/src/parser.c ${grammars_packages}/${folder}/src/scanner.c)
  if(NOT sources)
    message(FATAL_ERROR "No grammar in ${grammars_packages}/${folder}")
  endif()
  add_library(grammar_${name} STATIC ${sources})
  target_include_directories(grammar_${name} PRIVATE ${grammars_packages}/${folder}/src)
  set_target_properties(grammar_${name} PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
  target_compile_options(grammar_${name} PRIVATE -O2 -g0 -w)
  target_link_libraries(grammars INTERFACE grammar_${name})
endfunction()

rondo_grammar(bash tree-sitter-bash)
rondo_grammar(c tree-sitter-c)
rondo_grammar(cpp tree-sitter-cpp)
rondo_grammar(go tree-sitter-go)
rondo_grammar(java tree-sitter-java)
rondo_grammar(javascript tree-sitter-javascript)
rondo_grammar(lua @tree-sitter-grammars/tree-sitter-lua)
rondo_grammar(python tree-sitter-python)
rondo_grammar(rust tree-sitter-rust)
rondo_grammar(tsx tree-sitter-typescript/tsx)
rondo_grammar(typescript tree-sitter-typescript/typescript)
