#include "egress/policy/document.hpp"

namespace egress::policy {

std::string Place::text() const {
  if (line == 0) return file;
  return file + ':' + std::to_string(line) + ':' + std::to_string(column);
}

}  // namespace egress::policy
