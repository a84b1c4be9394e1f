#include "adapters/netlink/dump.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "adapters/netlink/attributes.hpp"
#include "adapters/netlink/encode.hpp"
#include "egress/nft/layout.hpp"

namespace egress::netlink {
namespace {

// Room for one request: a header and a few names.
class Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags, std::uint8_t family = NFPROTO_INET)
      : message_(nftnl_nlmsg_build_hdr(buffer_.data(), type, family, flags, 0)) {}
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  void name(std::uint16_t attribute, const std::string& value) {
    mnl_attr_put_strz(message_, attribute, value.c_str());
  }
  nlmsghdr& message() { return *message_; }

 private:
  alignas(nlmsghdr) std::array<char, 1024> buffer_{};
  nlmsghdr* message_;
};

// Dumps one kind of object; those of our table are kept. The kernel may list other tables' objects
// too.
template <auto allocate, auto parse, auto table_of, class Pointer>
int dump_kind(Socket& socket, Request& request, const std::string& table,
              std::vector<Pointer>& kept) {
  return socket.ask(request.message(), [&](const nlmsghdr& answer) {
    Pointer object(allocate());
    if (parse(&answer, object.get()) < 0) return;
    const char* owner = table_of(object.get());
    if (owner != nullptr && table == owner) kept.push_back(std::move(object));
  });
}

const char* table_of_chain(nftnl_chain* chain) {
  return nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE);
}
const char* table_of_rule(nftnl_rule* rule) {
  return nftnl_rule_get_str(rule, NFTNL_RULE_TABLE);
}
const char* table_of_set(nftnl_set* set) {
  return nftnl_set_get_str(set, NFTNL_SET_TABLE);
}
const char* table_of_object(nftnl_obj* object) {
  return nftnl_obj_get_str(object, NFTNL_OBJ_TABLE);
}

int dump_chains(Socket& socket, const std::string& table, LiveTable& live) {
  Request request(NFT_MSG_GETCHAIN, NLM_F_DUMP, live.family);
  return dump_kind<nftnl_chain_alloc, nftnl_chain_nlmsg_parse, table_of_chain>(socket, request,
                                                                               table, live.chains);
}

int dump_rules(Socket& socket, const std::string& table, LiveTable& live) {
  Request request(NFT_MSG_GETRULE, NLM_F_DUMP, live.family);
  request.name(NFTA_RULE_TABLE, table);
  return dump_kind<nftnl_rule_alloc, nftnl_rule_nlmsg_parse, table_of_rule>(socket, request, table,
                                                                            live.rules);
}

int dump_sets(Socket& socket, const std::string& table, LiveTable& live) {
  Request request(NFT_MSG_GETSET, NLM_F_DUMP, live.family);
  request.name(NFTA_SET_TABLE, table);
  return dump_kind<nftnl_set_alloc, nftnl_set_nlmsg_parse, table_of_set>(socket, request, table,
                                                                         live.sets);
}

int count_flowtables(Socket& socket, const std::string& table, LiveTable& live) {
  Request request(NFT_MSG_GETFLOWTABLE, NLM_F_DUMP, live.family);
  const int error = socket.ask(request.message(), [&](const nlmsghdr& answer) {
    for_each_attribute(answer, sizeof(nfgenmsg), [&](const nlattr& attribute) {
      if (mnl_attr_get_type(&attribute) == NFTA_FLOWTABLE_TABLE &&
          table == mnl_attr_get_str(&attribute)) {
        ++live.flowtables;
      }
    });
  });
  return error == EOPNOTSUPP ? 0 : error;
}

void take_elements(const nlmsghdr& answer, const TakeElement& take) {
  const SetPtr part(nftnl_set_alloc());
  if (nftnl_set_elems_nlmsg_parse(&answer, part.get()) < 0) return;
  nftnl_set_elem_foreach(
      part.get(),
      [](nftnl_set_elem* element, void* context) {
        (*static_cast<const TakeElement*>(context))(element);
        return 0;
      },
      const_cast<void*>(static_cast<const void*>(&take)));
}

}  // namespace

