// When enforcement is impossible, open_kernel() says why and what to do.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/real_kernel.hpp"
#include "support/address.hpp"
#include "support/netns.hpp"

namespace egress::test {
namespace {

// Runs open_kernel() as an ordinary user inside the namespace; its error message.
std::string error_as_nobody(const std::string& netns) {
  int ends[2];
  if (pipe(ends) != 0) return "pipe";
  const pid_t child = fork();
  if (child == 0) {
    join_namespace(netns);
    std::string text = "opened";
    if (setgid(65534) != 0 || setuid(65534) != 0) {
      text = "setuid";
    } else if (const auto kernel = netlink::open_kernel(); !kernel) {
      text = kernel.error().message;
    }
    const bool written = write(ends[1], text.data(), text.size()) >= 0;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  char buffer[512];
  const ssize_t length = read(ends[0], buffer, sizeof buffer);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return {buffer, length < 0 ? 0 : static_cast<std::size_t>(length)};
}

TEST(OpenKernel, NamesTheMissingRight) {
  const NetworkNamespace netns;
  EXPECT_TRUE(in_namespace(netns.name(), [] { return netlink::open_kernel(); }).has_value())
      << "positive control: as root it works here";
  EXPECT_THAT(error_as_nobody(netns.name()), testing::HasSubstr("CAP_NET_ADMIN"));
}

TEST(OpenKernel, FindsWhatAKernelOfThisVersionHas) {
  const NetworkNamespace netns;
  EXPECT_EQ(open_kernel(netns)->capabilities(), of_this_linux());
}

TEST(OpenKernel, LeavesUnusedWhatIsBeyondTheCeiling) {
  const NetworkNamespace netns;
  const auto with = [&](const nft::Capabilities& ceiling) {
    return open_kernel(netns, ceiling)->capabilities();
  };
  EXPECT_EQ(with({}), of_this_linux()) << "positive control";
  const nft::Capabilities none{.updates_timeout = false,
                               .destroys = false,
                               .logs = false,
                               .counts_destinations = false,
                               .deletes_flows = false,
                               .owns = false,
                               .redirects = false};
  EXPECT_EQ(with(none), none);
}

TEST(OpenKernel, ACommitNamesTheSetThatIsGone) {
  const NetworkNamespace netns;
  const auto kernel = open_shared_kernel(netns);
  ASSERT_EQ(kernel->commit({nft::Base{}, {}}).status, nft::CommitOutcome::Status::committed);
  netns.run("nft delete table inet egressd; nft add table inet egressd");
  const auto element = nft::ElementKey::endpoint(
      nft::SetId::allow, {*IpAddress::parse("192.0.2.1"), Transport::tcp, 443});
  const auto outcome = kernel->commit(
      {.replace = {}, .changes = {{nft::Change::Verb::add, element, std::chrono::minutes(1)}}});
  EXPECT_EQ(outcome.status, nft::CommitOutcome::Status::refused);
  EXPECT_THAT(outcome.message, testing::StartsWith("the kernel refused set allow4"));
  EXPECT_THAT(outcome.message,
              testing::EndsWith(": No such file or directory; somebody removed it or the whole "
                                "table: the table must be made anew"));
}

}  // namespace
}  // namespace egress::test
