// SPDX-License-Identifier: Apache-2.0
#include "bundle/draft.h"

#include "archive/compress.h"
#include "archive/tar_writer.h"
#include "bundle/output.h"
#include "bundle/profile.h"
#include "value/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace holdfast::bundle {
namespace {

std::unexpected<Error> unwritable(const std::string& path) {
  const Code code = errno == ENOSPC || errno == EDQUOT ? Code::disk_full : Code::file_unwritable;
  return failure(
      Error(code, "the bundle could not be written").at(path).because(::strerror(errno)));
}

std::string index_of(const Array& items) {
  return json::write(Object{{"schemaVersion", 2}, {"mediaType", oci::index}, {"manifests", items}},
                     json::Escape::plain);
}

// Of the first image of the component "engine".
std::string engine_digest_of(const Statement& statement, const Array& items) {
  for (const auto& item : items) {
    const bool image = item.find("artifactType") == nullptr;
    if (!statement.engine_kind.empty() && image && item.text({"annotations", oci::component}) == "engine") {
      return std::string(item.text({"digest"}));
    }
  }
  return {};
}

}  // namespace

std::string signature_comment(const Statement& statement) {
  return fmt::format("{} {}", statement.name, statement.version);
}

Result<FileDescriptor> make_scratch(const std::string& folder) {
  FileDescriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  // Not every file system has O_TMPFILE.
  std::string name = folder + "/.holdfast-XXXXXX";
  file = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return unwritable(folder);
  ::unlink(name.c_str());
  return file;
}

Value descriptor_of(const Stored& stored, std::string_view media_type) {
  return Object{{"mediaType", media_type}, {"digest", stored.digest.text()}, {"size", stored.size}};
}

Result<Draft> Draft::start(const std::string& folder) {
  Draft draft;
  draft.folder_ = folder;
  draft.spool_ = TRY(make_scratch(folder));
  return draft;
}

Result<Stored> Draft::store(const archive::Source& source) {
  if (::lseek(spool_.get(), static_cast<off_t>(spool_end_), SEEK_SET) < 0)
    return unwritable(folder_);
  crypto::Sha256Stream stream;
  const archive::Sink to_spool = archive::sink_to_fd(spool_.get());
  std::uint64_t size = 0;
  const archive::Sink counting = [&](std::string_view bytes) -> Result<> {
    stream.add(bytes);
    size += bytes.size();
    if (size > archive::tar_size_limit) {
      return failure(Code::limit, "a blob is larger than {} bytes", archive::tar_size_limit);
    }
    return to_spool(bytes);
  };
  TRY(archive::copy(source, counting));
  const Stored stored{stream.finish(), size};
  if (spooled_.emplace(stored.digest, Place{spool_end_, size}).second) spool_end_ += size;
  return stored;
}

Result<Draft::Compressed> Draft::store_compressed(const archive::Source& source,
                                                  std::uint64_t size) {
  crypto::Sha256Stream plain;
  const archive::Source hashed = [&](std::span<char> into) -> Result<std::size_t> {
    const std::size_t got = TRY(source(into));
    plain.add({into.data(), got});
    return got;
  };
  const FileDescriptor scratch = TRY(make_scratch(folder_));
  TRY(archive::zstd_compress(hashed, archive::sink_to_fd(scratch.get()), {.size = size}));
  if (::lseek(scratch.get(), 0, SEEK_SET) != 0) return unwritable(folder_);
  Compressed compressed;
  compressed.stored = TRY(store(archive::source_of_fd(scratch.get())));
  compressed.expanded_size = size;
  compressed.expanded_digest = plain.finish();
  return compressed;
}

std::optional<Stored> Draft::find(const crypto::Sha256& digest) const {
  const auto found = spooled_.find(digest);
  if (found == spooled_.end()) return std::nullopt;
  return Stored{digest, found->second.size};
}

Result<std::string> Draft::read(const crypto::Sha256& digest, std::uint64_t limit) const {
  const auto found = spooled_.find(digest);
  if (found == spooled_.end()) {
    return failure(Code::bundle_definition, "{} is not there", digest.text());
  }
  return archive::read_all(
      archive::source_of_range(spool_.get(), found->second.at, found->second.size), limit);
}

void Draft::use(const crypto::Sha256& digest, Role role, std::optional<std::uint64_t> expanded) {
  const auto found = spooled_.find(digest);
  CHECK(found != spooled_.end());
  used_.emplace(digest, ClosureLine{digest, found->second.size, role, expanded});
}

Result<Value> Draft::add_manifest(const Value& document) {
  const Stored stored = TRY(store(json::write(document, json::Escape::plain)));
  use(stored.digest, Role::manifest);
  return descriptor_of(stored, oci::manifest);
}

const Value* Draft::find_item(std::string_view name) const {
  for (const auto& item : items_) {
    if (item.text({"annotations", oci::ref_name}) == name) return &item;
  }
  return nullptr;
}

Result<> Draft::write_to(int fd, const Statement& statement,
                         const std::vector<crypto::Signer>& keys) const {
  const archive::Sink out = archive::sink_to_fd(fd);
  std::uint64_t at = 0;
  const archive::Sink sink = [&](std::string_view bytes) -> Result<> {
    at += bytes.size();
    return out(bytes);
  };
  const std::string text = statement.to_text();
  TRY(write_member(sink, statement_name, text));
  std::vector<crypto::DetachedSignature> signatures;
  for (const auto& key : keys) {
    auto signature = TRY(key.sign(text, signature_comment(statement)));
    signatures.push_back(std::move(signature));
  }
  TRY(write_signatures(sink, signatures));
  std::vector<ClosureLine> lines;
  for (const auto& [digest, line] : used_)
    lines.push_back(line);
  TRY(write_member(sink, closure_name, Closure::of(lines).to_text()));
  TRY(write_member(sink, layout_name, layout_text));
  TRY(write_member(sink, index_name, index_of(items_)));
  for (const auto& [digest, line] : used_) {
    TRY(sink(blob_header(digest, line.size, at)));
    const Place& place = spooled_.at(digest);
    TRY(archive::copy(archive::source_of_range(spool_.get(), place.at, place.size), sink));
    TRY(sink(std::string(archive::tar_padding(line.size), '\0')));
  }
  return sink(std::string(trailer_size, '\0'));
}

Result<Statement> Draft::write(Statement statement, const std::vector<crypto::Signer>& keys,
                               const std::string& path) const {
  std::vector<ClosureLine> lines;
  for (const auto& [digest, line] : used_)
    lines.push_back(line);
  if (lines.size() > blobs_limit) {
    return failure(Code::limit, "the bundle has {} blobs, the limit is {}", lines.size(),
                   blobs_limit);
  }
  const Closure closure = Closure::of(lines);
  statement.limits = TRY(closure.totals());
  statement.closure = crypto::sha256(closure.to_text());
  statement.layout = crypto::sha256(layout_text);
  statement.index = crypto::sha256(index_of(items_));
  statement.engine_digest = engine_digest_of(statement, items_);
  TRY(Statement::parse(statement.to_text()), "checking the statement");

  TRY(write_output(path, 0644, [&](int fd) { return write_to(fd, statement, keys); }));
  return statement;
}

}  // namespace holdfast::bundle
