// Modules: the new modules that one client asks for: first the plan, which a person looks at, then
// the module, as an edit that the client makes. Nothing is kept between the two, and nothing is
// written here.
//
// Thread: the loop; the service calls back on any thread and the answer is posted to the loop.
// Ownership: owns what is under way; borrows the Connection.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "assist/module_writer.h"
#include "lsp/connection.h"
#include "lsp/module_protocol.h"

namespace rondo::lsp {

struct ModuleOrder {
  std::string folder;  // absolute
  std::string sentence;
  std::string language;
};

// Of the workspace folder that holds the order's folder. Each calls `done` once, on any thread.
struct ModuleService {
  std::function<void(ModuleOrder order, std::function<void(Result<PlannedModule>)> done)> plan;
  std::function<void(PlannedModule planned, std::stop_token stop,
                     std::function<void(int n_done, int n_all, const std::string& function)> told,
                     std::function<void(Result<assist::WrittenModule>)> done)>
      write;
};

class Modules {
 public:
  using Post = std::function<void(std::function<void()>)>;

  Modules(Connection& connection, Post post) : connection_(connection), post_(std::move(post)) {}

  // What the client can do, once it is known.
  void begin(ModuleCapabilities client) { client_ = client; }
  // From now on there are modules, by the model of this name.
  void ready(ModuleService service, std::string model);
  void failed(std::string reason);

  void plan(ModuleRequest request, Reply reply);
  void write(ModuleRequest request, Reply reply);

 private:
  void with_plan(const ModuleRequest& request, const Reply& reply,
                 std::function<void(PlannedModule)> then);
  void write_planned(const PlannedModule& planned, const Json& token, const Reply& reply);
  std::string label_of(const PlannedModule& planned) const;

  Connection& connection_;
  const Post post_;
  ModuleService service_;
  std::string model_;
  std::string obstacle_ = "the model is still being loaded";
  ModuleCapabilities client_;
  std::shared_ptr<Modules> self_{this, [](Modules*) {}};  // tells posted work that we live
};

}  // namespace rondo::lsp
