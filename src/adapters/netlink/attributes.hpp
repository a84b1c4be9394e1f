// Walking over netlink attributes (libmnl's own loops are macros that C++ does not accept).
#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <cstring>
#include <optional>

namespace egress::netlink {

template <class Take>
int pass_attribute(const nlattr* attribute, void* take) {
  (*static_cast<Take*>(take))(*attribute);
  return MNL_CB_OK;
}

// The attributes of a message behind its fixed part of `header` bytes, each to `take(const
// nlattr&)`.
template <class Take>
void for_each_attribute(const nlmsghdr& message, std::size_t header, Take take) {
  mnl_attr_parse(&message, static_cast<unsigned>(header), pass_attribute<Take>, &take);
}

template <class Take>
void for_each_nested(const nlattr& nest, Take take) {
  mnl_attr_parse_nested(&nest, pass_attribute<Take>, &take);
}

// The number in an attribute, as it stands there; empty: there is no such attribute, or it is too
// short.
template <class Number>
std::optional<Number> number_in(const nlattr* attribute) {
  if (attribute == nullptr || mnl_attr_get_payload_len(attribute) < sizeof(Number)) return {};
  Number number{};
  std::memcpy(&number, mnl_attr_get_payload(attribute), sizeof number);
  return number;
}

}  // namespace egress::netlink
