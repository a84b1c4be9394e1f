// yaml-cpp's events into a policy::Node, refusing what a policy file has no use for.
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <string>
#include <vector>

#include "egress/policy/load.hpp"

namespace egress::adapters {

// Thrown through yaml-cpp, the only way to stop it early; parse_yaml() catches it.
struct Refusal {
  policy::Problem problem;
};

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string file, std::size_t most_nodes)
      : file_(std::move(file)), most_nodes_(most_nodes) {
    root_.place = {file_, 1, 1};
  }

  policy::Node take() { return std::move(root_); }
  // Where the last scalar that is not plain begins.
  const YAML::Mark& last_quoted() const { return last_quoted_; }
  policy::Place place(const YAML::Mark& mark) const;

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override;
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override;

 private:
  [[noreturn]] void refuse(const YAML::Mark& mark, std::string message) const;
  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor);
  void open(policy::Node node, const YAML::Mark& mark);
  void close();
  void attach(policy::Node node);

  // A list or map that is still being filled, and in a map the key that waits for its value.
  struct Level {
    policy::Node node;
    std::vector<policy::Node> waiting_key;
  };

  std::string file_;
  std::size_t most_nodes_;
  policy::Node root_;
  std::vector<Level> levels_;
  std::size_t nodes_ = 0;
  YAML::Mark last_quoted_ = YAML::Mark::null_mark();
  bool has_document_ = false;
};

}  // namespace egress::adapters
