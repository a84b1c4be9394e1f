// The time servers of this host, as its time services are configured: chrony.conf(5),
// timesyncd.conf(5), ntp.conf(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "egress/policy/load.hpp"

namespace egress::timeconf {

// Of all configurations that are there, with the files that they include; at most
// limits::kTimeServers of limits::kTimeFiles files, none of them below /run: those are what DHCP
// told. Servers on loopback are none. What cannot be read is a problem, and no more. `root`: the
// folder that stands for / in tests.
policy::SystemTime read_time_servers(const std::string& root = "");

// One file of chrony, ntpsec or ntpd: its servers, and the files that it wants read as well.
struct ServerLines {
  struct More {
    enum class Kind {
      files,           // a pattern of glob(7)
      configurations,  // *.conf of folders
      sources,         // *.sources of folders
    };
    Kind kind = Kind::files;
    std::vector<std::string> paths;
  };
  std::vector<policy::TimeServer> servers;
  std::vector<More> more;
};
ServerLines parse_server_lines(std::string_view text, const std::string& file);

// The files of systemd-timesyncd, in the order in which they are read: NTP=, or else FallbackNTP=.
// The first is the one that the distribution ships; what it comments out is the default.
struct File {
  std::string path;
  std::string text;
};
std::vector<policy::TimeServer> parse_timesyncd(const std::vector<File>& files);

// Cuts the first word off the line; empty: there is none.
std::string_view take_word(std::string_view& line);
// Likewise the first line off the text.
std::string_view take_line(std::string_view& text);
bool is_on_loopback(std::string_view host);

}  // namespace egress::timeconf
