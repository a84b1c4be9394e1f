// What the Debian package holds, read without installing it.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "boot/package_file.hpp"
#include "support/child_process.hpp"

namespace egress::test {
namespace {

using nlohmann::json;

std::string output_of(std::vector<std::string> words) {
  const Finished finished = run({.words = std::move(words)});
  if (finished.exit_code != 0) throw std::runtime_error(finished.output);
  return finished.output;
}

std::string field(const std::string& name) {
  const std::string text = output_of({"dpkg-deb", "--field", package_file(), name});
  return text.substr(0, text.find('\n'));
}

// A file of the package, unpacked.
std::string content(const std::string& path) {
  return output_of(
      {"sh", "-c", "dpkg-deb --fsys-tarfile \"$1\" | tar -xO ./" + path, "sh", package_file()});
}

json bill_of_materials() {
  return json::parse(output_of({"sh", "-c",
                                "dpkg-deb --fsys-tarfile \"$1\" | tar -xO "
                                "./usr/share/doc/egressd/egressd.cdx.json.gz | zcat",
                                "sh", package_file()}));
}

json licences_of(const json& component) {
  return component.value("licenses", json::array());
}

json components() {
  return bill_of_materials().at("components");
}

TEST(PackageFile, IsCleanForLintian) {
  const Finished checked = run({.words = {"lintian", "--allow-root", "--pedantic", "--fail-on",
                                          "error,warning,info,pedantic", package_file()}});
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
  EXPECT_EQ(checked.output, "");
}

TEST(PackageFile, HasTheVersionOfThePrograms) {
  const std::string version = field("Version");
  for (const char* program : {"/src/egressd/egressd", "/src/egressctl/egressctl"})
    EXPECT_NE(output_of({std::string(RELEASE_BUILD) + program, "--version"}).find(version),
              std::string::npos)
        << program << ' ' << version;
  const json bill = bill_of_materials();
  EXPECT_EQ(bill["metadata"]["component"]["version"], version);
}

// CycloneDX 1.5: what its schema requires, and what makes it of use.
TEST(PackageFile, HasABillOfMaterialsOfTheRightForm) {
  const json bill = bill_of_materials();
  EXPECT_EQ(bill.at("bomFormat"), "CycloneDX");
  EXPECT_EQ(bill.at("specVersion"), "1.5");
  EXPECT_EQ(bill.at("version"), 1);
  const std::regex kSerial("urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}");
  EXPECT_TRUE(std::regex_match(bill.at("serialNumber").get<std::string>(), kSerial));
  const std::regex kTime("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
  EXPECT_TRUE(std::regex_match(bill.at("metadata").at("timestamp").get<std::string>(), kTime));

  std::set<std::string> references{bill.at("metadata").at("component").at("bom-ref")};
  const std::regex kPurl("pkg:deb/debian/[a-z0-9.+-]+@[^?]+\\?arch=[a-z0-9]+");
  for (const json& component : bill.at("components")) {
    EXPECT_EQ(component.at("type"), "library");
    EXPECT_FALSE(component.at("name").get<std::string>().empty());
    EXPECT_TRUE(std::regex_match(component.at("purl").get<std::string>(), kPurl)) << component;
    EXPECT_TRUE(references.insert(component.at("bom-ref")).second) << component;
  }
  for (const json& dependency : bill.at("dependencies")) {
    EXPECT_TRUE(references.contains(dependency.at("ref"))) << dependency;
    for (const json& on : dependency.at("dependsOn")) EXPECT_TRUE(references.contains(on)) << on;
  }
}

// The packages by another way than scripts/sbom finds them: dpkg-shlibdeps read the Depends, and
// their versions are asked for anew.
TEST(PackageFile, HasABillOfTheRealMaterials) {
  std::map<std::string, std::string> versions;
  for (const json& component : components()) versions[component["name"]] = component["version"];
  const std::string depends = field("Depends");
  const std::regex kLibrary("lib[a-z0-9.+-]*");
  const std::regex kFlavour("-fmt\\d+$");  // spdlog's, which is no package
  std::size_t libraries = 0;
  for (std::sregex_iterator at(depends.begin(), depends.end(), kLibrary), end; at != end; ++at) {
    const std::string library = std::regex_replace(at->str(), kFlavour, "");
    EXPECT_TRUE(versions.contains(library)) << library;
    ++libraries;
  }
  EXPECT_GE(libraries, 10U) << depends;
  for (const char* headers : {"nlohmann-json3-dev", "libcli11-dev", "libexpected-dev"})
    EXPECT_TRUE(versions.contains(headers)) << headers;
  for (const auto& [name, version] : versions)
    EXPECT_EQ(output_of({"dpkg-query", "-W", "-f", "${Version}", name}), version) << name;
}

TEST(PackageFile, LicencesAreToldWhereTheyAreKnown) {
  std::size_t known = 0;
  for (const json& component : components()) {
    for (const json& licence : licences_of(component)) {
      EXPECT_FALSE(licence.at("license").at("name").get<std::string>().empty());
      ++known;
    }
  }
  EXPECT_GT(known, 20U);
}

TEST(PackageFile, StartsClosed) {
  EXPECT_NE(content("usr/share/egressd/egressd.yaml").find("\nallow: []\n"), std::string::npos);
}

}  // namespace
}  // namespace egress::test
