// What systemd-resolved tells on a message bus of our own; a program in its stead has its name.
#include "adapters/systemd/resolved.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "adapters/systemd/clock.hpp"
#include "unit/adapters/temporary_folder.hpp"

namespace egress::systemd {
namespace {

using resolvconf::LinkResolvers;

constexpr const char* kManager = "org.freedesktop.resolve1.Manager";
constexpr const char* kPath = "/org/freedesktop/resolve1";

struct Server {
  int link;
  std::string address;
  std::uint16_t port = 0;
};
struct Domain {
  int link;
  std::string name;
  bool only_routes;
};
struct Settings {
  std::vector<Server> servers;
  std::vector<Domain> domains;
  std::vector<int> no_default_route;
};

// Has the name of resolved, and its properties.
class FakeResolved {
 public:
  FakeResolved(const std::string& bus, Settings settings) : settings_(std::move(settings)) {
    check(sd_bus_new(&bus_));
    check(sd_bus_set_address(bus_, bus.c_str()));
    check(sd_bus_set_bus_client(bus_, 1));
    check(sd_bus_start(bus_));
    check(sd_bus_add_object_vtable(bus_, nullptr, kPath, kManager, kManagerTable, this));
    check(sd_bus_add_fallback_vtable(bus_, nullptr, "/org/freedesktop/resolve1/link",
                                     "org.freedesktop.resolve1.Link", kLinkTable, find, this));
    check(sd_bus_request_name(bus_, "org.freedesktop.resolve1", 0));
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeResolved() {
    stops_ = true;
    thread_.join();
    sd_bus_flush_close_unref(bus_);
  }
  FakeResolved(const FakeResolved&) = delete;
  FakeResolved& operator=(const FakeResolved&) = delete;

  void set(Settings settings) {
    const std::lock_guard lock(mutex_);
    settings_ = std::move(settings);
    says_so_ = true;
  }

 private:
  static void check(int status) {
    if (status < 0) throw std::system_error(-status, std::generic_category(), "sd-bus");
  }
  void serve() {
    while (!stops_) {
      {
        const std::lock_guard lock(mutex_);
        while (sd_bus_process(bus_, nullptr) > 0) {
        }
        if (says_so_.exchange(false))
          sd_bus_emit_properties_changed(bus_, kPath, kManager, "DNS", nullptr);
      }
      sd_bus_wait(bus_, 10'000);
    }
  }
  static int find(sd_bus*, const char*, const char*, void* self, void** found, sd_bus_error*) {
    *found = self;
    return 1;
  }
  static int servers(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                     void* self, sd_bus_error*) {
    sd_bus_message_open_container(reply, 'a', "(iiayqs)");
    for (const Server& server : static_cast<FakeResolved*>(self)->settings_.servers) {
      const IpAddress address = IpAddress::parse(server.address).value();
      const auto octets = address.octets();
      sd_bus_message_open_container(reply, 'r', "iiayqs");
      sd_bus_message_append(reply, "ii", server.link, address.is_v4() ? AF_INET : AF_INET6);
      sd_bus_message_append_array(reply, 'y', octets.data(), octets.size());
      sd_bus_message_append(reply, "qs", server.port, "");
      sd_bus_message_close_container(reply);
    }
    return sd_bus_message_close_container(reply);
  }
  static int domains(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                     void* self, sd_bus_error*) {
    sd_bus_message_open_container(reply, 'a', "(isb)");
    for (const Domain& domain : static_cast<FakeResolved*>(self)->settings_.domains)
      sd_bus_message_append(reply, "(isb)", domain.link, domain.name.c_str(),
                            domain.only_routes ? 1 : 0);
    return sd_bus_message_close_container(reply);
  }
  static int default_route(sd_bus*, const char* path, const char*, const char*,
                           sd_bus_message* reply, void* self, sd_bus_error*) {
    char* index = nullptr;
    if (sd_bus_path_decode(path, "/org/freedesktop/resolve1/link", &index) <= 0) return -EINVAL;
    const std::unique_ptr<char, decltype(&free)> owned(index, &free);
    const auto& none = static_cast<FakeResolved*>(self)->settings_.no_default_route;
    return sd_bus_message_append(reply, "b",
                                 std::ranges::find(none, std::stoi(index)) == none.end());
  }

  static const sd_bus_vtable kManagerTable[];
  static const sd_bus_vtable kLinkTable[];
  std::mutex mutex_;
  Settings settings_;
  std::atomic<bool> stops_ = false, says_so_ = false;
  sd_bus* bus_ = nullptr;
  std::thread thread_;
};
const sd_bus_vtable FakeResolved::kManagerTable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("DNS", "a(iiayqs)", servers, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
    SD_BUS_PROPERTY("DNSEx", "a(iiayqs)", servers, 0, 0),
    SD_BUS_PROPERTY("Domains", "a(isb)", domains, 0, 0), SD_BUS_VTABLE_END};
const sd_bus_vtable FakeResolved::kLinkTable[] = {
    SD_BUS_VTABLE_START(0), SD_BUS_PROPERTY("DefaultRoute", "b", default_route, 0, 0),
    SD_BUS_VTABLE_END};

class MessageBus {
 public:
  explicit MessageBus(test::TemporaryFolder& folder) : pid_(fork()) {
    const std::string config = folder / "bus.conf";
    if (pid_ != 0) return;
    folder.write("bus.conf",
                 "<busconfig><type>session</type><listen>unix:path=" + (folder / "bus") +
                     "</listen><policy context='default'><allow send_destination='*'/><allow "
                     "receive_sender='*'/><allow own='*'/></policy></busconfig>");
    execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile",
           ("--config-file=" + config).c_str(), nullptr);
    _exit(127);
  }
  ~MessageBus() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  MessageBus(const MessageBus&) = delete;
  MessageBus& operator=(const MessageBus&) = delete;

 private:
  pid_t pid_;
};

// A socket has its name before it takes connections.
bool listens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool is_taken =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return is_taken;
}

LinkResolvers link(std::vector<std::string> servers, std::vector<std::string> domains,
                   bool is_default_route = true) {
  LinkResolvers made{{}, std::move(domains), is_default_route};
  for (const std::string& server : servers)
    made.servers.push_back({IpAddress::parse(server).value()});
  return made;
}

class ResolvedTest : public testing::Test {
 protected:
  ResolvedTest() {
    resolved_ = Resolved::open(
                    loop_, [this] { ++changes_; }, address())
                    .value();
  }

