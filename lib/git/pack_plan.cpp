// SPDX-License-Identifier: Apache-2.0
#include "git/pack_plan.h"

#include "base/handle.h"
#include "git/library.h"
#include "git/object_text.h"

#include <git2.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace holdfast::git {
namespace {

constexpr std::size_t object_bytes_max = std::size_t{100} << 20;
constexpr std::size_t entries_max = 1'000'000;
constexpr int folders_deep_max = 256;
constexpr int whole_history = 0x7fffffff;  // the protocol's word for no limit
// Marking what is there costs a walk over its files; more haves than these save nothing.
constexpr std::size_t marked_haves_max = 16;

using Ids = std::unordered_set<ObjectId>;

struct Link {
  std::vector<CommitId> parents;
  WallTime time;
};

class Walker {
 public:
  Walker(git_repository& repository, git_odb& objects, const PackQuestion& question,
         const PackLimits& limits)
      : repository_(repository),
        objects_(objects),
        question_(question),
        limits_(limits),
        shallows_(question.shallows.begin(), question.shallows.end()) {}

  Result<PackPlan> plan() {
    const bool whole = shallows_.empty() && question_.depth == 0 && question_.since == WallTime{};
    TRY(whole ? walk_whole() : walk_limited());
    TRY(find_boundary());
    return std::move(plan_);
  }

 private:
  Result<> walk_whole();
  Result<> walk_limited();
  Result<bool> ends_at(const CommitId& id, int depth, const Link& link);
  Result<Ids> there();
  Result<> find_boundary();

  Result<Link> link_of(const CommitId& id) {
    const auto object = TRY(read_object(objects_, id, object_bytes_max));
    auto commit = TRY(parse_commit(object.content));
    return Link{.parents = std::move(commit.info.parents), .time = commit.info.committer_time};
  }

  Result<> count_commit() {
    if (++commits_ <= limits_.commits_max) return {};
    return failure(Code::limit, "the history has more than {} commits", limits_.commits_max);
  }

  git_repository& repository_;
  git_odb& objects_;
  const PackQuestion& question_;
  const PackLimits& limits_;
  Ids shallows_;
  std::size_t commits_ = 0;
  PackPlan plan_;
};

// Without cut histories the library's walk ends where the common part begins.
Result<> Walker::walk_whole() {
  git_revwalk* raw = nullptr;
  if (::git_revwalk_new(&raw, &repository_) != 0) {
    return failure(library_error(Code::git_object, "the history cannot be walked"));
  }
  const Handle<git_revwalk, ::git_revwalk_free> walk(raw);
  ::git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  int status = 0;
  for (const auto& id : question_.wants) {
    const git_oid oid = to_oid(id);
    if (status == 0) status = ::git_revwalk_push(walk.get(), &oid);
  }
  for (const auto& id : question_.haves) {
    const git_oid oid = to_oid(id);
    if (status == 0) status = ::git_revwalk_hide(walk.get(), &oid);
  }
  git_oid next{};
  while (status == 0) {
    status = ::git_revwalk_next(&next, walk.get());
    if (status != 0) break;
    TRY(count_commit());
    plan_.commits.push_back(from_oid(next));
  }
  if (status == GIT_ITEROVER) return {};
  return failure(library_error(Code::git_object, "the history cannot be walked"));
}

// Everything that the other side has, as far as its own cut history reaches.
Result<Ids> Walker::there() {
  Ids found(question_.haves.begin(), question_.haves.end());
  std::vector<CommitId> ahead = question_.haves;
  while (!ahead.empty()) {
    const auto id = ahead.back();
    ahead.pop_back();
    if (shallows_.contains(id)) continue;
    TRY(count_commit());
    const auto link = TRY(link_of(id));
    for (const auto& parent : link.parents) {
      if (found.insert(parent).second) ahead.push_back(parent);
    }
  }
  return found;
}

// Level by level, so that a commit's depth is its shortest distance from a wanted one (or from a
// shallow one, when the depth is relative: until then it is 0 and does not count).
Result<> Walker::walk_limited() {
  const Ids there = TRY(this->there());
  const bool relative = question_.relative && question_.depth > 0;
  Ids seen(question_.wants.begin(), question_.wants.end());
  std::deque<std::pair<CommitId, int>> ahead;
  for (const auto& id : seen)
    ahead.emplace_back(id, relative ? 0 : 1);
  while (!ahead.empty()) {
    auto [id, depth] = ahead.front();
    ahead.pop_front();
    TRY(count_commit());
    if (relative && depth == 0 && shallows_.contains(id)) depth = 1;
    if (!there.contains(id)) plan_.commits.push_back(id);
    const auto link = TRY(link_of(id));
    if (TRY(ends_at(id, depth, link))) continue;
    for (const auto& parent : link.parents) {
      if (seen.insert(parent).second) ahead.emplace_back(parent, depth == 0 ? 0 : depth + 1);
    }
  }
  return {};
}

// Will the client have `id` without its parents? Notes what changes for it.
Result<bool> Walker::ends_at(const CommitId& id, int depth, const Link& link) {
  const bool was_shallow = shallows_.contains(id);
  // A history that is cut stays so, unless it is asked to be deepened.
  if (question_.depth == 0 && question_.since == WallTime{}) return was_shallow;
  if (link.parents.empty()) return true;
  const int limit = question_.depth + (question_.relative ? 1 : 0);
  bool cut = question_.depth > 0 && question_.depth < whole_history && depth >= limit;
  if (!cut && question_.since != WallTime{}) {
    for (const auto& parent : link.parents) {
      const auto parent_link = TRY(link_of(parent));
      cut = cut || parent_link.time < question_.since;
    }
  }
  if (cut && !was_shallow) plan_.shallow.push_back(id);
  if (!cut && was_shallow) plan_.unshallow.push_back(id);
  return cut;
}

Result<> Walker::find_boundary() {
  const Ids sent(plan_.commits.begin(), plan_.commits.end());
  Ids boundary;
  for (std::size_t i = 0; i < std::min(question_.haves.size(), marked_haves_max); ++i) {
    boundary.insert(question_.haves[i]);
  }
  const bool whole = shallows_.empty() && question_.depth == 0 && question_.since == WallTime{};
  if (whole && !question_.haves.empty()) {
    for (const auto& id : plan_.commits) {
      const auto link = TRY(link_of(id));
      for (const auto& parent : link.parents) {
        if (!sent.contains(parent)) boundary.insert(parent);
      }
    }
  }
  plan_.boundary.assign(boundary.begin(), boundary.end());
  return {};
}

}  // namespace

