// SPDX-License-Identifier: Apache-2.0
#include "commands/signing_key.h"

#include "archive/stream.h"
#include "bundle/inputs.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::uint64_t key_file_limit = 16384;

Result<Secret> read_secret(const std::string& path) {
  const bundle::InputFile input = TRY(bundle::open_input(path));
  const auto source = archive::source_of_range(input.file.get(), 0, input.size);
  std::string text = TRY(archive::read_all(source, key_file_limit));
  return Secret(std::move(text));
}

// A key of OpenSSL's stores and engines: https://www.rfc-editor.org/rfc/rfc7512
bool is_uri(std::string_view key) {
  return key.starts_with("pkcs11:") || key.starts_with("org.openssl.engine:");
}

}  // namespace

Result<crypto::Signer> load_signer(const std::string& path, const std::string& passphrase_file) {
  Secret passphrase;
  if (!passphrase_file.empty()) {
    const Secret line = TRY(read_secret(passphrase_file), "reading the pass phrase");
    passphrase = Secret(line.reveal().substr(0, line.reveal().find('\n')));
  }
  if (is_uri(path)) return crypto::Signer::open(path, passphrase);
  const Secret text = TRY(read_secret(path), "reading the signing key");
  if (crypto::Signer::is_encrypted(text) && passphrase_file.empty()) {
    return failure(Error(Code::usage, "the signing key is encrypted")
                       .at(path)
                       .fix("name a file that holds its pass phrase: --passphrase-file FILE"));
  }
  auto key = crypto::Signer::parse(text, passphrase);
  if (!key) return failure(std::move(key).error().at(path));
  return key;
}

}  // namespace holdfast::bootstrap
