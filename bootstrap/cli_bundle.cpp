// SPDX-License-Identifier: Apache-2.0
#include "cli_bundle.h"

#include <CLI/CLI.hpp>

#include "commands/bundle.h"
#include "commands/trust.h"

namespace holdfast::bootstrap {
namespace {

constexpr const char* trust_text = "folder of the trust root; default ~/.config/holdfast/trust";
constexpr const char* key_text =
    "secret key of minisign, a PEM file (P-256 key; or key and certificate), or pkcs11:…";

void add_bundle_create(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<BundleCreateOptions>();
  auto* command = add_command(
      *group.add_subcommand("create", "Make a signed bundle from a definition"), chosen, options,
      &run_bundle_create);
  command->add_option("-f,--file", options->definition, "the definition, a TOML file")->required();
  command->add_option("-o,--out", options->output, "the bundle to write")->required();
  command->add_option("--sign-key", options->sign_keys, key_text)->required();
  command->add_option("--passphrase-file", options->passphrase_file, "holds the key's pass phrase");
  command->add_option("--set", options->variables, "NAME=VALUE for a variable of the definition");
  command->add_option("--issued-at", options->issued_at, "RFC 3339; default SOURCE_DATE_EPOCH");
}

void add_bundle_sign(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<BundleSignOptions>();
  auto* command = add_command(*group.add_subcommand("sign", "Verify, then add signatures"), chosen,
                              options, &run_bundle_sign);
  command->add_option("bundle", options->bundle.path, "the bundle")->required();
  command->add_option("-o,--out", options->output, "the bundle to write")->required();
  command->add_option("--sign-key", options->sign_keys, key_text);
  command->add_option("--signature", options->signatures, "made elsewhere over the statement");
  command->add_option("--passphrase-file", options->passphrase_file, "holds the key's pass phrase");
  command->add_option("--trust-dir", options->bundle.trust_folder, trust_text);
}

// Roots that follow each other, and which bundles they take.
void add_chain(CLI::App& group, Chosen& chosen) {
  const auto add = [&](const char* name, const char* what, const auto& options, auto* run) {
    return add_command(*group.add_subcommand(name, what), chosen, options, run);
  };
  auto accept = std::make_shared<TrustAcceptOptions>();
  auto* command = add("accept", "Say which bundles are taken; without any: all", accept, &run_trust_accept);
  command->add_option("--name", accept->names, "a bundle's name");
  command->add_option("--channel", accept->channels, "a bundle's channel");
  command->add_option("--trust-dir", accept->folder, trust_text);

  auto publish = std::make_shared<TrustPublishOptions>();
  command = add("publish", "Write the trust root as a version for other machines", publish, &run_trust_publish);
  command->add_option("--version", publish->version, "1, or one more than theirs")->required();
  command->add_option("-o,--out", publish->output, "the root to write")->required();
  command->add_option("--trust-dir", publish->folder, trust_text);

  auto sign = std::make_shared<TrustSignOptions>();
  command = add("sign", "Sign a published trust root", sign, &run_trust_sign);
  command->add_option("root", sign->root, "the published root")->required();
  command->add_option("--sign-key", sign->sign_keys, key_text)->required();
  command->add_option("--passphrase-file", sign->passphrase_file, "holds the key's pass phrase");

  auto update = std::make_shared<TrustUpdateOptions>();
  command = add("update", "Take the next published trust root", update, &run_trust_update);
  command->add_option("root", update->root, "the root; its signatures lie beside it")->required();
  command->add_option("--trust-dir", update->folder, trust_text);
}

}  // namespace

void add_bundle(CLI::App& app, Chosen& chosen) {
  auto* group = app.add_subcommand("bundle", "Make, verify and look into bundles");
  group->require_subcommand(1);
  if (!chosen.may_reach("bundle")) return;
  add_bundle_create(*group, chosen);
  add_bundle_sign(*group, chosen);
  const auto add_reading = [&](const char* name, const char* what, auto* run) {
    auto options = std::make_shared<BundleOptions>();
    auto* command = add_command(*group->add_subcommand(name, what), chosen, options, run);
    command->add_option("bundle", options->path, "the bundle")->required();
    command->add_option("--trust-dir", options->trust_folder, trust_text);
  };
  add_reading("verify", "Check every byte against a trusted signature", &run_bundle_verify);
  add_reading("inspect", "Verify, then show what is inside", &run_bundle_inspect);
}

void add_trust(CLI::App& app, Chosen& chosen) {
  auto* group = app.add_subcommand("trust", "Say whose bundles this machine accepts");
  group->require_subcommand(1);
  if (!chosen.may_reach("trust")) return;
  const auto add = [&](const char* name, const char* what, const auto& options, auto* run) {
    return add_command(*group->add_subcommand(name, what), chosen, options, run);
  };

  auto init = std::make_shared<TrustInitOptions>();
  auto* command = add("init", "Make the trust root", init, &run_trust_init);
  command->add_option("--key", init->keys, "public key of minisign, or a public key or certificate in PEM");
  command->add_option("--root", init->root, "a published root, instead of keys");
  command->add_option("--pin", init->pin, "its fingerprint, sha256:…");
  command->add_option("--note", init->note, "the key's name for people");
  command->add_option("--trust-dir", init->folder, trust_text);

  auto more = std::make_shared<TrustAddOptions>();
  command = add("add", "Trust one more key", more, &run_trust_add);
  command->add_option("key", more->key, "public key of minisign, or a public key or certificate in PEM")->required();
  command->add_option("--role", more->roles, "release, site or downgrade");
  command->add_option("--note", more->note, "the key's name for people");
  command->add_option("--trust-dir", more->folder, trust_text);
  command->add_flag_callback("--yes", [more] { more->confirm = Confirm::given; }, "do not ask");

  auto remove = std::make_shared<TrustRemoveOptions>();
  command = add("remove", "Trust a key no longer", remove, &run_trust_remove);
  command->add_option("id", remove->id, "the key's 16 digits")->required();
  command->add_option("--trust-dir", remove->folder, trust_text);

  auto require = std::make_shared<TrustRequireOptions>();
  command = add("require", "Say how many signatures a bundle needs", require, &run_trust_require);
  command->add_option("role", require->role, "release, site or downgrade")->required();
  command->add_option("count", require->count, "how many")->required();
  command->add_option("--trust-dir", require->folder, trust_text);

  add_chain(*group, chosen);

  auto list = std::make_shared<TrustListOptions>();
  command = add("list", "Show the trusted keys", list, &run_trust_list);
  command->add_option("--trust-dir", list->folder, trust_text);

  auto keygen = std::make_shared<KeygenOptions>();
  command = add("keygen", "Make a key for signing bundles", keygen, &run_trust_keygen);
  command->add_option("--key", keygen->key, "the secret half to write")->required();
  command->add_option("--public", keygen->public_key, "the public half; default KEY.pub");
}

}  // namespace holdfast::bootstrap
