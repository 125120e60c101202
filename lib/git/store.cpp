// SPDX-License-Identifier: Apache-2.0
#include "git/store.h"

#include "git/library.h"
#include "git/pack_intake.h"
#include "git/repository.h"

#include <git2.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;

// What is offered to the server as already here. One per branch in use is enough for small packs.
constexpr std::size_t tips_max = 16;
constexpr std::string_view tips_file = "holdfast-tips";
// More than projects have credentials of their own for one repository.
constexpr std::size_t readers_max = 64;
constexpr std::string_view readers_file = "holdfast-readers";

std::vector<std::string> load_lines(const std::string& path, std::size_t lines_max) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  std::string line;
  while (lines.size() < lines_max && std::getline(file, line)) lines.push_back(line);
  return lines;
}

// A lost file costs one larger fetch, or a listing for each reader, so nothing is synchronised here.
void save_lines(const std::string& path, const std::vector<std::string>& lines) {
  const std::string partial = path + ".partial";
  {
    std::ofstream file(partial);
    for (const auto& line : lines) file << line << '\n';
  }
  static_cast<void>(std::rename(partial.c_str(), path.c_str()));
}

std::string path_in(const std::string& folder, std::string_view name) { return fmt::format("{}/{}", folder, name); }

std::vector<CommitId> load_tips(const std::string& folder) {
  std::vector<CommitId> tips;
  for (const auto& line : load_lines(path_in(folder, tips_file), tips_max)) {
    if (const auto id = CommitId::parse(line)) tips.push_back(*id);
  }
  return tips;
}

}  // namespace

Result<std::shared_ptr<Store>> Store::open(const std::string& folder, const StoreLimits& limits, SteadyTime now) {
  std::error_code status;
  if (fs::exists(folder, status) && !open_repository(folder)) fs::remove_all(folder, status);
  TRY(create_bare(folder, "main"));
  remove_stale_intakes(folder);
  auto store = std::make_shared<Store>(Private{}, folder, limits);
  store->tips_ = load_tips(folder);
  auto readers = store->readers_.lock();
  for (auto& name : load_lines(path_in(folder, readers_file), readers_max)) readers->push_back({std::move(name), now});
  return store;
}

Result<Store::Turn> Store::take_turn(const std::stop_token& stop) {
  auto busy = busy_.lock();
  const bool free = freed_.wait(busy.mutex(), stop, [&] { return !*busy; });
  if (!free) return failure(Code::stopped, "stopped while waiting for another fetch");
  *busy = true;
  return Turn(*this);
}

std::optional<Store::Turn> Store::try_turn() {
  auto busy = busy_.lock();
  if (*busy) return std::nullopt;
  *busy = true;
  return Turn(*this);
}

std::optional<Store::Silence> Store::silence() { return listed_.lock()->silence; }

std::optional<Store::Silence> Store::stalled(const CommitId& commit) {
  auto listed = listed_.lock();
  if (!listed->stalled || listed->stalled->first != commit) return std::nullopt;
  return listed->stalled->second;
}

void Store::end_turn() {
  *busy_.lock() = false;
  freed_.notify_one();
}

std::shared_ptr<const Store::Listing> Store::listing() {
  return listed_.lock()->listing;
}

void Store::expire() {
  auto listed = listed_.lock();
  listed->listing.reset();
  listed->stalled.reset();
  ++listed->expiries;
}

bool Store::lets_in(const std::string& reader) {
  auto readers = readers_.lock();
  return std::ranges::find(*readers, reader, &Reader::name) != readers->end();
}

bool Store::lets_in(const std::string& reader, SteadyTime since) {
  auto readers = readers_.lock();
  const auto found = std::ranges::find(*readers, reader, &Reader::name);
  return found != readers->end() && found->answered >= since;
}

void Store::let_in(const std::string& reader, SteadyTime now) {
  auto readers = readers_.lock();
  const auto found = std::ranges::find(*readers, reader, &Reader::name);
  if (found != readers->end()) {
    found->answered = now;
    return;
  }
  readers->insert(readers->begin(), {reader, now});
  if (readers->size() > readers_max) readers->resize(readers_max);
  save_readers(*readers);
}

void Store::shut_out(const std::string& reader) {
  auto readers = readers_.lock();
  if (std::erase_if(*readers, [&](const Reader& each) { return each.name == reader; }) > 0) save_readers(*readers);
}

void Store::save_readers(const std::vector<Reader>& readers) const {
  std::vector<std::string> names;
  for (const auto& each : readers) names.push_back(each.name);
  save_lines(path_in(folder_, readers_file), names);
}

// A server that is away, or ill, says nothing about who may read.
template <class T>
Result<T> Store::heard(const SmartClient& client, Result<T> answer) {
  if (answer) let_in(client.reader(), client.clock().steady());
  if (!answer && client.was_refused()) shut_out(client.reader());
  return answer;
}

Result<std::vector<Ref>> Store::ask_refs(SmartClient& client, const std::vector<std::string>& extra, const std::stop_token& stop) {
  return heard(client, client.list(dialect_, extra, stop));
}

