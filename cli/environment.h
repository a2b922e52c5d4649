// What the process was started with: the only place that environment variables are read from is
// main.cc.
//
// Thread: a plain value.
#pragma once

#include <string>

namespace rondo::cli {

struct Environment {
  std::string executable;    // of this process, absolute, links resolved
  std::string config_home;   // XDG_CONFIG_HOME or ~/.config
  std::string data_home;     // XDG_DATA_HOME or ~/.local/share
  std::string cache_home;    // XDG_CACHE_HOME or ~/.cache
  std::string state_home;    // XDG_STATE_HOME or ~/.local/state
  std::string runtime_home;  // XDG_RUNTIME_DIR; empty: there is none
};

}  // namespace rondo::cli
