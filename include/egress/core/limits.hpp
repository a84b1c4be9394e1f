// Every bound of the product, in one place. Each is tested at the limit and one past it.
#pragma once

#include <chrono>
#include <cstddef>

namespace egress::limits {

using namespace std::chrono_literals;

// Policy
inline constexpr std::size_t kEntries = 10'000;    // allow entries after presets and ports unfold
inline constexpr std::size_t kPortsPerHost = 256;  // one port range of a named host
inline constexpr std::size_t kResolvers = 8;
inline constexpr std::size_t kForwardPatterns = 32;
inline constexpr std::size_t kPolicyFileBytes = 1 << 20;
inline constexpr std::size_t kPolicyNodes = 200'000;  // YAML nodes in one file
inline constexpr std::size_t kPolicyDepth = 16;       // nesting in one file
inline constexpr std::size_t kReasonBytes = 256;      // an entry's `reason`
inline constexpr std::size_t kTargetBytes = 512;      // one target as written
inline constexpr int kShortestPrefixV4 = 8;           // a wider CIDR is refused
inline constexpr int kShortestPrefixV6 = 19;
inline constexpr auto kLongestDuration = 87'600h;  // ten years: the longest that parses
inline constexpr std::size_t kPolicyFiles = 256;   // in policy.d, and in the rules directory

// Names (RFC 1035 section 2.3.4, without the trailing dot)
inline constexpr std::size_t kLabelOctets = 63;
inline constexpr std::size_t kNameOctets = 253;

// Resolution
inline constexpr std::size_t kAddressesPerName = 256;
inline constexpr std::size_t kLookupsInFlight = 256;
inline constexpr std::size_t kCnameChain = 16;  // CNAME records followed in one answer
inline constexpr auto kRetryFast = 5s;      // the first kRetryFastCount retries of a failing name
inline constexpr int kRetryFastCount = 10;  // then the delay doubles up to
inline constexpr auto kRetrySlowest = 120s;
inline constexpr auto kNegativeRefresh =
    60s;                               // a family that has no record is asked again after this
inline constexpr auto kSaveSoon = 1s;  // a new address reaches the last-known-good file after this
inline constexpr auto kSaveLater = 60s;  // and a new end of a known one after this
inline constexpr auto kLowestMinTtl = 1s;
inline constexpr auto kHighestMaxTtl = 24h;
inline constexpr auto kHighestGrace = 24h;

// Kernel
inline constexpr std::size_t kRefusalsRemembered = 4096;  // destinations in refused4, and in refused6
inline constexpr auto kRefusalMemory = 1h;                // since the last one
inline constexpr std::size_t kHitsRemembered = 65'536;    // destinations in hits4, and in hits6
inline constexpr auto kHitMemory = 24h;                   // since the last one
inline constexpr auto kCommitRetry = 1s;  // after a commit that the kernel refused

// Files
inline constexpr std::size_t kResolvConfBytes = 64 << 10;
inline constexpr std::size_t kKnownAddressesBytes = 16 << 20;
inline constexpr int kFilesSetAside = 8;  // corrupt copies of one state file that are kept

// Control
inline constexpr std::size_t kMessageBytes = 64 << 10;  // one request
inline constexpr std::size_t kReplyBytes = 64 << 20;    // one reply
inline constexpr std::size_t kUnsentBytes = 128
                                            << 20;  // replies not yet taken, all clients together
inline constexpr std::size_t kClients = 64;
inline constexpr std::size_t kClientsPerUser = 16;  // of one user, root excepted
inline constexpr auto kClientIdle =
    10s;  // a client that has not finished its request by then is cut off
inline constexpr std::size_t kTargetsPerRequest = 256;
inline constexpr auto kLongestGrant = 365 * 24h;  // `allow --for`
inline constexpr auto kAllowWait = 15s;           // the longest `allow` waits for its names

// Verification (`egressctl verify`): bounds that keep the whole run near 10 s at worst
inline constexpr std::size_t kProofAddresses = 512;  // addresses of allowed endpoints connected to
inline constexpr std::size_t kProofOutsideAddresses = 4;  // of a name to be refused, per family
inline constexpr std::size_t kProofThreads = 128;
inline constexpr auto kProofTimeout = 2s;  // one probe, unless --timeout says otherwise
inline constexpr auto kProofLongestTimeout = 3s;
inline constexpr auto kProofPhase = 5s;  // probes not begun by then are not made

}  // namespace egress::limits
