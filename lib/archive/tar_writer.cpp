// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_writer.h"

#include <algorithm>
#include <vector>

namespace holdfast::archive {
namespace {

constexpr std::size_t name_size = 100;

void put(std::string& block, std::size_t at, std::string_view text) {
  block.replace(at, text.size(), text);
}

// A pax record counts its own length: "30 path=…\n".
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;  // ' ', '=' and the line's end
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) {
    length = std::to_string(length).size() + rest;
  }
  return fmt::format("{} {}={}\n", length, key, value);
}

}  // namespace

std::string TarHeader::bytes() const {
  CHECK(name.size() <= name_size && link.size() <= name_size && size <= tar_size_limit);
  std::string block(tar_block, '\0');
  put(block, 0, name);
  put(block, 100, fmt::format("{:07o}", mode & 07777U));
  put(block, 108, "0000000");  // uid
  put(block, 116, "0000000");  // gid
  put(block, 124, fmt::format("{:011o}", size));
  put(block, 136, "00000000000");  // mtime
  put(block, 148, "        ");     // the sum is taken over blanks
  block[156] = type;
  put(block, 157, link);
  put(block, 257,
      std::string_view("ustar\0"
                       "00",
                       8));
  put(block, 329, "0000000");  // device numbers
  put(block, 337, "0000000");
  unsigned sum = 0;
  for (const char c : block)
    sum += static_cast<unsigned char>(c);
  put(block, 148, std::string_view(fmt::format("{:06o}", sum) + std::string("\0 ", 2)));
  return block;
}

Result<> TarWriter::header(const std::string& path, TarHeader header) {
  if (header.size > tar_size_limit) {
    return failure(Code::limit, "'{}' is {} bytes, the limit is {}", path, header.size,
                   tar_size_limit);
  }
  std::string records;
  if (path.size() > name_size) records += pax_record("path", path);
  if (header.link.size() > name_size) records += pax_record("linkpath", header.link);
  if (!records.empty()) {
    TarHeader pax{.name = "PaxHeaders/entry", .type = 'x', .size = records.size()};
    TRY(sink_(pax.bytes()));
    TRY(sink_(records));
    TRY(sink_(std::string(tar_padding(records.size()), '\0')));
  }
  header.name = path.substr(0, name_size);
  header.link.resize(std::min(header.link.size(), name_size));
  return sink_(header.bytes());
}

Result<> TarWriter::folder(const std::string& path, unsigned mode) {
  return header(path + "/", {.type = '5', .mode = mode});
}

Result<> TarWriter::file(const std::string& path, std::string_view content, unsigned mode) {
  return file(path, Content{source_of(content), content.size()}, mode);
}

Result<> TarWriter::file(const std::string& path, const Content& content, unsigned mode) {
  TRY(header(path, {.mode = mode, .size = content.size}));
  std::vector<char> buffer(std::size_t{64} << 10);
  std::uint64_t done = 0;
  while (true) {
    const std::size_t got = TRY(content.source(buffer), "reading '{}'", path);
    if (got == 0) break;
    done += got;
    if (done > content.size) break;
    TRY(sink_({buffer.data(), got}));
  }
  if (done != content.size) {
    return failure(Code::file_unreadable, "'{}' changed its size while it was read", path);
  }
  return sink_(std::string(tar_padding(content.size), '\0'));
}

Result<> TarWriter::link(const std::string& path, const std::string& target) {
  return header(path, {.type = '2', .mode = 0777, .link = target});
}

Result<> TarWriter::finish() {
  return sink_(std::string(2 * tar_block, '\0'));
}

}  // namespace holdfast::archive
