// Internationalised names through libidn2, public suffixes through libpsl.
#pragma once

#include "egress/policy/load.hpp"

namespace egress::adapters {

// to_a_label: UTS #46, non-transitional. is_public_suffix: the distribution's list or, where that
// is newer or the file is missing, the one built into libpsl; both sections of it (github.io
// counts). A single label that the list does not know, such as an internal host, is not a suffix.
policy::NameRules system_name_rules();

}  // namespace egress::adapters
