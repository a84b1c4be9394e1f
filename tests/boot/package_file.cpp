#include "boot/package_file.hpp"

#include <stdexcept>

#include "support/child_process.hpp"

namespace egress::test {

namespace fs = std::filesystem;

fs::path package_file() {
  const fs::path folder = fs::path(RELEASE_BUILD).parent_path() / "package";
  for (const auto& file : fs::directory_iterator(folder)) {
    const bool is_current =
        fs::last_write_time(file) >= fs::last_write_time(RELEASE_BUILD "/src/egressd/egressd");
    if (file.path().extension() == ".deb" && is_current) return file;
  }
  throw std::runtime_error("no package of the shipped build; scripts/package makes it");
}

namespace {

// The package with what `edit`, a shell script in its folder, makes of it.
void rebuild(const fs::path& package, const fs::path& to, const std::string& edit) {
  fs::create_directories(to.parent_path());
  const Finished built =
      run({.words = {"sh", "-ec",
                     "dpkg-deb -R \"$1\" \"$2.d\"; cd \"$2.d\"; " + edit +
                         "; cd /; dpkg-deb -Znone -b \"$2.d\" \"$2\"; rm -r \"$2.d\"",
                     "sh", package, to}});
  if (built.exit_code != 0) throw std::runtime_error(built.output);
}

}  // namespace

void bump_version(const fs::path& package, const fs::path& to) {
  rebuild(package, to,
          "sed -i '/^Version:/s/$/+later/' DEBIAN/control; "
          "echo '# of the later version' >>usr/share/egressd/egressd.yaml");
}

void make_conffile(const fs::path& package, const fs::path& to) {
  rebuild(package, to,
          "sed -i '/^Version:/s/$/~earlier/' DEBIAN/control; mkdir -p etc/egressd; "
          "mv usr/share/egressd/egressd.yaml etc/egressd; "
          "echo '# of the earlier version' >>etc/egressd/egressd.yaml; "
          "echo /etc/egressd/egressd.yaml >DEBIAN/conffiles");
}

}  // namespace egress::test
