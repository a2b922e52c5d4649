#include "engine/step_graphs.h"

#include <utility>

namespace rondo::engine {

StepGraphs::StepGraphs(StepGraphs&& other) noexcept
    : device_(other.device_), graphs_(std::exchange(other.graphs_, {})) {}

StepGraphs::~StepGraphs() { clear(); }

void StepGraphs::clear() {
  for (const auto& [key, graph] : graphs_) {
    if (graph != nullptr) device_->backend().release_graph(device_->backend().state, graph);
  }
  graphs_.clear();
}

void StepGraphs::begin() {
  device_->check(device_->backend().begin_graph(device_->backend().state), "begin_graph");
}

void* StepGraphs::end() {
  void* graph = nullptr;
  device_->check(device_->backend().end_graph(device_->backend().state, &graph), "end_graph");
  return graph;
}

void StepGraphs::launch(void* graph) {
  if (!device_->ok()) return;
  device_->check(device_->backend().launch_graph(device_->backend().state, graph), "launch_graph");
}

}  // namespace rondo::engine
