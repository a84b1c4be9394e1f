// egressctl check: has egressd read a policy file, without a running daemon. The policy's code is
// the daemon's, so that there is one judge of what a file means.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "egressctl/ask.hpp"
#include "egressctl/child.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

struct CheckOptions {
  std::string file;
  std::string egressd;  // empty: found by find_egressd()
};

// Beside this program or in the sbin next to its bin; else left to PATH.
std::string find_egressd() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto folder = self.parent_path();
  for (const auto& candidate : {folder / "egressd", folder.parent_path() / "sbin" / "egressd"}) {
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "egressd";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

void print(Context& context, const Finished& checked) {
  if (context.json) {
    constexpr std::string_view kWarning = "warning: ";
    std::vector<std::string> problems, warnings;
    for (const std::string& line : lines_of(checked.err)) {
      if (line.starts_with(kWarning))
        warnings.push_back(line.substr(kWarning.size()));
      else
        problems.push_back(line);
    }
    nlohmann::ordered_json report;
    report["valid"] = checked.status == 0;
    report["policy"] = checked.out;
    report["problems"] = problems;
    report["warnings"] = warnings;
    context.out << report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  for (const std::string& line : lines_of(checked.out)) context.out << printable(line) << '\n';
  for (const std::string& line : lines_of(checked.err)) context.err << printable(line) << '\n';
}

Exit run_check(Context& context, const CheckOptions& options) {
  const std::string egressd = options.egressd.empty() ? find_egressd() : options.egressd;
  const auto checked = run_program({egressd, "--check", "--config", options.file});
  if (!checked) {
    print_refusal(context,
                  {"failed", checked.error().message + "; name the program with --egressd PATH"});
    return Exit::failed;
  }
  print(context, *checked);
  return checked->status == 0 ? Exit::done : Exit::failed;
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command =
      app.add_subcommand("check", "Check a policy file and print it normalised; needs no daemon");
  command->add_option("FILE", options->file, "the policy file")->required();
  command->add_option("--egressd", options->egressd, "the egressd program that checks")
      ->type_name("PATH");
  command->footer(
      "Every mistake is printed as FILE:LINE:COLUMN: message. Exit code 1: there are mistakes.");
  command->callback([&context, options] { context.exit = run_check(context, *options); });
}

}  // namespace egress::ctl
