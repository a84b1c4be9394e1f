#include "egressctl/verify/told.hpp"

namespace egress::verify {

Told::Told(const control::DnsReply& before, const control::DnsReply& after) {
  std::map<std::string, std::uint64_t> earlier;
  for (const auto& count : before.counts) earlier[count.verdict] = count.questions;
  for (const auto& count : after.counts) {
    const std::uint64_t known = earlier[count.verdict];
    moved_[count.verdict] = count.questions > known ? count.questions - known : 0;
  }
}

std::uint64_t Told::moved(const std::string& verdict) const {
  const auto known = moved_.find(verdict);
  return known == moved_.end() ? 0 : known->second;
}

}  // namespace egress::verify
