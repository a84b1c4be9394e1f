// Every bound of the product, in one place. Each is tested at the limit and one past it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace egress::limits {

using namespace std::chrono_literals;

// Policy
inline constexpr std::size_t kEntries = 10'000;    // allow entries after presets and ports unfold
inline constexpr std::size_t kPortsPerHost = 256;  // one port range of a named host
inline constexpr std::size_t kResolvers = 8;        // of one zone, and of those of no zone
inline constexpr std::size_t kResolverZones = 32;
inline constexpr std::size_t kResolversInAll = 64;  // of all zones and of none
inline constexpr std::size_t kForwardPatterns = 32;
inline constexpr std::size_t kInboundPorts = 64;   // items of `inbound`
inline constexpr std::size_t kPolicyFileBytes = 1 << 20;
inline constexpr std::size_t kPolicyNodes = 200'000;  // YAML nodes in one file
inline constexpr std::size_t kPolicyDepth = 16;       // nesting in one file
inline constexpr std::size_t kReasonBytes = 256;      // an entry's `reason`
inline constexpr std::size_t kTargetBytes = 512;      // one target as written
inline constexpr std::size_t kExceptions = 64;        // of one wildcard
inline constexpr int kShortestPrefixV4 = 8;           // a wider CIDR is refused
inline constexpr int kShortestPrefixV6 = 19;
inline constexpr auto kLongestDuration = 87'600h;  // ten years: the longest that parses
inline constexpr std::size_t kPolicyFiles = 256;   // in policy.d, and in the rules directory

// What egressd writes for itself: additions, and the policy that it accepted last
inline constexpr std::size_t kStateFileBytes = 32 << 20;
inline constexpr std::size_t kStateNodes = 500'000;

// Names (RFC 1035 section 2.3.4, without the trailing dot)
inline constexpr std::size_t kLabelOctets = 63;
inline constexpr std::size_t kNameOctets = 253;

// Resolution
inline constexpr std::size_t kAddressesPerAnswer = 256;
inline constexpr std::size_t kAddressesPerName = 1024;  // of all answers within the grace
inline constexpr std::size_t kLearntPerWildcard = 16'384;  // names
inline constexpr std::size_t kLearntNames = 32'768;        // below all wildcards
inline constexpr std::size_t kLearntAddresses = 65'536;    // held of all learnt names together
inline constexpr std::size_t kAddressesPerLearntAnswer = 16;  // taken of one answer about a learnt name
inline constexpr std::size_t kAddressesPerLearntName = 64;    // of all its answers within the grace
inline constexpr auto kStaleTtl = 30s;    // what is told with an answer past its TTL (RFC 8767 section 4)
inline constexpr auto kLearntIdle = 60s;  // a learnt name without an address is kept this long
inline constexpr std::size_t kServicesPerHost = 16;  // names of services that programs may ask for in kServiceMemory
inline constexpr auto kServiceMemory = 1h;           // since the last use
inline constexpr std::size_t kServicesPerAnswer = 64;        // SRV records taken of one answer
inline constexpr std::size_t kLeadsPerName = 64;             // ports of services that one name is known to serve
inline constexpr std::size_t kTextsPerAnswer = 64;           // TXT records taken of one answer
inline constexpr std::size_t kTextOctets = 16 << 10;         // and what they hold
inline constexpr std::size_t kAskers = 8;                  // users remembered of one name
inline constexpr std::size_t kLookupsInFlight = 1024;
inline constexpr std::size_t kCnameChain = 16;  // CNAME records followed in one answer
inline constexpr auto kRetryFast = 5s;      // the first kRetryFastCount retries of a failing name
inline constexpr int kRetryFastCount = 10;  // then the delay doubles up to
inline constexpr auto kRetrySlowest = 120s;
inline constexpr auto kNegativeRefresh =
    60s;                               // a family that has no record is asked again after this
inline constexpr auto kSaveSoon = 1s;  // a new address reaches the last-known-good file after this
inline constexpr auto kSaveLater = 60s;  // and a new end of a known one after this
inline constexpr std::size_t kSavedAtOnce = 512;  // addresses gathered for it in one turn
inline constexpr auto kLowestMinTtl = 1s;
inline constexpr auto kHighestMaxTtl = 24h;
inline constexpr auto kHighestGrace = 24h;
inline constexpr auto kHighestStale = 24h;
inline constexpr int kHighestRate = 1'000'000;

