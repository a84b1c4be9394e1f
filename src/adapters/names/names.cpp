#include "adapters/names/names.hpp"

#include <idn2.h>
#include <libpsl.h>

#include <algorithm>
#include <memory>

#include "adapters/names/suffix_parents.hpp"
#include "egress/core/text.hpp"

namespace egress::adapters {
namespace {

using policy::Suffix;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
}

struct Idn2Free {
  void operator()(char* text) const { idn2_free(text); }
};

// psl_free() leaves a list that is built in alone. A null list, when there is none at all, makes
// every name a public suffix: closed.
std::shared_ptr<psl_ctx_t> suffix_list() {
  return {psl_latest(nullptr), psl_free};
}

// What stands in neither part counts as the registries'.
Suffix suffix_of(const psl_ctx_t* list, const DnsName& name) {
  const auto is_in = [&](int part) {
    return psl_is_public_suffix2(list, name.text().c_str(), part | PSL_TYPE_NO_STAR_RULE) != 0;
  };
  if (!is_in(PSL_TYPE_ANY)) return Suffix::none;
  return is_in(PSL_TYPE_PRIVATE) && !is_in(PSL_TYPE_ICANN) ? Suffix::of_owner : Suffix::icann;
}

}  // namespace

Result<std::string> to_a_label(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  // A NUL would end the C string early and let the rest of the name pass unseen.
  if (!is_utf8(text) || has_control_character(text)) {
    return fail(quoted(text) + " is not printable UTF-8; accepted: a host name");
  }
  char* raw = nullptr;
  const int status = idn2_to_ascii_8z(std::string(text).c_str(), &raw, IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, Idn2Free> a_label(raw);
  if (status == IDN2_OK) return std::string(a_label.get());
  return fail(quoted(text) + " is not a valid internationalised name: " + idn2_strerror(status));
}

policy::NameRules system_name_rules() {
  return {to_a_label,
          [list = suffix_list()](const DnsName& name) { return suffix_of(list.get(), name); },
          [parents = std::make_shared<SuffixParents>()](const DnsName& name) {
            return parents->below(name);
          }};
}

}  // namespace egress::adapters
