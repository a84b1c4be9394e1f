// Result: a value or the reason there is none. The one door to tl::expected, which C++23 calls
// std::expected; nothing else in the public headers comes from outside the standard library.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace egress {

// What went wrong, for the person who must act on it. Quotes the offending token, already escaped.
struct Error {
  std::string message;
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace egress
