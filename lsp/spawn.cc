#include "lsp/spawn.h"

#include <spawn.h>
#include <unistd.h>

#include <cstring>

namespace rondo::lsp {

Result<pid_t> spawn(const std::vector<std::string>& words, int stream) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, stream, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, stream, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  pid_t child = -1;
  const int error =
      ::posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return child;
  return unavailable_error(words[0] + " cannot be started: " + std::strerror(error));
}

}  // namespace rondo::lsp
