// A JSON tree into a message, by its schema. Internal to the codec.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/schema.hpp"
#include "egress/core/text.hpp"

namespace egress::control {

// Reads as far as all is well; the first problem stops it and is kept.
class JsonReader {
 public:
  using json = nlohmann::json;

  const std::string& problem() const { return problem_; }

  // `path` says where in the message we are, for the problem: "entries[3].hits".
  void read(const json& tree, std::string& out, const std::string& path) {
    if (!tree.is_string()) return refuse(path, "a string");
    out = tree.get<std::string>();
  }

  void read(const json& tree, bool& out, const std::string& path) {
    if (!tree.is_boolean()) return refuse(path, "true or false");
    out = tree.get<bool>();
  }

  template <std::integral T>
  void read(const json& tree, T& out, const std::string& path) {
    const bool fits = tree.is_number_unsigned()  ? std::in_range<T>(tree.get<std::uint64_t>())
                      : tree.is_number_integer() ? std::in_range<T>(tree.get<std::int64_t>())
                                                 : false;
    if (!fits) {
      return refuse(path, "a whole number from " + std::to_string(std::numeric_limits<T>::min()) +
                              " to " + std::to_string(std::numeric_limits<T>::max()));
    }
    out = tree.get<T>();
  }

  template <class T>
  void read(const json& tree, std::optional<T>& out, const std::string& path) {
    if (!tree.is_null()) read(tree, out.emplace(), path);
  }

  template <class T>
  void read(const json& tree, std::vector<T>& out, const std::string& path) {
    if (!tree.is_array()) return refuse(path, "a list");
    for (std::size_t i = 0; i < tree.size() && problem_.empty(); ++i) {
      read(tree[i], out.emplace_back(), path + "[" + std::to_string(i) + "]");
    }
  }

  template <class M>
  requires std::is_class_v<M>
  void read(const json& tree, M& out, const std::string& path) {
    if (!tree.is_object()) return refuse(path, "an object");
    for (const auto& [name, value] : tree.items()) refuse_unknown<M>(name, path);
    std::apply([&](const auto&... f) { (read_field(tree, out, f, path), ...); }, kFields<M>);
  }

 private:
  void refuse(const std::string& path, const std::string& accepted) {
    if (problem_.empty()) problem_ = egress::quoted(path) + " must be " + accepted;
  }

  template <class M>
  void refuse_unknown(const std::string& name, const std::string& path) {
    std::string accepted;
    bool is_known = false;
    const auto look = [&](std::string_view known) {
      is_known = is_known || known == name;
      accepted += (accepted.empty() ? "" : ", ") + std::string(known);
    };
    std::apply([&](const auto&... f) { (look(f.name), ...); }, kFields<M>);
    if (is_known || !problem_.empty()) return;
    problem_ = "unknown member " + egress::quoted(join(path, name)) +
               "; accepted: " + (accepted.empty() ? "none" : accepted);
  }

  template <class M, class F>
  void read_field(const json& tree, M& out, const F& f, const std::string& path) {
    if (!problem_.empty()) return;
    const auto found = tree.find(f.name);
    if (found != tree.end()) return read(*found, out.*f.member, join(path, f.name));
    if (f.is_required)
      problem_ = "the member " + egress::quoted(join(path, f.name)) + " is missing";
  }

  static std::string join(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  }

  std::string problem_;
};

}  // namespace egress::control
