#include "net/conformance/corpus.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>
#include <stdexcept>

namespace egress::test::conformance {
namespace {

constexpr std::uint32_t kTtl = 600;
constexpr std::array<std::string_view, 8> kInside{
    "10.77.1.2", "192.168.7.7", "127.0.0.1", "169.254.169.254",
    "0.0.0.0",   "fd00::7",     "::1",       "fe80::1"};

std::string number(std::size_t i) {
  return std::to_string(i);
}

// Names alternate between the two zones, so that each kind is in both.
std::string in_zone(const std::string& labels, std::size_t i) {
  return labels + "." + (i % 2 == 0 ? kWildcardZone : kListedZone);
}

class Builder {
 public:
  Builder();

  // A record of a name in one of the zones.
  void record(const std::string& owner, std::uint32_t ttl, const std::string& rest);
  // New addresses, no two the same.
  void addresses(const std::string& owner, std::uint32_t ttl, std::size_t v4, std::size_t v6);
  void note(Name name) { corpus_.names.push_back(std::move(name)); }
  // A name with addresses of its own.
  void host(const std::string& kind, const std::string& name, std::size_t v4, std::size_t v6,
            std::uint32_t ttl = kTtl) {
    addresses(name, ttl, v4, v6);
    note({.text = lower(name), .kind = kind, .v4 = v4, .v6 = v6, .least_ttl = ttl});
  }
  void alias(const std::string& owner, const std::string& target, std::uint32_t ttl = kTtl) {
    record(owner, ttl, "CNAME " + target + ".");
  }
  Corpus take() { return std::move(corpus_); }

