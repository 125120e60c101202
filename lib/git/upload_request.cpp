// SPDX-License-Identifier: Apache-2.0
#include "git/upload_request.h"

#include "base/text.h"
#include "git/pkt_line.h"

#include <charconv>

namespace holdfast::git {
namespace {

std::unexpected<Error> refused(std::string_view line) {
  return failure(Code::wrong_type, "the request has an unexpected line \"{}\"",
                 printable(line, 80));
}

Result<std::int64_t> to_number(std::string_view digits, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status != std::errc() || end != digits.data() + digits.size() || value < 0 || value > most) {
    return refused(digits);
  }
  return value;
}

Result<> add_id(std::vector<ObjectId>& ids, std::string_view hex, std::size_t ids_max) {
  const auto id = ObjectId::parse(hex);
  if (!id) return refused(hex);
  if (ids.size() == ids_max)
    return failure(Code::limit, "the request has more than {} ids", ids_max);
  ids.push_back(*id);
  return {};
}

// One argument of a fetch; the same words in both dialects.
Result<> add_argument(FetchArguments& fetch, std::string_view line, std::size_t ids_max) {
  const auto space = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, space);
  const auto value = line.substr(std::min(space + 1, line.size()));
  if (word == "want") return add_id(fetch.wants, value, ids_max);
  if (word == "have") return add_id(fetch.haves, value, ids_max);
  if (word == "shallow") return add_id(fetch.shallows, value, ids_max);
  if (word == "deepen") {
    fetch.depth = static_cast<int>(TRY(to_number(value, FetchArguments::whole_history)));
    return {};
  }
  if (word == "deepen-since") {
    constexpr std::int64_t year_2200 = 7'258'118'400;
    fetch.since = WallTime(std::chrono::seconds(TRY(to_number(value, year_2200))));
    return {};
  }
  if (word == "deepen-relative") fetch.relative = true;
  if (word == "done") fetch.done = true;
  if (word == "include-tag") fetch.include_tags = true;
  if (word == "deepen-not" || word == "filter" || word == "want-ref") return refused(line);
  return {};  // thin-pack, ofs-delta, no-progress: permissions that need not be used
}

void add_list_argument(ListArguments& list, std::string_view line) {
  constexpr std::string_view prefix = "ref-prefix ";
  if (line == "peel") list.peel = true;
  if (line == "symrefs") list.symrefs = true;
  if (line == "unborn") list.unborn = true;
  if (line.starts_with(prefix)) list.prefixes.emplace_back(line.substr(prefix.size()));
}

Result<UploadRequest> parse_v2(std::string_view body, std::size_t ids_max) {
  PacketReader reader;
  reader.feed(body);
  std::string command;
  bool arguments = false;
  ListArguments list;
  FetchArguments fetch{.side_band = true};
  while (true) {
    const auto packet = TRY(reader.next());
    if (!packet) return failure(Code::wrong_type, "the request is cut short");
    if (packet->kind == PacketKind::flush) break;
    if (packet->kind == PacketKind::delimiter) {
      arguments = true;
      continue;
    }
    const auto line = packet->line();
    if (!arguments) {
      if (line.starts_with("command=")) command = line.substr(8);
      if (line.starts_with("object-format=") && line != "object-format=sha1") return refused(line);
    } else if (command == "ls-refs") {
      add_list_argument(list, line);
      if (list.prefixes.size() > ids_max) return failure(Code::limit, "too many prefixes");
    } else {
      TRY(add_argument(fetch, line, ids_max));
    }
  }
  if (command.empty()) return UploadRequest();
  if (command == "ls-refs") return UploadRequest(std::move(list));
  if (command == "fetch") return UploadRequest(std::move(fetch));
  return failure(Code::wrong_type, "there is no command \"{}\"", printable(command, 80));
}

// The client's choice among our abilities follows its first want.
void take_abilities(FetchArguments& fetch, std::string_view& line) {
  constexpr std::size_t want_bytes = 5 + 2 * ObjectId::size;
  if (!line.starts_with("want ") || line.size() <= want_bytes) return;
  for (const auto word : split(line.substr(want_bytes), ' ')) {
    if (word == "side-band-64k") fetch.side_band = true;
    if (word == "include-tag") fetch.include_tags = true;
    if (word == "deepen-relative") fetch.relative = true;
    if (word == "multi_ack_detailed") fetch.detailed_acks = true;
  }
  line = line.substr(0, want_bytes);
}

Result<UploadRequest> parse_v0(std::string_view body, std::size_t ids_max) {
  PacketReader reader;
  reader.feed(body);
  FetchArguments fetch{.only_depth = true};
  bool flushed = false;
  while (true) {
    const auto packet = TRY(reader.next());
    if (!packet) break;
    if (flushed) fetch.only_depth = false;
    flushed = flushed || packet->kind != PacketKind::data;
    if (packet->kind != PacketKind::data) continue;
    auto line = packet->line();
    if (fetch.wants.empty()) take_abilities(fetch, line);
    TRY(add_argument(fetch, line, ids_max));
  }
  if (!reader.rest().empty()) return failure(Code::wrong_type, "the request is cut short");
  if (fetch.wants.empty()) return UploadRequest();
  return UploadRequest(std::move(fetch));
}

}  // namespace

Result<UploadRequest> parse_upload_request(Dialect dialect, std::string_view body,
                                           std::size_t ids_max) {
  return dialect == Dialect::v2 ? parse_v2(body, ids_max) : parse_v0(body, ids_max);
}

}  // namespace holdfast::git
