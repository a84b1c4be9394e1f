// A message into a JSON tree, by its schema, in the order of the schema. Internal to the codec.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "control/schema.hpp"

namespace egress::control {

using nlohmann::ordered_json;

template <class T>
ordered_json write(const T& value);

template <class T>
ordered_json write(const std::vector<T>& values) {
  ordered_json list = ordered_json::array();
  for (const T& value : values) list.push_back(write(value));
  return list;
}

template <class T>
ordered_json write(const std::optional<T>& value) {
  return value ? write(*value) : ordered_json(nullptr);
}

template <class M>
void write_fields(const M& message, ordered_json& object) {
  const auto put = [&](const auto& f) { object[std::string(f.name)] = write(message.*f.member); };
  std::apply([&put](const auto&... f) { (put(f), ...); }, kFields<M>);
}

template <class T>
ordered_json write(const T& value) {
  if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
    return value;
  } else {
    ordered_json object = ordered_json::object();
    write_fields(value, object);
    return object;
  }
}

}  // namespace egress::control
