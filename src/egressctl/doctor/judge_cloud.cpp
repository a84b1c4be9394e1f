#include <algorithm>
#include <array>

#include "egressctl/doctor/judge.hpp"

namespace egress::doctor {
namespace {

// Those that read a disk, a serial line or a socket of the machine; `NoCloudNet` is none of them.
constexpr std::array<std::string_view, 11> kWithoutNetwork{
    "NoCloud", "ConfigDrive", "ConfigDriveNet", "LXD",      "None",    "OVF",
    "VMware",  "SmartOS",     "CloudSigma",     "RbxCloud", "IBMCloud"};

}  // namespace

// Where the metadata service does not answer, cloud-init takes a machine for another one.
Findings judge_cloud_init(const CloudInit& cloud, bool has_metadata_at_boot) {
  const bool is_local = std::ranges::find(kWithoutNetwork, cloud.source) != kWithoutNetwork.end();
  if (!cloud.is_enabled) return {{Severity::ok, "cloud-init", "not in use", "", ""}};
  if (is_local && cloud.source != "None")
    return {
        {Severity::ok, "cloud-init", "asks nothing of the network (" + cloud.source + ")", "", ""}};
  if (cloud.source == "None")
    return {
        {Severity::note, "cloud-init", "found no metadata at the last boot",
         "where there is a metadata service, cloud-init took this machine for a new one: SSH host "
         "keys are new, and its default user with sudo may be back",
         "look at /var/log/cloud-init.log and at `getent group sudo`, then "
         "`touch /etc/cloud/cloud-init.disabled`"}};
  if (cloud.keeps_instance)
    return {{Severity::ok, "cloud-init", "keeps what it knows of this machine", "", ""}};
  if (has_metadata_at_boot)
    return {{Severity::ok, "cloud-init",
             "asks a metadata service at boot, which is open to root for five minutes then", "",
             ""}};
  const std::string source = cloud.source.empty() ? "" : " (" + cloud.source + ")";
  return {
      {Severity::note, "cloud-init", "asks a metadata service at boot" + source,
       "unless the policy allows that, it gets no answer at the next boot: it takes this machine "
       "for a "
       "new one, makes new SSH host keys and brings its default user with sudo back",
       "`touch /etc/cloud/cloud-init.disabled` once it has set this machine up; or "
       "`echo 'manual_cache_clean: true' >/etc/cloud/cloud.cfg.d/90-keep.cfg`; or `services: { "
       "metadata: boot }` in the policy, which opens it to root alone, for five minutes after each "
       "boot"}};
}

}  // namespace egress::doctor
