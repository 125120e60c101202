// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_reader.h"

#include "base/handle.h"
#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace holdfast::archive {
namespace {

using Reader = Handle<struct ::archive, archive_read_free>;

// What libarchive's callback needs; it keeps the first refusal of ours, which has the better words.
struct Feed {
  const Source& source;
  std::vector<char> buffer = std::vector<char>(std::size_t{64} << 10);
  std::optional<Error> error;
};

la_ssize_t feed(struct ::archive* reader, void* data, const void** block) {
  auto& from = *static_cast<Feed*>(data);
  auto got = from.source(from.buffer);
  if (!got) {
    from.error = std::move(got).error();
    archive_set_error(reader, EIO, "source");
    return ARCHIVE_FATAL;
  }
  *block = from.buffer.data();
  return static_cast<la_ssize_t>(*got);
}

std::unexpected<Error> reader_failure(struct ::archive* reader, Feed& from) {
  if (from.error) return failure(*std::exchange(from.error, std::nullopt));
  const char* reason = archive_error_string(reader);
  return failure(Error(Code::file_unreadable, "the archive could not be read")
                     .because(printable(reason == nullptr ? "unknown" : reason)));
}

Result<Reader> open_reader(Feed& from) {
  Reader reader(archive_read_new());
  CHECK(reader != nullptr);
  // One format and two filters: each further one is attack surface.
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_zstd(reader.get());
  if (archive_read_open(reader.get(), &from, nullptr, feed, nullptr) != ARCHIVE_OK) {
    return reader_failure(reader.get(), from);
  }
  return reader;
}

Result<std::string> clean_path(std::string_view path, const Limits& limits) {
  if (path.size() > limits.path_bytes) {
    return failure(Code::limit, "path '{}' is {} bytes, the limit is {}", printable(path, 60),
                   path.size(), limits.path_bytes);
  }
  const bool plain = !find_invalid_utf8(path) && path.find('\0') == std::string_view::npos &&
                     path.find('\\') == std::string_view::npos;
  const auto parts = split(path, '/');
  const bool climbs = std::ranges::find(parts, "..") != parts.end();
  const auto cleaned = plain && !climbs ? join_inside("", path) : std::nullopt;
  if (!cleaned) {
    return failure(Code::path_outside, "archive member '{}' has no path inside the archive",
                   printable(path));
  }
  if (std::ranges::count(*cleaned, '/') >= limits.depth) {
    return failure(Code::limit, "path '{}' is deeper than {} folders", printable(path),
                   limits.depth);
  }
  return *cleaned;
}

// Nothing for members that are left out.
Result<std::optional<Entry>> entry_of(struct ::archive_entry* raw, const Limits& limits) {
  const char* path = archive_entry_pathname_utf8(raw);
  if (path == nullptr) path = archive_entry_pathname(raw);
  if (path == nullptr) return failure(Code::path_outside, "an archive member has no path");
  const auto type = archive_entry_filetype(raw);
  const bool linked = archive_entry_hardlink(raw) != nullptr;
  if (linked || (type != AE_IFREG && type != AE_IFDIR)) {
    if (limits.others == Others::skip) return std::nullopt;
    return failure(Code::source_unsupported, "archive member '{}' is neither a file nor a folder",
                   printable(path));
  }
  Entry entry;
  entry.path = TRY(clean_path(path, limits));
  entry.kind = type == AE_IFDIR ? EntryKind::folder : EntryKind::file;
  entry.size = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(raw), 0));
  entry.mode = static_cast<unsigned>(archive_entry_perm(raw)) & 0777U;
  return entry;
}

Result<std::size_t> read_content(struct ::archive* reader, Feed& from, std::span<char> into) {
  const la_ssize_t got = archive_read_data(reader, into.data(), into.size());
  if (got < 0) return reader_failure(reader, from);
  return static_cast<std::size_t>(got);
}

}  // namespace

Result<> read_tar(const Source& source, const Limits& limits, const Visitor& visit) {
  Feed from{.source = source};
  const Reader reader = TRY(open_reader(from));
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  while (true) {
    struct ::archive_entry* raw = nullptr;
    const int status = archive_read_next_header(reader.get(), &raw);
    if (status == ARCHIVE_EOF) return {};
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return reader_failure(reader.get(), from);
    if (++entries > limits.entries) {
      return failure(Code::limit, "the archive has more than {} members", limits.entries);
    }
    const auto entry = TRY(entry_of(raw, limits));
    if (!entry) continue;
    if (entry->size > limits.bytes - bytes) {
      return failure(Code::limit, "the archive expands to more than {} bytes", limits.bytes);
    }
    bytes += entry->size;
    const Source content = [&](std::span<char> into) {
      return read_content(reader.get(), from, into);
    };
    TRY(visit(*entry, content));
  }
}

Result<tree::MemoryTree> read_tree(std::string_view bytes, const Limits& limits) {
  tree::MemoryTree::Files files;
  std::set<std::string, std::less<>> folders;
  const Visitor keep = [&](const Entry& entry, const Source& content) -> Result<> {
    if (entry.kind == EntryKind::folder) return {};
    if (entry.path.empty() || files.contains(entry.path)) {
      return failure(Code::path_outside, "archive member '{}' occurs twice", printable(entry.path));
    }
    for (auto folder = parent_path(entry.path); !folder.empty(); folder = parent_path(folder)) {
      folders.emplace(folder);
    }
    files[entry.path] = TRY(read_all(content, entry.size));
    return {};
  };
  TRY(read_tar(source_of(bytes), limits, keep));
  for (const auto& [path, content] : files) {
    if (!folders.contains(path)) continue;
    return failure(Code::path_outside, "'{}' is both a file and a folder of the archive",
                   printable(path));
  }
  return tree::MemoryTree(std::move(files));
}

}  // namespace holdfast::archive
