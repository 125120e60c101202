// SPDX-License-Identifier: Apache-2.0
#include "git/smart_client.h"

#include "base/text.h"
#include "http/pace.h"

#include <algorithm>

namespace holdfast::git {
namespace {

constexpr std::string_view agent = "agent=holdfast\n";
// Only in a thin pack does git 2.39 leave out what a shallow commit of ours holds already
// (pack-objects' --objects-edge-aggressive); a fetch of one change would bring every folder again.
constexpr std::string_view abilities_v0 =
    " side-band-64k ofs-delta thin-pack no-progress agent=holdfast";
constexpr std::string_view service = "git-upload-pack";
constexpr std::size_t answer_bytes_max = std::size_t{64} << 20;

std::unexpected<Error> not_git(std::string_view what) {
  return failure(Code::git_unreachable, "the server's answer is not Git's: {}", what);
}

// What the transport met, as this module's callers know it. Never with the request: it has secrets. Until told()
// Code::forbidden is the server's word that whoever asks so may not read the repository, or that it is not there.
Error as_git_error(const Error& error) {
  const auto code = error.code();
  const bool kept = code == Code::timed_out || code == Code::limit || code == Code::stopped || code == Code::forbidden;
  auto told = Error(kept ? code : Code::git_unreachable, "the repository's server does not answer")
                  .because(error.message());
  const auto fix = error.fix_line();
  return fix == row_of(code).fix ? told : std::move(told).fix(std::string(fix));
}

// A refusal by status. The body may echo credentials, so it is never shown.
Result<> judge(const http::Response& response, std::string_view content_type) {
  if (response.status == 401 || response.status == 403) {
    return failure(
        Error(Code::forbidden,
              fmt::format("the server refuses the credentials (HTTP {})", response.status))
            .fix("check the user name and password or token of the repository's Secret"));
  }
  if (response.status == 404) {
    return failure(Code::forbidden, "the server has no such repository (HTTP 404)");
  }
  if (response.status >= 300 && response.status < 400) {
    return failure(Error(Code::git_unreachable, "the server redirects, which is not followed")
                       .at(printable(response.header("location")))
                       .fix("use the new URL, if you trust it"));
  }
  if (response.status != 200) {
    return failure(Code::git_unreachable, "the server answers HTTP {}", response.status);
  }
  const auto type = response.header("content-type");
  if (type.substr(0, type.find(';')) != content_type) {
    return not_git(fmt::format("it is of type \"{}\"", printable(type, 80)));
  }
  return {};
}

Result<std::optional<Packet>> next_packet(PacketReader& reader) {
  auto packet = TRY(reader.next());
  if (packet && packet->kind == PacketKind::data && packet->text.starts_with("ERR ")) {
    const auto words = printable(packet->line().substr(4));
    const bool absent = words.find("not our ref") != std::string::npos;
    return failure(Error(absent ? Code::git_revision : Code::forbidden,
                         absent ? "the server does not give out this commit"
                                : "the server refuses the request")
                       .because(words));
  }
  return packet;
}

// "feature/x": what git check-ref-format allows, as far as it matters to us.
bool is_ref_name(std::string_view name) {
  if (name == "HEAD") return true;
  if (!name.starts_with("refs/") || name.size() > 1024 || name.ends_with(".lock")) return false;
  if (name.find("..") != std::string_view::npos || name.find("//") != std::string_view::npos ||
      name.find("/.") != std::string_view::npos || name.ends_with('/')) {
    return false;
  }
  return std::ranges::none_of(name, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f ||
           std::string_view("~^:?*[\\").find(c) != std::string_view::npos;
  });
}

// Adds a ref, or what a tag just before peels to; hostile names are left out.
Result<> add_ref(std::vector<Ref>& refs, std::string_view hex, std::string_view name,
                 std::size_t refs_max) {
  const auto id = ObjectId::parse(hex);
  if (!id) return not_git("a ref without an id");
  if (name.ends_with("^{}")) {
    name.remove_suffix(3);
    if (!refs.empty() && refs.back().name == name) refs.back().peeled = *id;
    return {};
  }
  if (!is_ref_name(name)) return {};
  if (refs.size() == refs_max)
    return failure(Code::limit, "the server has more than {} refs", refs_max);
  refs.push_back({.name = std::string(name), .id = *id});
  return {};
}

// "<id> refs/tags/v1 peeled:<id>" of v2.
Result<> add_line_v2(std::vector<Ref>& refs, std::string_view line, std::size_t refs_max) {
  const auto words = split(line, ' ');
  if (words.size() < 2) return not_git("a ref without a name");
  const auto before = refs.size();
  TRY(add_ref(refs, words[0], words[1], refs_max));
  if (refs.size() == before) return {};
  for (const auto word : std::span(words).subspan(2)) {
    if (word.starts_with("peeled:")) refs.back().peeled = ObjectId::parse(word.substr(7));
    if (word.starts_with("symref-target:")) refs.back().symref_target = word.substr(14);
  }
  return {};
}

// The answer to info/refs: v2's list of abilities, or all refs of v0.
struct Advertisement {
  Dialect dialect = Dialect::v0;
  std::vector<Ref> refs;
};

// v0's abilities hide behind a NUL on the first line; they say where HEAD points.
std::string_view take_abilities(std::string_view& line) {
  const auto end = line.find('\0');
  if (end == std::string_view::npos) return {};
  const auto abilities = line.substr(end + 1);
  line = line.substr(0, end);
  return abilities;
}

Result<Advertisement> parse_advertisement(std::string_view body, std::size_t refs_max) {
  PacketReader reader;
  reader.feed(body);
  Advertisement advertisement;
  std::string head_target;
  while (true) {
    const auto packet = TRY(next_packet(reader));
    if (!packet) break;
    if (packet->kind != PacketKind::data) continue;
    std::string_view line = packet->line();
    if (line.starts_with("# service=")) continue;
    if (line == "version 2") {
      advertisement.dialect = Dialect::v2;
      return advertisement;
    }
    const auto abilities = take_abilities(line);
    for (const auto word : split(abilities, ' ')) {
      if (word.starts_with("symref=HEAD:")) head_target = word.substr(12);
      if (word == "object-format=sha256") return not_git("its objects have SHA-256 names");
    }
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return not_git("a ref without a name");
    if (line.substr(space + 1) == "capabilities^{}") continue;  // an empty repository
    TRY(add_ref(advertisement.refs, line.substr(0, space), line.substr(space + 1), refs_max));
  }
  if (!reader.rest().empty()) return not_git("it was cut short");
  for (auto& ref : advertisement.refs) {
    if (ref.name == "HEAD") ref.symref_target = head_target;
  }
  return advertisement;
}

}  // namespace