// Kernel
inline constexpr auto kBootMetadata = 5min;               // after a boot, in which root may ask for the cloud's metadata
inline constexpr std::size_t kRefusalsRemembered = 4096;  // destinations in refused4, and in refused6
inline constexpr std::size_t kRefusalsKept = 2048;        // of each: as many stay when room is made
inline constexpr std::uint64_t kRefusalsUnseen = 1024;    // packets refused since, before it is looked whether there is room
inline constexpr auto kRoomPause = 1s;                    // between two looks
inline constexpr auto kRoomPauseOfFlood = 200ms;          // after one that made room
inline constexpr auto kRefusalMemory = 1h;                // since the last one
inline constexpr std::size_t kProbedRemembered = 2048;    // destinations in probed4 and probed6, verified4 and so on: in each
inline constexpr std::size_t kProbedOfOthers = 512;       // of those, announced by others than root
inline constexpr auto kProbedMemory = 1min;               // since they were announced
inline constexpr auto kTriedMemory = 10s;                 // the same of what is allowed
inline constexpr std::size_t kHitsRemembered = 65'536;    // destinations in hits4, and in hits6
inline constexpr auto kHitMemory = 24h;                   // since the last one
inline constexpr std::size_t kSendersRemembered = 1024;   // of ICMP errors, while their packet is judged
inline constexpr auto kSenderMemory = 1s;
inline constexpr std::size_t kSourcesKnown = 4096;         // that fib has found to be true; of more it is asked with each packet
inline constexpr auto kSourceMemory = 100ms;               // so long an address that is gone may speak
inline constexpr std::uint16_t kErrorOctets = 96;         // the longest ICMP error from a held interface; but of one that tells a path MTU
inline constexpr std::uint16_t kPathErrorOctetsV4 = 576;  // RFC 1812 section 4.3.2.3
inline constexpr std::uint16_t kPathErrorOctetsV6 = 1240; // RFC 4443 section 2.4 (c), without the header
inline constexpr std::uint32_t kReportBytes = 1 << 10;    // a second of multicast listener reports
inline constexpr std::uint32_t kReportBurst = 32 << 10;   // the groups of some 1,500 addresses, and of some 40 programs
inline constexpr std::size_t kRoutedSources = 64;         // prefixes that tables other than `main` route to held links
inline constexpr std::uint16_t kNeighbourOctets = 64;     // the longest neighbour discovery message of a program, without its header
inline constexpr std::uint32_t kLinkRate = 10;            // a second: reports, DHCP and what programs tell the link, each
inline constexpr std::uint32_t kLinkBurst = 50;
inline constexpr std::uint32_t kFirstUser = 1000;         // users below are the system's (UID_MIN of login.defs): a DHCP client is
inline constexpr std::size_t kFlowsAssumed = 65'536;      // tracked at most, where the kernel does not tell
inline constexpr auto kLongestUnkept = 120s;              // a tracked flow without a packet, TCP connections excepted
inline constexpr auto kFlowsLook = 5s;                    // between two looks at how many flows are tracked
inline constexpr auto kTimeLook = 15s;                    // before the end of a time server's address: is it in use?
inline constexpr int kTimeKept = 5;                       // graces since its last use: more than two pauses of any client as shipped
inline constexpr auto kFlowsRest = 60s;                   // the same after a sweep that found too few to forget
inline constexpr std::size_t kLinksCounted = 1024;        // held links whose new flows are counted
inline constexpr std::size_t kUsersCounted = 65'536;      // likewise users
inline constexpr auto kNewFlowsMemory = 1min;             // since the last one: by then there is room for all again
inline constexpr auto kQuestionMemory = 10min;            // since a held link's last question
inline constexpr auto kUnheardAfter = 1s;                 // a question that comes so much later than the last one heard was dropped
inline constexpr auto kCommitRetry = 1s;  // after a commit that the kernel refused

