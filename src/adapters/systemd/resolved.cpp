#include "adapters/systemd/resolved.hpp"

#include <net/if.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include <algorithm>
#include <array>
#include <list>
#include <utility>

#include "adapters/system_error.hpp"
#include "egress/core/address_class.hpp"

namespace egress::systemd {
namespace {

using resolvconf::LinkResolvers;

constexpr const char* kName = "org.freedesktop.resolve1";
constexpr const char* kPath = "/org/freedesktop/resolve1";
constexpr const char* kManager = "org.freedesktop.resolve1.Manager";
constexpr const char* kLink = "org.freedesktop.resolve1.Link";
constexpr const char* kLinks = "/org/freedesktop/resolve1/link";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";

struct Unref {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
  void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Bus = std::unique_ptr<sd_bus, Unref>;
using Slot = std::unique_ptr<sd_bus_slot, Unref>;  // what it stands for ends with it
using Message = std::unique_ptr<sd_bus_message, Unref>;

struct NumberedLink {
  int index = 0;  // 0: none, the host's own settings
  LinkResolvers settings;
};
using NumberedLinks = std::list<NumberedLink>;

LinkResolvers& link_of(int index, NumberedLinks& links) {
  const auto at = std::ranges::find(links, index, &NumberedLink::index);
  if (at != links.end()) return at->settings;
  links.push_back({index, {}});
  return links.back().settings;
}

std::optional<IpAddress> address_of(int family, const std::uint8_t* octets, std::size_t size) {
  if (family == AF_INET && size == 4)
    return IpAddress::v4({octets[0], octets[1], octets[2], octets[3]});
  if (family != AF_INET6 || size != 16) return std::nullopt;
  std::array<std::uint8_t, 16> all{};
  std::copy_n(octets, all.size(), all.begin());
  return IpAddress::v6(all);
}

// A link-local address needs its link. What is no host's address is left out.
std::optional<policy::ResolverAddress> resolver_of(int index, const IpAddress& address,
                                                   std::uint16_t port) {
  const AddressClass kind = classify(address);
  if (kind == AddressClass::multicast || kind == AddressClass::unusable) return std::nullopt;
  policy::ResolverAddress resolver{.address = address, .port = port == 0 ? Port{53} : port};
  if (kind != AddressClass::link_local || address.is_v4()) return resolver;
  std::array<char, IF_NAMESIZE> name{};
  if (index <= 0 || if_indextoname(static_cast<unsigned>(index), name.data()) == nullptr)
    return std::nullopt;
  resolver.zone = name.data();
  return resolver;
}

// DNSEx: a(iiayqs), of link, family, address, port and name.
void read_servers(sd_bus_message* reply, NumberedLinks& links) {
  if (sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "(iiayqs)") < 0) return;
  while (sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "iiayqs") > 0) {
    int index = 0, family = 0;
    const void* octets = nullptr;
    std::size_t size = 0;
    std::uint16_t port = 0;
    const char* name = nullptr;
    if (sd_bus_message_read(reply, "ii", &index, &family) < 0 ||
        sd_bus_message_read_array(reply, 'y', &octets, &size) < 0 ||
        sd_bus_message_read(reply, "qs", &port, &name) < 0)
      return;
    const auto address = address_of(family, static_cast<const std::uint8_t*>(octets), size);
    const auto resolver = address ? resolver_of(index, *address, port) : std::nullopt;
    if (resolver) link_of(index, links).servers.push_back(*resolver);
    if (sd_bus_message_exit_container(reply) < 0) return;
  }
  sd_bus_message_exit_container(reply);
}

// Domains: a(isb), of link, name and whether it only routes. A link with one of the latter is no
// default route, unless it says so itself.
void read_domains(sd_bus_message* reply, NumberedLinks& links) {
  if (sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "(isb)") < 0) return;
  int index = 0, only_routes = 0;
  const char* name = nullptr;
  while (sd_bus_message_read(reply, "(isb)", &index, &name, &only_routes) > 0) {
    LinkResolvers& link = link_of(index, links);
    link.domains.emplace_back(name);
    if (only_routes != 0 && index != 0) link.is_default_route = false;
  }
  sd_bus_message_exit_container(reply);
}

using ReadProperty = void (*)(sd_bus_message*, NumberedLinks&);

void read_property(sd_bus_message* reply, const char* type, ReadProperty read,
                   NumberedLinks& links) {
  if (sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, type) < 0) return;
  read(reply, links);
  sd_bus_message_exit_container(reply);
}

NumberedLinks read_manager(sd_bus_message* reply) {
  NumberedLinks links;
  if (sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{sv}") < 0) return links;
  while (sd_bus_message_enter_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv") > 0) {
    const char* name = nullptr;
    if (sd_bus_message_read(reply, "s", &name) < 0) return links;
    if (std::string_view(name) == "DNSEx")
      read_property(reply, "a(iiayqs)", read_servers, links);
    else if (std::string_view(name) == "Domains")
      read_property(reply, "a(isb)", read_domains, links);
    else if (sd_bus_message_skip(reply, "v") < 0)
      return links;
    if (sd_bus_message_exit_container(reply) < 0) return links;
  }
  return links;
}

}  // namespace

class Resolved::State {
 public:
  State(sd_event* event, Changed changed, std::string address)
      : event_(event), changed_(std::move(changed)), address_(std::move(address)) {}

  Result<void> connect();
  void refresh();
  const std::vector<LinkResolvers>& links() const { return links_; }

 private:
  // Of the link that a call is about.
  struct Call {
    State* self;
    NumberedLink* link;
    Slot slot{};
  };

