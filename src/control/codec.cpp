#include "control/codec.hpp"

#include <nlohmann/json.hpp>

#include "control/read_json.hpp"
#include "control/schema.hpp"
#include "control/strict_json.hpp"
#include "control/write_json.hpp"
#include "egress/core/limits.hpp"
#include "egress/core/text.hpp"

namespace egress::control {
namespace {

template <class Message>
std::string encode_as(const char* kind_member, const Message& message) {
  return std::visit(
      [kind_member]<class M>(const M& m) {
        nlohmann::ordered_json object;
        object[kind_member] = kKind<M>;
        write_fields(m, object);
        return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
      },
      message);
}

// Decodes into the alternative of `Variant` whose kind the object names.
template <class Variant, std::size_t I = 0>
Result<Variant> decode_kind(const std::string& kind, const nlohmann::json& object,
                            std::string accepted) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return fail("unknown kind of message " + egress::quoted(kind) + "; accepted: " + accepted);
  } else {
    using M = std::variant_alternative_t<I, Variant>;
    if (kind != kKind<M>) {
      accepted += (accepted.empty() ? "" : ", ") + std::string(kKind<M>);
      return decode_kind<Variant, I + 1>(kind, object, std::move(accepted));
    }
    M message;
    JsonReader reader;
    reader.read(object, message, "");
    if (!reader.problem().empty()) return fail(kind + ": " + reader.problem());
    return Variant(std::move(message));
  }
}

template <class Variant>
Result<Variant> decode_as(const char* kind_member, std::string_view line) {
  auto object = parse_strict(line);
  if (!object) return tl::unexpected(object.error());
  if (!object->is_object()) return fail("a message is a JSON object, {...}");
  const auto kind = object->find(kind_member);
  if (kind == object->end() || !kind->is_string()) {
    return fail("the member " + egress::quoted(kind_member) + " is missing or not a string");
  }
  const std::string name = kind->template get<std::string>();
  object->erase(kind);
  return decode_kind<Variant>(name, *object, "");
}

std::string check_targets(const std::vector<std::string>& targets) {
  if (targets.empty()) return "at least one target is needed";
  if (targets.size() > limits::kTargetsPerRequest) {
    return std::to_string(targets.size()) + " targets in one request; at most " +
           std::to_string(limits::kTargetsPerRequest) + " are accepted";
  }
  for (const std::string& target : targets) {
    if (target.size() > limits::kTargetBytes) {
      return "the target " + egress::quoted(target) + " is longer than " +
             std::to_string(limits::kTargetBytes) + " bytes";
    }
  }
  return "";
}

std::string check(const AllowRequest& request) {
  const auto longest = std::chrono::seconds(limits::kLongestGrant).count();
  if (request.for_s && (*request.for_s < 1 || *request.for_s > longest)) {
    return "\"for_s\" must be 1 to " + std::to_string(longest) + " seconds";
  }
  if (request.reason.size() > limits::kReasonBytes) {
    return "the reason is longer than " + std::to_string(limits::kReasonBytes) + " bytes";
  }
  return check_targets(request.targets);
}
std::string check(const DenyRequest& request) {
  return check_targets(request.targets);
}
std::string check(const WhyRequest& request) {
  return check_targets({request.target});
}
std::string check_seconds(const char* member, std::optional<std::int64_t> value,
                          std::chrono::seconds longest) {
  if (!value || (*value >= 1 && *value <= longest.count())) return "";
  return egress::quoted(member) + " must be 1 to " + std::to_string(longest.count()) + " seconds";
}
std::string check(const OpenRequest& request) {
  return check_seconds("for_s", request.for_s, limits::kLongestPosture);
}
std::string check(const PanicRequest& request) {
  return check_seconds("for_s", request.for_s, limits::kLongestPosture);
}
std::string check(const ApplyRequest& request) {
  if (request.text.size() > limits::kPolicyFileBytes) {
    return "the policy is longer than " + std::to_string(limits::kPolicyFileBytes) + " bytes";
  }
  return check_seconds("confirm_s", request.confirm_s, limits::kLongestTrial);
}
template <class M>
std::string check(const M&) {
  return "";
}

}  // namespace

std::string encode(const Request& request) {
  return encode_as("command", request);
}

std::string encode(const Reply& reply) {
  std::string line = encode_as("reply", reply);
  if (line.size() <= limits::kReplyBytes) return line;
  return encode_as("reply",
                   Reply(Refused{"failed", "the reply would be longer than " +
                                               std::to_string(limits::kReplyBytes) + " bytes"}));
}

Result<Request> decode_request(std::string_view line, std::size_t longest) {
  if (line.size() > longest) {
    return fail("the request is longer than " + std::to_string(longest) + " bytes");
  }
  auto request = decode_as<Request>("command", line);
  if (!request) return request;
  std::string problem = std::visit([](const auto& message) { return check(message); }, *request);
  if (!problem.empty()) return fail(std::move(problem));
  return request;
}

Result<Reply> decode_reply(std::string_view line) {
  if (line.size() > limits::kReplyBytes) {
    return fail("the reply is longer than " + std::to_string(limits::kReplyBytes) + " bytes");
  }
  return decode_as<Reply>("reply", line);
}

bool changes_policy(const Request& request) {
  return std::holds_alternative<AllowRequest>(request) ||
         std::holds_alternative<DenyRequest>(request) ||
         std::holds_alternative<ReloadRequest>(request) ||
         std::holds_alternative<PanicRequest>(request) ||
         std::holds_alternative<ResumeRequest>(request) ||
         std::holds_alternative<ConfirmRequest>(request) || needs_root(request);
}

bool needs_root(const Request& request) {
  return std::holds_alternative<OpenRequest>(request) ||
         std::holds_alternative<ApplyRequest>(request);
}

}  // namespace egress::control
