// Who may become root here, or change the policy.
#include <algorithm>
#include <array>

#include "egressctl/doctor/judge.hpp"
#include "egressctl/doctor/words.hpp"

namespace egress::doctor {
namespace {

struct Might {
  const char* group;
  const char* means;
  bool asks_for_a_password = false;  // as administrators are used to; else it is root at once
};
constexpr const char* kEngine = "its members start containers that may do all that root may";
constexpr std::array<Might, 8> kMights{{
    {"docker", kEngine},
    {"podman", kEngine},
    {"lxd", kEngine},
    {"incus-admin", kEngine},
    {"libvirt", "its members start machines with any disk and network of this host"},
    {"sudo", "its members may become root, which can undo everything", true},
    {"wheel", "its members may become root, which can undo everything", true},
    {kPolicyGroup, "its members may allow whatever they want", true},
}};

bool is_in(const User& user, gid_t group) {
  return std::ranges::find(user.groups, group) != user.groups.end();
}

// "a and b" of the agents that are in the group.
std::vector<std::string> agents_in(const std::vector<User>& agents, gid_t group) {
  std::vector<std::string> names;
  for (const User& agent : agents)
    if (is_in(agent, group)) names.push_back(agent.name);
  return names;
}

std::string leave(const std::string& user, const std::string& group) {
  return "gpasswd -d " + user + " " + group + "; then end all that " + user + " runs";
}

Finding members_finding(const Group& group, const Might& might) {
  return {might.asks_for_a_password ? Severity::note : Severity::weak, "group " + group.name,
          "members: " + list(group.members), might.means,
          "keep the agent out of it (`--agent-user NAME` looks at that user alone); "
          "gpasswd -d NAME " +
              group.name};
}

Finding no_member(const Group& group, bool has_agents) {
  return {Severity::ok, "group " + group.name,
          has_agents ? "the agent's user is no member" : "no members", "", ""};
}

Findings judge_group(const Group& group, const Might& might, const std::vector<User>& agents) {
  if (agents.empty())
    return {group.members.empty() ? no_member(group, false) : members_finding(group, might)};
  const auto names = agents_in(agents, group.gid);
  if (names.empty()) return {no_member(group, true)};
  return {{Severity::weak, "group " + group.name, "the agent's user is a member: " + list(names),
           might.means, leave(names.front(), group.name)}};
}

std::string described(const SocketFile& file) {
  constexpr std::array kDigits{'0', '1', '2', '3', '4', '5', '6', '7'};
  std::string mode = "0";
  for (const unsigned shift : {6U, 3U, 0U}) mode += kDigits[(file.mode >> shift) & 7U];
  return file.path + " (" + file.owner + ":" + file.group + " " + mode + ")";
}

constexpr mode_t kOthersWrite = 0002, kGroupWrites = 0020, kOwnerWrites = 0200;

// By the first class that fits, as the kernel does.
bool may_write(const User& user, const SocketFile& file) {
  if (user.uid == 0) return true;
  if (user.uid == file.uid) return (file.mode & kOwnerWrites) != 0;
  if (is_in(user, file.gid)) return (file.mode & kGroupWrites) != 0;
  return (file.mode & kOthersWrite) != 0;
}

Finding judge_socket(const SocketFile& file, const std::vector<User>& agents) {
  constexpr const char* kMeans =
      "whoever writes to it starts containers that may do all that root may";
  if ((file.mode & kOthersWrite) != 0)
    return {Severity::weak, "engine", "everybody may write to " + described(file), kMeans,
            "chmod 0660 " + file.path + "; chown root:root " + file.path};
  for (const User& agent : agents)
    if (may_write(agent, file))
      return {Severity::weak, "engine", agent.name + " may write to " + described(file), kMeans,
              "chown root:root " + file.path + "; chmod 0660 " + file.path};
  return {Severity::ok, "engine", described(file), "", ""};
}

const Group* find_group(const std::vector<Group>& groups, std::string_view name) {
  const auto found = std::ranges::find(groups, name, &Group::name);
  return found == groups.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> mighty_groups() {
  std::vector<std::string> names;
  for (const Might& might : kMights) names.emplace_back(might.group);
  return names;
}

Findings judge_groups(const std::vector<Group>& groups, const std::vector<User>& agents) {
  Findings findings;
  for (const Might& might : kMights)
    if (const Group* group = find_group(groups, might.group))
      std::ranges::move(judge_group(*group, might, agents), std::back_inserter(findings));
  if (findings.empty())
    findings.push_back({Severity::ok, "groups", "none of those that lead to root", "", ""});
  return findings;
}

Findings judge_sockets(const std::vector<SocketFile>& sockets, const std::vector<User>& agents) {
  Findings findings;
  for (const SocketFile& socket : sockets) findings.push_back(judge_socket(socket, agents));
  if (findings.empty())
    findings.push_back({Severity::ok, "engine", "no socket of a container engine", "", ""});
  return findings;
}

// Connecting is open to all: egressd asks the kernel who it is, and lets only some change.
Findings judge_control_socket(const std::optional<ControlSocket>& socket,
                              const std::vector<Group>& groups, uid_t daemon) {
  if (!socket)
    return {{Severity::note, "control", "not known: the socket's folder cannot be looked at",
             "who may reach the control socket was not judged", "run as root: egressctl doctor"}};
  if ((socket->folder.mode & kOthersWrite) != 0 || (socket->folder.mode & kGroupWrites) != 0)
    return {{Severity::weak, "control", "others may write to " + described(socket->folder),
             "they can put a socket of their own there, and egressctl believes it",
             "chmod 0755 " + socket->folder.path}};
  for (const SocketFile& file : {socket->folder, socket->file})
    if (file.uid != 0 && file.uid != daemon)
      return {{Severity::weak, "control",
               described(file) + " belongs to " + file.owner + ", who is neither root nor egressd",
               "its owner can put a socket of its own there, and egressctl believes it",
               "see who made it, remove it, then: systemctl restart egressd"}};
  const Group* group = find_group(groups, kPolicyGroup);
  return {{Severity::ok, "control",
           described(socket->file) + ": everybody may read; root" +
               (group == nullptr ? std::string()
                                 : ", and the group egress (" + list(group->members) + "),") +
               " may change",
           "", ""}};
}

Findings judge_agents(const std::vector<User>& agents, const std::vector<std::string>& unknown) {
  Findings findings;
  for (const std::string& name : unknown)
    findings.push_back({Severity::note, "agent", "no user " + name, "it was not looked at",
                        "name the user as which the agent runs: --agent-user NAME"});
  for (const User& agent : agents)
    if (agent.uid == 0)
      findings.push_back({Severity::weak, "agent", agent.name + " is root",
                          "root can undo everything", "run the agent as a user of its own"});
  if (agents.empty() && unknown.empty())
    findings.push_back({Severity::note, "agent", "not told as which user the agent runs",
                        "members of groups are shown as they are",
                        "egressctl doctor --agent-user NAME"});
  return findings;
}

}  // namespace egress::doctor