Result<std::vector<Ref>> parse_advertised_refs(std::string_view body, std::size_t refs_max) {
  auto advertisement = TRY(parse_advertisement(body, refs_max));
  if (advertisement.dialect != Dialect::v0) return not_git("it does not list its refs");
  return std::move(advertisement.refs);
}

http::Request SmartClient::get_info() const {
  http::Request request{
      .url = fmt::format("{}/info/refs?service={}", trimmed_url(remote_.url), service)};
  request.headers.push_back({"Git-Protocol", "version=2"});
  request.timeout = limits_.list_timeout;
  request.whole = limits_.list_timeout;
  return request;
}

http::Request SmartClient::post(Dialect dialect, std::string body) const {
  http::Request request{.method = "POST",
                        .url = fmt::format("{}/{}", trimmed_url(remote_.url), service)};
  request.headers.push_back({"Content-Type", fmt::format("application/x-{}-request", service)});
  request.headers.push_back({"Accept", fmt::format("application/x-{}-result", service)});
  if (dialect == Dialect::v2) request.headers.push_back({"Git-Protocol", "version=2"});
  request.body = std::move(body);
  request.timeout = limits_.list_timeout;
  request.whole = limits_.list_timeout;
  request.replay = http::Replay::safe;
  return request;
}

Result<> SmartClient::authorise(http::Request& request, const std::stop_token& stop) {
  if (remote_.lease.password) password_ = TRY(remote_.lease.password(stop));
  if (!remote_.bearer_token.empty()) {
    request.headers.push_back({"Authorization", "Bearer " + remote_.bearer_token.reveal()});
  } else if (!remote_.username.empty() || !password_.empty()) {
    request.headers.push_back(
        {"Authorization",
         "Basic " + to_base64(fmt::format("{}:{}", remote_.username, password_.reveal()))});
  }
  return {};
}

Result<http::Response> SmartClient::send(http::Request request, std::string_view content_type,
                                         const std::stop_token& stop) {
  TRY(authorise(request, stop));
  auto incoming = transport_.open(request, stop);
  if (!incoming) return failure(as_git_error(incoming.error()));
  http::Response response = (*incoming)->head();
  TRY(judge(response, content_type));
  while (true) {
    const auto bytes = (*incoming)->next(stop);
    if (!bytes) return failure(as_git_error(bytes.error()));
    if (bytes->empty()) return response;
    response.body += *bytes;
    if (response.body.size() > answer_bytes_max) {
      return failure(Code::limit, "the server's answer has more than {} bytes", answer_bytes_max);
    }
  }
}

