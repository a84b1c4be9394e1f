#include "boot/machine.hpp"

#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace egress::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kMachine = SOURCE_DIR "/tests/boot/machine";
constexpr const char* kUnits = "etc/systemd/system";

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

MachineFiles::MachineFiles() {
  std::string path = fs::temp_directory_path() / "egress-boot-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = path;
  fs::permissions(folder_, fs::perms(0755));
}

MachineFiles::~MachineFiles() {
  fs::remove_all(folder_);
}

void MachineFiles::write(const fs::path& path, std::string_view text) const {
  fs::create_directories((folder_ / path).parent_path());
  std::ofstream(folder_ / path) << text;
}

void MachineFiles::copy(const fs::path& from, const fs::path& path) const {
  fs::create_directories((folder_ / path).parent_path());
  fs::copy_file(from, folder_ / path);
}

void MachineFiles::add_unit(const std::string& name, std::string_view text) const {
  write(fs::path(kUnits) / name, text);
  const fs::path wants = folder_ / kUnits / "sysinit.target.wants";
  fs::create_directories(wants);
  fs::create_symlink("/" + (fs::path(kUnits) / name).string(), wants / name);
}

void MachineFiles::add_drop_in(const std::string& unit, std::string_view text) const {
  write(fs::path(kUnits) / (unit + ".d") / "test.conf", text);
}

void MachineFiles::mask(const std::string& unit) const {
  fs::create_directories(folder_ / kUnits);
  fs::create_symlink("/dev/null", folder_ / kUnits / unit);
}

Machine::Machine(const MachineOptions& options) {
  if (!fs::exists(RELEASE_BUILD "/src/egressd/egressd"))
    throw std::runtime_error(
        "the shipped build is missing; scripts/test makes it: cmake --build --preset release");
  std::vector<std::string> words{"up", options.has_product ? RELEASE_BUILD : "-"};
  if (!options.files.empty()) words.insert(words.end(), {"--files", options.files});
  if (!options.far.empty()) words.insert(words.end(), {"--far", options.far});
  if (!options.in.empty()) words.insert(words.end(), {"--in", options.in});
  words.emplace_back("--");
  words.insert(words.end(), options.nspawn.begin(), options.nspawn.end());
  boot(std::move(words));
}

Machine::~Machine() {
  run({.words = {kMachine, "down"}});
}

void Machine::boot(std::vector<std::string> words) {
  words.insert(words.begin(), kMachine);
  const Finished up = run({.words = std::move(words)});
  if (up.exit_code != 0) throw std::runtime_error(up.output);
  init_ = without_newline(up.output);
}

void Machine::reboot() {
  boot({"reboot"});
}

void Machine::power_cycle() {
  boot({"power-cycle"});
}

std::string Machine::netns() const {
  return "egb-" + std::to_string(getpid());
}

Finished Machine::execute(std::vector<std::string> words) const {
  words.insert(words.begin(), {"nsenter", "--target", init_, "--all", "--wd=/", "--"});
  return run({.words = std::move(words)});
}

std::string Machine::configure(const std::string& commands) const {
  const Finished finished = execute({"env", "--chdir=/", "sh", "-ec", commands});
  if (finished.exit_code != 0) throw std::runtime_error(commands + ": " + finished.output);
  return finished.output;
}

std::string Machine::property(const std::string& name, const std::string& unit) const {
  return without_newline(
      execute({"systemctl", "show", "--value", "--property", name, unit}).output);
}

bool Machine::becomes_active(const std::string& unit) const {
  return eventually([&] { return property("ActiveState", unit) == "active"; }, 30s);
}

bool Machine::has_table() const {
  return execute({"nft", "list", "chain", "inet", "egressd", "output"}).exit_code == 0;
}

bool Machine::is_refused_by_the_guard() const {
  const Finished asked =
      run({.words = {"nsenter", "--target", init_, "--net", "--", "kdig", "+retry=0", "+time=8",
                     "+edns", "@127.0.0.53", "not-allowed.example"}});
  return asked.output.find("NXDOMAIN") != std::string::npos &&
         asked.output.find("egressd") != std::string::npos;
}

std::string Machine::journal(const std::string& unit) const {
  return execute({"journalctl", "--no-pager", "-u", unit}).output;
}

}  // namespace egress::test
