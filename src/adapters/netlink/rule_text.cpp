#include "adapters/netlink/rule_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace egress::netlink {
namespace {

constexpr std::string_view kAnonymousPrefix = "__set";

std::string id_name(std::uint32_t id) {
  return "id " + std::to_string(id);
}

// The name under which AnonymousContents knows the set that this expression looks into; empty: not
// anonymous.
std::string anonymous_name(const nftnl_expr* expression) {
  const std::string_view kind = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
  if (kind != "lookup") return {};
  const std::string_view set = nftnl_expr_get_str(expression, NFTNL_EXPR_LOOKUP_SET);
  if (!set.starts_with(kAnonymousPrefix)) return {};
  if (set != "__set%d") return std::string(set);
  return id_name(nftnl_expr_get_u32(expression, NFTNL_EXPR_LOOKUP_SET_ID));
}

std::string written_out(std::vector<Octets> values) {
  std::ranges::sort(values);
  std::string text = "{";
  for (const Octets& value : values) {
    text += ' ';
    for (const std::uint8_t octet : value) text += std::to_string(octet) + '.';
    text.pop_back();
  }
  return text + " }";
}

std::string expression_text(const nftnl_expr* expression, const AnonymousContents& contents) {
  std::array<char, 1024> buffer{};
  nftnl_expr_snprintf(buffer.data(), buffer.size(), expression, NFTNL_OUTPUT_DEFAULT, 0);
  std::string text = std::string(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME)) + " " +
                     std::string(buffer.data());
  const std::string name = anonymous_name(expression);
  if (name.empty()) return text;
  const auto found = contents.find(name);
  if (found == contents.end()) return text;
  const std::string set = nftnl_expr_get_str(expression, NFTNL_EXPR_LOOKUP_SET);
  return text.replace(text.find(set), set.size(), written_out(found->second));
}

}  // namespace

AnonymousContents contents_of(const std::vector<AnonymousSet>& sets) {
  AnonymousContents contents;
  for (const AnonymousSet& set : sets) contents.emplace(id_name(set.id), set.values);
  return contents;
}

std::string bytecode(nftnl_rule* rule, const AnonymousContents& contents) {
  std::string text;
  nftnl_expr_iter* iterator = nftnl_expr_iter_create(rule);
  while (const nftnl_expr* expression = nftnl_expr_iter_next(iterator)) {
    text += "[ " + expression_text(expression, contents) + "] ";
  }
  nftnl_expr_iter_destroy(iterator);
  return text;
}

}  // namespace egress::netlink
