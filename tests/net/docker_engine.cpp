#include "net/docker_engine.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace egress::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kScript = SOURCE_DIR "/tests/net/docker_engine";
// Debian's, or that of Docker's own packages.
constexpr const char* kDocker = "/usr/bin/docker";
constexpr const char* kImage = "machine";

std::string must_succeed(const Command& command) {
  const Finished finished = run(command);
  if (finished.exit_code != 0) throw std::runtime_error(command.words[0] + ": " + finished.output);
  return finished.output;
}

// What the shell calls the first line.
std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// As this machine numbers it: the engine, in a pid namespace of its own, tells another.
std::string pid_of(const std::string& container_id) {
  return first_line(must_succeed(
      {.words = {"sh", "-c", "grep -ls " + container_id + " /proc/[0-9]*/cgroup | cut -d/ -f3"}}));
}

}  // namespace

DockerEngine::DockerEngine(const Lab& lab) : lab_(lab), dir_(lab.dir() / "docker") {
  fs::create_directory(dir_);
  engine_ =
      ChildProcess({.words = {kScript, lab.host(), dir_, "--ipv6", "--fixed-cidr-v6", "fd17::/64"},
                    .output = dir_ / "log"});
  const bool is_up =
      eventually([this] { return engine_.has_ended() || run_docker({"version"}).exit_code == 0; },
                 std::chrono::seconds(40));
  if (!is_up || engine_.has_ended()) throw std::runtime_error("no Docker Engine:\n" + log());
}

DockerEngine::~DockerEngine() {
  engine_.signal(SIGKILL);
  for (const auto& [container, netns] : netns_) run({.words = {"ip", "netns", "del", netns}});
  // Control groups go once the last of their processes has.
  eventually([this] {
    return run({.words = {"find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path",
                          "*/" + lab_.host() + "*", "-delete"}})
               .exit_code == 0;
  });
}

// Its launcher waits for it, and passes no signal on.
void DockerEngine::stop() {
  must_succeed({.words = {"pkill", "-TERM", "--parent", std::to_string(engine_.pid())}});
  engine_.wait();
}

std::string DockerEngine::docker(std::vector<std::string> words) const {
  const Finished finished = run_docker(std::move(words));
  if (finished.exit_code != 0) throw std::runtime_error(finished.output + log());
  return finished.output;
}

void DockerEngine::make_network(const std::string& name, const std::string& prefix6) const {
  docker({"network", "create", "--ipv6", "--subnet", prefix6, name});
}

void DockerEngine::start(const std::string& name, const std::string& network,
                         const std::vector<std::string>& options) {
  if (netns_.empty()) import_image();
  std::vector<std::string> words{"run",       "--detach", "--name",   name,
                                 "--network", network,    "--volume", "/usr:/usr:ro"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {kImage, "sleep", "infinity"});
  const std::string id = first_line(docker(words));
  const std::string netns = lab_.host() + "-" + name;
  must_succeed({.words = {"ip", "netns", "attach", netns, pid_of(id)}});
  netns_[name] = netns;
}

Finished DockerEngine::execute(const std::string& container, std::vector<std::string> words) const {
  words.insert(words.begin(), {"exec", container});
  return run_docker(std::move(words));
}

Finished DockerEngine::type(const std::string& command) const {
  return run({.words = {"bash", "-c", command}, .environment = environment()});
}

Finished DockerEngine::run_docker(std::vector<std::string> words) const {
  words.insert(words.begin(), kDocker);
  return run({.words = std::move(words), .environment = environment()});
}

std::vector<std::string> DockerEngine::environment() const {
  return {"DOCKER_HOST=unix://" + (dir_ / "socket").string(),
          "DOCKER_CONFIG=" + (dir_ / "client").string()};
}

// No more than the places where containers see the machine's /usr, and what a distribution's image
// says of names.
void DockerEngine::import_image() const {
  const fs::path root = dir_ / "image";
  for (const char* name : {"dev", "etc", "proc", "run", "sys", "tmp", "usr"})
    fs::create_directories(root / name);
  for (const char* name : {"bin", "lib", "lib64", "sbin"})
    fs::create_directory_symlink(fs::path("usr") / name, root / name);
  std::ofstream(root / "etc/nsswitch.conf") << "hosts: files dns\n";
  must_succeed({.words = {"tar", "-C", root, "-cf", dir_ / "image.tar", "."}});
  docker({"import", dir_ / "image.tar", kImage});
}

std::string DockerEngine::log() const {
  std::ifstream file(dir_ / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace egress::test
