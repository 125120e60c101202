// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_writer.h"
#include "bundle/bundle.h"
#include "bundle/draft.h"
#include "bundle/profile.h"
#include "bundle/verification.h"
#include "fakes/temporary_folder.h"
#include "value/json.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

// A bundle taken apart, so that a test can put it together wrongly. Signatures are made over
// `statement` by trusted keys, unless a case says otherwise.
struct Pieces {
  Statement statement;
  std::optional<std::string> statement_text;  // instead of the statement's own
  std::optional<std::string> signed_text;     // what the signatures are made over
  std::vector<crypto::Signer> keys;
  std::vector<ClosureLine> lines;
  std::optional<std::string> closure_text;
  std::string layout{layout_text};
  Value index;
  std::map<crypto::Sha256, std::string> blobs;
};

std::string member(std::string_view name, std::string_view content) {
  return plain_header(name, content.size()) + std::string(content) +
         std::string(archive::tar_padding(content.size()), '\0');
}

std::string closure_text_of(const Pieces& pieces) {
  return pieces.closure_text.value_or(Closure::of(pieces.lines).to_text());
}

// The digests and sums that the statement should hold for these pieces.
void seal(Pieces& pieces) {
  pieces.statement.limits = Closure::of(pieces.lines).totals().value();
  pieces.statement.closure = crypto::sha256(closure_text_of(pieces));
  pieces.statement.layout = crypto::sha256(pieces.layout);
  pieces.statement.index = crypto::sha256(json::write(pieces.index));
}

std::string assemble(const Pieces& pieces) {
  const std::string statement = pieces.statement_text.value_or(pieces.statement.to_text());
  std::string bytes = member(statement_name, statement);
  std::map<std::string, std::string> signatures;
  for (const auto& key : pieces.keys) {
    const auto signature = key.sign(pieces.signed_text.value_or(statement), "test").value();
    signatures[signature_name(signature)] = signature.bytes;
  }
  for (const auto& [name, text] : signatures)
    bytes += member(name, text);
  bytes += member(closure_name, closure_text_of(pieces));
  bytes += member(layout_name, pieces.layout);
  bytes += member(index_name, json::write(pieces.index));
  for (const auto& [digest, content] : pieces.blobs) {
    bytes += blob_header(digest, content.size(), bytes.size()) + content +
             std::string(archive::tar_padding(content.size()), '\0');
  }
  return bytes + std::string(trailer_size, '\0');
}

crypto::Sha256 add_blob(Pieces& pieces, const std::string& content, Role role) {
  const auto digest = crypto::sha256(content);
  pieces.blobs[digest] = content;
  pieces.lines.push_back({.digest = digest, .size = content.size(), .role = role, .expanded = {}});
  return digest;
}

Value descriptor(const crypto::Sha256& digest, std::size_t size, std::string_view type) {
  return descriptor_of({digest, size}, type);
}

class Opening : public testing::Test {
 protected:
  void SetUp() override {
    good = pieces();
  }

