// SPDX-License-Identifier: Apache-2.0
#include "kube/watch.h"

#include "base/text.h"
#include "http/url.h"
#include "kube/status.h"
#include "value/json.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <random>
#include <unordered_map>

namespace holdfast::kube {
namespace {

constexpr std::size_t event_bytes_max = std::size_t{32} << 20;

std::optional<StreamEvent::Type> parse_type(std::string_view text) {
  if (text == "ADDED") return StreamEvent::Type::added;
  if (text == "MODIFIED") return StreamEvent::Type::modified;
  if (text == "DELETED") return StreamEvent::Type::deleted;
  if (text == "BOOKMARK") return StreamEvent::Type::bookmark;
  if (text == "ERROR") return StreamEvent::Type::error;
  return std::nullopt;
}

// resourceVersions of one kind are comparable numbers (KEP-5504); 0 for what is none.
std::uint64_t number_of(std::string_view version) {
  std::uint64_t number = 0;
  std::from_chars(version.data(), version.data() + version.size(), number);
  return number;
}

Result<StreamEvent> parse_event(std::string_view line) {
  Value value = TRY(json::parse(line, "an event of the API server"));
  const auto type = parse_type(value.text({"type"}));
  auto* object = value.find("object");
  if (!type || object == nullptr || object->as_object() == nullptr) {
    return failure(Code::wrong_type, "a watch event has type '{}' and {} object",
                   printable(value.text({"type"})), object == nullptr ? "no" : "a strange");
  }
  return StreamEvent{*type, std::move(*object)};
}

class Reflector {
 public:
  Reflector(Client& client, const KindInfo& kind, const ListOptions& options,
            const WatchHandler& handler, const WatchTimes& times)
      : client_(client), kind_(kind), options_(options), handler_(handler), times_(times) {}

  Result<> run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      auto step = place_.empty() ? list() : watch_once(stop);
      if (step || stop.stop_requested()) continue;
      if (step.error().code() == Code::kind_unknown || step.error().code() == Code::forbidden)
        return step;
      if (step.error().code() == Code::timed_out) place_.clear();
      troubled_ = true;
      handler_({.kind = WatchEvent::Kind::trouble, .error = std::move(step).error()});
      pause(stop);
    }
    return {};
  }

 private:
  struct Known {
    std::string uid;
    std::string resource_version;
    bool seen = false;  // in the list that is being read
  };

  static std::string key_of(const Value& object) {
    return fmt::format("{}/{}", object.text({"metadata", "namespace"}),
                       object.text({"metadata", "name"}));
  }

  Result<> list() {
    auto version = list_pages(options_);
    if (!version && version.error().code() == Code::resource_version) {
      ListOptions at_once = options_;
      at_once.page_size = 0;
      version = list_pages(at_once);
    }
    if (!version) return failure(std::move(version).error());
    if (went_back(*version)) return {};
    std::erase_if(known_, [&](const auto& entry) {
      if (!entry.second.seen) report_vanished(entry.first, entry.second.uid);
      return !entry.second.seen;
    });
    note_place(*version);
    pauses_ = 0;
    report_synced();
    return {};
  }

  // Then the list is read once more, and all of it is reported.
  bool went_back(std::string_view version) {
    const auto number = number_of(version);
    if (number == 0 || number >= std::exchange(highest_, number)) return false;
    for (auto& [key, known] : known_) known.resource_version.clear();
    handler_({.kind = WatchEvent::Kind::rewound});
    return true;
  }

  void note_place(std::string_view version) {
    place_ = version;
    highest_ = std::max(highest_, number_of(version));
  }

  void report_synced() {
    troubled_ = false;
    handler_({.kind = WatchEvent::Kind::synced, .resource_version = place_});
  }

  Result<std::string> list_pages(const ListOptions& options) {
    for (auto& [key, known] : known_)
      known.seen = false;
    return client_.list_each(kind_, options, [&](Value&& object) {
      auto& known = known_[key_of(object)];
      known.seen = true;
      report(std::move(object), known);
    });
  }

  // Added or modified, or nothing when this version was reported before.
  void report(Value object, Known& known) {
    const auto version = object.text({"metadata", "resourceVersion"});
    const auto uid = object.text({"metadata", "uid"});
    if (known.resource_version == version && known.uid == uid) return;
    // Another uid under the same name: the old object went while nobody looked.
    if (!known.uid.empty() && known.uid != uid) report_vanished(key_of(object), known.uid);
    const bool is_new = known.uid != uid;
    known.uid = uid;
    known.resource_version = version;
    handler_({.kind = is_new ? WatchEvent::Kind::added : WatchEvent::Kind::modified,
              .object = std::move(object)});
  }

