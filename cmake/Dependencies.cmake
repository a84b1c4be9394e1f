# Every foreign library, by its Debian package (scripts/deps installs them), and the least version of it. docs/building.md says
# which call needs that.
find_package(PkgConfig REQUIRED)
function(foreign name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${ARGN})
endfunction()

foreign(netlink libnftnl>=1.2.0 libmnl>=1.0.4)  # libnftnl-dev libmnl-dev
foreign(cares libcares>=1.15.0)                 # libc-ares-dev
foreign(yamlcpp yaml-cpp>=0.7.0)                # libyaml-cpp-dev
foreign(spdlog spdlog>=1.9.2)                   # libspdlog-dev
foreign(systemd libsystemd>=243)                # libsystemd-dev
foreign(idn2 libidn2>=2.0.0)                    # libidn2-dev
foreign(psl libpsl>=0.16.0)                     # libpsl-dev
foreign(capng libcap-ng>=0.7.9)                 # libcap-ng-dev
foreign(openssl openssl>=3.0.0)                 # libssl-dev (egressctl verify only)
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.10.5 REQUIRED)  # nlohmann-json3-dev
find_package(CLI11 2.1 REQUIRED)             # libcli11-dev
find_package(tl-expected 1.0 REQUIRED)       # libexpected-dev
if(EGRESSD_TESTS)
  find_package(GTest REQUIRED)  # libgtest-dev libgmock-dev
endif()
