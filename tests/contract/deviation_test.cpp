// Whatever somebody else changes in our table with the nft tool, read() finds and names it.
#include <gmock/gmock.h>

#include "contract/guarded.hpp"
#include "contract/real_kernel.hpp"
#include "egress/nft/layout.hpp"
#include "support/address.hpp"
#include "support/netns.hpp"

namespace egress::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Deviation : public testing::Test {
 protected:
  Deviation() {
    base_.forward = {"br-*"};
    const auto outcome = kernel_->commit({base_, {}});
    EXPECT_EQ(outcome.status, nft::CommitOutcome::Status::committed) << outcome.message;
    EXPECT_THAT(found(), IsEmpty()) << "positive control";
  }
  std::vector<std::string> found() { return kernel_->read(base_).value().deviations; }
  std::vector<std::string> after(const std::string& command) {
    netns_.run(command);
    return found();
  }
  // "inet egressd output handle 12" of the rule with this text
  std::string rule(const std::string& chain, const std::string& text) {
    const std::string handle =
        netns_.run("nft -a list chain inet egressd " + chain + " | grep -F '" + text +
                   "' | sed 's/.*# handle //' | head -n 1");
    return "inet egressd " + chain + " handle " + handle;
  }

  NetworkNamespace netns_;
  std::unique_ptr<nft::Kernel> kernel_ = open_shared_kernel(netns_);
  nft::Base base_;
};

TEST_F(Deviation, ARuleTooMany) {
  EXPECT_THAT(after("nft insert rule inet egressd output ip daddr 198.51.100.1 accept"),
              ElementsAre(HasSubstr("chain output has a rule that is not ours")));
}

TEST_F(Deviation, ARuleTooFew) {
  EXPECT_THAT(
      after("nft delete rule " + rule("turn-away", "reject with tcp reset")),
      ElementsAre("chain turn-away lacks the rule: meta l4proto tcp reject with tcp reset"));
}

TEST_F(Deviation, ARuleChanged) {
  const std::string log = rule("turn-away", "log prefix");
  const auto lines = after("nft replace rule " + log.substr(0, log.find('\n')) +
                           " limit rate 10/second burst 50 packets log prefix \\\"other \\\"");
  EXPECT_THAT(
      lines, ElementsAre(HasSubstr("lacks the rule: limit rate 10/second"), HasSubstr("not ours")));
}

TEST_F(Deviation, AnAnonymousSetChanged) {
  const std::string related = rule("related", "skuid");
  const auto lines = after("nft replace rule " + related.substr(0, related.find('\n')) +
                           " meta l4proto { icmp, tcp } meta skuid \\>= 0 goto refuse");
  EXPECT_THAT(lines, ElementsAre(HasSubstr("lacks the rule: meta l4proto { icmp, ipv6-icmp }"),
                                 HasSubstr("not ours")));
}

TEST_F(Deviation, RulesInAnotherOrder) {
  const std::string loopback = rule("output", "oif \"lo\"");
  EXPECT_THAT(after("nft delete rule " + loopback.substr(0, loopback.find('\n')) +
                    "; nft add rule inet egressd output oif lo accept"),
              ElementsAre("chain output has its rules in another order"));
}

TEST_F(Deviation, AnotherChainPolicy) {
  EXPECT_THAT(after("nft 'chain inet egressd output { policy accept; }'"),
              ElementsAre(HasSubstr("policy accept instead of type filter")));
}

TEST_F(Deviation, AChainTooMany) {
  EXPECT_THAT(after("nft 'add chain inet egressd extra { type filter hook output priority -10; }'"),
              ElementsAre("chain \"extra\" is not ours"));
}

TEST_F(Deviation, ASetTooMany) {
  EXPECT_THAT(after("nft 'add set inet egressd extra { type ipv4_addr; }'"),
              ElementsAre("set \"extra\" is not ours"));
}

TEST_F(Deviation, ASetOfAnotherKind) {
  const auto lines = after(
      "for c in peer judge; do"
      " for h in $(nft -a list chain inet egressd $c | sed -n 's/.*@nets4.*handle //p');"
      " do nft delete rule inet egressd $c handle $h; done; done;"
      "nft delete set inet egressd nets4;"
      "nft 'add set inet egressd nets4 { type ipv4_addr . inet_proto . inet_service; }'");
  EXPECT_THAT(lines,
              ElementsAre(HasSubstr("set nets4 is type"), HasSubstr("chain peer lacks the rule"),
                          HasSubstr("chain judge lacks the rule")));
}

class GuardDeviation : public Deviation {
 protected:
  GuardDeviation() {
    base_ = guarded({"br-*"});
    EXPECT_EQ(kernel_->commit({base_, {}}).status, nft::CommitOutcome::Status::committed);
    EXPECT_THAT(found(), IsEmpty()) << "positive control";
  }
};

TEST_F(GuardDeviation, ARedirectElsewhere) {
  const std::string redirect = rule("dns-output", "redirect to :5353");
  EXPECT_THAT(after("nft replace rule " + redirect.substr(0, redirect.find('\n')) +
                    " meta l4proto { tcp, udp } th dport 53 redirect to :5354"),
              ElementsAre("chain dns-output lacks the rule: meta l4proto { tcp, udp } th dport 53 "
                          "redirect to :5353",
                          HasSubstr("chain dns-output has a rule that is not ours")));
}

TEST_F(GuardDeviation, NoRedirectForHeldInterfaces) {
  EXPECT_THAT(after("nft flush chain inet egressd dns-prerouting"),
              ElementsAre(HasSubstr("th dport 53 jump own-resolver"),
                          HasSubstr("chain dns-prerouting lacks the rule: iifname \"br-*\" meta "
                                    "l4proto { tcp, udp } th dport 53 update @asked"),
                          HasSubstr("th dport 53 redirect to :5353")));
}

TEST_F(GuardDeviation, AnotherPlaceAmongTheTranslations) {
  const auto lines = after(
      "nft delete chain inet egressd dns-prerouting;"
      "nft 'add chain inet egressd dns-prerouting { type nat hook prerouting priority -99; }'");
  EXPECT_THAT(lines,
              testing::Contains("chain dns-prerouting is type nat hook 0 priority -99 policy "
                                "accept instead of type nat hook 0 priority -100 policy "
                                "accept"));
}

TEST_F(GuardDeviation, AQuestionOfAnyProgramLetThrough) {
  EXPECT_THAT(after("nft insert rule inet egressd dns-output meta skuid 991 accept"),
              ElementsAre(HasSubstr("chain dns-output has a rule that is not ours")));
  EXPECT_THAT(after("nft delete chain inet egressd input"),
              testing::Contains("chain input is missing"));
}

TEST_F(Deviation, ATableThatSleeps) {
  EXPECT_THAT(after("nft 'table inet egressd { flags dormant; }'"),
              ElementsAre(HasSubstr("dormant")));
}

TEST_F(Deviation, OtherTablesAreNotOurBusiness) {
  EXPECT_THAT(after("nft add table inet other; nft add counter inet other refused;"
                    "nft 'add set inet other allow4 { type ipv4_addr; }';"
                    "nft 'add chain inet other output { type filter hook output priority 0; }'"),
              IsEmpty());
}

}  // namespace
}  // namespace egress::test
