#include "boot/machine.hpp"

#include <chrono>
#include <filesystem>
#include <stdexcept>

namespace egress::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMachine = SOURCE_DIR "/tests/boot/machine";

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

Machine::Machine(const std::string& netns) {
  if (!std::filesystem::exists(RELEASE_BUILD "/src/egressd/egressd"))
    throw std::runtime_error(
        "the shipped build is missing; scripts/test makes it: cmake --build --preset release");
  const Finished up = run({.words = {kMachine, "up", RELEASE_BUILD, netns}});
  if (up.exit_code != 0) throw std::runtime_error(up.output);
  init_ = without_newline(up.output);
}

Machine::~Machine() {
  run({.words = {kMachine, "down"}});
}

Finished Machine::execute(std::vector<std::string> words) const {
  words.insert(words.begin(), {"nsenter", "--target", init_, "--all", "--wd=/", "--"});
  return run({.words = std::move(words)});
}

void Machine::configure(const std::string& commands) const {
  const Finished finished = execute({"sh", "-ec", commands});
  if (finished.exit_code != 0) throw std::runtime_error(commands + ": " + finished.output);
}

std::string Machine::property(const std::string& name) const {
  return without_newline(
      execute({"systemctl", "show", "--value", "--property", name, "egressd.service"}).output);
}

bool Machine::becomes_active() const {
  return eventually([this] { return property("ActiveState") == "active"; }, 30s);
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

std::string Machine::journal() const {
  return execute({"journalctl", "--no-pager", "-u", "egressd.service"}).output;
}

}  // namespace egress::test