  std::string address() const { return "unix:path=" + (folder_ / "bus"); }
  void start_bus() {
    bus_.emplace(folder_);
    for (int turn = 0; turn < 500 && !listens(folder_ / "bus"); ++turn) usleep(10'000);
  }
  void start(Settings settings) { fake_.emplace(address(), std::move(settings)); }
  // Runs the loop, once, through steps: each is tried until it is true.
  bool comes_through(std::vector<std::function<bool()>> steps) {
    const Instant end = clock_.now() + seconds(10);
    std::size_t next = 0;
    std::optional<Timer> timer;
    timer = loop_
                .timer([&] {
                  while (next < steps.size() && steps[next]()) ++next;
                  if (next == steps.size()) return loop_.exit(0);
                  if (clock_.now() > end) return loop_.exit(1);
                  timer->arm(clock_.now() + milliseconds(10));
                })
                .value();
    timer->arm(clock_.now());
    const bool is_done = loop_.run().value() == 0;
    EXPECT_TRUE(is_done) << "step " << next;
    return is_done;
  }
  std::function<bool()> has(std::vector<LinkResolvers> links) {
    return [this, links = std::move(links)] { return resolved_->links() == links; };
  }
  static std::function<bool()> once(std::function<void()> action) {
    return [action = std::move(action)] { return action(), true; };
  }

  test::TemporaryFolder folder_;
  SystemClock clock_;
  EventLoop loop_ = EventLoop::open().value();
  std::optional<MessageBus> bus_;
  std::optional<FakeResolved> fake_;
  int changes_ = 0;
  std::unique_ptr<Resolved> resolved_;
};

const Settings kVpn{.servers = {{0, "192.0.2.1"},
                                {2, "192.0.2.2"},
                                {7, "10.8.0.1", 5353},
                                {7, "2001:db8::1"},
                                {2, "224.0.0.1"}},
                    .domains = {{7, "vpn.corp", true}, {2, "home.example", false}},
                    .no_default_route = {7}};

std::vector<LinkResolvers> vpn_links() {
  LinkResolvers vpn = link({"10.8.0.1", "2001:db8::1"}, {"vpn.corp"}, false);
  vpn.servers.front().port = 5353;
  return {link({"192.0.2.1"}, {}), link({"192.0.2.2"}, {"home.example"}), vpn};
}

TEST_F(ResolvedTest, TellsTheServersAndDomainsOfEachLink) {
  start_bus();
  start(kVpn);
  ASSERT_TRUE(comes_through({has(vpn_links())}));
  EXPECT_EQ(changes_, 1);
}

// The link's own word counts, whatever its domains look like.
TEST_F(ResolvedTest, ALinkMayBeADefaultRouteBesideItsDomains) {
  start_bus();
  start({.servers = {{7, "10.8.0.1"}}, .domains = {{7, "vpn.corp", true}}, .no_default_route = {}});
  comes_through({has({link({"10.8.0.1"}, {"vpn.corp"}, true)})});
}

TEST_F(ResolvedTest, FollowsWhatChanges) {
  start_bus();
  start(kVpn);
  comes_through({has(vpn_links()), once([this] { fake_->set({}); }), has({}),
                 once([this] { fake_->set(kVpn); }), has(vpn_links()),
                 once([this] { fake_.reset(); }), has({}), once([this] { start(kVpn); }),
                 has(vpn_links())});
}

TEST_F(ResolvedTest, WaitsForTheBusAndForResolved) {
  comes_through(
      {has({}), once([this] { start_bus(); }), once([this] { start(kVpn); }), has(vpn_links())});
}

TEST_F(ResolvedTest, AsksAgainAfterTheBusHasGone) {
  start_bus();
  start(kVpn);
  int ticks = 0;
  comes_through({has(vpn_links()), once([this] {
                   fake_.reset();
                   bus_.reset();
                   std::filesystem::remove(folder_ / "bus");
                   start_bus();
                   start({.servers = {{2, "192.0.2.2"}}, .domains = {}, .no_default_route = {}});
                 }),
                 [this, &ticks] {
                   // As when its files change; what is under way is given up each time.
                   if (ticks++ % 100 == 0) resolved_->refresh();
                   return resolved_->links() == std::vector{link({"192.0.2.2"}, {})};
                 }});
}

}  // namespace
}  // namespace egress::systemd
