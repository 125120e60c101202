// SPDX-License-Identifier: Apache-2.0
// A bundle that is not whole and signed is refused with exit 3 by every command that takes one, before
// anything is changed; and stock tools read the one that is.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/text.h"
#include "world.h"

namespace holdfast::e2e {
namespace {

constexpr std::size_t block = 512;

// A member of a tar: its header, content and the zeros up to the next block.
struct Member {
  std::string name;
  std::string header, content;

  [[nodiscard]] std::string bytes() const { return header + content + std::string((block - content.size() % block) % block, '\0'); }
};

std::vector<Member> members_of(const std::string& tar) {
  std::vector<Member> members;
  for (std::size_t at = 0; tar.at(at) != '\0';) {
    Member member{.name = tar.c_str() + at, .header = tar.substr(at, block), .content = {}};
    std::size_t size = 0;
    std::from_chars(tar.data() + at + 124, tar.data() + at + 135, size, 8);
    member.content = tar.substr(at + block, size);
    at += member.bytes().size();
    members.push_back(std::move(member));
  }
  return members;
}

std::string tar_of(const std::vector<Member>& members) {
  std::string tar;
  for (const auto& member : members) tar += member.bytes();
  return tar + std::string(2 * block, '\0');
}

// `like` with another name, kind and link, its checksum made right.
Member forged(Member like, const std::string& name, char type = '0', const std::string& link = "") {
  auto& header = like.header;
  const auto put = [&](std::size_t at, std::size_t length, std::string text) {
    text.resize(length);
    header.replace(at, length, text);
  };
  like.name = name;
  put(0, 100, name);
  header[156] = type;
  put(157, 100, link);
  put(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, 8, fmt::format("{:06o}", sum));
  header[155] = ' ';
  return like;
}

class Refused : public testing::Test {
 protected:
  Refused() : good(world.read("small.hfb")), members(members_of(good)) {}

  [[nodiscard]] std::size_t place_of(std::string_view name) const {
    const auto found = std::ranges::find(members, name, &Member::name);
    EXPECT_NE(found, members.end()) << name;
    return static_cast<std::size_t>(found - members.begin());
  }

  // By the command at hand, with exit 3 and an error of the 2000s; the world stays as it was.
  void expect_refused(const std::string& name, const std::string& bytes, std::string_view command = "holdfast bundle verify bad.hfb --trust-dir trust") {
    SCOPED_TRACE(name);
    world.write("bad.hfb", bytes);
    const auto before = world.look();
    const auto ran = world.run(command);
    EXPECT_EQ(ran.exit, 3) << ran.out << ran.err;
    EXPECT_TRUE(code_in(ran.err).starts_with("HF-E-20")) << ran.err;
    EXPECT_TRUE(ran.err.contains("\n  nothing was changed\n")) << ran.err;
    EXPECT_EQ(world.look(), before);
  }

  // One bundle for each way of being wrong.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> wrong_ones() const {
    const auto changed = [&](const auto& change) {
      auto list = members;
      change(list);
      return tar_of(list);
    };
    const auto layout = place_of("oci-layout");
    const auto at = [](std::size_t place) { return static_cast<std::ptrdiff_t>(place); };
    return {
        {"nothing", ""},
        {"one byte short", good.substr(0, good.size() - 1)},
        {"one block short", good.substr(0, good.size() - block)},
        {"half of it", good.substr(0, good.size() / 2)},
        {"only its first member", good.substr(0, members[0].bytes().size())},
        {"one byte more", good + "x"},
        {"one zero block more", good + std::string(block, '\0')},
        {"twice", good + good},
        {"two members changed places", changed([&](auto& list) { std::swap(list[layout], list[layout + 1]); })},
        {"the statement last", changed([](auto& list) { std::rotate(list.begin(), list.begin() + 1, list.end()); })},
        {"the last blob first", changed([&](auto& list) { std::rotate(list.begin() + at(layout) + 2, list.end() - 2, list.end()); })},
        {"a member twice", changed([&](auto& list) { list.insert(list.begin() + at(layout), list[layout]); })},
        {"the statement twice", changed([](auto& list) { list.insert(list.begin(), list[0]); })},
        {"a blob twice", changed([](auto& list) { list.push_back(list.back()); })},
        {"a member that is missing", changed([&](auto& list) { list.erase(list.begin() + at(layout)); })},
        {"a foreign member first", changed([&](auto& list) { list.insert(list.begin(), forged(list[layout], "README")); })},
        {"a foreign member last", changed([&](auto& list) { list.push_back(forged(list[layout], "README")); })},
        {"a foreign name", changed([&](auto& list) { list[layout] = forged(list[layout], "oci-layouts"); })},
        {"a name that climbs", changed([&](auto& list) { list[layout] = forged(list[layout], "../oci-layout"); })},
        {"an absolute name", changed([&](auto& list) { list[layout] = forged(list[layout], "/oci-layout"); })},
        {"a symbolic link", changed([&](auto& list) { list[layout] = forged(list[layout], "oci-layout", '2', "/etc/passwd"); })},
        {"a hard link", changed([&](auto& list) { list[layout] = forged(list[layout], "oci-layout", '1', "index.json"); })},
        {"a device", changed([&](auto& list) { list[layout] = forged(list[layout], "oci-layout", '3'); })},
        {"a folder", changed([&](auto& list) { list[layout] = forged(list[layout], "oci-layout", '5'); })},
        {"no signature", changed([](auto& list) { list.erase(list.begin() + 1); })},
        {"the signature of an unknown key", world.read("other.hfb")},
        {"a trusted signature over other bytes", changed([&](auto& list) { list[1] = members_of(world.read("next.hfb")).at(1); })},
        {"another statement under this signature", changed([&](auto& list) { list[0] = members_of(world.read("next.hfb")).at(0); })},
        {"an unknown key's signature under a trusted name", changed([&](auto& list) {
           list[1].content = members_of(world.read("other.hfb")).at(1).content;
         })},
    };
  }

