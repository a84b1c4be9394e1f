#pragma once

namespace egress::daemon {

inline constexpr const char* kVersion = EGRESSD_VERSION;  // from CMakeLists.txt

}  // namespace egress::daemon