 private:
  Corpus corpus_;
  std::uint32_t next_ = 0;
};

Builder::Builder() {
  for (const std::string zone : {kWildcardZone, kListedZone, kTargetZone}) {
    const std::string ttl = number(kNegativeTtl);
    corpus_.zones[zone] = zone + ". " + ttl + " SOA ns." + zone + ". host." + zone +
                          ". 1 3600 600 86400 " + ttl + "\n" + zone + ". 600 NS ns." + zone +
                          ".\nns." + zone + ". 600 A 10.77.0.1\n";
  }
}

void Builder::record(const std::string& owner, std::uint32_t ttl, const std::string& rest) {
  for (auto& [zone, file] : corpus_.zones)
    if (lower(owner).ends_with("." + zone)) {
      file += owner + ". " + number(ttl) + " " + rest + "\n";
      return;
    }
  throw std::invalid_argument(owner);
}

void Builder::addresses(const std::string& owner, std::uint32_t ttl, std::size_t v4,
                        std::size_t v6) {
  for (std::size_t i = 0; i < v4; ++i) {
    const std::uint32_t n = ++next_;
    record(
        owner, ttl,
        "A 104." + number(16 + n / 65'536) + "." + number(n / 256 % 256) + "." + number(n % 256));
  }
  for (std::size_t i = 0; i < v6; ++i) {
    const std::uint32_t n = ++next_;
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "AAAA 2606:4700:%x::%x", n / 256, n % 256);
    record(owner, ttl, text.data());
  }
}

void add_hosts(Builder& to) {
  for (std::size_t i = 0; i < 330; ++i)
    to.host("plain", in_zone("h" + number(i), i), i % 4 != 1 ? 1 : 0, i % 4 != 2 ? 1 : 0);
  for (std::size_t i = 0; i < 80; ++i)
    to.host("several addresses", in_zone("s" + number(i), i), 2 + i % 8, 9 - i % 8);
  for (std::size_t i = 0; i < 30; ++i)
    to.host("letters, digits, hyphens", in_zone("_x" + number(i) + ".xn--a-0ga" + number(i), i), 1,
            1);
}

// Around what fits into 512 and 1,232 octets, and far beyond.
void add_large(Builder& to) {
  for (std::size_t i = 0; i < 15; ++i)
    to.host("about 512 octets", in_zone("f" + number(i), i), 22 + i, 9 + i);
  for (std::size_t i = 0; i < 15; ++i)
    to.host("about 1232 octets", in_zone("t" + number(i), i), 66 + i, 35 + i);
  for (std::size_t i = 0; i < 4; ++i)
    to.host("200 addresses", in_zone("huge" + number(i), i), 200, 200);
  to.host("256 addresses", in_zone("most0", 0), 256, 256);
  to.host("more than 256 addresses", in_zone("over0", 0), 257, 1);
  to.host("more than 256 addresses", in_zone("over1", 1), 257, 300);
}

// Aliases that lead through both zones to another; their TTLs differ.
void add_chain(Builder& to, std::size_t i, std::size_t length, std::size_t v4, std::size_t v6) {
  const std::string name = in_zone("c" + number(i), i);
  std::string owner = name;
  std::uint32_t least = kTtl;
  for (std::size_t j = 1; j <= length; ++j) {
    const std::string labels = "c" + number(i) + "-" + number(j);
    const std::string next = j % 3 == 0 ? in_zone(labels, j) : labels + "." + kTargetZone;
    const auto ttl = static_cast<std::uint32_t>(60 + (i * 37 + j * 101) % 900);
    to.alias(owner, next, ttl);
    least = std::min(least, ttl);
    owner = next;
  }
  to.addresses(owner, kTtl, v4, v6);
  to.note({.text = name, .kind = "chain", .v4 = v4, .v6 = v6, .chain = length, .least_ttl = least});
}

void add_aliases(Builder& to) {
  for (std::size_t i = 0; i < 100; ++i) add_chain(to, i, 1 + i % 10, 1 + i % 3, i % 2);
  add_chain(to, 100, 2, 200, 200);
  for (std::size_t i = 0; i < 20; ++i) {
    const std::string name = in_zone("gone" + number(i), i);
    const std::uint32_t ttl = i % 2 == 0 ? 40 : kTtl;
    to.alias(name, "nowhere" + number(i) + "." + kTargetZone, ttl);
    to.note({.text = name,
             .kind = "alias of nothing",
             .rcode = kNxdomain,
             .chain = 1,
             .least_ttl = ttl});
  }
  for (std::size_t i = 0; i < 20; ++i) {
    const std::string name = in_zone("mute" + number(i), i);
    const std::string target = "text" + number(i) + "." + kTargetZone;
    const std::uint32_t ttl = i % 2 == 0 ? 40 : kTtl;
    to.alias(name, target, ttl);
    to.record(target, kTtl, "TXT \"no address\"");
    to.note(
        {.text = name, .kind = "alias of a name without address", .chain = 1, .least_ttl = ttl});
  }
}

// A DNAME redirects what is below it; every second one to another. unbound gives the CNAME that it
// makes from one a TTL of 0.
void add_redirected(Builder& to) {
  for (std::size_t i = 0; i < 40; ++i) {
    const std::string from = in_zone("d" + number(i), i);
    const std::string target = "d" + number(i) + "." + kTargetZone;
    const bool is_double = i % 2 == 1;
    const std::string middle = "e" + number(i) + "." + kTargetZone;
    to.record(from, 120, "DNAME " + (is_double ? middle : target) + ".");
    if (is_double) to.record(middle, 180, "DNAME " + target + ".");
    to.addresses("www." + target, kTtl, 2, 1);
    to.note({.text = "www." + from,
             .kind = "DNAME",
             .v4 = 2,
             .v6 = 1,
             .chain = is_double ? 2U : 1U,
             .least_ttl = 0});
  }
}

void add_long(Builder& to) {
  const std::string label(60, 'l');
  for (std::size_t i = 0; i < 40; ++i)
    to.host("63-octet labels", in_zone(label + number(100 + i) + "." + label + "xyz", i), 1, 1);
  for (std::size_t i = 0; i < 10; ++i) {
    std::string labels = label + number(100 + i);
    for (int j = 0; j < 2; ++j) labels += "." + label + "xyz";
    labels = std::string(49, 'n') + "." + labels;
    to.host("253 octets", in_zone(labels, i), 1, 1);
  }
}

// The zone's own spelling.
void add_upper_case(Builder& to) {
  for (std::size_t i = 0; i < 20; ++i) to.host("upper case", in_zone("UPPER" + number(i), i), 1, 1);
  for (std::size_t i = 0; i < 20; ++i) {
    const std::string name = in_zone("Alias" + number(i), i);
    const std::string target = "CDN" + number(i) + ".Target.EXAMPLE";
    to.alias(name, target);
    to.addresses(target, kTtl, 1, 1);
    to.note({.text = lower(name),
             .kind = "alias in upper case",
             .v4 = 1,
             .v6 = 1,
             .chain = 1,
             .least_ttl = kTtl});
  }
}

void add_absent(Builder& to) {
  for (std::size_t i = 0; i < 20; ++i) {
    const std::string name = in_zone("ent" + number(i), i);
    to.addresses("leaf." + name, kTtl, 1, 1);
    to.note({.text = name, .kind = "empty non-terminal"});
  }
  for (std::size_t i = 0; i < 60; ++i) {
    const std::string name = in_zone("nodata" + number(i), i);
    to.record(name, kTtl, i % 2 == 0 ? "TXT \"no address\"" : "MX 10 mail." + name + ".");
    to.note({.text = name, .kind = "NODATA"});
  }
  for (std::size_t i = 0; i < 90; ++i)
    to.note({.text = in_zone("absent" + number(i), i), .kind = "NXDOMAIN", .rcode = kNxdomain});
}

void add_wild(Builder& to) {
  for (std::size_t zone = 0; zone < 2; ++zone) to.addresses(in_zone("*.wild", zone), kTtl, 2, 1);
  for (std::size_t i = 0; i < 40; ++i)
    to.note({.text = in_zone("w" + number(i) + ".wild", i),
             .kind = "below a wildcard of the zone",
             .v4 = 2,
             .v6 = 1,
             .least_ttl = kTtl});
}

void add_ttls(Builder& to) {
  constexpr std::array<std::uint32_t, 10> kTtls{0,    1,    2,      5,       30,
                                                3600, 7200, 86'400, 604'800, 2'147'483'647};
  for (std::size_t i = 0; i < 2 * kTtls.size(); ++i)
    to.host("TTL", in_zone("ttl" + number(i), i), 1, 1, kTtls[i / 2]);
}

void add_inside(Builder& to) {
  for (std::size_t i = 0; i < kInside.size(); ++i)
    for (const bool is_mixed : {false, true}) {
      const std::string name = in_zone((is_mixed ? "mixed" : "inside") + number(i), i);
      const bool is_v4 = kInside[i].find(':') == std::string_view::npos;
      to.record(name, kTtl, (is_v4 ? "A " : "AAAA ") + std::string(kInside[i]));
      if (is_mixed) to.addresses(name, kTtl, is_v4 ? 1 : 0, is_v4 ? 0 : 1);
      const std::size_t count = is_mixed ? 2 : 1;
      to.note({.text = name,
               .kind = "points inside",
               .v4 = is_v4 ? count : 0,
               .v6 = is_v4 ? 0 : count,
               .least_ttl = kTtl});
    }
}

void add_other_types(Builder& to) {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string name = in_zone("typed" + number(i), i);
    to.host("other types", name, 1, 1);
    for (const char* rest : {"HTTPS 1 . alpn=h2 ipv4hint=104.31.1.1", "MX 10 mail.target.example.",
                             "TXT \"text\"", "SRV 0 0 443 www.target.example."})
      to.record(name, kTtl, rest);
  }
}

// What other servers say.
void add_elsewhere(Builder& to) {
  for (std::size_t i = 0; i < 3; ++i)
    to.note({.text = "n" + number(i) + "." + kLameZone,
             .kind = "SERVFAIL, the zone is lame",
             .rcode = kServFail});
  for (std::size_t i = 0; i < 3; ++i)
    to.note({.text = "n" + number(i) + "." + kSlowZone,
             .kind = "slow",
             .v4 = 1,
             .v6 = 1,
             .least_ttl = 60});
}

}  // namespace

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::uint32_t Name::ttl(std::uint16_t type) const {
  if (addresses(type) > 0) return least_ttl;
  return chain > 0 ? std::min(least_ttl, kNegativeTtl) : kNegativeTtl;
}

Corpus make_corpus() {
  Builder builder;
  for (const auto add :
       {add_hosts, add_large, add_aliases, add_redirected, add_long, add_upper_case, add_absent,
        add_wild, add_ttls, add_inside, add_other_types, add_elsewhere})
    add(builder);
  return builder.take();
}

bool points_inside(std::string_view address) {
  return std::ranges::find(kInside, address) != kInside.end();
}

}  // namespace egress::test::conformance