  // One image of one layer, complete and right.
  Pieces pieces() const {
    Pieces made;
    made.keys = {key};
    made.statement.name = "test";
    made.statement.version = "1.2.3";
    made.statement.platforms = {"linux/amd64"};
    made.statement.security_epoch = 3;
    std::mt19937_64 random(7);
    std::string layer(9'000, '\0');
    for (char& c : layer)
      c = static_cast<char>(random());
    const std::string config = R"({"architecture":"amd64","os":"linux"})";
    const auto layer_digest = add_blob(made, layer, Role::layer);
    const auto config_digest = add_blob(made, config, Role::config);
    const Object manifest{{"schemaVersion", 2},
                          {"mediaType", oci::manifest},
                          {"config", descriptor(config_digest, config.size(), oci::config)},
                          {"layers", Array{descriptor(layer_digest, layer.size(), oci::layer)}}};
    const std::string text = json::write(manifest);
    const auto manifest_digest = add_blob(made, text, Role::manifest);
    Value item = descriptor(manifest_digest, text.size(), oci::manifest);
    item["annotations"][oci::ref_name] = "example.test/image:1";
    made.index = Object{{"schemaVersion", 2}, {"manifests", Array{item}}};
    seal(made);
    return made;
  }

  Result<Bundle> open(const std::string& bytes, const OpenOptions& options = {}) const {
    const std::string path = folder / "test.hfb";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    ::chmod(path.c_str(), 0644);
    return Bundle::open(path, TrustRoot::of(key.public_key()), options);
  }

  // The same checks without the process around them, which costs 30 ms under the sanitizers.
  Result<Verified> look(const std::string& bytes) const {
    const std::string path = folder / "test.hfb";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    const HeldFile held = TRY(hold_file(path, folder.path()));
    return verify_held(held, TrustRoot::of(key.public_key()), {});
  }

  // Opening must be refused with exit code 3, and this code.
  void expect_refused(const std::string& name, const std::string& bytes, Code code) const {
    const auto bundle = look(bytes);
    ASSERT_FALSE(bundle.has_value()) << name;
    EXPECT_EQ(row_of(bundle.error().code()).name, row_of(code).name)
        << name << ": " << bundle.error().message();
    EXPECT_EQ(row_of(bundle.error().code()).exit, Exit::verification) << name;
  }

  crypto::SigningKey key = crypto::SigningKey::generate().value();
  const TemporaryFolder folder{"bundle"};
  Pieces good;
};

TEST_F(Opening, ReadsAGoodBundle) {
  const auto bundle = open(assemble(good));
  ASSERT_TRUE(bundle.has_value()) << bundle.error().message();
  EXPECT_EQ(bundle->statement(), good.statement);
  ASSERT_EQ(bundle->items().size(), 1U);
  EXPECT_EQ(bundle->items()[0].name, "example.test/image:1");
  EXPECT_EQ(bundle->items()[0].parts.size(), 2U);
  for (const auto& [digest, content] : good.blobs) {
    EXPECT_EQ(bundle->read(digest, 1 << 20).value(), content);
    std::string copied;
    EXPECT_TRUE(bundle->copy(digest, archive::sink_to(copied)));
    EXPECT_EQ(copied, content);
  }
  EXPECT_EQ(bundle->read(good.blobs.begin()->first, 1).error().code(), Code::limit);
}

TEST_F(Opening, TellsTheSameFromInsideTheSandbox) {
  const auto inside = look(assemble(good));
  {
    // Its lease makes whoever writes to the file wait.
    const auto outside = open(assemble(good));
    ASSERT_TRUE(inside.has_value() && outside.has_value());
    EXPECT_EQ(outside->id(), inside->id);
    EXPECT_EQ(outside->statement(), inside->statement);
    EXPECT_EQ(outside->closure().lines(), inside->closure.lines());
    EXPECT_EQ(outside->items()[0].descriptor, inside->items[0].descriptor);
    EXPECT_EQ(outside->signers(), inside->signers);
  }
  const std::string answer = encode(inside);
  ASSERT_TRUE(decode(answer).has_value());
  for (std::size_t size = 0; size < answer.size(); ++size) {
    EXPECT_FALSE(decode(answer.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode(answer + "x").has_value());
  Pieces wrong = good;
  wrong.statement.security_epoch = 1;
  const auto error = look(assemble(wrong).substr(0, 6000)).error();
  const auto told = decode(encode(failure(error))).error();
  EXPECT_EQ(told.message(), error.message());
  EXPECT_EQ(told.code(), error.code());
  EXPECT_EQ(told.fix_line(), error.fix_line());
}

TEST_F(Opening, PlacesEveryBlobAtAMultipleOf4096) {
  const std::string bytes = assemble(good);
  for (const auto& [digest, content] : good.blobs)
    EXPECT_EQ(bytes.find(content) % 4096, 0U);
}

TEST_F(Opening, RefusesAFlippedByteInEveryRegion) {
  const std::string bytes = assemble(good);
  ASSERT_TRUE(open(bytes).has_value());
  // Each 512-byte block is header, content or padding of some member: its first, middle and last
  // byte cover all regions.
  for (std::size_t block = 0; block < bytes.size(); block += 512) {
    for (const std::size_t offset : {0U, 100U, 124U, 148U, 156U, 300U, 511U}) {
      std::string changed = bytes;
      changed[block + offset] = static_cast<char>(changed[block + offset] ^ 0x01);
      const auto bundle = look(changed);
      ASSERT_FALSE(bundle.has_value()) << "byte " << block + offset;
      EXPECT_EQ(row_of(bundle.error().code()).exit, Exit::verification)
          << bundle.error().message() << " at byte " << block + offset;
    }
  }
}

TEST_F(Opening, RefusesEveryTruncationAndExtension) {
  const std::string bytes = assemble(good);
  for (std::size_t size = 0; size < bytes.size(); size += 397) {
    expect_refused(fmt::format("first {} bytes", size), bytes.substr(0, size), Code::bundle_format);
  }
  expect_refused("without its last byte", bytes.substr(0, bytes.size() - 1), Code::bundle_format);
  expect_refused("one zero byte more", bytes + '\0', Code::bundle_format);
  expect_refused("one zero block more", bytes + std::string(512, '\0'), Code::bundle_format);
  expect_refused("twice", bytes + bytes, Code::bundle_format);
}

TEST_F(Opening, RefusesMembersThatDoNotBelong) {
  const std::string bytes = assemble(good);
  const std::string statement = member(statement_name, good.statement.to_text());
  const std::string rest = bytes.substr(statement.size());
  const std::string layout = member(layout_name, good.layout);
  const std::size_t layout_at = bytes.find(layout);
  ASSERT_NE(layout_at, std::string::npos);
  const auto replaced_layout = [&](const std::string& by) {
    return bytes.substr(0, layout_at) + by + bytes.substr(layout_at + layout.size());
  };
  const archive::TarHeader link{
      .name = std::string(layout_name), .type = '2', .mode = 0444, .link = "/etc/passwd"};
  const archive::TarHeader pax{.name = "x", .type = 'x', .mode = 0444, .size = 10};
  const archive::TarHeader writable{
      .name = std::string(layout_name), .mode = 0644, .size = good.layout.size()};

  const struct {
    const char* name;
    std::string bytes;
  } cases[] = {
      {"nothing", ""},
      {"not a bundle", std::string(4096, 'x')},
      {"only zeros", std::string(8192, '\0')},
      {"foreign member first", member("README", "hello") + bytes},
      {"foreign member in the middle", replaced_layout(layout + member("evil", "1"))},
      {"foreign name instead", replaced_layout(member("oci-layoux", good.layout))},
      {"climbing name", replaced_layout(member("../oci-layout", good.layout))},
      {"symbolic link", replaced_layout(link.bytes())},
      {"pax records",
       replaced_layout(pax.bytes() + "9 path=x\n" + std::string(503, '\0') + layout)},
      {"other mode", replaced_layout(writable.bytes() + good.layout +
                                     std::string(archive::tar_padding(good.layout.size()), '\0'))},
      {"duplicate layout", replaced_layout(layout + layout)},
      {"no layout", replaced_layout("")},
      {"statement at the end", rest + statement},
      {"blob cut out",
       bytes.substr(0, bytes.size() - trailer_size - 4096) + std::string(trailer_size, '\0')},
  };

  for (const auto& test : cases)
    expect_refused(test.name, test.bytes, Code::bundle_format);
  expect_refused("duplicate statement", statement + bytes, Code::bundle_signature);
}

TEST_F(Opening, RefusesReorderedBlobs) {
  // Equal sizes, so that only the order differs.
  Pieces two = good;
  const std::string a(5000, 'a');
  const std::string b(5000, 'b');
  add_blob(two, a, Role::doc);
  add_blob(two, b, Role::doc);
  seal(two);
  std::string bytes = assemble(two);
  const auto at_a = bytes.find(a);
  const auto at_b = bytes.find(b);
  bytes.replace(at_a, a.size(), b);
  bytes.replace(at_b, b.size(), a);
  expect_refused("contents swapped", bytes, Code::bundle_content);
  two.closure_text = [&] {
    std::string text;
    auto lines = Closure::of(two.lines).lines();
    std::swap(lines[0], lines[1]);
    for (const auto& line : lines) {
      text += fmt::format("{} {} {} -\n", line.digest.text(), line.size, role_name(line.role));
    }
    return text;
  }();
  seal(two);
  expect_refused("closure reordered", assemble(two), Code::bundle_format);
}

TEST_F(Opening, RefusesSignaturesThatAreNotOverThisStatementByATrustedKey) {
  const auto other = crypto::SigningKey::generate().value();
  const auto with = [&](const std::function<void(Pieces&)>& change) {
    Pieces changed = good;
    change(changed);
    return assemble(changed);
  };
  expect_refused("no signature", with([](Pieces& p) { p.keys.clear(); }), Code::bundle_signature);
  expect_refused("unknown key", with([&](Pieces& p) { p.keys = {other}; }),
                 Code::bundle_untrusted_key);
  expect_refused("over other bytes", with([](Pieces& p) { p.signed_text = "{}"; }),
                 Code::bundle_signature);
  expect_refused("over the statement of another release", with([](Pieces& p) {
                   p.signed_text = p.statement.to_text();
                   p.statement.version = "9.9.9";
                 }),
                 Code::bundle_signature);
  std::string renamed = assemble(good);
  const auto signature = crypto::Signer(key).sign(good.statement.to_text(), "test").value();
  const auto at = renamed.find(member(signature_name(signature), signature.bytes));
  ASSERT_NE(at, std::string::npos);
  const std::string theirs = signature_name({.key = other.public_key().id(), .bytes = {}});
  renamed.replace(at, 512, plain_header(theirs, signature.bytes.size()));
  expect_refused("under another key's name", renamed, Code::bundle_signature);
  renamed.replace(at, 512, plain_header("holdfast/sig/x.minisig", signature.bytes.size()));
  expect_refused("under no key's name", renamed, Code::bundle_signature);
  EXPECT_TRUE(open(with([&](Pieces& p) { p.keys.emplace_back(other); })).has_value())
      << "a countersignature by a key that is unknown here changes nothing";
  expect_refused("nine signatures", with([](Pieces& p) {
                   for (int i = 0; i < 8; ++i)
                     p.keys.emplace_back(crypto::SigningKey::generate().value());
                 }),
                 Code::bundle_format);
}

TEST_F(Opening, RefusesWhatASignedBundleMustNotHold) {
  const struct {
    const char* name;
    std::function<void(Pieces&)> change;
    Code code;
  } cases[] = {
      {"more blobs signed than there are", [](Pieces& p) { ++p.statement.limits.blobs; },
       Code::bundle_format},
      {"more bytes signed", [](Pieces& p) { ++p.statement.limits.bytes; }, Code::bundle_format},
      {"less expanded bytes signed", [](Pieces& p) { ++p.statement.limits.expanded; },
       Code::bundle_format},
      {"sizes that overflow",
       [](Pieces& p) {
         const auto limits = p.statement.limits;
         std::string text;
         auto lines = Closure::of(p.lines).lines();
         for (auto& line : lines) {
           text += fmt::format("{} {} {} 9223372036854775807\n", line.digest.text(), line.size,
                               role_name(line.role));
         }
         p.closure_text = text;
         p.statement.closure = crypto::sha256(text);
         p.statement.limits = limits;
       },
       Code::bundle_format},
      {"a blob of 8 GiB",
       [](Pieces& p) {
         p.lines[0].size = std::uint64_t{1} << 33;
         seal(p);
       },
       Code::bundle_format},
      {"a size that is wrong by one",
       [](Pieces& p) {
         ++p.lines[0].size;
         seal(p);
       },
       Code::bundle_format},
      {"a blob that nothing leads to",
       [](Pieces& p) {
         add_blob(p, "stray", Role::doc);
         seal(p);
       },
       Code::bundle_content},
      {"an index that leads nowhere",
       [](Pieces& p) {
         p.index["manifests"].as_array()->push_back(
             descriptor(crypto::sha256("nothing"), 7, oci::manifest));
         seal(p);
       },
       Code::bundle_content},
      {"a foreign media type",
       [](Pieces& p) {
         p.index["manifests"].as_array()->front()["mediaType"] = "text/html";
         seal(p);
       },
       Code::bundle_content},
      {"an annotation too long",
       [](Pieces& p) {
         p.index["manifests"].as_array()->front()["annotations"]["x"] = std::string(5000, 'x');
         seal(p);
       },
       Code::bundle_content},
      {"a name that drives the terminal",
       [](Pieces& p) {
         p.index["manifests"].as_array()->front()["annotations"][oci::ref_name] = "a\x1b[2J";
         seal(p);
       },
       Code::bundle_content},
      {"another layout version",
       [](Pieces& p) {
         p.layout = "{\"imageLayoutVersion\":\"9.0.0\"}";
         seal(p);
       },
       Code::bundle_format},
      {"another engine than is inside",
       [](Pieces& p) {
         p.statement.engine_kind = "holdfast";
         p.statement.engine_digest = crypto::sha256("other").text();
       },
       Code::bundle_content},
      {"no JSON", [](Pieces& p) { p.statement_text = "hello"; }, Code::bundle_format},
      {"a key twice",
       [](Pieces& p) {
         auto text = p.statement.to_text();
         p.statement_text = text.insert(1, "\"_type\": \"x\",");
       },
       Code::bundle_format},
      {"a number that is not whole",
       [](Pieces& p) {
         auto text = p.statement.to_text();
         p.statement_text = text.insert(1, "\"x\": 1.5,");
       },
       Code::bundle_format},
      {"nine levels deep",
       [](Pieces& p) {
         auto text = p.statement.to_text();
         p.statement_text = text.insert(1, "\"x\": [[[[[[[[1]]]]]]]],");
       },
       Code::bundle_format},
      {"another predicate type",
       [](Pieces& p) {
         auto text = p.statement.to_text();
         p.statement_text =
             text.replace(text.find("urn:holdfast:bundle:v1"), 22, "urn:holdfast:bundle:v9");
       },
       Code::bundle_format},
      {"a statement of 70 KB",
       [](Pieces& p) { p.statement_text = p.statement.to_text() + std::string(70'000, ' '); },
       Code::bundle_format},
  };

  for (const auto& test : cases) {
    Pieces changed = good;
    test.change(changed);
    expect_refused(test.name, assemble(changed), test.code);
  }
}

TEST_F(Opening, RefusesByPolicy) {
  const std::string bytes = assemble(good);
  EXPECT_EQ(open(bytes, {.platform = "linux/arm64"}).error().code(), Code::wrong_architecture);
  EXPECT_EQ(open(bytes, {.minimum_epoch = 4}).error().code(), Code::bundle_policy);
  EXPECT_TRUE(open(bytes, {.platform = "linux/amd64", .minimum_epoch = 3}).has_value());
  TrustRoot picky = TrustRoot::of(key.public_key());
  ASSERT_TRUE(picky.accept({"other"}, {}));
  EXPECT_EQ(Bundle::open(folder / "test.hfb", picky, {}).error().code(), Code::bundle_policy);
  Pieces newer = good;
  newer.statement.min_installer = "2.0.0";
  EXPECT_EQ(open(assemble(newer), {.installer_version = "1.9.0"}).error().message(),
            fmt::format(
                "verifying {}/test.hfb: the bundle asks for holdfast 2.0.0 or newer, this is 1.9.0",
                folder.path()));
  EXPECT_TRUE(open(assemble(newer), {.installer_version = "2.0.0"}).has_value());
}

TEST_F(Opening, TakesOneMoreSignatureWithoutAnotherContent) {
  const auto bundle = open(assemble(good));
  ASSERT_TRUE(bundle.has_value());
  const auto site = crypto::SigningKey::generate().value();
  const auto more = crypto::Signer(site).sign(bundle->statement_text(), "site").value();
  ASSERT_TRUE(bundle->write_with({more}, folder / "signed.hfb"));
  TrustRoot trust = TrustRoot::of(key.public_key());
  ASSERT_TRUE(trust.add({.key = site.public_key(), .roles = {TrustRole::site}, .note = {}}));
  ASSERT_TRUE(trust.set_threshold(TrustRole::site, 1));
  EXPECT_EQ(Bundle::open(folder / "test.hfb", trust, {}).error().code(), Code::bundle_untrusted_key);
  EXPECT_TRUE(Bundle::open(folder / "test.hfb", trust.for_signing(), {}).has_value());
  const auto signed_twice = Bundle::open(folder / "signed.hfb", trust, {});
  ASSERT_TRUE(signed_twice.has_value()) << signed_twice.error().message();
  EXPECT_EQ(signed_twice->id(), bundle->id());
  EXPECT_EQ(signed_twice->closure().to_text(), bundle->closure().to_text());
  EXPECT_EQ(signed_twice->signers().size(), 2U);
  // Again: the signature of the same key takes the place of its own.
  ASSERT_TRUE(signed_twice->write_with({more}, folder / "again.hfb"));
  EXPECT_EQ(signed_twice->size(), Bundle::open(folder / "again.hfb", trust, {})->size());
}

// Whatever is done to the bytes: refused, or nothing was changed.
TEST_F(Opening, RefusesRandomMutations) {
  const std::string bytes = assemble(good);
  std::mt19937_64 random(20261123);
  const auto at = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  for (int round = 0; round < 400; ++round) {
    std::string changed = bytes;
    switch (random() % 5) {
      case 0: changed[at(bytes.size())] = static_cast<char>(random()); break;
      case 1: changed.erase(at(bytes.size()), 1 + at(1024)); break;
      case 2:
        changed.insert(at(bytes.size()), std::string(1 + at(1024), static_cast<char>(random())));
        break;
      case 3: {
        const auto from = at(bytes.size() / 512) * 512;
        const auto to = at(bytes.size() / 512) * 512;
        changed.replace(to, 512, bytes.substr(from, 512));
        break;
      }
      default:
        changed.insert(at(bytes.size() / 512) * 512,
                       bytes.substr(at(bytes.size() / 512) * 512, 512));
        break;
    }
    if (changed == bytes) continue;
    const auto bundle = look(changed);
    ASSERT_FALSE(bundle.has_value()) << "round " << round;
    EXPECT_EQ(row_of(bundle.error().code()).exit, Exit::verification) << bundle.error().message();
  }
}

TEST_F(Opening, NamesWhatIsNoFileOfOurs) {
  const TrustRoot trust = TrustRoot::of(key.public_key());
  EXPECT_EQ(Bundle::open(folder / "missing.hfb", trust, {}).error().code(), Code::file_missing);
  EXPECT_EQ(Bundle::open(folder.path(), trust, {}).error().code(), Code::file_unreadable);
  ASSERT_TRUE(open(assemble(good)).has_value());
  fs::create_symlink("test.hfb", folder / "link.hfb");
  EXPECT_EQ(Bundle::open(folder / "link.hfb", trust, {}).error().code(), Code::file_unreadable);
}

TEST_F(Opening, UsesAPrivateCopyWhereOthersMayWrite) {
  ASSERT_TRUE(open(assemble(good)).has_value());
  const std::string path = folder / "test.hfb";
  ::chmod(path.c_str(), 0666);
  const auto bundle = Bundle::open(path, TrustRoot::of(key.public_key()), {.copy_folder = folder.path()});
  ASSERT_TRUE(bundle.has_value()) << bundle.error().message();
  EXPECT_EQ(bundle->custody(), Custody::copied);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "rewritten";
  for (const auto& [digest, content] : good.blobs) {
    EXPECT_EQ(bundle->read(digest, 1 << 20).value(), content);
  }
}

TEST_F(Opening, NoticesAWriterAfterVerification) {
  const auto bundle = open(assemble(good));
  ASSERT_TRUE(bundle.has_value());
  if (bundle->custody() != Custody::leased) GTEST_SKIP() << "no leases on this file system";
  const std::string path = folder / "test.hfb";
  // Opening for writing without waiting is refused by the lease.
  const int fd = ::open(path.c_str(), O_WRONLY | O_NONBLOCK);
  EXPECT_EQ(fd, -1);
  // A file renamed over it changes nothing: the descriptor stays.
  std::ofstream(folder / "other") << "other";
  fs::rename(folder / "other", path);
  for (const auto& [digest, content] : good.blobs) {
    EXPECT_EQ(bundle->read(digest, 1 << 20).value(), content);
  }
}

}  // namespace
}  // namespace holdfast::bundle
