#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "control/client.hpp"
#include "egressctl/app.hpp"
#include "egressctl/terminal.hpp"

int main(int argc, char** argv) {
  using namespace egress::ctl;
  const char* socket = std::getenv("EGRESSD_SOCKET");
  Context context{std::cout, std::cerr, terminal_at(STDOUT_FILENO), terminal_at(STDERR_FILENO),
                  socket == nullptr ? egress::control::kDefaultSocket : socket};
  context.in = &std::cin;
  return static_cast<int>(run(argc, argv, context));
}
