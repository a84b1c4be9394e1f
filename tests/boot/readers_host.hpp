// A host on which what the documents tell is typed: a Debian without egressd, whose internet is
// that of scripts/lab.
#pragma once

#include <gtest/gtest.h>

#include "boot/machine.hpp"
#include "boot/package_file.hpp"
#include "support/lab.hpp"
#include "support/probe.hpp"

namespace egress::test {

class ReadersHost : public ::testing::Test {
 protected:
  ReadersHost() {
    files.write("etc/resolv.conf", "nameserver 10.77.0.1\nnameserver 2001:db8:77::1\n");
    files.write("etc/hosts", "127.0.0.1 localhost vm\n::1 localhost\n");
    files.copy(lab.dir() / "ca.pem", "usr/local/share/ca-certificates/lab.crt");
    files.copy(package_file(), "root" / package_file().filename());
    machine = std::make_unique<Machine>(
        MachineOptions{.files = files.folder(), .in = lab.host(), .has_product = false});
    if (!machine->becomes_active("multi-user.target")) throw std::runtime_error("no boot");
    machine->configure("update-ca-certificates 2>&1; useradd openhands");
  }

  // As root, in the folder that holds the package.
  Finished type(const std::string& command) const {
    return machine->execute({"env", "--chdir=/root", "HOME=/root", "bash", "-c", command});
  }
  Seen tcp(const std::string& address, std::uint16_t port = 443) const {
    return tcp_probe(lab.host(), address, port);
  }

  Lab lab{Lab::Servers::all};
  MachineFiles files;
  std::unique_ptr<Machine> machine;
};

}  // namespace egress::test
