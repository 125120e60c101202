// SPDX-License-Identifier: Apache-2.0
// The three forms of signatures, judged by the stock programs: what is signed here is checked by openssl
// and minisign, what they sign is accepted here, and nothing else is.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/text.h"
#include "world.h"

namespace holdfast::e2e {
namespace {

constexpr std::string_view openssl_conf = R"([req]
distinguished_name=dn
[dn]
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign
[sign]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=codeSigning
[tls]
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
)";

// An authority, a signer below it, a web server below it, and a bare P-256 key, by openssl; small.hfb is
// unpacked in x.
class Signatures : public testing::Test {
 protected:
  void SetUp() override {
    if (world.run("openssl version").exit == 127) GTEST_SKIP() << "openssl is not installed";
    world.write("o.cnf", openssl_conf);
    for (const auto* name : {"ca", "bare", "site"}) key(name, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    for (const auto* name : {"signer", "web"}) key(name, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    world.must("openssl req -new -x509 -key ca.key -subj /CN=Authority -days 30 -out ca.pem -config o.cnf -extensions ca");
    certificate("signer", "sign");
    certificate("web", "tls");
    certificate("site", "sign");
    world.must("openssl pkey -in bare.key -pubout -out bare.pub");
    for (const auto* name : {"signer", "web"}) {
      world.write(fmt::format("{}.both", name), world.read(fmt::format("{}.key", name)) + world.read(fmt::format("{}.pem", name)));
    }
    world.must("holdfast trust init --trust-dir authority --key ca.pem");
    world.must("holdfast trust init --trust-dir bare --key bare.pub");
    std::filesystem::create_directories(world.path("x"));
  }

  void key(const std::string& name, const std::string& kind) const {
    world.must(fmt::format("openssl genpkey {} -out {}.key", kind, name));
  }

  void certificate(const std::string& name, const std::string& section) const {
    world.must(fmt::format("openssl req -new -key {0}.key -subj /CN={0} -config o.cnf -out {0}.csr", name));
    world.must(fmt::format("openssl x509 -req -in {0}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile o.cnf -extensions {1} -out {0}.pem", name, section));
  }

  // The path of the one signature with this ending in an unpacked bundle.
  [[nodiscard]] std::string unpacked(const std::string& bundle, const std::string& ending) const {
    world.must(fmt::format("tar -xf {} -C x", bundle));
    for (const auto& entry : std::filesystem::directory_iterator(world.path("x/holdfast/sig"))) {
      if (entry.path().extension() == ending) return entry.path();
    }
    ADD_FAILURE() << "no " << ending << " in " << bundle;
    return {};
  }

  void expect(int exit, std::string_view code, const std::string& line) const {
    const auto ran = world.run(line);
    EXPECT_EQ(ran.exit, exit) << line << "\n" << ran.out << ran.err;
    EXPECT_EQ(code_in(ran.err), code) << line << "\n" << ran.err;
  }

  const World world;
};

TEST_F(Signatures, OfACertificateAreCheckedByOpenssl) {
  world.must("holdfast bundle create -f small.toml -o cms.hfb --sign-key signer.both");
  world.must("holdfast bundle verify cms.hfb --trust-dir authority");
  expect(3, "HF-E-2003", "holdfast bundle verify cms.hfb --trust-dir bare");
  const auto signature = unpacked("cms.hfb", ".p7s");
  const auto checked = [&](const std::string& content) {
    return world.run(fmt::format("openssl cms -verify -binary -inform DER -in {} -content {} -CAfile ca.pem -purpose any -out /dev/null", signature, content));
  };
  const auto good = checked("x/holdfast/statement.json");
  EXPECT_EQ(good.exit, 0) << good.err;
  EXPECT_NE(checked("x/holdfast/closure.txt").exit, 0);
  // RSA without a time: the same bytes each time.
  world.must("holdfast bundle create -f small.toml -o again.hfb --sign-key signer.both");
  EXPECT_EQ(world.read("again.hfb"), world.read("cms.hfb"));
  // What the authority certified for another purpose does not sign bundles.
  world.must("holdfast bundle create -f small.toml -o web.hfb --sign-key web.both");
  expect(3, "HF-E-2002", "holdfast bundle verify web.hfb --trust-dir authority");
}

TEST_F(Signatures, OfABareKeyAreCheckedByOpenssl) {
  world.must("holdfast bundle create -f small.toml -o ecdsa.hfb --sign-key bare.key");
  world.must("holdfast bundle verify ecdsa.hfb --trust-dir bare");
  expect(3, "HF-E-2003", "holdfast bundle verify ecdsa.hfb --trust-dir trust");
  world.must(fmt::format("openssl base64 -d -A -in {} -out raw", unpacked("ecdsa.hfb", ".sig")));
  world.must("openssl dgst -sha256 -verify bare.pub -signature raw x/holdfast/statement.json");
  EXPECT_NE(world.run("openssl dgst -sha256 -verify bare.pub -signature raw x/holdfast/closure.txt").exit, 0);
}

TEST_F(Signatures, MadeElsewhereAreAddedAndCount) {
  world.must("tar -xf small.hfb -C x");
  world.must("openssl cms -sign -binary -in x/holdfast/statement.json -signer site.pem -inkey site.key -outform DER -out made.p7s");
  world.must("openssl dgst -sha256 -sign bare.key -out raw x/holdfast/statement.json");
  world.must("openssl base64 -A -in raw -out made.sig");
  world.must("openssl cms -sign -binary -in x/holdfast/closure.txt -signer site.pem -inkey site.key -outform DER -out wrong.p7s");
  // A folder that trusts the maker, and asks for a signature of the site besides.
  world.must("holdfast trust init --trust-dir two --key maker.key.pub");
  expect(3, "HF-E-2003", "holdfast bundle sign small.hfb -o signed.hfb --signature made.sig --trust-dir two");
  world.must("holdfast trust add ca.pem --role site --trust-dir two --yes");
  world.must("holdfast trust add bare.pub --role site --trust-dir two --yes");
  world.must("holdfast trust require site 2 --trust-dir two");
  expect(3, "HF-E-2003", "holdfast bundle verify small.hfb --trust-dir two");
  world.must("holdfast bundle sign small.hfb -o signed.hfb --signature made.p7s --signature made.sig --trust-dir two");
  world.must("holdfast bundle verify signed.hfb --trust-dir two");
  world.must("tar -df signed.hfb -C x holdfast/statement.json holdfast/closure.txt index.json oci-layout blobs");
  expect(3, "HF-E-2002", "holdfast bundle sign small.hfb -o new.hfb --signature wrong.p7s --trust-dir two");
  expect(2, "HF-E-1001", "holdfast bundle sign small.hfb -o new.hfb --trust-dir two");
  expect(3, "HF-E-2003", "holdfast bundle sign other.hfb -o new.hfb --sign-key maker.key --trust-dir two");
  EXPECT_FALSE(std::filesystem::exists(world.path("new.hfb")));
  // Each byte of the two signatures counts.
  const std::string good = world.read("signed.hfb");
  for (const auto* name : {"made.p7s", "made.sig"}) {
    const std::string signature = world.read(name);
    const auto at = good.find(signature);
    ASSERT_NE(at, std::string::npos) << name;
    for (std::size_t i = 0; i < signature.size(); i += 23) {
      std::string bad = good;
      bad[at + i] = static_cast<char>(bad[at + i] ^ 1);
      world.write("bad.hfb", bad);
      const auto ran = world.run("holdfast bundle verify bad.hfb --trust-dir two");
      EXPECT_EQ(ran.exit, 3) << name << " byte " << i << ": " << ran.out;
    }
  }
}

// A root that goes from one key to another, signed by a stock program as well.
TEST_F(Signatures, OfTrustRootsLeadFromOneToTheNext) {
  const auto fingerprint = [&](const std::string& line) {
    const auto said = world.must(line);
    return said.substr(said.find("sha256:"), 71);
  };
  world.must("holdfast trust init --trust-dir draft --key maker.key.pub");
  const auto first = fingerprint("holdfast trust publish --trust-dir draft --version 1 -o 1.root");
  expect(3, "HF-E-2007", "holdfast trust init --trust-dir machine --root 1.root --pin sha256:" + std::string(64, '0'));
  expect(2, "HF-E-1001", "holdfast trust init --trust-dir machine --root 1.root");
  world.must("holdfast trust init --trust-dir machine --root 1.root --pin " + first);
  world.must("holdfast trust add ca.pem --trust-dir draft --yes");
  world.must("holdfast trust remove " + world.read("maker.key.pub").substr(world.read("maker.key.pub").find('\n') - 16, 16) + " --trust-dir draft");
  fingerprint("holdfast trust publish --trust-dir draft --version 2 -o 2.root");
  expect(3, "HF-E-2002", "holdfast trust update 2.root --trust-dir machine");
  world.must("holdfast trust sign 2.root --sign-key signer.both");
  expect(3, "HF-E-2003", "holdfast trust update 2.root --trust-dir machine");
  world.must("holdfast trust sign 2.root --sign-key maker.key");
  world.must("holdfast trust update 2.root --trust-dir machine");
  world.must("holdfast trust update 2.root --trust-dir machine");
  expect(3, "HF-E-2002", "holdfast trust update 1.root --trust-dir machine");
  expect(3, "HF-E-2003", "holdfast bundle verify small.hfb --trust-dir machine");
  world.must("holdfast bundle create -f small.toml -o cms.hfb --sign-key signer.both");
  world.must("holdfast bundle verify cms.hfb --trust-dir machine");
  world.must("holdfast trust accept --name small --channel stable --trust-dir machine");
  expect(6, "HF-E-2005", "holdfast bundle verify cms.hfb --trust-dir machine");
}

}  // namespace
}  // namespace holdfast::e2e
