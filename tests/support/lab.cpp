#include "support/lab.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "control/client.hpp"

namespace egress::test {
namespace {

// `own` is that of the build of the tests.
std::string program_of_build(const std::string& path, const char* own) {
  const char* const build = std::getenv("EGRESSD_PROGRAMS");
  return build == nullptr ? own : std::string(build) + path;
}

}  // namespace

std::string egressd_program() {
  return program_of_build("/src/egressd/egressd", EGRESSD_PATH);
}

std::string egressctl_program() {
  return program_of_build("/src/egressctl/egressctl", EGRESSCTL_PATH);
}

namespace {

// Emulated machines are slow.
constexpr auto kStartPatience = std::chrono::seconds(40);

std::string must_succeed(const Command& command) {
  const Finished finished = run(command);
  if (finished.exit_code != 0) throw std::runtime_error(command.words[0] + ": " + finished.output);
  return finished.output;
}

// `ip netns exec` shows it the host's own /etc/resolv.conf, and becomes the program.
std::vector<std::string> egressd_on(const Lab& lab, const std::vector<std::string>& options,
                                    const std::string& program = egressd_program()) {
  const std::filesystem::path dir = lab.dir();
  // That of another commit may not understand the presets of this one.
  const auto presets = dir / (program == egressd_program() ? "rules" : "no-rules");
  std::filesystem::create_directory(presets);
  std::vector<std::string> words{"ip",
                                 "netns",
                                 "exec",
                                 lab.host(),
                                 program,
                                 "--config",
                                 dir / "etc/egressd.yaml",
                                 "--state-dir",
                                 dir / "state",
                                 "--runtime-dir",
                                 dir / "run",
                                 "--rules-dir",
                                 presets,
                                 "--user",
                                 "nobody"};
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

// The program drops its rights, after which the leak check at its end could no longer look at it.
constexpr const char* kNoLeakCheck = "ASAN_OPTIONS=detect_leaks=0";

// Two labs of one process may stand side by side.
std::string new_name() {
  static std::atomic<int> count = 0;
  return "t" + std::to_string(getpid()) + "n" + std::to_string(count++);
}

void run_lab(std::vector<std::string> words) {
  words.insert(words.begin(), SOURCE_DIR "/scripts/lab");
  must_succeed({.words = std::move(words)});
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The service manager's end of sd_notify(3).
class NotifySocket {
 public:
  explicit NotifySocket(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::remove(path_);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("notify socket");
    }
    chmod(path_.c_str(), 0666);
  }
  ~NotifySocket() { close(socket_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  bool hears_ready() const {
    pollfd wanted{socket_, POLLIN, 0};
    if (poll(&wanted, 1, 50) <= 0) return false;
    std::array<char, 4096> buffer;
    const ssize_t size = recv(socket_, buffer.data(), buffer.size(), 0);
    return std::string_view(buffer.data(), static_cast<std::size_t>(size)).find("READY=1") !=
           std::string_view::npos;
  }

 private:
  std::filesystem::path path_;
  int socket_;
};

}  // namespace

Lab::Lab(Servers servers) : name_(new_name()) {
  run_lab({"sweep"});
  std::vector<std::string> up{"up", name_, "--owner", std::to_string(getpid())};
  if (servers == Servers::none) up.insert(up.end(), {"--without", "dns,web,ntp"});
  run_lab(std::move(up));
  for (const char* folder : {"state", "run"}) {
    std::filesystem::create_directory(dir() / folder);
    if (chown((dir() / folder).c_str(), kNobody, kNobody) != 0) throw std::runtime_error("chown");
  }
  std::filesystem::create_directories(dir() / "etc" / "policy.d");
}

Lab::~Lab() {
  run_lab({"down", name_});
}

std::string Lab::on_host(std::vector<std::string> words) const {
  return must_succeed({.words = std::move(words), .netns = host()});
}

void Lab::nft(const std::string& commands) const {
  const std::filesystem::path file = dir() / "commands.nft";
  std::ofstream(file) << commands;
  on_host({"nft", "-f", file});
}

Daemon::Daemon(const Lab& lab, std::string_view policy, std::vector<std::string> options,
               std::string program)
    : lab_(lab),
      options_(std::move(options)),
      program_(program.empty() ? egressd_program() : std::move(program)) {
  write_policy(policy);
  start();
}

void Daemon::start() {
  const NotifySocket notify(lab_.dir() / "notify");
  launch();
  bool is_ready = false;
  eventually([&] { return (is_ready = notify.hears_ready()) || process_.has_ended(); },
             kStartPatience);
  if (!is_ready) throw std::runtime_error("egressd did not become ready:\n" + log());
}

void Daemon::launch() {
  const std::filesystem::path dir = lab_.dir();
  std::vector<std::string> words = egressd_on(lab_, options_, program_);
  words.insert(words.begin(), launcher_.begin(), launcher_.end());
  std::vector<std::string> environment{"NOTIFY_SOCKET=" + (dir / "notify").string(), kNoLeakCheck};
  environment.insert(environment.end(), environment_.begin(), environment_.end());
  process_ = ChildProcess({.words = std::move(words),
                           .environment = std::move(environment),
                           .output = dir / "egressd.log"});
}

void Daemon::terminate() {
  process_.signal(SIGTERM);
  const int code = process_.wait();
  if (code != 0)
    throw std::runtime_error("egressd ended with " + std::to_string(code) + ":\n" + log());
}

void Daemon::crash() {
  process_.signal(SIGKILL);
  process_.wait();
}

void Lab::write_resolv_conf(std::string_view text) const {
  std::ofstream("/etc/netns/" + host() + "/resolv.conf") << text;
}

void Lab::write_policy(std::string_view text) const {
  std::ofstream(dir() / "etc/egressd.yaml") << text;
}

Finished Lab::lock_down(const std::vector<std::string>& options) const {
  std::vector<std::string> words = egressd_on(*this, options);
  words.emplace_back("lockdown");
  return run({.words = std::move(words), .environment = {kNoLeakCheck}});
}

std::string Daemon::log() const {
  return read(lab_.dir() / "egressd.log");
}

control::Reply Daemon::call(const control::Request& request) const {
  const auto reply = control::call(socket(), request);
  if (!reply) throw std::runtime_error(reply.error().message + "\n" + log());
  return *reply;
}

Finished Daemon::egressctl_alone(const std::string& setup, std::vector<std::string> words) const {
  const std::string script =
      "set -e; dir=" + lab_.dir().string() +
      "\n"
      "mount --bind $dir /mnt; mount -t tmpfs run /run; mkdir -p $dir; mount --bind /mnt $dir\n"
      "mkdir /run/etc; echo root:x:0: >/run/etc/group; echo root:x:0:0::/: >/run/etc/passwd\n"
      "for file in group passwd; do mount --bind /run/etc/$file /etc/$file; done\n" +
      setup + "\nexec \"$@\"";
  std::vector<std::string> all{"unshare",      "--mount",
                               "--pid",        "--fork",
                               "--mount-proc", "bash",
                               "-c",           script,
                               "alone",        egressctl_program(),
                               "--socket",     socket().string()};
  all.insert(all.end(), words.begin(), words.end());
  return run({.words = std::move(all), .netns = lab_.host()});
}

Finished Daemon::egressctl(std::vector<std::string> words, uid_t user) const {
  return run({.words = egressctl_words(std::move(words)), .netns = lab_.host(), .user = user});
}

std::vector<std::string> Daemon::egressctl_words(std::vector<std::string> words) const {
  words.insert(words.begin(), {egressctl_program(), "--socket", socket().string()});
  return words;
}

}  // namespace egress::test
