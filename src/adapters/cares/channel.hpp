// One c-ares channel: one resolver, one try per question. Which resolver is asked when is decided
// in cares_resolver.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/cares/source_ports.hpp"
#include "egress/core/own_key.hpp"
#include "egress/core/result.hpp"
#include "egress/core/time.hpp"
#include "egress/dns/lookup.hpp"
#include "egress/policy/policy.hpp"

struct ares_channeldata;

namespace egress::cares {

// The end of one try.
struct Reply {
  std::uint64_t lookup = 0;
  dns::Answer answer;
};

// How a channel reaches the world. All are owned by the resolver and outlive the channel.
struct Surroundings {
  int epoll = -1;                         // every socket of the channel is kept in it
  std::vector<Reply>* replies = nullptr;  // where ended tries are put
  std::optional<OwnKey> key;              // of every socket
  SourcePorts* ports = nullptr;           // that datagrams come from
  std::string link{};                     // by which the resolver is reached; empty: by the routes
};

class Channel {
 public:
  // The time one try may take.
  static constexpr milliseconds kTryTimeout{1500};

  // `tag` comes back in the upper half of epoll_event.data.u64, the descriptor is the lower half.
  static Result<std::unique_ptr<Channel>> open(const policy::ResolverAddress& resolver,
                                               Surroundings surroundings, std::uint32_t tag);
  Channel(const Channel&) = delete;
  // Tries still under way end without a Reply.
  ~Channel();

  // Puts one Reply into the surroundings, now or out of process() or expire().
  void query(std::uint64_t lookup, const dns::Question& question);
  // Reads and writes a socket that epoll found ready.
  void process(int fd, std::uint32_t epoll_events);
  // Ends the tries whose time is up.
  void expire();
  // How long until expire() has work; empty: nothing is under way.
  std::optional<milliseconds> wait() const;

 private:
  struct Try {
    std::uint64_t lookup;
    dns::Question question;
    std::chrono::steady_clock::time_point started;
    int repeats = 0;
  };

  Channel(const policy::ResolverAddress& resolver, Surroundings surroundings, std::uint32_t tag);
  int open_channel();
  int init(ares_channeldata** opened);
  void watch(int fd, bool readable, bool writable);
  void start(const Try& started);
  void end(Try ended, int status, std::span<const std::uint8_t> message);
  static bool is_early(const Try& ended, int status);
  void renew();

  policy::ResolverAddress resolver_;
  Surroundings surroundings_;
  std::uint32_t tag_;
  ares_channeldata* channel_ = nullptr;
  bool is_renewing_ = false;
  std::vector<Try> again_;  // ended before their time, and worth another question
};

}  // namespace egress::cares
