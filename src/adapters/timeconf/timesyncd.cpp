#include <algorithm>

#include "adapters/timeconf/time_servers.hpp"

namespace egress::timeconf {
namespace {

using Servers = std::vector<policy::TimeServer>;

// An empty value takes back what was said before, as everywhere in systemd.
void assign(std::string_view value, const policy::Place& place, Servers& servers) {
  auto word = take_word(value);
  if (word.empty()) servers.clear();
  for (; !word.empty(); word = take_word(value))
    if (!is_on_loopback(word)) servers.push_back({.host = std::string(word), .place = place});
}

struct Settings {
  Servers servers, fallback, shipped;
  bool has_fallback = false;
};

void take(std::string_view line, const policy::Place& place, bool is_shipped, Settings& settings) {
  constexpr std::string_view kServers = "NTP=", kFallback = "FallbackNTP=",
                             kShipped = "#FallbackNTP=";
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.starts_with(kServers)) assign(line.substr(kServers.size()), place, settings.servers);
  if (is_shipped && line.starts_with(kShipped))
    assign(line.substr(kShipped.size()), place, settings.shipped);
  if (!line.starts_with(kFallback)) return;
  assign(line.substr(kFallback.size()), place, settings.fallback);
  settings.has_fallback = true;
}

}  // namespace

std::vector<policy::TimeServer> parse_timesyncd(const std::vector<File>& files) {
  Settings settings;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::string_view text = files[i].text;
    for (int number = 1; !text.empty(); ++number)
      take(take_line(text), {files[i].path, number, 1}, i == 0, settings);
  }
  if (!settings.servers.empty()) return settings.servers;
  return settings.has_fallback ? settings.fallback : settings.shipped;
}

}  // namespace egress::timeconf