Result<std::shared_ptr<const Store::Listing>> Store::list(SmartClient& client, const Clock& clock,
                                                          const std::stop_token& stop) {
  auto listing = std::make_shared<Listing>();
  listing->asked = clock.steady();
  const int expiries = listed_.lock()->expiries;
  auto refs = ask_refs(client, {}, stop);
  auto listed = listed_.lock();
  listed->silence.reset();
  if (!refs) {
    if (refs.error().code() == Code::timed_out) listed->silence = Silence{refs.error(), clock.steady()};
    return failure(std::move(refs).error());
  }
  listing->refs = *std::move(refs);
  // An answer to a question put before expire() may be from before the push that caused it.
  if (listed->expiries == expiries) listed->listing = listing;
  return std::shared_ptr<const Listing>(std::move(listing));
}

Result<std::vector<Ref>> Store::list_more(SmartClient& client, const std::string& prefix,
                                          const std::stop_token& stop) {
  return ask_refs(client, {prefix}, stop);
}

Result<std::shared_ptr<const GitTree>> Store::find_tree(const CommitId& commit) {
  if (auto known = (*trees_.lock())[commit].lock()) return known;
  auto tree = GitTree::open(folder_, commit, limits_.tree);
  if (!tree) {
    if (tree.error().code() == Code::git_revision) return std::shared_ptr<const GitTree>();
    return tree;
  }
  auto trees = trees_.lock();
  std::erase_if(*trees, [](const auto& entry) { return entry.second.expired(); });
  (*trees)[commit] = *tree;
  return tree;
}

std::optional<CommitId> Store::find_commit(std::string_view prefix) {
  const auto handle = open_repository(folder_);
  if (!handle) return std::nullopt;
  const auto objects = objects_of(**handle);
  if (!objects) return std::nullopt;
  git_oid beginning{}, found{};
  if (::git_oid_fromstrn(&beginning, prefix.data(), prefix.size()) != 0) return std::nullopt;
  if (::git_odb_exists_prefix(&found, objects->get(), &beginning, prefix.size()) != 0) {
    return std::nullopt;
  }
  const auto kind = kind_of_object(**objects, from_oid(found));
  if (!kind || *kind != ObjectKind::commit) return std::nullopt;
  return from_oid(found);
}

Result<> Store::learn_dialect(SmartClient& client, const std::stop_token& stop) {
  if (dialect_ != Dialect::unknown) return {};
  TRY(ask_refs(client, {}, stop));
  return {};
}

Result<> Store::fetch_into(SmartClient& client, const FetchRequest& request,
                           const std::stop_token& stop) {
  TRY(learn_dialect(client, stop));
  auto intake = TRY(PackIntake::open(folder_, {.parents = Parents::may_be_absent,
                                               .names = Names::judged_by_readers,
                                               .pack_bytes_max = limits_.pack_bytes_max}));
  TRY(heard(client, client.fetch(dialect_, request, [&](std::string_view bytes) { return intake.append(bytes); }, stop)));
  TRY(intake.finish());
  for (const auto& want : request.wants) {
    if (has_object(intake.objects(), want)) continue;
    return failure(Code::git_object, "the server's pack is without {}", want.hex());
  }
  return intake.accept();
}

Result<> Store::fetch(SmartClient& client, const CommitId& commit, const Clock& clock, const std::stop_token& stop) {
  auto fetched = fetch_commit(client, commit, stop);
  auto listed = listed_.lock();
  listed->stalled.reset();
  if (!fetched && fetched.error().code() == Code::timed_out) {
    listed->stalled.emplace(commit, Silence{fetched.error(), clock.steady()});
  }
  return fetched;
}

Result<> Store::fetch_commit(SmartClient& client, const CommitId& commit, const std::stop_token& stop) {
  const auto fetched = fetch_into(client, {.wants = {commit}, .haves = tips_}, stop);
  if (!fetched) {
    if (fetched.error().code() != Code::git_revision) return fetched;
    TRY(fetch_all(client, stop));
    if (TRY(find_tree(commit)) == nullptr) return fetched;
  }
  remember_tip(commit);
  return {};
}

Result<> Store::fetch_all(SmartClient& client, const std::stop_token& stop) {
  std::set<ObjectId> wants;
  const auto refs = TRY(ask_refs(client, {}, stop));
  for (const auto& ref : refs)
    wants.insert(ref.id);
  if (wants.empty()) return {};
  return fetch_into(
      client, {.wants = {wants.begin(), wants.end()}, .depth = FetchRequest::Depth::all}, stop);
}

Result<> Store::fetch_tag(SmartClient& client, const ObjectId& tag, const std::stop_token& stop) {
  return fetch_into(client, {.wants = {tag}, .haves = tips_}, stop);
}

Result<> Store::fetch_history(SmartClient& client, const CommitId& commit, const std::stop_token& stop) {
  const FetchRequest request{.wants = {commit}, .haves = {}, .whole = whole_, .depth = FetchRequest::Depth::all};
  const auto fetched = fetch_into(client, request, stop);
  if (!fetched) {
    if (fetched.error().code() != Code::git_revision) return fetched;
    TRY(fetch_all(client, stop));
  }
  whole_ = commit;
  return {};
}

void Store::remember_tip(const CommitId& commit) {
  std::erase(tips_, commit);
  tips_.insert(tips_.begin(), commit);
  if (tips_.size() > tips_max) tips_.resize(tips_max);
  std::vector<std::string> lines;
  for (const auto& tip : tips_) lines.push_back(tip.hex());
  save_lines(path_in(folder_, tips_file), lines);
}

}  // namespace holdfast::git
