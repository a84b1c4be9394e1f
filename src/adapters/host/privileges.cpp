#include "adapters/host/privileges.hpp"

#include <cap-ng.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>

#include "adapters/system_error.hpp"
#include "egress/core/text.hpp"

namespace egress::host {
namespace {

void select_net_admin() {
  capng_clear(CAPNG_SELECT_BOTH);
  capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
               CAP_NET_ADMIN);
}

tl::unexpected<Error> fail_capng(std::string_view what, int status) {
  return fail_errno(std::string(what) + " (libcap-ng " + std::to_string(status) + ")");
}

Result<void> change_ids(const UserIds& ids) {
  select_net_admin();
  constexpr auto kFlags = static_cast<capng_flags_t>(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
  const int status = capng_change_id(static_cast<int>(ids.uid), static_cast<int>(ids.gid), kFlags);
  if (status != 0) return fail_capng("cannot change the user", status);
  return {};
}

Result<void> drop_capabilities() {
  select_net_admin();
  const int status = capng_apply(CAPNG_SELECT_CAPS);  // what is not inheritable is not ambient
  if (status != 0) return fail_capng("cannot drop capabilities", status);
  return {};
}

bool is_already(const UserIds& ids) {
  std::array<uid_t, 3> uids{};
  std::array<gid_t, 3> gids{};
  getresuid(&uids[0], &uids[1], &uids[2]);
  getresgid(&gids[0], &gids[1], &gids[2]);
  return uids == std::array<uid_t, 3>{ids.uid, ids.uid, ids.uid} &&
         gids == std::array<gid_t, 3>{ids.gid, ids.gid, ids.gid};
}

}  // namespace

Result<UserIds> find_user(const std::string& user) {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  const int error = getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (error != 0) return fail_errno("looking up the user " + quoted(user), error);
  if (found == nullptr)
    return fail("there is no user " + quoted(user) + "; systemd-sysusers creates it");
  return UserIds{found->pw_uid, found->pw_gid};
}

Result<void> drop_privileges(const std::string& user) {
  const auto ids = find_user(user);
  if (!ids) return tl::unexpected(ids.error());
  // libcap-ng 0.7.9 knows no ambient capabilities; later versions would raise them again.
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    return fail_errno("PR_CAP_AMBIENT_CLEAR_ALL");
  if (capng_get_caps_process() != 0) return fail("cannot read the capabilities of this process");
  if (capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN) == 0)
    return fail("CAP_NET_ADMIN is missing: start as root, or grant it (AmbientCapabilities=)");
  const bool is_privileged = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  if (!is_privileged && !is_already(*ids))
    return fail("cannot become the user " + quoted(user) + ": start as root or as that user");
  auto dropped = is_privileged ? change_ids(*ids) : drop_capabilities();
  if (!dropped) return dropped;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("PR_SET_NO_NEW_PRIVS");
  return {};
}

}  // namespace egress::host
