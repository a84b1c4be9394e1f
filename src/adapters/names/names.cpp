#include "adapters/names/names.hpp"

#include <idn2.h>
#include <libpsl.h>

#include <algorithm>
#include <memory>

#include "egress/core/text.hpp"

namespace egress::adapters {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
}

struct Idn2Free {
  void operator()(char* text) const { idn2_free(text); }
};

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

// psl_free() leaves a list that is built in alone. A null list, when there is none at all, makes
// every name a public suffix: closed.
std::shared_ptr<psl_ctx_t> suffix_list() {
  return {psl_latest(nullptr), psl_free};
}

}  // namespace

policy::NameRules system_name_rules() {
  return {to_a_label, [list = suffix_list()](const DnsName& name) {
            return psl_is_public_suffix2(list.get(), name.text().c_str(),
                                         PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
          }};
}

}  // namespace egress::adapters
