# Every foreign library, by its Debian 12 package (scripts/deps installs them).
find_package(PkgConfig REQUIRED)
function(foreign name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${ARGN})
endfunction()

foreign(netlink libnftnl libmnl)   # libnftnl-dev libmnl-dev
foreign(cares libcares)            # libc-ares-dev
foreign(yamlcpp yaml-cpp)          # libyaml-cpp-dev
foreign(spdlog spdlog)             # libspdlog-dev
foreign(systemd libsystemd)        # libsystemd-dev
foreign(idn2 libidn2)              # libidn2-dev
foreign(psl libpsl)                # libpsl-dev
foreign(capng libcap-ng)           # libcap-ng-dev
foreign(openssl openssl)           # libssl-dev (egressctl verify only)
find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)  # nlohmann-json3-dev
find_package(CLI11 REQUIRED)          # libcli11-dev
find_package(tl-expected REQUIRED)    # libexpected-dev
if(EGRESSD_TESTS)
  find_package(GTest REQUIRED)  # libgtest-dev libgmock-dev
endif()