// DNS guard
inline constexpr std::uint16_t kGuardPort = 553;             // where it listens: below 1024, so that no program without rights takes it
inline constexpr std::size_t kDatagramsPerTurn = 512;
inline constexpr std::size_t kDnsConnections = 256;          // TCP
inline constexpr std::size_t kDnsConnectionsPerClient = 64;  // of one user, or of one address behind a held link
inline constexpr std::size_t kDnsConnectionsPerLink = 128;   // of all addresses behind one held link
inline constexpr std::size_t kDnsPipelined = 64;             // questions under way on one connection
inline constexpr std::size_t kDnsUnsentBytes = 256 << 10;    // replies that one connection has not taken
inline constexpr auto kDnsIdle = 10s;                        // a connection without a question under way
inline constexpr auto kDnsAnswerWithin = 30s;                // a connection whose questions are not answered
inline constexpr std::size_t kWaiting = 8192;                // questions of programs that wait for an answer
inline constexpr std::size_t kWaitingPerClient = 1024;       // of this host, or of one address (IPv6: /64) behind a held link
inline constexpr auto kLongestWait = 10s;                    // of a program for its answer
inline constexpr auto kUseNoted = 1s;                        // a learnt name in use is marked so not more often
inline constexpr std::size_t kJournal = 256;                 // the latest questions that are remembered
inline constexpr int kUserLookups = 50;                      // a second: whose socket a question came from
inline constexpr int kUserSamples = 5;                       // of these, of names that somebody is known to ask for
inline constexpr int kRefusalLines = 10;                     // a second: log lines about refused names
inline constexpr double kAlarmBits = 4096;                   // that new names below one wildcard may carry in a minute
inline constexpr auto kAlarmPause = 10min;                   // between two alarms about one wildcard
inline constexpr auto kReleaseWithin = 100ms;                // from the upstream answer to the acknowledged commit
inline constexpr auto kFailureTtl = 1s;                      // a failed lookup is not tried again sooner (RFC 9520 section 3.2)

// Files
inline constexpr std::size_t kResolvConfBytes = 64 << 10;
inline constexpr std::size_t kHostsBytes = 4 << 20;  // lists of blocked hosts are long
inline constexpr std::size_t kTimeFiles = 64;  // of the time services of this host
inline constexpr std::size_t kTimeFileBytes = 64 << 10;
inline constexpr std::size_t kTimeServers = 64;  // that they name
inline constexpr std::size_t kKnownAddressesBytes = 16 << 20;
inline constexpr int kFilesSetAside = 8;  // corrupt copies of one state file that are kept

// Control
inline constexpr std::size_t kMessageBytes = 64 << 10;  // one request
inline constexpr std::size_t kRootMessageBytes = 4 << 20;  // of root's: it may hold a policy file
inline constexpr std::size_t kReplyBytes = 64 << 20;    // one reply
inline constexpr std::size_t kUnsentBytes = 128
                                            << 20;  // replies not yet taken, all clients together
inline constexpr std::size_t kReadersUnsentBytes = 64 << 20;  // of these, of those who may not change the policy
inline constexpr std::size_t kClients = 64;
inline constexpr std::size_t kReaders = 48;         // of these, those who may not change the policy
inline constexpr std::size_t kClientsOfRoot = 4;    // the last places, which are root's alone
inline constexpr std::size_t kClientsPerUser = 16;  // of one user, root excepted
inline constexpr auto kClientIdle =
    10s;  // a client that has not finished its request by then is cut off
inline constexpr int kReadersRest = 5;  // times what a request took: so long those who may not change the policy wait
inline constexpr std::size_t kReports = 4;         // processes that make replies, at once
inline constexpr auto kReportTime = 60s;           // the longest that one may run
inline constexpr int kReportTries = 5;             // to read a table that is made anew meanwhile
inline constexpr std::size_t kChangesRemembered = 16'384;  // elements changed while a reply is made
inline constexpr std::size_t kTargetsPerRequest = 256;
inline constexpr auto kLongestGrant = 365 * 24h;  // `allow --for`
inline constexpr auto kLongestPosture = 7 * 24h;  // `open --for`, `panic --for`
inline constexpr auto kLongestTrial = 1h;         // `apply --confirm`
inline constexpr auto kAllowWait = 15s;           // the longest `allow` waits for its names

// What `egressctl doctor` looks at
inline constexpr std::size_t kDoctorFiles = 20'000;  // programs and what lies among them

// Verification (`egressctl verify`): bounds that keep the whole run near 10 s at worst
inline constexpr std::size_t kProofAddresses = 512;  // addresses of allowed endpoints connected to
inline constexpr std::size_t kProofOutsideAddresses = 4;  // of a name to be refused, per family
inline constexpr std::size_t kProofOutsiders = 16;  // in each list of a file of outside hosts
inline constexpr std::size_t kProofNames = 16;  // whose answers are compared with the table
inline constexpr std::size_t kProofFiltered = 16;  // whose answers hold addresses that may not be opened
inline constexpr std::size_t kProofProxies = 256;  // endpoints asked whether they are proxies
inline constexpr std::size_t kProofThreads = 128;
inline constexpr auto kProofTimeout = 2s;  // one probe, unless --timeout says otherwise
inline constexpr auto kProofLongestTimeout = 3s;
inline constexpr auto kProofPhase = 5s;  // probes not begun by then are not made

}  // namespace egress::limits