  void report_vanished(const std::string& key, const std::string& uid) {
    const auto slash = key.find('/');
    Value object(Object{{"apiVersion", kind_.api_version()}, {"kind", kind_.kind}});
    object["metadata"]["name"] = key.substr(slash + 1);
    if (slash > 0) object["metadata"]["namespace"] = key.substr(0, slash);
    object["metadata"]["uid"] = uid;
    handler_({.kind = WatchEvent::Kind::deleted, .object = std::move(object)});
  }

  http::Request watch_request() {
    const std::string selectors = selector_query(options_);
    // Spread, so that the watches of many kinds do not all end at once.
    const int seconds = std::uniform_int_distribution<>(300, 600)(random_);
    return {.url = fmt::format(
                "{}{}?watch=1&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}{}{}",
                client_.config().server, client_.path_of(kind_, options_.namespace_, ""),
                http::percent_encoded(place_), seconds, selectors.empty() ? "" : "&", selectors),
            .headers = {{"Accept", accept_of(options_.content, Shape::one)}},
            .timeout = times_.silence_max};
  }

  Result<> watch_once(const std::stop_token& stop) {
    const std::string target = client_.path_of(kind_, options_.namespace_, "");
    StreamDecoder decoder;
    Result<> outcome;
    auto response = client_.watch_stream(
        watch_request(),
        [&](std::string_view bytes) {
          // The answer itself, before any event: without one the next sign of life is a bookmark.
          if (troubled_) report_synced();
          outcome = decoder.feed(
              bytes, [&](StreamEvent&& event) { return take(std::move(event), target); });
          return outcome.has_value();
        },
        stop);
    if (!response) return failure(transport_error(std::move(response).error(), "watch", target));
    if (outcome && response->ok()) return {};
    Error error = outcome ? status_error(*response, "watch", target) : std::move(outcome).error();
    if (error.code() != Code::resource_version) return failure(std::move(error));
    place_.clear();  // the server has forgotten it: list again, which is no trouble
    return {};
  }

  Result<> take(StreamEvent event, const std::string& target) {
    if (event.type == StreamEvent::Type::error) {
      Error error = status_error(event.object, "watch", target);
      place_.clear();
      return failure(std::move(error));
    }
    if (const auto version = event.object.text({"metadata", "resourceVersion"}); !version.empty()) {
      note_place(version);
    }
    pauses_ = 0;
    apply_event(std::move(event));
    return {};
  }

  void apply_event(StreamEvent event) {
    if (event.type == StreamEvent::Type::bookmark) return;
    complete_object(event.object, kind_, options_.managed_fields);
    std::string key = key_of(event.object);
    if (event.type == StreamEvent::Type::deleted) {
      known_.erase(key);
      handler_({.kind = WatchEvent::Kind::deleted, .object = std::move(event.object)});
      return;
    }
    report(std::move(event.object), known_[std::move(key)]);
  }

  // Half of the pause is fixed and half random; `stop` ends it.
  void pause(const std::stop_token& stop) {
    Duration longest = times_.first_pause;
    for (int i = 0; i < pauses_ && longest < times_.longest_pause; ++i)
      longest *= 2;
    longest = std::min(longest, times_.longest_pause);
    ++pauses_;
    const Duration pause = longest / 2 + Duration(std::uniform_int_distribution<Duration::rep>(
                                             0, (longest / 2).count())(random_));
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any stopped;
    stopped.wait_for(lock, stop, pause, [] { return false; });
  }

  Client& client_;
  const KindInfo& kind_;
  const ListOptions& options_;
  const WatchHandler& handler_;
  const WatchTimes& times_;
  std::string place_;  // the resource version to watch from; "" = list first
  std::uint64_t highest_ = 0;  // that the server has told
  std::unordered_map<std::string, Known> known_;
  int pauses_ = 0;
  bool troubled_ = false;  // and not told otherwise
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace

Result<> watch(Client& client, const KindInfo& kind, const ListOptions& options,
               const WatchHandler& handler, const std::stop_token& stop, const WatchTimes& times) {
  return Reflector(client, kind, options, handler, times).run(stop);
}

Result<> StreamDecoder::feed(std::string_view bytes,
                             const std::function<Result<>(StreamEvent&&)>& use) {
  while (true) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) break;
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (!partial_.empty()) {
      partial_ += line;
      line = partial_;
    }
    if (!trim(line).empty()) {
      StreamEvent event = TRY(parse_event(line));
      TRY(use(std::move(event)));
    }
    partial_.clear();
  }
  partial_ += bytes;
  if (partial_.size() > event_bytes_max) {
    return failure(Code::limit, "a watch event is larger than {} bytes", event_bytes_max);
  }
  return {};
}

}  // namespace holdfast::kube
