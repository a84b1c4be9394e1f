#include "egress/dns/lookup.hpp"

namespace egress::dns {

std::string_view text(Records records) {
  switch (records) {
    case Records::addresses:
      return "addresses";
    case Records::services:
      return "SRV";
    case Records::texts:
      return "TXT";
  }
  return "unknown";
}

std::string_view text(Status status) {
  switch (status) {
    case Status::ok:
      return "NOERROR";
    case Status::nodata:
      return "NODATA";
    case Status::nxdomain:
      return "NXDOMAIN";
    case Status::servfail:
      return "SERVFAIL";
    case Status::refused:
      return "REFUSED";
    case Status::malformed:
      return "malformed answer";
    case Status::timeout:
      return "timeout";
    case Status::unreachable:
      return "resolver unreachable";
  }
  return "unknown";
}

bool is_failure(Status status) {
  return status != Status::ok && status != Status::nodata;
}

bool is_negative(Status status) {
  return status == Status::nodata || status == Status::nxdomain;
}

}  // namespace egress::dns
