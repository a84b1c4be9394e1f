#include "egressctl/ask.hpp"

#include <ostream>

#include "control/client.hpp"
#include "control/codec.hpp"
#include "egressctl/table.hpp"

namespace egress::ctl {
namespace {

constexpr std::string_view kClearLine = "\r\033[K";

control::CallOptions with_progress(Context& context, const std::string& activity, bool& is_shown) {
  control::CallOptions options;
  if (!context.err_terminal.is_terminal || context.json) return options;
  options.on_wait = [&context, &activity, &is_shown](std::chrono::seconds waited) {
    context.err << kClearLine << activity << ": " << waited.count() << " s" << std::flush;
    is_shown = true;
  };
  return options;
}

}  // namespace

tl::expected<control::Reply, Exit> ask_any(Context& context, const control::Request& request,
                                           const std::string& activity) {
  bool is_shown = false;
  auto reply = control::call(context.socket, request, with_progress(context, activity, is_shown));
  if (is_shown) context.err << kClearLine << std::flush;
  if (!reply) {
    const bool is_unreachable = reply.error().is_unreachable;
    print_refusal(context, {is_unreachable ? "unreachable" : "failed", reply.error().message});
    return tl::unexpected(is_unreachable ? Exit::unreachable : Exit::failed);
  }
  if (const auto* refused = std::get_if<control::Refused>(&*reply)) {
    print_refusal(context, *refused);
    return tl::unexpected(Exit::failed);
  }
  return *reply;
}

void print_refusal(Context& context, const control::Refused& refused) {
  if (context.json) return print_json(context, refused);
  context.err << coloured("egressctl:", Colour::red, context.err_terminal) << ' '
              << printable(refused.message) << '\n';
}

Exit refuse(Context& context, const std::string& message) {
  print_refusal(context, {"failed", message});
  return Exit::failed;
}

void print_json(Context& context, const control::Reply& reply) {
  context.out << control::encode(reply);
}

}  // namespace egress::ctl