  World world;
  std::string good;
  std::vector<Member> members;
};

TEST_F(Refused, AFlippedBitInEveryRegion) {
  std::size_t at = 0;
  for (const auto& member : members) {
    const std::size_t padding = member.bytes().size() - block - member.content.size();
    const struct {
      const char* name;
      std::size_t start, size;
    } regions[] = {{"header", at, block}, {"content", at + block, member.content.size()}, {"padding", at + block + member.content.size(), padding}};
    for (const auto& region : regions) {
      for (const std::size_t offset : {std::size_t{0}, region.size / 2, region.size - 1}) {
        if (region.size == 0) continue;
        std::string bytes = good;
        bytes[region.start + offset] = static_cast<char>(bytes[region.start + offset] ^ 0x01);
        expect_refused(fmt::format("{} of {}, byte {}", region.name, member.name, offset), bytes);
      }
    }
    at += member.bytes().size();
  }
  for (const std::size_t offset : {at, at + block, good.size() - 1}) {
    std::string bytes = good;
    bytes[offset] = 1;
    expect_refused(fmt::format("end, byte {}", offset), bytes);
  }
}

TEST_F(Refused, EveryOtherWrongBundleByEveryCommandThatTakesOne) {
  world.write("next.toml", replace_all(world.read("small.toml"), "1.0.0", "2.0.0"));
  world.must("holdfast bundle create -f next.toml -o next.hfb --sign-key maker.key");
  for (const auto* command : {"holdfast bundle verify bad.hfb --trust-dir trust", "holdfast bundle inspect bad.hfb --trust-dir trust",
                              "holdfast node up --bundle bad.hfb --trust-dir trust --state-dir state",
                              "holdfast up --node --bundle bad.hfb --trust-dir trust --state-dir state --cluster demo --repo new",
                              "holdfast install --bundle bad.hfb --trust-dir trust --state-dir state --cluster demo --repo new --kubeconfig closed.conf"}) {
    SCOPED_TRACE(command);
    for (const auto& [name, bytes] : wrong_ones()) expect_refused(name, bytes, command);
  }
}

TEST_F(Refused, NotTheOneThatIsWhole) {
  EXPECT_EQ(tar_of(members), good) << "the test takes it apart and puts it together";
  EXPECT_TRUE(world.must("holdfast bundle verify small.hfb --trust-dir trust").contains("small 1.0.0"));
}

TEST(Bundle, IsTheSameBytesFromTheSameInputs) {
  const World world;
  std::filesystem::create_directories(world.path("elsewhere"));
  for (const auto* name : {"small.toml", "hello.txt"}) world.write(fmt::format("elsewhere/{}", name), world.read(name));
  world.must("holdfast bundle create -f elsewhere/small.toml -o again.hfb --sign-key maker.key");
  EXPECT_EQ(world.read("again.hfb"), world.read("small.hfb"));
}

TEST(Bundle, IsReadByTarAndCheckedByMinisign) {
  const World world;
  std::filesystem::create_directories(world.path("x"));
  world.must("tar -xf small.hfb -C x");
  std::string signature;
  for (const auto& entry : std::filesystem::directory_iterator(world.path("x/holdfast/sig"))) signature = entry.path();
  const auto checked = world.run(fmt::format("minisign -V -p maker.key.pub -x {} -m x/holdfast/statement.json", signature));
  if (checked.exit == 127) GTEST_SKIP() << "minisign is not installed";
  EXPECT_EQ(checked.exit, 0) << checked.out << checked.err;
  const auto other = world.run(fmt::format("minisign -V -p other.key.pub -x {} -m x/holdfast/statement.json", signature));
  EXPECT_NE(other.exit, 0);
}

}  // namespace
}  // namespace holdfast::e2e