Result<std::vector<Ref>> SmartClient::list_v2(const std::vector<std::string>& extra,
                                              const std::stop_token& stop) {
  std::string body = to_packet("command=ls-refs\n") + to_packet(agent) +
                     to_packet("object-format=sha1") + std::string(delimiter_packet) +
                     to_packet("peel\n") + to_packet("symrefs\n");
  for (const std::string_view prefix : {"HEAD", "refs/heads/", "refs/tags/"}) {
    body += to_packet(fmt::format("ref-prefix {}\n", prefix));
  }
  for (const auto& prefix : extra)
    body += to_packet(fmt::format("ref-prefix {}\n", prefix));
  body += flush_packet;
  const auto response =
      TRY(send(post(Dialect::v2, std::move(body)), "application/x-git-upload-pack-result", stop));
  PacketReader reader;
  reader.feed(response.body);
  std::vector<Ref> refs;
  while (true) {
    const auto packet = TRY(next_packet(reader));
    if (!packet) return not_git("it was cut short");
    if (packet->kind == PacketKind::flush) return refs;
    TRY(add_line_v2(refs, packet->line(), limits_.refs_max));
  }
}

// A server may echo what it was sent: its words are left out when the secret is among them.
Error SmartClient::without_secrets(const Error& error) const {
  const std::string message = error.message();
  for (const auto* secret : {&password_, &remote_.bearer_token}) {
    if (secret->empty()) continue;
    const std::string& plain = secret->reveal();
    const std::string basic = to_base64(fmt::format("{}:{}", remote_.username, plain));
    if (message.find(plain) == std::string::npos && message.find(basic) == std::string::npos)
      continue;
    return Error(error.code(),
                 "the server answers with our own credentials, so its words are left out");
  }
  return error;
}

Error SmartClient::told(const Error& error) {
  refused_ = error.code() == Code::forbidden;
  if (!refused_) return without_secrets(error);
  Error known(Code::git_unreachable, error.what());
  for (const auto& where : error.where()) known = std::move(known).at(where);
  for (const auto& cause : error.causes()) known = std::move(known).because(cause);
  if (error.fix_line() != row_of(error.code()).fix) known = std::move(known).fix(std::string(error.fix_line()));
  return without_secrets(known);
}

Result<std::vector<Ref>> SmartClient::list(Dialect& dialect, const std::vector<std::string>& extra,
                                           const std::stop_token& stop) {
  auto refs = list_refs(dialect, extra, stop);
  if (!refs) return failure(told(refs.error()));
  return refs;
}

Result<std::vector<Ref>> SmartClient::list_refs(Dialect& dialect,
                                                const std::vector<std::string>& extra,
                                                const std::stop_token& stop) {
  if (dialect == Dialect::v2) {
    auto refs = list_v2(extra, stop);
    // A server may have been replaced by an older one: then it is asked again from the beginning.
    if (refs || (refs.error().code() != Code::git_unreachable && refs.error().code() != Code::forbidden)) return refs;
    dialect = Dialect::unknown;
  }
  const auto response = TRY(send(get_info(), "application/x-git-upload-pack-advertisement", stop));
  auto advertisement = TRY(parse_advertisement(response.body, limits_.refs_max));
  dialect = advertisement.dialect;
  if (dialect == Dialect::v2) return list_v2(extra, stop);
  return std::move(advertisement.refs);
}

namespace {

std::string fetch_body_v2(const FetchRequest& request) {
  std::string body = to_packet("command=fetch") + to_packet(agent) +
                     to_packet("object-format=sha1") + std::string(delimiter_packet) +
                     to_packet("no-progress") + to_packet("ofs-delta") + to_packet("thin-pack");
  for (const auto& id : request.wants)
    body += to_packet(fmt::format("want {}\n", id.hex()));
  for (const auto& id : request.haves)
    body += to_packet(fmt::format("shallow {}\n", id.hex()));
  if (request.depth == FetchRequest::Depth::one) body += to_packet("deepen 1");
  for (const auto& id : request.haves)
    body += to_packet(fmt::format("have {}\n", id.hex()));
  if (request.whole) body += to_packet(fmt::format("have {}\n", request.whole->hex()));
  return body + to_packet("done\n") + std::string(flush_packet);
}

std::string fetch_body_v0(const FetchRequest& request) {
  std::string body;
  for (const auto& id : request.wants) {
    const bool first = body.empty();
    body += to_packet(fmt::format("want {}{}\n", id.hex(), first ? abilities_v0 : ""));
  }
  for (const auto& id : request.haves)
    body += to_packet(fmt::format("shallow {}\n", id.hex()));
  if (request.depth == FetchRequest::Depth::one) body += to_packet("deepen 1\n");
  body += flush_packet;
  for (const auto& id : request.haves)
    body += to_packet(fmt::format("have {}\n", id.hex()));
  if (request.whole) body += to_packet(fmt::format("have {}\n", request.whole->hex()));
  return body + to_packet("done\n");
}

// Takes the answer to a fetch apart while it arrives.
class FetchAnswer {
 public:
  FetchAnswer(Dialect dialect, const FetchRequest& request, const PackSink& sink)
      : dialect_(dialect),
        state_(dialect == Dialect::v0 && request.depth == FetchRequest::Depth::all ? State::answers
                                                                                   : State::start),
        sink_(sink) {}