int read_holder(Socket& socket, const std::string& table, LiveTable& live) {
  Request request(NFT_MSG_GETTABLE, NLM_F_ACK, live.family);
  request.name(NFTA_TABLE_NAME, table);
  const int error = socket.ask(request.message(), [&](const nlmsghdr& answer) {
    const TablePtr parsed(nftnl_table_alloc());
    if (nftnl_table_nlmsg_parse(&answer, parsed.get()) < 0) return;
    live.is_present = true;
    live.holder = {nftnl_table_get_u32(parsed.get(), NFTNL_TABLE_FLAGS),
                   nftnl_table_get_u32(parsed.get(), NFTNL_TABLE_OWNER)};
  });
  return error == ENOENT ? 0 : error;
}

int dump_elements(Socket& socket, const std::string& table, const std::string& set,
                  const TakeElement& take) {
  Request request(NFT_MSG_GETSETELEM, NLM_F_DUMP);
  request.name(NFTA_SET_ELEM_LIST_TABLE, table);
  request.name(NFTA_SET_ELEM_LIST_SET, set);
  return socket.ask(request.message(),
                    [&](const nlmsghdr& answer) { take_elements(answer, take); });
}

int find_element(Socket& socket, const std::string& table, const nft::ElementKey& key) {
  return find_element(socket, table, nft::set_name(key.set, key.family()), key,
                      [](nftnl_set_elem*) {});
}

int find_element(Socket& socket, const std::string& table, const std::string& set,
                 const nft::ElementKey& key, const TakeElement& take) {
  Request request(NFT_MSG_GETSETELEM, NLM_F_ACK);
  put_element_of(&request.message(), table, set, key);
  return socket.ask(request.message(),
                    [&](const nlmsghdr& answer) { take_elements(answer, take); });
}

int read_generation(Socket& socket, std::uint32_t& generation) {
  Request request(NFT_MSG_GETGEN, NLM_F_ACK);
  return socket.ask(request.message(), [&](const nlmsghdr& answer) {
    for_each_attribute(answer, sizeof(nfgenmsg), [&](const nlattr& attribute) {
      if (mnl_attr_get_type(&attribute) == NFTA_GEN_ID) {
        generation = ntohl(number_in<std::uint32_t>(&attribute).value_or(0));
      }
    });
  });
}

int dump_counters(Socket& socket, const std::string& table, LiveTable& live) {
  Request request(NFT_MSG_GETOBJ, NLM_F_DUMP, live.family);
  request.name(NFTA_OBJ_TABLE, table);
  return dump_kind<nftnl_obj_alloc, nftnl_obj_nlmsg_parse, table_of_object>(socket, request, table,
                                                                            live.objects);
}

int dump_table(Socket& socket, const std::string& table, LiveTable& live) {
  const int error = read_holder(socket, table, live);
  if (error != 0 || !live.is_present) return error;
  for (const auto dump : {dump_chains, dump_rules, dump_sets, dump_counters, count_flowtables}) {
    if (const int failure = dump(socket, table, live)) return failure;
  }
  return 0;
}

int read_steadily(Socket& socket, const std::function<int(bool& is_sure)>& read) {
  const Socket::GoesOn goes_on(socket);
  int error = EINTR;
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    std::uint32_t before = 0;
    std::uint32_t after = 0;
    bool is_sure = false;
    error = read_generation(socket, before);
    if (error == 0) error = read(is_sure);
    if (error == 0) error = read_generation(socket, after);
    if (error != 0 && !is_interrupted(error)) return error;
    if (error == 0 && (is_sure || before == after)) return 0;
    if (error == 0) error = EINTR;
  }
  return error;
}

std::uint64_t packets_of(const LiveTable& live, std::string_view counter) {
  for (const ObjectPtr& object : live.objects)
    if (nftnl_obj_get_str(object.get(), NFTNL_OBJ_NAME) == counter)
      return nftnl_obj_get_u64(object.get(), NFTNL_OBJ_CTR_PKTS);
  return 0;
}

}  // namespace egress::netlink
