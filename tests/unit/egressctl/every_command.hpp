// What egressctl can do, as its own help tells it.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "egressctl/app.hpp"

namespace egress::ctl {

using Names = std::set<std::string>;
using OptionsOf = std::map<std::string, Names>;  // command -> long options

// A file of this tree.
inline std::string content(const std::string& path) {
  std::ifstream file(std::string(SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline Names without(Names names, const Names& others) {
  for (const std::string& other : others) names.erase(other);
  return names;
}

// What the first group of the expression matches.
inline Names found_in(const std::string& text, const std::string& expression) {
  const std::regex pattern(expression);
  Names found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
    found.insert((*at)[1]);
  return found;
}

inline Names long_options(const CLI::App& from) {
  Names names;
  for (const CLI::Option* option : from.get_options())
    for (const std::string& name : option->get_lnames()) names.insert(name);
  return names;
}

inline OptionsOf every_command() {
  std::ostringstream nowhere;
  Context context{nowhere, nowhere, {}, {}, ""};
  CLI::App app;
  add_commands(app, context);
  OptionsOf commands;
  for (const CLI::App* command : app.get_subcommands({}))
    commands[command->get_name()] = long_options(*command);
  return commands;
}

class EveryCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    const OptionsOf commands = every_command();
    ASSERT_GE(commands.size(), 17U);
    ASSERT_EQ(commands.at("deny"), (Names{"dry-run", "help", "json", "socket"}));
  }
};

}  // namespace egress::ctl
