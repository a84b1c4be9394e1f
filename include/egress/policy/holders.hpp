// Which presets hold a host, and what is known of its risk by that.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "egress/policy/load.hpp"

namespace egress::policy {

// A preset that stands for a host among others.
struct Holder {
  const Preset* preset = nullptr;
  const PresetEntry* entry = nullptr;
  std::string reference;  // what `preset:` takes for it: "pypi", "bedrock@eu-west-1"
};
// Those that open it at this port, with the fewest entries first.
std::vector<Holder> holders_of(const DnsName& name, Transport transport, Port port,
                               const Catalogue& catalogue);

// The risks of the hosts that presets name. Refers to the catalogue.
class KnownRisks {
 public:
  explicit KnownRisks(const Catalogue& catalogue);
  // Gives an entry that is written out the risk that the narrowest preset knows of its host, at its
  // port if one does.
  void complete(AllowEntry& entry) const;

 private:
  struct Known {
    std::string_view target;
    const Risk* risk = nullptr;
    std::size_t entries = 0;  // of its preset
  };
  std::map<std::string_view, std::vector<Known>> written_out_;
  std::vector<Known> templates_;  // hosts with parameters
};

}  // namespace egress::policy
