#include "adapters/cares/query.hpp"

#include <memory>
#include <utility>

#include "adapters/cares/message_reader.hpp"

namespace egress::cares {

#if ARES_VERSION >= 0x011c00  // 1.28, which reads each message, and hands on what it has read

namespace {

void on_ended(void* context, ares_status_t status, std::size_t /*timeouts*/,
              const ares_dns_record_t* record) {
  const std::unique_ptr<Ended> ended(static_cast<Ended*>(context));
  unsigned char* octets = nullptr;
  std::size_t length = 0;
  if (record != nullptr && ares_dns_write(record, &octets, &length) != ARES_SUCCESS) length = 0;
  (*ended)(status, {octets, length});
  ares_free_string(octets);
}

}  // namespace

void start_query(ares_channel channel, const std::string& name, std::uint16_t type, Ended ended) {
  auto context = std::make_unique<Ended>(std::move(ended));
  ares_query_dnsrec(channel, name.c_str(), ARES_CLASS_IN, static_cast<ares_dns_rec_type_t>(type),
                    on_ended, context.release(), nullptr);
}

// It would keep answers, and wait for longer where they have come late.
int set_bounds(ares_options& options) {
  options.qcache_max_ttl = 0;
  options.maxtimeout = options.timeout;
  return ARES_OPT_QUERY_CACHE | ARES_OPT_MAXTIMEOUTMS;
}

#else

namespace {

void on_ended(void* context, int status, int /*timeouts*/, unsigned char* message, int length) {
  const std::unique_ptr<Ended> ended(static_cast<Ended*>(context));
  (*ended)(status, {message, message == nullptr ? 0 : static_cast<std::size_t>(length)});
}

}  // namespace

void start_query(ares_channel channel, const std::string& name, std::uint16_t type, Ended ended) {
  auto context = std::make_unique<Ended>(std::move(ended));
  ares_query(channel, name.c_str(), kClassIn, type, on_ended, context.release());
}

int set_bounds(ares_options& /*options*/) {
  return 0;
}

#endif

}  // namespace egress::cares
