#include "clients/world.hpp"

#include <fstream>

#include "support/probe.hpp"

namespace egress::test {
namespace {

// What the clients ask for, allowed or not: in the lab all of them answer.
constexpr const char* kNames[] = {"api.anthropic.com",
                                  "platform.claude.com",
                                  "downloads.claude.ai",
                                  "http-intake.logs.us5.datadoghq.com",
                                  "api.openai.com",
                                  "chatgpt.com",
                                  "auth.openai.com",
                                  "ab.chatgpt.com",
                                  "api.github.com",
                                  "github.com",
                                  "generativelanguage.googleapis.com",
                                  "cloudcode-pa.googleapis.com",
                                  "oauth2.googleapis.com",
                                  "play.googleapis.com",
                                  "aiplatform.googleapis.com",
                                  "raw.githubusercontent.com",
                                  "registry.npmjs.org"};

constexpr std::uint32_t kTtl = 2;

void openssl(std::vector<std::string> words) {
  words.insert(words.begin(), "openssl");
  const Finished done = run({.words = std::move(words)});
  if (done.exit_code != 0) throw std::runtime_error(done.output);
}

}  // namespace

std::string policy_of(const std::string& target) {
  return "version: 1\nresolvers: [10.77.0.1]\nlimits: { min_ttl: 1s, max_ttl: 1h, grace: 5s }\n"
         "allow: ['" +
         target + "']\n";
}

ProvidersWorld::ProvidersWorld() {
  rotate();
  make_certificate();
  std::ofstream(requests()).flush();
  providers_ =
      ChildProcess({.words = {"/usr/bin/python3", SOURCE_DIR "/tests/clients/providers.py",
                              lab_.dir() / "server.pem", lab_.dir() / "server.key", requests()},
                    .netns = lab_.net(),
                    .output = lab_.dir() / "providers.log"});
  const auto is_up = [this] {
    return tcp_probe(lab_.host(), "160.79.104.10", 443) == Seen::answered;
  };
  if (!eventually(is_up)) throw std::runtime_error("the providers do not start");
}

void ProvidersWorld::make_certificate() const {
  const std::string ca_key = lab_.dir() / "ca.key";
  std::string names;
  for (const char* name : kNames) names += std::string(names.empty() ? "DNS:" : ",DNS:") + name;
  const auto request = [](const std::string& subject, const std::string& key,
                          const std::string& certificate) -> std::vector<std::string> {
    return {"req",    "-x509", "-newkey",  "ec",    "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2",        "-subj", subject,    "-keyout",
            key,      "-out",  certificate};
  };
  openssl(request("/CN=lab CA", ca_key, ca()));
  auto words = request("/CN=lab", lab_.dir() / "server.key", lab_.dir() / "server.pem");
  for (const std::string& word :
       {std::string("-CA"), ca().string(), std::string("-CAkey"), ca_key, std::string("-addext"),
        "subjectAltName=" + names, std::string("-addext"),
        std::string("basicConstraints=critical,CA:FALSE")})
    words.push_back(word);
  openssl(std::move(words));
}

void ProvidersWorld::rotate() {
  ++turn_;
  int host = 0;
  for (const char* name : kNames)
    dns_.set(name,
             {.addresses = {"160.79." + std::to_string(turn_ % 250) + '.' + std::to_string(++host),
                            "2607:6bc0:" + std::to_string(turn_) + "::" + std::to_string(host)},
              .ttl = kTtl});
}

std::size_t ProvidersWorld::requests_to(const std::string& name) const {
  std::ifstream file(requests());
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string host = line.substr(0, line.find(' '));
    if (host == name || host.ends_with('.' + name)) ++count;
  }
  return count;
}

}  // namespace egress::test
