# `cmake --install build/release --prefix DIR` and `cpack --config build/release/CPackConfig.cmake`: the program, the
# model beside it (bin/rondo looks in ../share/rondo/models), the Neovim plugin and the documents.

include(GNUInstallDirs)
set(doc_dir ${CMAKE_INSTALL_DATADIR}/doc/rondo)

# The licences of what is compiled into the binary, in one file.
set(third_party ${PROJECT_BINARY_DIR}/THIRD-PARTY-LICENSES)
file(GLOB licenses ${grammars_packages}/tree-sitter*/LICENSE* ${grammars_packages}/@*/tree-sitter*/LICENSE*
     /usr/share/doc/nlohmann-json3-dev/copyright /usr/share/doc/libcli11-dev/copyright
     /usr/share/doc/libhwy-dev/copyright /usr/share/doc/libxxhash-dev/copyright)
file(WRITE ${third_party} "Compiled into rondo, with their licences:\n")
foreach(license ${licenses})
  cmake_path(GET license PARENT_PATH folder)
  cmake_path(GET folder FILENAME name)
  file(READ ${license} text)
  file(APPEND ${third_party} "\n---- ${name}\n\n${text}")
endforeach()

install(TARGETS rondo)
if(RONDO_HAVE_CUDA)
  install(TARGETS rondo_cuda LIBRARY DESTINATION lib/rondo)  # where rondo looks for it
  # cuBLASLt comes with NVIDIA's toolkit or packages, not with Debian's: without it the plugin says so.
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CUDAToolkit_LIBRARY_DIR})
endif()
install(DIRECTORY models/loopcoder-mini DESTINATION ${CMAKE_INSTALL_DATADIR}/rondo/models)
install(DIRECTORY editors/neovim DESTINATION ${CMAKE_INSTALL_DATADIR}/rondo)
install(DIRECTORY recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/rondo FILES_MATCHING PATTERN *.yaml)
install(FILES docs/rondo.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES README.md docs/configuration.md docs/editors.md docs/refactor.md docs/vscode.png ${third_party} DESTINATION ${doc_dir})
install(FILES LICENSE DESTINATION ${doc_dir} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME rondo)
set(CPACK_PACKAGE_CONTACT "The Rondo authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "code completion in the editor from a model on your own machine")
set(CPACK_PACKAGE_DESCRIPTION
    "A language server that reads a workspace with tree-sitter and completes code from an embedded model, on the CPU and
without any network use. Comes with a plugin for Neovim.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS neovim)
include(CPack)
