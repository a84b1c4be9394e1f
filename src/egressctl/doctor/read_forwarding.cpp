#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "egressctl/doctor/read.hpp"

namespace egress::doctor {
namespace {

namespace fs = std::filesystem;

// A sysctl that is on; 2 (IPv6: and accepts router advertisements) is on as well.
bool is_on(const fs::path& file) {
  int value = 0;
  return (std::ifstream(file) >> value) && value != 0;
}

int number(const fs::path& file) {
  int value = 0;
  return std::ifstream(file) >> value ? value : 0;
}

// 1: unless it forwards; 2: all the same (Documentation/networking/ip-sysctl.rst).
bool accepts_routers(const fs::path& conf6, const std::string& link) {
  const int accepts = number(conf6 / link / "accept_ra");
  return accepts == 2 || (accepts == 1 && !is_on(conf6 / link / "forwarding"));
}

// The links of default routes: proc_net(5), /proc/net/route and /proc/net/ipv6_route.
std::set<std::string> ways_out(const fs::path& proc) {
  std::set<std::string> links;
  std::ifstream routes4(proc / "net/route");
  for (std::string line; std::getline(routes4, line);) {
    std::istringstream fields(line);
    std::string link, destination, gateway, flags, references, use, metric, mask;
    fields >> link >> destination >> gateway >> flags >> references >> use >> metric >> mask;
    if (destination == "00000000" && mask == "00000000") links.insert(link);
  }
  std::ifstream routes6(proc / "net/ipv6_route");
  for (std::string line; std::getline(routes6, line);) {
    std::istringstream fields(line);
    std::string destination, length, source, source_length, gateway, metric, references, use, flags,
        link;
    fields >> destination >> length >> source >> source_length >> gateway >> metric >> references >>
        use >> flags >> link;
    if (length == "00" && destination.find_first_not_of('0') == std::string::npos)
      links.insert(link);
  }
  return links;
}

// One that the kernel has not told of is taken to be up, and no port.
host::LinkState state_of(const std::string& name, const Links& links) {
  const auto found = std::ranges::find(links, name, &host::LinkState::name);
  return found == links.end() ? host::LinkState{.name = name} : *found;
}

std::size_t ports_of(const std::string& bridge, const Links& links) {
  return static_cast<std::size_t>(std::ranges::count(links, bridge, &host::LinkState::bridge));
}

std::set<std::string> links_of(const fs::path& conf) {
  std::set<std::string> names;
  std::error_code ignored;
  for (const auto& folder : fs::directory_iterator(conf, ignored))
    names.insert(folder.path().filename());
  for (const char* const other : {"all", "default", "lo"}) names.erase(other);
  return names;
}

}  // namespace

Links read_links() {
  auto links = host::link_states();
  return links ? *std::move(links) : Links();
}

Forwarding read_forwarding(const fs::path& root, const Links& links) {
  const fs::path v4 = root / "proc/sys/net/ipv4", v6 = root / "proc/sys/net/ipv6";
  Forwarding forwarding{is_on(v4 / "ip_forward"), is_on(v6 / "conf/all/forwarding"), {}};
  const std::set<std::string> out = ways_out(root / "proc");
  std::set<std::string> names = links_of(v4 / "conf");
  names.merge(links_of(v6 / "conf"));
  for (const std::string& name : names) {
    const host::LinkState state = state_of(name, links);
    forwarding.links.push_back(
        {name, is_on(v4 / "conf" / name / "forwarding"), is_on(v6 / "conf" / name / "forwarding"),
         out.contains(name), state.bridge, ports_of(name, links), state.is_up,
         is_on(v4 / "conf/all/rp_filter") || is_on(v4 / "conf" / name / "rp_filter"),
         accepts_routers(v6 / "conf", name)});
  }
  return forwarding;
}

}  // namespace egress::doctor
