// Who is a proxy, and who only answers: against scripted servers, without a socket.
#include "adapters/probe/proxy.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "fixtures.hpp"

namespace egress::probe {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using verify::ip;

// Answers what it was told, by what it makes of it; remembers it all.
class Scripted : public Talk {
 public:
  using Script = std::function<std::string(const std::string&)>;
  explicit Scripted(Script script) : script_(std::move(script)) {}
  bool say(Datagram words, const Deadline&) override {
    answers_ += script_(std::string(words.begin(), words.end()));
    return true;
  }
  std::string hear(std::size_t count, const Deadline&) override {
    const std::string heard = answers_.substr(0, count);
    answers_.erase(0, heard.size());
    return heard;
  }

 private:
  Script script_;
  std::string answers_;
};

Dial served_by(const Scripted::Script& script) {
  return [script](const Deadline&) { return std::make_unique<Scripted>(script); };
}

const Outsider kOutsider{*DnsName::parse("example.com"), ip("93.184.215.14")};

std::string http(const Scripted::Script& script) {
  return ask_http_proxy(served_by(script), kOutsider, Deadline(1s));
}
std::string socks(const Scripted::Script& script) {
  return ask_socks_proxy(served_by(script), kOutsider, Deadline(1s));
}

std::string response(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " x\r\nA: b\r\n\r\n";
}
bool is_tls(const std::string& words) {
  return words.starts_with("\x16\x03"s);
}

TEST(HttpProxy, ThatOpensATunnelWithTlsBehindItIsOne) {
  const auto tunnel = [](const std::string& words) {
    return is_tls(words) ? "\x16\x03\x03 hello"s : response(200);
  };
  EXPECT_EQ(http(tunnel), "HTTP CONNECT example.com:443 is granted, and TLS answers there");
  const auto alerting = [](const std::string& words) {
    return is_tls(words) ? "\x15\x03\x03 alert"s : response(204);
  };
  EXPECT_NE(http(alerting), "") << "an alert is an answer, too";
}

TEST(HttpProxy, ThatCannotResolveIsAskedByAddress) {
  EXPECT_EQ(http([](const std::string& words) {
              if (is_tls(words)) return "\x16\x03\x03"s;
              return response(words.starts_with("CONNECT 93.") ? 200 : 502);
            }),
            "HTTP CONNECT 93.184.215.14:443 is granted, and TLS answers there");
}

TEST(HttpProxy, WhoAnswersAlikeToAnythingIsNone) {
  for (const int status : {200, 204, 301, 400, 403, 404, 405, 407, 500, 501, 502, 503})
    EXPECT_EQ(http([=](const std::string&) { return response(status); }), "") << status;
  EXPECT_EQ(http([](const std::string&) { return response(200) + "a page without TLS"; }), "");
  for (const std::string& garbage : {""s, "SSH-2.0-x\r\n"s, "HTTP/1.1\r\n\r\n"s, "HTTP/2 200\r\n"s,
                                     std::string(100'000, 'x'), "\0\0\0\0"s, "\x15\x03\x01"s})
    EXPECT_EQ(http([=](const std::string&) { return garbage; }), "") << garbage.substr(0, 10);
}

// As tinyproxy without CONNECT: only whole URIs, and only of hosts that it finds.
TEST(HttpProxy, ThatFetchesAPageByItsWholeUriIsOne) {
  const auto proxy = [](int page) {
    return [page](const std::string& words) {
      if (words.starts_with("GET http://example.com/")) return response(page);
      return response(words.starts_with("GET http://") ? 502 : 400);
    };
  };
  for (const int page : {200, 301, 302, 404})
    EXPECT_EQ(http(proxy(page)), "GET http://example.com/ brings its page") << page;
  for (const int denied : {400, 403, 407, 502, 503}) EXPECT_EQ(http(proxy(denied)), "") << denied;
}

TEST(HttpProxy, AServerWithVirtualHostsIsNone) {
  const auto by_host = [](const std::string& words) {
    return response(words.find("Host: example.com\r\n") != std::string::npos ? 200 : 404);
  };
  EXPECT_EQ(http(by_host), "") << "it says the same to a plain question for that host";
  const auto strict = [](const std::string& words) {
    return response(words.starts_with("GET /") ? 200 : 404);
  };
  EXPECT_EQ(http(strict), "") << "it takes the whole URI for a path, whoever's it is";
}

// As tinyproxy and squid's intercepting port: by the Host field alone.
TEST(HttpProxy, ThatInterceptsPlainQuestionsIsOne) {
  const auto intercepting = [](const std::string& words) {
    if (words.starts_with("CONNECT")) return response(403);
    return response(words.find("Host: 93.184.215.14\r\n") != std::string::npos ? 200 : 500);
  };
  EXPECT_EQ(http(intercepting), "GET http://93.184.215.14/ brings its page");
  const auto silent = [](const std::string& words) {
    return words.find("Host: 93.184.215.14\r\n") != std::string::npos ? response(200) : ""s;
  };
  EXPECT_EQ(http(silent), "") << "a server that is too late is no proof";
}

TEST(SocksProxy, ThatGrantsIsOne) {
  const auto fifth = [](const std::string& words) {
    return words == "\5\1\0"s ? "\5\0"s : words.starts_with("\5\1\0\1"s) ? "\5\0\0\1rest"s : ""s;
  };
  EXPECT_EQ(socks(fifth), "SOCKS5 to 93.184.215.14:443 is granted");
  const auto fourth = [](const std::string& words) {
    return words == "\4\1\1\xbb\x5d\xb8\xd7\x0e\0"s ? "\0\x5a\0\0\0\0\0\0"s : ""s;
  };
  EXPECT_EQ(socks(fourth), "SOCKS4 to 93.184.215.14:443 is granted");
}

TEST(SocksProxy, ThatRefusesOrIsNoneIsNone) {
  const auto answering = [](const std::string& greeting, const std::string& request) {
    return [=](const std::string& words) { return words == "\5\1\0"s ? greeting : request; };
  };
  EXPECT_EQ(socks(answering("\5\xff"s, "")), "") << "it wants a password";
  EXPECT_EQ(socks(answering("\5\2"s, "\5\0\0\1"s)), "");
  EXPECT_EQ(socks(answering("\5\0"s, "\5\2\0\1"s)), "") << "its rules refuse";
  EXPECT_EQ(socks(answering("", "\0\x5b\0\0\0\0\0\0"s)), "");
  EXPECT_EQ(socks(answering("", "\0\x5a"s)), "") << "cut short";
  EXPECT_EQ(socks([](const std::string& words) { return words; }), "") << "an echo";
  EXPECT_EQ(socks([](const std::string&) { return "HTTP/1.1 400 Bad Request\r\n\r\n"s; }), "");
  EXPECT_EQ(ask_socks_proxy([](const Deadline&) { return nullptr; }, kOutsider, Deadline(1s)), "");
}

}  // namespace
}  // namespace egress::probe