Result<PackPlan> plan_pack(git_repository& repository, const PackQuestion& question,
                           const PackLimits& limits) {
  const auto objects = TRY(objects_of(repository));
  return Walker(repository, *objects, question, limits).plan();
}

namespace {

class Filler {
 public:
  Filler(git_packbuilder& builder, git_odb& objects, std::size_t objects_max)
      : builder_(builder), objects_(objects), objects_max_(objects_max) {}

  // The files of a commit that need not be sent.
  Result<> mark(const CommitId& commit) {
    const auto object = TRY(read_object(objects_, commit, object_bytes_max));
    const auto parsed = TRY(parse_commit(object.content));
    return walk(parsed.tree, Purpose::mark, 0);
  }

  Result<> add_commit(const CommitId& commit) {
    const auto object = TRY(read_object(objects_, commit, object_bytes_max));
    const auto parsed = TRY(parse_commit(object.content));
    TRY(insert(commit, nullptr));
    trees_.push_back(parsed.tree);
    return {};
  }

  // After the commits, which a reader of the pack wants first.
  Result<> add_files() {
    for (const auto& tree : trees_)
      TRY(walk(tree, Purpose::send, 0));
    return {};
  }

  Result<> add_tag(const ObjectId& tag) { return insert(tag, nullptr); }

 private:
  enum class Purpose { mark, send };

  Result<> walk(const ObjectId& tree, Purpose purpose, int depth) {
    if (!seen_.insert(tree).second) return {};
    if (depth > folders_deep_max)
      return failure(Code::limit, "more than {} folders deep", folders_deep_max);
    if (purpose == Purpose::send) TRY(insert(tree, nullptr));
    const auto object = TRY(read_object(objects_, tree, object_bytes_max));
    const auto entries = TRY(parse_tree(object.content, entries_max));
    for (const auto& entry : entries) {
      if (entry.mode == EntryMode::submodule) continue;
      if (entry.mode == EntryMode::directory) {
        TRY(walk(entry.id, purpose, depth + 1));
      } else if (seen_.insert(entry.id).second && purpose == Purpose::send) {
        TRY(insert(entry.id, entry.name.c_str()));
      }
    }
    return {};
  }

  Result<> insert(const ObjectId& id, const char* name) {
    const git_oid oid = to_oid(id);
    if (::git_packbuilder_object_count(&builder_) >= objects_max_) {
      return failure(Code::limit, "the pack would have more than {} objects", objects_max_);
    }
    if (::git_packbuilder_insert(&builder_, &oid, name) != 0) {
      return failure(
          library_error(Code::git_object, fmt::format("object {} cannot be packed", id.hex())));
    }
    return {};
  }

  git_packbuilder& builder_;
  git_odb& objects_;
  std::size_t objects_max_;
  Ids seen_;
  std::vector<ObjectId> trees_;
};

// The library's callback knows only a number; the Error waits here.
struct Outlet {
  const PackSink& sink;
  const std::stop_token& stop;
  std::optional<Error> error;

  static int take(void* bytes, std::size_t size, void* payload) {
    auto& outlet = *static_cast<Outlet*>(payload);
    if (outlet.stop.stop_requested()) {
      outlet.error = Error(Code::stopped, "stopped while a pack was written");
      return GIT_EUSER;
    }
    const auto taken = outlet.sink(std::string_view(static_cast<const char*>(bytes), size));
    if (taken) return 0;
    outlet.error = taken.error();
    return GIT_EUSER;
  }
};

}  // namespace

Result<> write_pack(git_repository& repository, const PackPlan& plan,
                    const std::vector<ObjectId>& tags, const PackSink& sink,
                    const std::stop_token& stop) {
  git_packbuilder* raw = nullptr;
  if (::git_packbuilder_new(&raw, &repository) != 0) {
    return failure(library_error(Code::git_object, "a pack cannot be built"));
  }
  const Handle<git_packbuilder, ::git_packbuilder_free> builder(raw);
  ::git_packbuilder_set_threads(builder.get(), 1);
  const auto objects = TRY(objects_of(repository));
  Filler filler(*builder, *objects, PackLimits().objects_max);
  for (const auto& commit : plan.boundary)
    TRY(filler.mark(commit));
  for (const auto& commit : plan.commits)
    TRY(filler.add_commit(commit));
  for (const auto& tag : tags)
    TRY(filler.add_tag(tag));
  TRY(filler.add_files());
  Outlet outlet{.sink = sink, .stop = stop, .error = std::nullopt};
  const int status = ::git_packbuilder_foreach(builder.get(), Outlet::take, &outlet);
  if (outlet.error) return failure(*std::move(outlet.error));
  if (status != 0) return failure(library_error(Code::git_object, "a pack cannot be written"));
  return {};
}

}  // namespace holdfast::git
