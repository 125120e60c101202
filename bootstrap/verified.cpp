// SPDX-License-Identifier: Apache-2.0
#include "verified.h"

#include <filesystem>

#include "base/files.h"
#include "value/json.h"

namespace holdfast::bootstrap {

Result<> record_verified(const std::string& state_dir, const bundle::Bundle& bundle,
                         const std::string& path, const bundle::TrustRoot& trust, WallTime now) {
  const auto folder = state_dir + "/install/verified";
  std::error_code status;
  std::filesystem::create_directories(folder, status);
  if (status) {
    return failure(Error(Code::file_unwritable, "the record of what was verified could not be kept").at(folder).because(status.message()));
  }
  Array signers;
  for (const auto& key : bundle.signers()) signers.emplace_back(key.text());
  const bundle::FileIdentity file = bundle.file_identity();
  const std::string absolute = std::filesystem::absolute(path, status);
  const Object record{
      {"statement", bundle.id().text()},
      {"name", bundle.statement().name},
      {"version", bundle.statement().version},
      {"securityEpoch", bundle.statement().security_epoch},
      {"signedBy", signers},
      {"trustRoot", Object{{"version", trust.version()}, {"fingerprint", trust.fingerprint().text()}}},
      {"verifiedAt", format_rfc3339(now)},
      {"file", Object{{"path", absolute},
                      {"custody", bundle.custody() == bundle::Custody::leased ? "leased" : "copied"},
                      {"device", file.device},
                      {"inode", file.inode},
                      {"bytes", file.size},
                      {"changedAt", format_rfc3339(file.changed)}}}};
  return replace_file(fmt::format("{}/{}.json", folder, bundle.id().hex()), json::write_indented(record) + "\n", 0644);
}

}  // namespace holdfast::bootstrap
