// A real Docker Engine on the host of a Lab, and containers that have the machine's programs.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/lab.hpp"

namespace egress::test {

class DockerEngine {
 public:
  // Its own default bridge, docker0, is 172.17.0.0/16 and fd17::/64. Throws with its log if it does
  // not start.
  explicit DockerEngine(const Lab& lab);
  ~DockerEngine();
  DockerEngine(const DockerEngine&) = delete;
  DockerEngine& operator=(const DockerEngine&) = delete;

  // As systemd stops it: it takes back what it will. Ends it for good.
  void stop();

  // The docker command; its output. Throws when it fails.
  std::string docker(std::vector<std::string> words) const;
  void make_network(const std::string& name, const std::string& prefix6) const;
  // A container that waits, on that network; `options` are those of `docker run`.
  void start(const std::string& name, const std::string& network,
             const std::vector<std::string>& options = {});
  // A command line that calls docker, as a person types it.
  Finished type(const std::string& command) const;
  // Runs a program in the container.
  Finished execute(const std::string& container, std::vector<std::string> words) const;
  // The container's network namespace, by the name that probes and taps take.
  const std::string& netns(const std::string& container) const { return netns_.at(container); }

 private:
  Finished run_docker(std::vector<std::string> words) const;
  std::vector<std::string> environment() const;
  void import_image() const;
  std::string log() const;

  const Lab& lab_;
  const std::filesystem::path dir_;
  std::map<std::string, std::string> netns_;  // container -> namespace
  ChildProcess engine_;
};

}  // namespace egress::test
