#include "egressctl/place/observations.hpp"

#include <nlohmann/json.hpp>

namespace egress::place {

namespace {

using nlohmann::json;
using probe::Observation;

// What the far side wrote is bytes, not text: JSON carries them as numbers.
json bytes_of(const std::string& text) {
  return std::vector<std::uint8_t>(text.begin(), text.end());
}
std::string text_of(const json& bytes) {
  const auto octets = bytes.get<std::vector<std::uint8_t>>();
  return {octets.begin(), octets.end()};
}

json to_json(const Observation& seen) {
  json object{{"outcome", static_cast<int>(seen.outcome)},
              {"error", seen.error},
              {"elapsed", seen.elapsed.count()},
              {"local", seen.offender_is_local},
              {"detail", bytes_of(seen.detail)},
              {"records", seen.records},
              {"truncated", seen.is_truncated},
              {"addresses", json::array()}};
  for (const IpAddress& address : seen.addresses) object["addresses"].push_back(address.text());
  if (seen.offender) object["offender"] = seen.offender->text();
  if (seen.rcode) object["rcode"] = *seen.rcode;
  if (seen.extended_error) {
    object["ede"] = {{"code", seen.extended_error->code},
                     {"text", bytes_of(seen.extended_error->text)}};
  }
  return object;
}

Observation from_json(const json& object) {
  Observation seen;
  seen.outcome = static_cast<probe::Outcome>(object.at("outcome").get<std::uint8_t>());
  seen.error = object.at("error");
  seen.elapsed = std::chrono::microseconds(object.at("elapsed").get<std::int64_t>());
  seen.offender_is_local = object.at("local");
  seen.detail = text_of(object.at("detail"));
  seen.records = object.at("records");
  seen.is_truncated = object.at("truncated");
  for (const json& address : object.at("addresses"))
    seen.addresses.push_back(IpAddress::parse(address.get<std::string>()).value());
  if (object.contains("offender"))
    seen.offender = IpAddress::parse(object["offender"].get<std::string>()).value();
  if (object.contains("rcode")) seen.rcode = object["rcode"].get<int>();
  if (object.contains("ede")) {
    const json& error = object["ede"];
    seen.extended_error =
        probe::ExtendedError{error.at("code").get<std::uint16_t>(), text_of(error.at("text"))};
  }
  return seen;
}

}  // namespace

std::string print_observations(const std::vector<Observation>& seen) {
  json list = json::array();
  for (const Observation& one : seen) list.push_back(to_json(one));
  return list.dump();
}

Result<std::vector<Observation>> parse_observations(std::string_view text) {
  try {
    std::vector<Observation> seen;
    for (const json& one : json::parse(text)) seen.push_back(from_json(one));
    return seen;
  } catch (const std::exception& error) {
    return fail(std::string("what the probing process told is unreadable: ") + error.what());
  }
}

}  // namespace egress::place
