// A policy file as written: a tree of scalars, lists and maps, each with its place in the file.
// src/adapters/yaml makes it; src/policy reads it. No YAML type crosses that line.
#pragma once

#include <string>
#include <vector>

namespace egress::policy {

// Where something was written; line and column count from 1. line 0: not from a file (a command
// line).
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  std::string text() const;  // "egressd.yaml:12:7", or the file name alone when line is 0
  auto operator<=>(const Place&) const = default;
};

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  Place place;
  std::string scalar;
  bool is_quoted = false;  // a quoted scalar is always a string
  std::vector<Node> list;
  struct Member;
  std::vector<Member> map;  // as written: order kept, duplicate keys kept
};
struct Node::Member {
  Node key;
  Node value;
};

}  // namespace egress::policy
