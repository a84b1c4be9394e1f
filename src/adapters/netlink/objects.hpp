// Ownership of libnftnl's objects.
#pragma once

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>

#include <cstdint>
#include <memory>

namespace egress::netlink {

// NFT_TABLE_F_OWNER | NFT_TABLE_F_PERSIST; the latter is missing from Debian 12's headers.
inline constexpr std::uint32_t kOwnerFlag = 0x2;
inline constexpr std::uint32_t kOwnedFlags = kOwnerFlag | 0x4;

template <auto free_object>
struct Free {
  template <class Object>
  void operator()(Object* object) const {
    free_object(object);
  }
};

using TablePtr = std::unique_ptr<nftnl_table, Free<nftnl_table_free>>;
using ChainPtr = std::unique_ptr<nftnl_chain, Free<nftnl_chain_free>>;
using RulePtr = std::unique_ptr<nftnl_rule, Free<nftnl_rule_free>>;
using SetPtr = std::unique_ptr<nftnl_set, Free<nftnl_set_free>>;
using ElementPtr = std::unique_ptr<nftnl_set_elem, Free<nftnl_set_elem_free>>;
using ObjectPtr = std::unique_ptr<nftnl_obj, Free<nftnl_obj_free>>;

}  // namespace egress::netlink
