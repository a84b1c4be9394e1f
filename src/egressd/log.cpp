#include "egressd/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>

#include "egress/core/text.hpp"

namespace egress::daemon {
namespace {

// The journal stamps lines itself and reads the priority from a "<N>" prefix (sd-daemon(3)).
std::shared_ptr<spdlog::logger> make_logger() {
  auto logger = spdlog::stderr_logger_mt("egressd");
  logger->set_pattern(
      std::getenv("JOURNAL_STREAM") != nullptr ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
      spdlog::pattern_time_type::utc);
  return logger;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = make_logger();
  return *instance;
}

std::string_view priority(Level level) {
  if (std::getenv("JOURNAL_STREAM") == nullptr) return "";
  switch (level) {
    case Level::debug:
      return "<7>";
    case Level::info:
      return "<6>";
    case Level::warning:
      return "<4>";
    case Level::error:
      return "<3>";
  }
  return "";
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Long enough for a remedy, short enough that a hostile value does not fill the journal.
constexpr std::size_t kLongestValue = 400;

bool is_plain(std::string_view value) {
  const auto plain = [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
  };
  return !value.empty() && value.size() <= kLongestValue && std::ranges::all_of(value, plain);
}

}  // namespace

bool set_log_level(std::string_view level) {
  for (const Level known : {Level::debug, Level::info, Level::warning, Level::error}) {
    constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
    if (level != kNames[static_cast<int>(known)]) continue;
    logger().set_level(spdlog_level(known));
    return true;
  }
  return false;
}

void log(Level level, std::string_view event, const Fields& fields) {
  if (!logger().should_log(spdlog_level(level))) return;
  std::string line(priority(level));
  line += "event=";
  line += event;
  for (const auto& [key, value] : fields)
    line += " " + key + "=" + (is_plain(value) ? value : quoted(value, kLongestValue));
  logger().log(spdlog_level(level), "{}", line);
}

}  // namespace egress::daemon
