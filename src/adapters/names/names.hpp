// Internationalised names through libidn2, public suffixes through libpsl.
#pragma once

#include "egress/policy/load.hpp"

namespace egress::adapters {

// to_a_label: UTS #46, non-transitional. suffix: the distribution's list or, where that is newer or
// the file is missing, the one built into libpsl. A single label that the list does not know, such
// as an internal host, is not a suffix. suffix_below: the distribution's list, since libpsl does
// not tell what it holds; where that is missing, nothing is known below a name.
policy::NameRules system_name_rules();

Result<std::string> to_a_label(std::string_view text);

}  // namespace egress::adapters
