// SPDX-License-Identifier: Apache-2.0
#include "bundle/output.h"

#include "archive/tar_writer.h"
#include "base/handle.h"
#include "bundle/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

namespace holdfast::bundle {
namespace {

std::unexpected<Error> unwritable(const std::string& path) {
  const Code code = errno == ENOSPC || errno == EDQUOT ? Code::disk_full : Code::file_unwritable;
  return failure(Error(code, "the file could not be written").at(path).because(::strerror(errno)));
}

}  // namespace

Result<> write_output(const std::string& path, unsigned mode,
                      const std::function<Result<>(int fd)>& body) {
  std::string part = path + ".XXXXXX";
  const FileDescriptor file(::mkostemp(part.data(), O_CLOEXEC));
  if (!file) return unwritable(path);
  auto written = body(file.get());
  if (written && (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0 ||
                  ::rename(part.c_str(), path.c_str()) != 0)) {
    written = unwritable(path);
  }
  if (written) return {};
  ::unlink(part.c_str());
  return failure(std::move(written).error().at(path));
}

Result<> write_member(const archive::Sink& sink, std::string_view name, std::string_view content) {
  TRY(sink(plain_header(name, content.size())));
  TRY(sink(content));
  return sink(std::string(archive::tar_padding(content.size()), '\0'));
}

Result<> write_signatures(const archive::Sink& sink,
                          const std::vector<crypto::DetachedSignature>& signatures) {
  std::map<std::string, std::string> members;
  for (const auto& signature : signatures) members[signature_name(signature)] = signature.bytes;
  if (members.size() > signatures_limit) {
    return failure(Code::limit, "the bundle has {} signatures, the limit is {}", members.size(),
                   signatures_limit);
  }
  for (const auto& [name, content] : members) TRY(write_member(sink, name, content));
  return {};
}

}  // namespace holdfast::bundle
