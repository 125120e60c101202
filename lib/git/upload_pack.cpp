// SPDX-License-Identifier: Apache-2.0
#include "git/upload_pack.h"

#include "base/handle.h"
#include "base/text.h"
#include "git/library.h"
#include "git/pkt_line.h"
#include "git/repository.h"

#include <git2.h>

#include <algorithm>
#include <optional>
#include <set>

namespace holdfast::git {
namespace {

constexpr std::string_view agent = "agent=holdfast";

// Packets collected to portions that are worth sending.
class PacketWriter {
 public:
  explicit PacketWriter(const PackSink& sink) : sink_(sink) {}

  Result<> packet(std::string_view payload) { return raw(to_packet(payload)); }

  Result<> raw(std::string_view bytes) {
    buffer_ += bytes;
    return buffer_.size() < portion ? Result<>() : flush();
  }

  Result<> flush() {
    const std::string bytes = std::exchange(buffer_, std::string());
    return bytes.empty() ? Result<>() : sink_(bytes);
  }

 private:
  static constexpr std::size_t portion = std::size_t{64} << 10;

  const PackSink& sink_;
  std::string buffer_;
};

std::string abilities_v0(const std::vector<Ref>& refs) {
  std::string text =
      "multi_ack_detailed side-band-64k ofs-delta thin-pack shallow deepen-since deepen-relative "
      "include-tag "
      "no-progress allow-tip-sha1-in-want allow-reachable-sha1-in-want object-format=sha1 ";
  if (!refs.empty() && refs[0].name == "HEAD" && !refs[0].symref_target.empty()) {
    text += fmt::format("symref=HEAD:{} ", refs[0].symref_target);
  }
  return text + std::string(agent);
}

Result<> advertise_v0(PacketWriter& out, const std::vector<Ref>& refs) {
  std::string abilities(1, '\0');
  abilities += abilities_v0(refs);
  if (refs.empty()) TRY(out.packet(ObjectId().hex() + " capabilities^{}" + abilities + "\n"));
  for (const auto& ref : refs) {
    TRY(out.packet(fmt::format("{} {}{}\n", ref.id.hex(), ref.name, abilities)));
    abilities.clear();
    if (ref.peeled) TRY(out.packet(fmt::format("{} {}^{{}}\n", ref.peeled->hex(), ref.name)));
  }
  return out.raw(flush_packet);
}

// What `body` is not allowed to be, in words the client shows to its user.
std::unexpected<Error> refuse(const PackSink& sink, const Error& error) {
  const auto sent = sink(to_packet(fmt::format("ERR {}\n", error.what())));
  static_cast<void>(sent);  // the first error is the one that matters
  return failure(error);
}

// Where HEAD points while its branch has no commit.
std::string unborn_target(const std::string& repository) {
  const auto handle = open_repository(repository);
  if (!handle) return "";
  git_reference* raw = nullptr;
  if (::git_reference_lookup(&raw, handle->get(), "HEAD") != 0) return "";
  const Handle<git_reference, ::git_reference_free> head(raw);
  const char* target = ::git_reference_symbolic_target(head.get());
  return target == nullptr ? "" : target;
}

}  // namespace

Result<> UploadPack::advertise(Dialect dialect, const PackSink& sink) const {
  PacketWriter out(sink);
  TRY(out.packet("# service=git-upload-pack\n"));
  TRY(out.raw(flush_packet));
  if (dialect == Dialect::v2) {
    for (const std::string_view line : {"version 2\n", "agent=holdfast\n", "ls-refs=unborn\n",
                                        "fetch=shallow\n", "object-format=sha1\n"}) {
      TRY(out.packet(line));
    }
    TRY(out.raw(flush_packet));
  } else {
    const auto refs = TRY(read_refs(repository_));
    TRY(advertise_v0(out, refs));
  }
  return out.flush();
}

Result<> UploadPack::list(const ListArguments& arguments, const PackSink& sink) const {
  const auto refs = TRY(read_refs(repository_));
  const auto asked = [&](const std::string& name) {
    return arguments.prefixes.empty() ||
           std::ranges::any_of(arguments.prefixes,
                               [&](const auto& p) { return name.starts_with(p); });
  };
  PacketWriter out(sink);
  const bool born = !refs.empty() && refs[0].name == "HEAD";
  if (!born && arguments.unborn && asked("HEAD")) {
    const auto target = unborn_target(repository_);
    if (!target.empty()) TRY(out.packet(fmt::format("unborn HEAD symref-target:{}\n", target)));
  }
  for (const auto& ref : refs) {
    if (!asked(ref.name)) continue;
    std::string line = fmt::format("{} {}", ref.id.hex(), ref.name);
    if (arguments.symrefs && !ref.symref_target.empty())
      line += " symref-target:" + ref.symref_target;
    if (arguments.peel && ref.peeled) line += " peeled:" + ref.peeled->hex();
    TRY(out.packet(line + "\n"));
  }
  TRY(out.raw(flush_packet));
  return out.flush();
}

namespace {

// One answer to a fetch, from negotiation to the last byte of the pack.
class FetchAnswer {
 public:
  FetchAnswer(Dialect dialect, const FetchArguments& arguments, const PackSink& sink)
      : dialect_(dialect), arguments_(arguments), sink_(sink), out_(sink) {}

