#include "cli/log_file.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>

namespace rondo::cli {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr size_t kOlderFiles = 1;

}  // namespace

std::string log_path(const Environment& environment) {
  return environment.state_home + "/rondo/daemon.log";
}

Status log_to_file(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const mode_t mask = ::umask(0077);  // of every file that the log will have
  try {
    auto file =
        std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, kMaxBytes, kOlderFiles);
    ::chmod(path.c_str(), 0600);  // it may be an older one
    auto logger = std::make_shared<spdlog::logger>(
        "rondo", spdlog::sinks_init_list{std::make_shared<spdlog::sinks::stderr_sink_mt>(), file});
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
    return {};
  } catch (const spdlog::spdlog_ex& failure) {
    ::umask(mask);
    return unavailable_error("the log cannot be written: " + std::string(failure.what()));
  }
}

}  // namespace rondo::cli
