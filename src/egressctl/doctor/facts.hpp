// What the judges are told of this host. Plain values; read_*.cpp reads them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace egress::doctor {

// Somebody by whom an agent may run.
struct User {
  std::string name;
  uid_t uid = 0;
  std::vector<gid_t> groups;  // the primary one too
};

struct Group {
  std::string name;
  gid_t gid = 0;
  std::vector<std::string> members;  // also those whose primary group it is
};

// A socket in the file system.
struct SocketFile {
  std::string path;
  std::string owner, group;  // names, or numbers without one
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0;  // permission bits
};

struct ControlSocket {
  SocketFile file;
  SocketFile folder;  // in which it stands
};

struct LinkForwarding {
  std::string name;
  bool ipv4 = false, ipv6 = false;
  bool has_default_route = false;  // the way out
  std::string bridge{};            // that it is a port of, and that forwards for it
  std::size_t ports = 0;           // of a bridge
  bool is_up = true;
  bool checks_sources = false;   // net.ipv4.conf.*.rp_filter, its own or that of all
  bool accepts_routers = false;  // IPv6 router advertisements change its routes
};

// A link whose packets a program writes (tun, tap).
struct WrittenLink {
  std::string name;
  std::string
      owner;  // a user, or its number, who may write them; empty: only who has CAP_NET_ADMIN
  uid_t uid = 0;
};

// Ways out of this machine that are no network to the kernel's packet filters.
struct Devices {
  std::vector<WrittenLink> written;
  std::optional<std::uint32_t> vsock_cid;  // of this machine as a guest
  bool hosts_vsock = false;                // guests of this host can be talked to
  std::vector<std::string> rdma;           // devices
  bool is_rdma_for_all = false;            // everybody may open one
};

// A program that has rights that its starter has not.
struct CapableProgram {
  std::string path;
  std::uint64_t capabilities = 0;
};
struct Programs {
  std::vector<CapableProgram> capable;  // of CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW
  bool is_whole = true;                 // all of the usual folders was looked at
};

struct Forwarding {
  bool ipv4 = false, ipv6 = false;    // net.ipv4.ip_forward, net.ipv6.conf.all.forwarding
  std::vector<LinkForwarding> links;  // without loopback
};

// A process with rights over networks, or over all of the host.
struct Process {
  pid_t pid = 0;
  std::string name;                // its own word
  uid_t uid = 0;                   // effective
  std::string user;                // or the number
  std::uint64_t capabilities = 0;  // effective
  bool is_container = false;       // in a PID namespace that is not ours
  bool is_in_our_network = false;
};

struct Processes {
  // Those with CAP_SYS_ADMIN, CAP_NET_ADMIN or CAP_NET_RAW in our user namespace, but for plain
  // root processes of this host, which hold all of them by nature.
  std::vector<Process> mighty;
  std::size_t unreadable = 0;  // whose namespaces may not be looked at
};

struct Unit {
  std::string name;
  std::string enabled;  // "enabled", "disabled", "not-found", ...
  std::string active;   // "active", "inactive", ...
  std::uint64_t stored_descriptors = 0;
};

struct Units {
  bool has_systemd = false;
  Unit daemon, lockdown, sockets;
};

// cloud-init, which sets a machine of a cloud up.
struct CloudInit {
  bool is_enabled = false;
  std::string source{};         // of its metadata at the last boot: "Ec2"; empty: not known
  bool keeps_instance = false;  // manual_cache_clean: it does not ask again which machine this is
};

struct Clocks {
  std::int64_t boottime_ms = 0;
  std::int64_t wall_s = 0;
  std::optional<bool> is_synchronised;
};

struct Host {
  std::string kernel;  // "6.1.0-28-amd64"
  bool is_root = false;
  std::vector<User> agents;
  std::vector<std::string> unknown_agents;  // names that no user has
  std::vector<Group> groups;
  std::vector<SocketFile> sockets;  // of container engines
  std::optional<ControlSocket> control;
  Forwarding forwarding;
  Devices devices;
  Programs programs;
  unsigned first_free_port = 1024;  // net.ipv4.ip_unprivileged_port_start
  Processes processes;
  Units units;
  CloudInit cloud_init;
  Clocks before, after;  // the daemon was asked for its own
};

}  // namespace egress::doctor
