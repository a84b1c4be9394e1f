// What an entry that is written as a map is about.
#pragma once

#include <optional>

#include "policy/reader.hpp"
#include "policy/unfold.hpp"

namespace egress::policy {

// The keys that name the destination; exactly one of the first four must stand.
struct Subject {
  const Node* target;
  const Node* host;
  const Node* cidr;
  const Node* preset;
  const Node* port;
  const Node* transport;

  explicit Subject(Keys& keys);
  int count() const;
};

// A preset's parameters are keys of the entry too, and known only once the preset is.
std::optional<Target> read_subject(const Subject& subject, Keys& keys, const Dictionary& dictionary,
                                   Reader& reader);

}  // namespace egress::policy
