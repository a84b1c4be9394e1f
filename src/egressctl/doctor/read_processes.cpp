// proc_pid_status(5) and proc_pid_ns(5).
#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "egressctl/doctor/capabilities.hpp"
#include "egressctl/doctor/read.hpp"

namespace egress::doctor {
namespace {

namespace fs = std::filesystem;

// "pid:[4026531836]"; empty: it may not be looked at, or is gone.
std::string name_space(const fs::path& process, const char* kind) {
  std::error_code failed;
  const fs::path target = fs::read_symlink(process / "ns" / kind, failed);
  return failed ? "" : target.string();
}

// Empty: gone meanwhile, or without rights that matter.
std::optional<Process> read_rights(const fs::path& process) {
  std::ifstream status(process / "status");
  Process read;
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string key;
    fields >> key;
    uid_t real = 0;
    if (key == "Name:") std::getline(fields >> std::ws, read.name);
    if (key == "Uid:") fields >> real >> read.uid;
    if (key == "CapEff:") fields >> std::hex >> read.capabilities;
  }
  if ((read.capabilities & (kSysAdmin | kNetAdmin | kNetRaw)) == 0) return std::nullopt;
  return read;
}

}  // namespace

Processes read_processes(const fs::path& proc, const Accounts& accounts) {
  Processes processes;
  const fs::path self = proc / "self";
  const std::string user = name_space(self, "user"), pids = name_space(self, "pid"),
                    network = name_space(self, "net");
  std::error_code ignored;
  for (const auto& folder : fs::directory_iterator(proc, ignored)) {
    const std::string number = folder.path().filename();
    pid_t pid = 0;
    const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), pid);
    if (failed != std::errc() || end != number.data() + number.size()) continue;
    auto process = read_rights(folder.path());
    if (!process) continue;
    const std::string its_user = name_space(folder.path(), "user");
    const std::string its_pids = name_space(folder.path(), "pid");
    if (its_user.empty() || its_pids.empty()) {
      if (fs::exists(folder.path() / "status", ignored)) ++processes.unreadable;
      continue;
    }
    if (its_user != user) continue;  // rights over that namespace alone
    process->pid = pid;
    process->user = accounts.user_name(process->uid);
    process->is_container = its_pids != pids;
    process->is_in_our_network = name_space(folder.path(), "net") == network;
    if (process->uid == 0 && !process->is_container) continue;
    processes.mighty.push_back(std::move(*process));
  }
  std::ranges::sort(processes.mighty, {}, &Process::pid);
  return processes;
}

}  // namespace egress::doctor