  Result<> write(const std::string& repository, const PackLimits& limits,
                 const std::stop_token& stop) {
    repository_ = TRY(open_repository(repository));
    objects_ = TRY(objects_of(*repository_));
    TRY(find_wants());
    find_common();
    const PackQuestion question{.wants = wants_,
                                .haves = common_,
                                .shallows = arguments_.shallows,
                                .depth = arguments_.depth,
                                .relative = arguments_.relative,
                                .since = arguments_.since};
    const auto plan = plan_pack(*repository_, question, limits);
    if (!plan) return refuse(sink_, plan.error());
    const bool sends = TRY(dialect_ == Dialect::v2 ? negotiate_v2(*plan) : negotiate_v0(*plan));
    if (!sends) return out_.flush();
    TRY(out_.flush());
    if (arguments_.include_tags) TRY(add_tags(repository, *plan));
    const auto written = write_pack(
        *repository_, *plan, tags_, [&](std::string_view bytes) { return pack(bytes); }, stop);
    if (!written) return break_off(written.error());
    if (arguments_.side_band) TRY(out_.raw(flush_packet));
    return out_.flush();
  }

 private:
  Result<> find_wants();
  void find_common();
  Result<bool> negotiate_v2(const PackPlan& plan);
  Result<bool> negotiate_v0(const PackPlan& plan);
  Result<> shallow_lines(const PackPlan& plan);
  Result<> add_tags(const std::string& repository, const PackPlan& plan);
  Result<> pack(std::string_view bytes);
  Result<> break_off(const Error& error);

