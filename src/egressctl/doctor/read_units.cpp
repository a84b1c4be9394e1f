#include <charconv>

#include "egressctl/child.hpp"
#include "egressctl/doctor/read.hpp"

namespace egress::doctor {
namespace {

std::string value_of(std::string_view properties, std::string_view name) {
  while (!properties.empty()) {
    const std::string_view line = properties.substr(0, properties.find('\n'));
    properties.remove_prefix(std::min(properties.size(), line.size() + 1));
    if (line.starts_with(name) && line.substr(name.size()).starts_with('='))
      return std::string(line.substr(name.size() + 1));
  }
  return "";
}

Unit ask(const std::string& name) {
  const auto shown =
      ctl::run_program({"systemctl", "show", name,
                        "--property=LoadState,UnitFileState,ActiveState,NFileDescriptorStore"});
  return parse_unit(name, shown && shown->status == 0 ? shown->out : "");
}

}  // namespace

Unit parse_unit(const std::string& name, std::string_view properties) {
  Unit unit{name, value_of(properties, "UnitFileState"), value_of(properties, "ActiveState"), 0};
  if (value_of(properties, "LoadState") == "not-found") unit.enabled = "not-found";
  const std::string stored = value_of(properties, "NFileDescriptorStore");
  std::from_chars(stored.data(), stored.data() + stored.size(), unit.stored_descriptors);
  return unit;
}

// sd_booted(3).
Units read_units(const std::filesystem::path& root) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(root / "run/systemd/system", ignored)) return {};
  return {true, ask("egressd.service"), ask("egressd-lockdown.service"), ask("egressd-dns.socket")};
}

}  // namespace egress::doctor
