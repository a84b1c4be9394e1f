// egressctl presets: what the catalogue holds. Reads the files itself and needs no daemon.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <set>

#include "adapters/catalogue/catalogue.hpp"
#include "adapters/names/names.hpp"
#include "adapters/systemd/clock.hpp"
#include "egress/core/text.hpp"
#include "egressctl/ask.hpp"
#include "egressctl/table.hpp"
#include "policy/unfold.hpp"

namespace egress::ctl {
namespace {

using nlohmann::ordered_json;

struct PresetsOptions {
  std::string name;  // empty: all of them
  std::string rules_dir = adapters::kRulesFolder;
  bool is_check = false;
};

// One line of what a preset opens: as written, or with its parameters filled in.
struct Line {
  std::string target;
  bool is_optional = false;
  bool allows_private = false;
  std::optional<policy::Risk> risk;
};

std::vector<Line> lines_as_written(const policy::Preset& preset) {
  std::vector<Line> lines;
  for (const policy::PresetEntry& entry : preset.entries)
    lines.push_back(
        {entry.target, entry.is_optional, entry.allows_private, policy::risk_of(preset, entry)});
  return lines;
}

// As the policy would open them.
Result<std::vector<Line>> filled_lines(const policy::Target& target,
                                       const policy::Dictionary& dictionary) {
  const auto opened = policy::unfold(target, {}, dictionary);
  if (!opened) return tl::unexpected(opened.error());
  std::vector<Line> lines;
  for (const policy::AllowEntry& entry : *opened)
    lines.push_back(
        {entry.target(), entry.is_optional, entry.allows_private, policy::risk_of(entry)});
  return lines;
}

// "bedrock@region"
std::string form_of(const policy::Preset& preset) {
  std::string form = preset.name;
  for (const std::string& parameter : preset.parameters) form += '@' + parameter;
  return form;
}

std::string kinds_of(const policy::Preset& preset) {
  std::set<policy::Risk::Kind> kinds;
  for (const policy::PresetEntry& entry : preset.entries)
    if (const auto& risk = policy::risk_of(preset, entry)) kinds.insert(risk->kind);
  std::string text;
  for (const policy::Risk::Kind kind : kinds)
    text += (text.empty() ? "" : ", ") + std::string(policy::text(kind));
  return text;
}

void print_json(Context& context, const ordered_json& object) {
  context.out << object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << '\n';
}

ordered_json json_of(const std::optional<policy::Risk>& risk) {
  if (!risk) return nullptr;
  return {{"kind", policy::text(risk->kind)}, {"why", risk->why}};
}

ordered_json json_of(const policy::Preset& preset, const std::vector<Line>& lines) {
  ordered_json entries = ordered_json::array();
  for (const Line& line : lines) {
    entries.push_back({{"target", line.target},
                       {"optional", line.is_optional},
                       {"private", line.allows_private},
                       {"risk", json_of(line.risk)}});
  }
  return {{"name", preset.name},         {"title", preset.title}, {"parameters", preset.parameters},
          {"source", preset.source},     {"date", preset.date},   {"entries", entries},
          {"known_as", preset.known_as}, {"notes", preset.notes}};
}

Exit print_all(Context& context, const policy::Catalogue& catalogue) {
  if (context.json) {
    ordered_json presets = ordered_json::array();
    for (const auto& [name, preset] : catalogue)
      presets.push_back(json_of(preset, lines_as_written(preset)));
    print_json(context, {{"presets", presets}});
    return Exit::done;
  }
  Table table({"NAME", "TITLE", "ENTRIES", "RISK"});
  table.let_go({"ENTRIES", "TITLE"});
  for (const auto& [name, preset] : catalogue) {
    table.add({form_of(preset),
               preset.title,
               std::to_string(preset.entries.size()),
               {kinds_of(preset), Colour::yellow}});
  }
  table.print(context.out, context.out_terminal);
  return Exit::done;
}

std::string options_of(const Line& line) {
  if (line.is_optional && line.allows_private) return "optional, private";
  if (line.is_optional) return "optional";
  return line.allows_private ? "private" : "";
}

// Each risk stands once, below the last of its entries.
void print_one(Context& context, const policy::Preset& preset, const std::string& reference,
               const std::vector<Line>& lines) {
  context.out << preset.name << ": " << printable(preset.title) << '\n';
  context.out << "source: " << printable(preset.source) << ", read " << preset.date << '\n';
  if (!preset.parameters.empty()) context.out << "takes:  " << form_of(preset) << '\n';
  Table table({"TARGET", "OPTIONS"});
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    table.add({line.target, options_of(line)});
    const bool is_last = i + 1 == lines.size() || lines[i + 1].risk != line.risk;
    if (line.risk && is_last) table.note({"risk: " + line.risk->text(), Colour::yellow});
  }
  table.print(context.out, context.out_terminal);
  for (const std::string& note : preset.notes) context.out << "note: " << printable(note) << '\n';
  context.out << "allow it with: egressctl allow preset:" << printable(reference) << '\n';
}

Result<void> show(Context& context, const std::string& reference,
                  const policy::Dictionary& dictionary) {
  const auto target = policy::parse_target("preset:" + reference, dictionary.rules);
  if (!target) return tl::unexpected(target.error());
  const auto& wanted = std::get<policy::Target::PresetReference>(target->what);
  const auto found = policy::find_preset(wanted.name, dictionary.catalogue);
  if (!found) return tl::unexpected(found.error());
  const policy::Preset& preset = **found;
  const bool is_filled = !wanted.parameter.empty();
  const auto lines = is_filled ? filled_lines(*target, dictionary) : lines_as_written(preset);
  if (!lines) return tl::unexpected(lines.error());
  if (context.json)
    print_json(context, json_of(preset, *lines));
  else
    print_one(context, preset, is_filled ? reference : form_of(preset), *lines);
  return {};
}

Exit print_problems(Context& context, const policy::Problems& problems,
                    const policy::Problems& warnings) {
  if (context.json) {
    const auto texts = [](const policy::Problems& list) {
      ordered_json all = ordered_json::array();
      for (const policy::Problem& problem : list) all.push_back(problem.text());
      return all;
    };
    print_json(context, {{"problems", texts(problems)}, {"warnings", texts(warnings)}});
  } else {
    for (const policy::Problem& problem : problems)
      context.err << printable(problem.text()) << '\n';
    for (const policy::Problem& warning : warnings)
      context.err << coloured("warning: " + printable(warning.text()), Colour::yellow,
                              context.err_terminal)
                  << '\n';
  }
  return problems.empty() ? Exit::done : Exit::failed;
}

Exit check(Context& context, const policy::Dictionary& dictionary) {
  policy::Problems problems;
  policy::Problems warnings;
  const WallTime today = systemd::SystemClock().wall();
  for (const policy::Finding& finding : policy::lint(dictionary.catalogue, dictionary.rules, today))
    (finding.is_warning ? warnings : problems).push_back(finding.problem);
  const Exit exit = print_problems(context, problems, warnings);
  if (exit == Exit::done && !context.json)
    context.out << dictionary.catalogue.size() << " presets, nothing wrong\n";
  return exit;
}

Exit run_presets(Context& context, const PresetsOptions& options) {
  const policy::NameRules rules = adapters::system_name_rules();
  const auto catalogue = adapters::read_catalogue(options.rules_dir, rules);
  if (!catalogue) return print_problems(context, catalogue.error(), {});
  if (catalogue->empty()) {
    print_refusal(context, {"failed", "there is no preset in " + egress::quoted(options.rules_dir) +
                                          "; name their folder with --rules-dir PATH"});
    return Exit::failed;
  }
  const policy::Dictionary dictionary{*catalogue, rules};
  if (options.is_check) return check(context, dictionary);
  if (options.name.empty()) return print_all(context, *catalogue);
  const auto shown = show(context, options.name, dictionary);
  if (shown) return Exit::done;
  print_refusal(context, {"invalid", shown.error().message});
  return Exit::failed;
}

}  // namespace

void add_presets(CLI::App& app, Context& context) {
  auto options = std::make_shared<PresetsOptions>();
  CLI::App* command =
      app.add_subcommand("presets", "Show the presets, or all about one of them; needs no daemon");
  CLI::Option* name = command->add_option("NAME", options->name,
                                          "a preset, such as anthropic or bedrock@eu-west-1");
  command->add_option("--rules-dir", options->rules_dir, "the folder of the presets")
      ->type_name("PATH")
      ->envname("EGRESSD_RULES_DIR")
      ->capture_default_str();
  command
      ->add_flag("--check", options->is_check,
                 "say what is wrong or doubtful in any of them instead")
      ->excludes(name);
  command->footer(
      "RISK: upload: strangers with accounts there can be given data; shared-cdn: its addresses "
      "serve other\n"
      "sites too; wide: it stands for many hosts or services.");
  command->callback([&context, options] { context.exit = run_presets(context, *options); });
}

}  // namespace egress::ctl