  Dialect dialect_;
  const FetchArguments& arguments_;
  const PackSink& sink_;
  PacketWriter out_;
  RepositoryHandle repository_;
  ObjectsHandle objects_;
  std::vector<CommitId> wants_, common_;
  std::vector<ObjectId> tags_;
};

Result<> FetchAnswer::find_wants() {
  for (const auto& want : arguments_.wants) {
    // Tags on the way are sent too, so that the client has what it asked for.
    ObjectId id = want;
    auto kind = has_object(*objects_, id) ? kind_of_object(*objects_, id)
                                          : failure(Code::git_revision, "absent");
    if (kind && *kind == ObjectKind::tag) tags_.push_back(id);
    const auto commit = kind ? peel_to_commit(*objects_, id) : failure(Error(kind.error()));
    if (!commit) {
      return refuse(
          sink_, Error(Code::git_revision, fmt::format("upload-pack: not our ref {}", want.hex())));
    }
    wants_.push_back(*commit);
  }
  return {};
}

void FetchAnswer::find_common() {
  for (const auto& have : arguments_.haves) {
    if (!has_object(*objects_, have)) continue;
    const auto kind = kind_of_object(*objects_, have);
    if (kind && *kind == ObjectKind::commit) common_.push_back(have);
  }
}

Result<> FetchAnswer::shallow_lines(const PackPlan& plan) {
  for (const auto& id : plan.shallow)
    TRY(out_.packet(fmt::format("shallow {}\n", id.hex())));
  for (const auto& id : plan.unshallow)
    TRY(out_.packet(fmt::format("unshallow {}\n", id.hex())));
  return {};
}

// Is the pack to follow? One common commit is enough to begin: a better one would make the pack a
// little smaller and costs the client another round.
Result<bool> FetchAnswer::negotiate_v2(const PackPlan& plan) {
  if (!arguments_.done) {
    TRY(out_.packet("acknowledgments\n"));
    if (common_.empty()) TRY(out_.packet("NAK\n"));
    for (const auto& id : common_)
      TRY(out_.packet(fmt::format("ACK {}\n", id.hex())));
    if (!common_.empty()) TRY(out_.packet("ready\n"));
    TRY(out_.raw(common_.empty() ? flush_packet : delimiter_packet));
    if (common_.empty()) return false;
  }
  if (arguments_.deepens()) {
    TRY(out_.packet("shallow-info\n"));
    TRY(shallow_lines(plan));
    TRY(out_.raw(delimiter_packet));
  }
  TRY(out_.packet("packfile\n"));
  return true;
}

// A round that does not end with "done" says what is common; the last one ends with one ACK or NAK.
Result<bool> FetchAnswer::negotiate_v0(const PackPlan& plan) {
  if (arguments_.deepens()) {
    TRY(shallow_lines(plan));
    TRY(out_.raw(flush_packet));
  }
  if (arguments_.only_depth) return false;
  const auto acknowledge = [&](const CommitId& id, std::string_view state) {
    return out_.packet(fmt::format("ACK {}{}\n", id.hex(), state));
  };
  if (arguments_.detailed_acks) {
    for (const auto& id : common_)
      TRY(acknowledge(id, " common"));
    if (!arguments_.done && !common_.empty()) TRY(acknowledge(common_.back(), " ready"));
  }
  const bool ends_with_ack = !common_.empty() && (arguments_.done || !arguments_.detailed_acks);
  TRY(ends_with_ack ? acknowledge(common_.back(), "") : out_.packet("NAK\n"));
  return arguments_.done;
}

Result<> FetchAnswer::add_tags(const std::string& repository, const PackPlan& plan) {
  const std::set<CommitId> sent(plan.commits.begin(), plan.commits.end());
  std::set<ObjectId> known(tags_.begin(), tags_.end());
  const auto refs = TRY(read_refs(repository));
  for (const auto& ref : refs) {
    if (ref.peeled && sent.contains(*ref.peeled) && known.insert(ref.id).second) {
      tags_.push_back(ref.id);
    }
  }
  return {};
}

Result<> FetchAnswer::pack(std::string_view bytes) {
  if (!arguments_.side_band) return out_.raw(bytes);
  constexpr std::size_t band_max = packet_payload_max - 1;
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, band_max);
    TRY(out_.packet("\x01" + std::string(part)));
    bytes.remove_prefix(part.size());
  }
  return {};
}

// In the middle of a pack only the third band can say that something went wrong.
Result<> FetchAnswer::break_off(const Error& error) {
  if (arguments_.side_band && out_.packet("\x03" + error.what() + "\n")) {
    const auto sent = out_.flush();
    static_cast<void>(sent);  // the first error is the one that matters
  }
  return failure(error);
}

}  // namespace

Result<> UploadPack::fetch(Dialect dialect, const FetchArguments& arguments, const PackSink& sink,
                           const std::stop_token& stop) const {
  return FetchAnswer(dialect, arguments, sink).write(repository_, limits_, stop);
}

Result<> UploadPack::answer(Dialect dialect, std::string_view body, const PackSink& sink,
                            const std::stop_token& stop) const {
  const auto request = parse_upload_request(dialect, body);
  if (!request) return refuse(sink, request.error());
  if (const auto* arguments = std::get_if<ListArguments>(&*request)) return list(*arguments, sink);
  if (const auto* arguments = std::get_if<FetchArguments>(&*request)) {
    return fetch(dialect, *arguments, sink, stop);
  }
  return sink(flush_packet);
}

}  // namespace holdfast::git
