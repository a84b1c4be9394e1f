#include "egressctl/place/attempt.hpp"

#include <unistd.h>

#include "control/client.hpp"
#include "egressctl/place/find.hpp"
#include "egressctl/place/forked.hpp"

namespace egress::place {

namespace {

using verify::Attempt;

// What the child says first.
constexpr char kRefused = 'r';
constexpr char kAccepted = 'a';
constexpr char kImpossible = 'i';

constexpr uid_t kNobody = 65534;

Account account_of(const std::string& name, uid_t number) {
  return find_account(name).value_or(Account{name, number, number, {}});
}

// To be told the text of a policy on trial: as much a change as to confirm it, and nothing changes.
std::string ask(const std::string& socket) {
  const auto reply = control::call(socket, control::ConfirmRequest{});
  if (!reply) return kRefused + reply.error().message;
  const auto* const refused = std::get_if<control::Refused>(&*reply);
  const bool is_denied = refused != nullptr && refused->code == "denied";
  return is_denied
             ? kRefused + refused->message
             : kAccepted + std::string("egressd took the question as one with the right to it");
}

std::string ask_as(const Account& user, const std::string& socket) {
  const auto entered =
      enter({.user = user, .netns = {}, .cgroup = {}, .resolvers = {}, .text = {}});
  return entered ? ask(socket) : kImpossible + entered.error().message;
}

Attempt attempt_of(const Account& user, std::string_view told) {
  Attempt attempt;
  attempt.who = user.name + " (uid " + std::to_string(user.uid) + ")";
  attempt.why = told.empty() ? "the asking process ended too early" : std::string(told.substr(1));
  if (told.starts_with(kRefused)) attempt.outcome = Attempt::Outcome::refused;
  if (told.starts_with(kAccepted)) attempt.outcome = Attempt::Outcome::accepted;
  return attempt;
}

}  // namespace

Attempt attempt_change(const std::string& socket, std::optional<Account> user) {
  const bool is_root = ::geteuid() == 0;
  const bool is_chosen = user.has_value();
  if (!user)
    user = is_root ? account_of("nobody", kNobody)
                   : account_of(std::to_string(::geteuid()), ::geteuid());
  const auto told = told_by_child([&](const Say& say) { say(ask_as(*user, socket)); });
  Attempt attempt = attempt_of(*user, told ? told->text : kImpossible + told.error().message);
  const bool is_own_right = attempt.outcome == Attempt::Outcome::accepted && !is_chosen && !is_root;
  if (is_own_right)
    attempt = {Attempt::Outcome::impossible, attempt.who,
               "this user may change the policy; as root, verify asks as nobody"};
  return attempt;
}

}  // namespace egress::place
