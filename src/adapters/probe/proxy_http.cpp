#include <algorithm>
#include <charconv>
#include <string_view>

#include "adapters/probe/payloads.hpp"
#include "adapters/probe/proxy.hpp"

namespace egress::probe {

namespace {

constexpr std::size_t kHead = 16'384;                           // octets of a head that are read
constexpr const char* kNobodysName = "egressd-verify.invalid";  // RFC 6761 section 6.4
constexpr const char* kNobodysAddress = "255.255.255.255";      // no connection leads there

Datagram octets(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool say(Talk& talk, const std::string& text, const Deadline& deadline) {
  return talk.say(octets(text), deadline);
}

// Of the head of a response, to its very end, since what comes behind belongs to others. 0: it is
// none.
int hear_status(Talk& talk, const Deadline& deadline) {
  constexpr std::string_view kVersion = "HTTP/1.";
  std::string head;
  while (head.size() < kHead && !head.ends_with("\r\n\r\n")) {
    const std::string octet = talk.hear(1, deadline);
    head += octet;
    const auto both = std::min(head.size(), kVersion.size());
    if (octet.empty() || head.compare(0, both, kVersion, 0, both) != 0) return 0;
  }
  int status = 0;
  constexpr std::size_t kDigits = kVersion.size() + 2;  // behind the minor version and a space
  if (head.size() < kDigits + 3) return 0;
  std::from_chars(head.data() + kDigits, head.data() + kDigits + 3, status);
  return status;
}

bool is_granted(int status) {
  return status >= 200 && status < 300;
}

// Who speaks TLS says a record back, of a handshake or an alert (RFC 8446 section 5.1).
bool does_tls_answer(Talk& talk, const DnsName& name, const Deadline& deadline) {
  if (!talk.say(tls_first_packet(name.text()), deadline)) return false;
  const std::string record = talk.hear(3, deadline);
  return record.size() == 3 && (record[0] == 0x16 || record[0] == 0x15) && record[1] == 0x03;
}

struct Tunnel {
  int status = 0;
  bool is_usable = false;
};

Tunnel connect(const Dial& dial, const std::string& host, const Outsider& outsider,
               const Deadline& deadline) {
  const auto talk = dial(deadline);
  const std::string authority = host + ":443";
  if (!talk || !say(*talk, "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n",
                    deadline))
    return {};
  Tunnel tunnel{hear_status(*talk, deadline)};
  tunnel.is_usable = is_granted(tunnel.status) && does_tls_answer(*talk, outsider.name, deadline);
  return tunnel;
}

int get(const Dial& dial, const std::string& target, const std::string& host,
        const Deadline& deadline) {
  const auto talk = dial(deadline);
  if (!talk || !say(*talk,
                    "GET " + target + " HTTP/1.1\r\nHost: " + host +
                        "\r\nUser-Agent: egressctl-verify\r\nConnection: close\r\n\r\n",
                    deadline))
    return 0;
  return hear_status(*talk, deadline);
}

// What a server says of a page that it has, or has elsewhere, or has not.
bool is_about_a_page(int status) {
  return (status >= 200 && status < 400) || status == 404;
}

int get_page(const Dial& dial, const std::string& host, const Deadline& deadline) {
  return get(dial, "http://" + host + "/", host, deadline);
}

// A server with virtual hosts may have one of that name: it has it by a plain path, too.
bool brings_page_of(const Dial& dial, const std::string& name, const Deadline& deadline) {
  const int brought = get_page(dial, name, deadline);
  return is_about_a_page(brought) && brought != get(dial, "/", name, deadline) &&
         brought != get_page(dial, kNobodysName, deadline);
}

// A proxy that intercepts takes plain paths as well. No server has a host named by an address that
// is not its own, so that it is enough if it tells one from another.
bool brings_page_at(const Dial& dial, const std::string& address, const Deadline& deadline) {
  const int brought = get_page(dial, address, deadline);
  if (!is_about_a_page(brought)) return false;
  const int nobodys = get_page(dial, kNobodysAddress, deadline);
  return nobodys != 0 && nobodys != brought;
}

}  // namespace

std::string ask_http_proxy(const Dial& dial, const Outsider& outsider, const Deadline& deadline) {
  const std::string name = outsider.name.text(), address = outsider.address.text();
  const auto granted = [](const std::string& host) {
    return "HTTP CONNECT " + host + ":443 is granted, and TLS answers there";
  };
  const Tunnel by_name = connect(dial, name, outsider, deadline);
  if (by_name.is_usable) return granted(name);
  if (by_name.status == 0) return {};
  // A proxy that cannot resolve the name may know the way all the same.
  const bool is_lost = by_name.status >= 500;
  if (is_lost && connect(dial, address, outsider, deadline).is_usable) return granted(address);
  if (brings_page_of(dial, name, deadline)) return "GET http://" + name + "/ brings its page";
  if (brings_page_at(dial, address, deadline)) return "GET http://" + address + "/ brings its page";
  return {};
}

}  // namespace egress::probe
