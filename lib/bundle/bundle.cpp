// SPDX-License-Identifier: Apache-2.0
#include "bundle/bundle.h"

#include "archive/compress.h"
#include "archive/tar_writer.h"
#include "base/text.h"
#include "bundle/output.h"
#include "bundle/profile.h"
#include "value/json.h"

#include <algorithm>
#include <set>

namespace holdfast::bundle {
namespace {

std::unexpected<Error> not_inside(const crypto::Sha256& digest) {
  return failure(Code::bundle_content, "the bundle does not hold {}", digest.text());
}

// Hands on what `source` gives and hashes it on the way.
archive::Source hashing(const archive::Source& source, crypto::Sha256Stream& stream) {
  return [&source, &stream](std::span<char> into) -> Result<std::size_t> {
    const std::size_t got = TRY(source(into));
    stream.add({into.data(), got});
    return got;
  };
}

std::unexpected<Error> changed(const crypto::Sha256& digest) {
  return failure(Code::bundle_content, "blob {} changed after it was verified", digest.text());
}

}  // namespace

std::vector<const Item*> Bundle::items_of(std::string_view component, ItemKind kind) const {
  std::vector<const Item*> found;
  for (const auto& item : verified_.items) {
    if (item.component == component && item.kind == kind) found.push_back(&item);
  }
  return found;
}

const Part* Bundle::find_file(std::string_view component, std::string_view name) const {
  for (const Item* item : items_of(component, ItemKind::files)) {
    const auto part = std::ranges::find(item->parts, name, &Part::name);
    if (part != item->parts.end() && part->media_type == oci::file) return &*part;
  }
  return nullptr;
}

Result<std::uint64_t> Bundle::place_of(const crypto::Sha256& digest) const {
  const ClosureLine* line = verified_.closure.find(digest);
  if (line == nullptr) return not_inside(digest);
  return verified_.places.at(static_cast<std::size_t>(line - verified_.closure.lines().data()));
}

Result<std::string> Bundle::read(const crypto::Sha256& digest, std::uint64_t limit) const {
  const std::uint64_t at = TRY(place_of(digest));
  const std::uint64_t size = verified_.closure.find(digest)->size;
  if (size > limit) {
    return failure(Code::limit, "blob {} is {} bytes, the limit is {}", digest.text(), size, limit);
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  TRY(crypto::read_exactly(held_.file.get(), at, bytes));
  if (crypto::sha256(bytes) != digest) return changed(digest);
  return bytes;
}

Result<> Bundle::copy(const crypto::Sha256& digest, const archive::Sink& sink) const {
  const std::uint64_t at = TRY(place_of(digest));
  const auto stored = archive::source_of_range(held_.file.get(), at, verified_.closure.find(digest)->size);
  crypto::Sha256Stream stream;
  TRY(archive::copy(hashing(stored, stream), sink));
  if (stream.finish() != digest) return changed(digest);
  return {};
}

Result<> Bundle::expand(const crypto::Sha256& digest, const archive::Sink& sink) const {
  const std::uint64_t at = TRY(place_of(digest));
  const ClosureLine& line = *verified_.closure.find(digest);
  if (!line.expanded) {
    return failure(Code::bundle_content, "blob {} has no expanded size", digest.text());
  }
  const auto stored = archive::source_of_range(held_.file.get(), at, line.size);
  crypto::Sha256Stream stream;
  TRY(archive::zstd_expand(hashing(stored, stream), sink, *line.expanded), "blob {}",
      digest.text());
  if (stream.finish() != digest) return changed(digest);
  return {};
}

Result<> Bundle::install_file(const Part& file, const std::string& path) const {
  return write_output(path, file.mode,
                      [&](int fd) { return expand(file.digest, archive::sink_to_fd(fd)); });
}

Result<> Bundle::write_with(const std::vector<crypto::DetachedSignature>& more,
                            const std::string& path) const {
  std::vector<crypto::DetachedSignature> all = verified_.signatures;
  all.insert(all.end(), more.begin(), more.end());
  return write_output(path, 0644, [&](int fd) -> Result<> {
    const archive::Sink out = archive::sink_to_fd(fd);
    std::uint64_t at = 0;
    const archive::Sink sink = [&](std::string_view bytes) -> Result<> {
      at += bytes.size();
      return out(bytes);
    };
    TRY(write_member(sink, statement_name, verified_.statement_text));
    TRY(write_signatures(sink, all));
    TRY(write_member(sink, closure_name, verified_.closure.to_text()));
    TRY(write_member(sink, layout_name, layout_text));
    TRY(write_member(sink, index_name, verified_.index_text));
    for (const auto& line : verified_.closure.lines()) {
      TRY(sink(blob_header(line.digest, line.size, at)));
      TRY(copy(line.digest, sink));
      TRY(sink(std::string(archive::tar_padding(line.size), '\0')));
    }
    return sink(std::string(trailer_size, '\0'));
  });
}

Result<> Bundle::write_image_archive(const Item& image, const archive::Sink& sink) const {
  CHECK(image.kind == ItemKind::image);
  archive::TarWriter tar(sink);
  TRY(tar.file(std::string(layout_name), layout_text));
  const Object index{
      {"schemaVersion", 2}, {"mediaType", oci::index}, {"manifests", Array{image.descriptor}}};
  TRY(tar.file(std::string(index_name), json::write(index, json::Escape::plain)));
  std::set<crypto::Sha256> written;
  const auto put = [&](const crypto::Sha256& digest) -> Result<> {
    if (!written.insert(digest).second) return {};
    const std::uint64_t at = TRY(place_of(digest));
    const std::uint64_t size = verified_.closure.find(digest)->size;
    const auto stored = archive::source_of_range(held_.file.get(), at, size);
    crypto::Sha256Stream stream;
    const auto source = hashing(stored, stream);
    TRY(tar.file(blob_name(digest), archive::TarWriter::Content{source, size}));
    if (stream.finish() != digest) return changed(digest);
    return {};
  };
  TRY(put(image.manifest));
  for (const auto& part : image.parts)
    TRY(put(part.digest));
  return tar.finish();
}

}  // namespace holdfast::bundle