  Message property_call(const char* path, const char* member) const;
  void ask_about(NumberedLink& link);
  void take_manager(sd_bus_message* reply);
  void take_link(NumberedLink& link, sd_bus_message* reply);
  void publish_if_complete();

  sd_event* event_;
  Changed changed_;
  std::string address_;
  std::vector<LinkResolvers> links_;
  NumberedLinks asked_;  // of the round of questions under way
  std::size_t open_calls_ = 0;
  Bus bus_;
  std::vector<Slot> matches_;
  Slot manager_call_;
  std::list<Call> calls_;
};

Result<void> Resolved::State::connect() {
  const auto failed = [](int status) { return fail_errno("sd_bus", status); };
  sd_bus* made = nullptr;
  if (const int status = sd_bus_new(&made); status < 0) return failed(status);
  calls_.clear();
  manager_call_.reset();
  matches_.clear();
  bus_.reset(made);
  int status = sd_bus_set_address(made, address_.c_str());
  if (status >= 0) status = sd_bus_set_bus_client(made, 1);
  if (status >= 0) status = sd_bus_set_watch_bind(made, 1);
  if (status >= 0) status = sd_bus_start(made);
  if (status >= 0) status = sd_bus_attach_event(made, event_, SD_EVENT_PRIORITY_NORMAL);
  if (status < 0) return failed(status);
  const auto again = [](sd_bus_message*, void* self, sd_bus_error*) {
    static_cast<State*>(self)->refresh();
    return 0;
  };
  for (const std::string& rule :
       {std::string("type='signal',sender='") + kName + "',interface='" + kProperties +
            "',member='PropertiesChanged'",
        std::string("type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                    "member='NameOwnerChanged',arg0='") +
            kName + "'"}) {
    sd_bus_slot* slot = nullptr;
    status = sd_bus_add_match_async(made, &slot, rule.c_str(), again, nullptr, this);
    if (status < 0) return failed(status);
    matches_.emplace_back(slot);
  }
  return {};
}

Message Resolved::State::property_call(const char* path, const char* member) const {
  sd_bus_message* made = nullptr;
  const int status =
      sd_bus_message_new_method_call(bus_.get(), &made, kName, path, kProperties, member);
  Message call(status < 0 ? nullptr : made);
  if (call) sd_bus_message_set_auto_start(call.get(), 0);
  return call;
}

// What is under way is given up: its answers may be of before the change.
void Resolved::State::refresh() {
  if (sd_bus_is_open(bus_.get()) <= 0 && !connect()) return;
  calls_.clear();
  manager_call_.reset();
  const Message call = property_call(kPath, "GetAll");
  if (!call || sd_bus_message_append(call.get(), "s", kManager) < 0) return;
  sd_bus_slot* slot = nullptr;
  const auto take = [](sd_bus_message* reply, void* self, sd_bus_error*) {
    static_cast<State*>(self)->take_manager(reply);
    return 0;
  };
  if (sd_bus_call_async(bus_.get(), &slot, call.get(), take, this, 0) >= 0)
    manager_call_.reset(slot);
}

void Resolved::State::take_manager(sd_bus_message* reply) {
  asked_ =
      sd_bus_message_is_method_error(reply, nullptr) > 0 ? NumberedLinks() : read_manager(reply);
  open_calls_ = 1;  // until all are asked about
  for (NumberedLink& link : asked_)
    if (link.index > 0) ask_about(link);
  --open_calls_;
  publish_if_complete();
}

void Resolved::State::ask_about(NumberedLink& link) {
  char* path = nullptr;
  if (sd_bus_path_encode(kLinks, std::to_string(link.index).c_str(), &path) < 0) return;
  const std::unique_ptr<char, decltype(&free)> owned(path, &free);
  const Message call = property_call(path, "Get");
  if (!call || sd_bus_message_append(call.get(), "ss", kLink, "DefaultRoute") < 0) return;
  Call& made = calls_.emplace_back(Call{this, &link});
  sd_bus_slot* slot = nullptr;
  const auto take = [](sd_bus_message* reply, void* context, sd_bus_error*) {
    const auto* about = static_cast<Call*>(context);
    about->self->take_link(*about->link, reply);
    return 0;
  };
  if (sd_bus_call_async(bus_.get(), &slot, call.get(), take, &made, 0) < 0) return;
  made.slot.reset(slot);
  ++open_calls_;
}

void Resolved::State::take_link(NumberedLink& link, sd_bus_message* reply) {
  int is_default_route = 0;
  if (sd_bus_message_is_method_error(reply, nullptr) <= 0 &&
      sd_bus_message_read(reply, "v", "b", &is_default_route) > 0)
    link.settings.is_default_route = is_default_route != 0;
  --open_calls_;
  publish_if_complete();
}

void Resolved::State::publish_if_complete() {
  if (open_calls_ > 0) return;
  std::vector<LinkResolvers> found;
  for (NumberedLink& link : asked_) found.push_back(std::move(link.settings));
  asked_.clear();
  if (found == links_) return;
  links_ = std::move(found);
  changed_();
}

Resolved::Resolved(std::unique_ptr<State> state) : state_(std::move(state)) {}
Resolved::~Resolved() = default;

Result<std::unique_ptr<Resolved>> Resolved::open(const EventLoop& loop, Changed changed,
                                                 const std::string& bus) {
  auto state = std::make_unique<State>(loop.event(), std::move(changed), bus);
  if (auto connected = state->connect(); !connected) return tl::unexpected(connected.error());
  state->refresh();
  return std::unique_ptr<Resolved>(new Resolved(std::move(state)));
}

const std::vector<LinkResolvers>& Resolved::links() const {
  return state_->links();
}

void Resolved::refresh() {
  state_->refresh();
}

}  // namespace egress::systemd
