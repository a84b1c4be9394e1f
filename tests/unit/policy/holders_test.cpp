// Which presets hold a host, and the risk that is known of it.
#include "egress/policy/holders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/policy/policy_text.hpp"

namespace egress::policy {
namespace {

std::string holders(const char* name, Port port = 443) {
  std::string out;
  for (const Holder& holder :
       holders_of(DnsName::parse(name).value(), Transport::tcp, port, shipped_catalogue()))
    out += (out.empty() ? "" : " ") + holder.reference;
  return out;
}

// What the last entry of this policy is told to risk.
std::string risk(const std::string& item) {
  const auto loaded = load_text("version: 1\nallow: [" + item + "]\n");
  if (!loaded) return problems_of(loaded);
  const auto& entry = loaded->entries[loaded->entries.size() - 1];
  return entry.risk ? std::string(text(entry.risk->kind)) : "none";
}

TEST(Holders, AreFoundByTheNameTheNarrowestFirst) {
  EXPECT_EQ(holders("pypi.org"), "pypi");
  EXPECT_EQ(holders("files.pythonhosted.org"), "pypi");
  EXPECT_EQ(holders("api.anthropic.com"), "anthropic claude-code");
  EXPECT_EQ(holders("example.com"), "");
  EXPECT_EQ(holders("evil-pypi.org"), "");
  EXPECT_EQ(holders("pypi.org.evil.example"), "");
}

TEST(Holders, AreNamedWithTheParametersThatTheHostTells) {
  EXPECT_EQ(holders("bedrock-runtime.eu-west-1.amazonaws.com"), "bedrock@eu-west-1");
  EXPECT_EQ(holders("us-central1-aiplatform.googleapis.com"), "vertex-ai@us-central1");
  EXPECT_EQ(holders("aiplatform.eu.rep.googleapis.com"), "vertex-ai@eu");
  EXPECT_EQ(holders("llm.prod.svc.cluster.local", 4000), "litellm@llm@prod");
  EXPECT_EQ(holders("github.com"), "github");
  EXPECT_EQ(holders("github.com", 22), "github-ssh");
  EXPECT_EQ(holders("deb.debian.org", 80), "debian");
  EXPECT_EQ(holders("deb.debian.org", 8080), "");
  EXPECT_EQ(holders("oauth2.googleapis.com"), "google-login gemini-cli vertex-ai@region");
  EXPECT_EQ(holders("bedrock-runtime.a.b.amazonaws.com"), "");
}

TEST(Holders, AWildcardHoldsWhatIsBelowIt) {
  EXPECT_EQ(holders("cas-bridge.xethub.hf.co"), "huggingface");
  EXPECT_EQ(holders("hf.co"), "");
}

TEST(KnownRisks, ReachAHostThatIsWrittenOut) {
  EXPECT_EQ(risk("github.com:443"), "upload");
  EXPECT_EQ(risk("github.com:8443"), "upload");
  EXPECT_EQ(risk("{ host: pypi.org }"), "shared-cdn");
  EXPECT_EQ(risk("bedrock-runtime.eu-west-1.amazonaws.com"), "upload");
  EXPECT_EQ(risk("'*.hf.co'"), "wide");
  EXPECT_EQ(risk("160.79.104.0/23"), "wide");
  EXPECT_EQ(risk("example.com"), "none");
  EXPECT_EQ(risk("models.hf.co"), "none");  // the risk of *.hf.co is that it is one of many names
  EXPECT_EQ(risk("llm.prod.svc.cluster.local:4000"), "none");  // a service of one's own
}

TEST(KnownRisks, LeavePresetsWhatTheySay) {
  EXPECT_EQ(risk("{ preset: ollama, service: o, namespace: n }"), "none");
  const auto loaded =
      load_text("version: 1\nallow: ['preset:vertex-ai@eu', oauth2.googleapis.com]\n");
  ASSERT_TRUE(loaded);
  const AllowEntry* login = loaded->entries.find("tcp/oauth2.googleapis.com:443");
  ASSERT_NE(login, nullptr);
  EXPECT_EQ(login->risk->kind, Risk::Kind::shared_cdn);  // what is written out beats the preset
}

TEST(KnownRisks, TimeServersOfAPoolAreStrangers) {
  const auto loaded = load_text(
      "version: 1\nservices: { ntp: [.pool.ntp.org, 2.debian.pool.ntp.org, time.cloudflare.com, "
      "notpool.ntp.org] }\nallow: [pool.ntp.org:443]\n");
  ASSERT_TRUE(loaded) << problems_of(loaded);
  std::vector<std::string> risky;
  for (const AllowEntry& entry : loaded->entries)
    if (const auto risk = risk_of(entry)) risky.push_back(entry.target());
  EXPECT_THAT(risky, testing::UnorderedElementsAre("udp/.pool.ntp.org:123",
                                                   "udp/2.debian.pool.ntp.org:123"));
}

TEST(KnownRisks, TunnelsAndEchoRequestsHaveTheirOwn) {
  const auto risk = [](Transport transport) {
    AllowEntry entry;
    entry.destination = *DnsName::parse("vpn.example.com");
    entry.transport = transport;
    entry.ports = {};
    entry.risk = Risk{Risk::Kind::upload, "of a preset"};
    return risk_of(entry)->why;
  };
  for (const Transport tunnel : {Transport::esp, Transport::gre, Transport::ipip})
    EXPECT_TRUE(risk(tunnel).starts_with("a tunnel")) << text(tunnel);
  EXPECT_EQ(risk(Transport::icmp), "of a preset");
  AllowEntry ping;
  ping.destination = Prefix(*IpAddress::parse("192.0.2.1"));
  ping.transport = Transport::icmp;
  ping.ports = {};
  EXPECT_TRUE(risk_of(ping)->why.starts_with("echo requests carry any data"));
  AllowEntry esp = ping;
  esp.transport = Transport::esp;
  EXPECT_EQ(tunnels_in(Entries({ping, esp})), std::vector<std::string>{"esp/192.0.2.1"});
}

TEST(KnownRisks, ReachWhatTheOperatorAdds) {
  const auto loaded =
      load(Files{{node("version: 1\n")}, {{"tcp/github.com:443", {}, "root (uid 0)", kNow}}});
  ASSERT_TRUE(loaded) << problems_of(loaded);
  EXPECT_EQ(loaded->entries[0].risk->kind, Risk::Kind::upload);
}

}  // namespace
}  // namespace egress::policy
