#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "adapters/timeconf/time_servers.hpp"
#include "egress/core/address_class.hpp"

namespace egress::timeconf {
namespace {

using More = ServerLines::More;

constexpr std::string_view kBlank = " \t\r\f\v";
constexpr Port kKeys = 4460;  // RFC 8915 section 4: where a client asks for the keys of NTS

std::string lowered(std::string_view word) {
  std::string text(word);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::optional<Port> read_port(std::string_view word) {
  Port port = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
  const bool is_port = error == std::errc() && end == word.data() + word.size() && port > 0;
  return is_port ? std::optional(port) : std::nullopt;
}

// ntpsec writes the port of the keys behind the name: `server time.example:4460 nts`.
void cut_port_off(policy::TimeServer& server, std::optional<Port>& keys) {
  const auto colon = server.host.find(':');
  if (colon == server.host.npos || server.host.find(':', colon + 1) != server.host.npos) return;
  keys = read_port(std::string_view(server.host).substr(colon + 1));
  server.host.resize(colon);
}

// server|pool|peer [-4|-6] HOST [OPTION]...
std::optional<policy::TimeServer> read_server(std::string_view line) {
  policy::TimeServer server;
  do {
    server.host = take_word(line);
  } while (server.host == "-4" || server.host == "-6");
  if (server.host.empty() || is_on_loopback(server.host)) return std::nullopt;
  std::optional<Port> keys;
  cut_port_off(server, keys);
  bool has_keys = false;
  for (auto option = take_word(line); !option.empty(); option = take_word(line)) {
    const std::string name = lowered(option);
    if (name.starts_with('#')) break;
    if (name == "nts") has_keys = true;
    if (name == "port") server.port = read_port(take_word(line)).value_or(server.port);
    if (name == "ntsport") keys = read_port(take_word(line));
  }
  if (has_keys) server.keys_port = keys.value_or(kKeys);
  return server;
}

std::optional<More::Kind> kind_of(const std::string& directive) {
  if (directive == "include" || directive == "includefile") return More::Kind::files;
  if (directive == "confdir") return More::Kind::configurations;
  if (directive == "sourcedir") return More::Kind::sources;
  return std::nullopt;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
    if (word.size() > 1 && word.front() == '"' && word.back() == '"')
      word = word.substr(1, word.size() - 2);
    words.emplace_back(word);
  }
  return words;
}

}  // namespace

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const auto word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

// Clocks of the machine itself are written as 127.127.x.y.
bool is_on_loopback(std::string_view host) {
  const auto address = IpAddress::parse(host);
  return address ? classify(*address) == AddressClass::loopback : host == "localhost";
}

ServerLines parse_server_lines(std::string_view text, const std::string& file) {
  constexpr std::array<std::string_view, 3> kServers{"server", "pool", "peer"};
  ServerLines found;
  for (int number = 1; !text.empty(); ++number) {
    auto line = take_line(text);
    const std::string directive = lowered(take_word(line));
    if (const auto kind = kind_of(directive)) found.more.push_back({*kind, words_of(line)});
    if (std::ranges::find(kServers, directive) == kServers.end()) continue;
    auto server = read_server(line);
    if (!server) continue;
    server->place = {file, number, 1};
    found.servers.push_back(*std::move(server));
  }
  return found;
}

}  // namespace egress::timeconf