  Result<> feed(std::string_view bytes) {
    reader_.feed(bytes);
    while (true) {
      const auto packet = TRY(next_packet(reader_));
      if (!packet) return {};
      TRY(dialect_ == Dialect::v2 ? take_v2(*packet) : take_v0(*packet));
    }
  }

  [[nodiscard]] bool complete() const { return state_ == State::end; }
  [[nodiscard]] bool in_pack() const { return state_ == State::pack; }

 private:
  // start: before the pack's section (v2), or the list of shallow commits (v0).
  // answers: v0's ACK or NAK.
  enum class State { start, answers, pack, end };

  Result<> take_v2(const Packet& packet) {
    if (state_ == State::pack) return take_pack(packet);
    if (packet.kind == PacketKind::data && packet.line() == "packfile") state_ = State::pack;
    if (packet.kind == PacketKind::flush) return not_git("it has no pack");
    return {};
  }

  Result<> take_v0(const Packet& packet) {
    if (state_ == State::pack) return take_pack(packet);
    if (state_ == State::start) {
      if (packet.kind == PacketKind::flush) state_ = State::answers;
      return {};
    }
    const auto line = packet.line();
    if (line != "NAK" && !line.starts_with("ACK ")) return not_git("it neither agrees nor refuses");
    state_ = State::pack;
    return {};
  }

  // Side band 1 is the pack, 2 is what the server tells a person, 3 ends it all.
  Result<> take_pack(const Packet& packet) {
    if (packet.kind == PacketKind::flush) {
      state_ = State::end;
      return {};
    }
    if (packet.kind != PacketKind::data || packet.text.empty())
      return not_git("it has no side band");
    const char band = packet.text[0];
    const auto content = packet.text.substr(1);
    if (band == 1) return sink_(content);
    if (band == 2) return {};
    return failure(Error(Code::git_unreachable, "the server gave up while it sent the pack")
                       .because(printable(trim(content))));
  }

  Dialect dialect_;
  State state_;
  const PackSink& sink_;
  PacketReader reader_;
};

}  // namespace

Result<> SmartClient::fetch(Dialect dialect, const FetchRequest& request, const PackSink& sink,
                            const std::stop_token& stop) {
  const auto fetched = fetch_pack(dialect, request, sink, stop);
  if (!fetched) return failure(told(fetched.error()));
  return fetched;
}

Result<> SmartClient::fetch_pack(Dialect dialect, const FetchRequest& request, const PackSink& sink,
                                 const std::stop_token& stop) {
  auto message =
      post(dialect, dialect == Dialect::v2 ? fetch_body_v2(request) : fetch_body_v0(request));
  message.timeout = limits_.idle_timeout;
  message.whole = limits_.fetch_timeout;
  TRY(authorise(message, stop));
  auto incoming = transport_.open(message, stop);
  if (!incoming) return failure(as_git_error(incoming.error()));
  TRY(judge((*incoming)->head(), "application/x-git-upload-pack-result"));
  FetchAnswer answer(dialect, request, sink);
  // Until the pack begins a server that counts its objects sends a few bytes every 5 s.
  std::optional<http::Pace> pace;
  while (!answer.complete()) {
    const auto bytes = (*incoming)->next(stop);
    if (!bytes) return failure(as_git_error(bytes.error()));
    if (bytes->empty()) return not_git("it was cut short");
    TRY(answer.feed(*bytes));
    if (!pace && answer.in_pack()) pace.emplace(clock_, limits_.idle_timeout, limits_.bytes_per_second_min);
    if (!pace) continue;
    if (const auto kept = pace->note(bytes->size()); !kept) return failure(as_git_error(kept.error()));
  }
  return {};
}

}  // namespace holdfast::git
