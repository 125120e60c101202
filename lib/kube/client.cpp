// SPDX-License-Identifier: Apache-2.0
#include "kube/client.h"

#include "base/guarded.h"
#include "http/url.h"
#include "kube/credentials.h"
#include "kube/status.h"
#include "value/json.h"

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast::kube {
namespace {

constexpr Duration call_timeout = std::chrono::seconds(30);
constexpr Duration list_timeout = std::chrono::seconds(120);
constexpr int attempts_max = 5;
// kube-apiserver allows 100 streams on a connection (kubernetes #121120).
constexpr int streams_max = 80;
// How young a catalog may be for "not there" to be believed without asking again.
constexpr Duration catalog_age_min = std::chrono::milliseconds(500);

std::string query_of(std::span<const std::pair<std::string_view, std::string_view>> parts) {
  std::string out;
  for (const auto& [name, value] : parts) {
    if (value.empty()) continue;
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, http::percent_encoded(value));
  }
  return out;
}

std::string_view text_of(FieldValidation validation) {
  switch (validation) {
    case FieldValidation::ignore: return "Ignore";
    case FieldValidation::warn: return "Warn";
    case FieldValidation::strict: return "Strict";
  }
  std::unreachable();
}

std::string_view text_of(Propagation propagation) {
  switch (propagation) {
    case Propagation::by_kind: return "";
    case Propagation::background: return "Background";
    case Propagation::foreground: return "Foreground";
    case Propagation::orphan: return "Orphan";
  }
  std::unreachable();
}

std::string_view type_of(PatchType type) {
  switch (type) {
    case PatchType::json: return "application/json-patch+json";
    case PatchType::merge: return "application/merge-patch+json";
    case PatchType::strategic: return "application/strategic-merge-patch+json";
  }
  std::unreachable();
}

std::string_view text_of(DryRun dry_run) {
  return dry_run == DryRun::yes ? "All" : "";
}

std::string query_of(const WriteOptions& options) {
  const std::array parts{
      std::pair<std::string_view, std::string_view>("fieldManager", options.field_manager),
      std::pair<std::string_view, std::string_view>("dryRun", text_of(options.dry_run)),
      std::pair<std::string_view, std::string_view>("fieldValidation",
                                                    text_of(options.validation))};
  return query_of(parts);
}

Value delete_body(const DeleteOptions& options) {
  Value body(Object{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}});
  if (const auto policy = text_of(options.propagation); !policy.empty())
    body["propagationPolicy"] = policy;
  if (options.grace_seconds >= 0) body["gracePeriodSeconds"] = options.grace_seconds;
  if (!options.uid.empty()) body["preconditions"]["uid"] = options.uid;
  if (!options.resource_version.empty()) {
    body["preconditions"]["resourceVersion"] = options.resource_version;
  }
  if (options.dry_run == DryRun::yes) body["dryRun"] = Array{Value("All")};
  return body;
}

Result<Value> decode(const http::Response& response, std::string_view verb,
                     const std::string& target) {
  if (!response.ok()) return failure(status_error(response, verb, target));
  return TRY(json::parse(response.body, "the API server's answer"), "{} {}", verb, target);
}

}  // namespace

struct Client::State {
  struct Cached {
    std::shared_ptr<const Catalog> catalog;
    SteadyTime loaded_at{};
  };

  struct WatchTransport {
    std::unique_ptr<http::Transport> transport;
    int streams = 0;
  };

  State(Config given, const Clock& the_clock)
      : config(std::move(given)), clock(the_clock), credentials(config, the_clock) {}

  const Config config;
  const Clock& clock;
  Credentials credentials;
  std::unique_ptr<http::Transport> calls;
  Guarded<std::vector<std::unique_ptr<WatchTransport>>> watches;
  Guarded<Cached> cached;
  std::string server_version;
  Guarded<Traffic> traffic;

  std::function<void(const Answered&)> observer;

  void count(std::string_view method, std::string_view url,
             const Result<http::Response>& answer) {
    {
      auto counted = traffic.lock();
      ++counted->calls;
      if (!answer) ++counted->lost;
      if (answer && answer->status == 429) ++counted->throttled;
    }
    if (!observer || !url.starts_with(config.server)) return;
    url.remove_prefix(config.server.size());
    observer({method, url.substr(0, url.find('?')), answer ? answer->status : 0});
  }
};

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}

Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<Client> Client::connect(Config config, const Clock& clock, Absence absence) {
  Client client(std::make_unique<State>(std::move(config), clock));
  client.state_->calls = TRY(http::make_curl_transport(client.state_->config.http));
  const Value version = TRY(client.ask_version(absence));
  client.state_->server_version = version.text({"gitVersion"});
  return client;
}

const Config& Client::config() const {
  return state_->config;
}

const Clock& Client::clock() const {
  return state_->clock;
}

const std::string& Client::server_version() const {
  return state_->server_version;
}

Traffic Client::traffic() const {
  return *state_->traffic.lock();
}

void Client::on_answer(std::function<void(const Answered&)> observer) {
  state_->observer = std::move(observer);
}

http::Transport& Client::transport() {
  return *state_->calls;
}

Result<> Client::authorise(http::Request& request) {
  return state_->credentials.authorise(request);
}

Result<http::Response> Client::send(http::Request request) {
  http::Request first = request;
  TRY(authorise(first));
  auto response = state_->calls->send(first);
  if (response && response->status == 401 && state_->credentials.renew()) {
    TRY(authorise(request));
    response = state_->calls->send(request);
  }
  state_->count(request.method, request.url, response);
  return response;
}

Result<std::unique_ptr<http::Incoming>> Client::open(http::Request request, std::stop_token stop) {
  TRY(authorise(request));
  return state_->calls->open(request, std::move(stop));
}

Result<http::Response> Client::watch_stream(http::Request request, const http::Transport::Sink& use,
                                            const std::stop_token& stop) {
  TRY(authorise(request));
  ++state_->traffic.lock()->watches;
  State::WatchTransport* chosen = nullptr;
  {
    auto watches = state_->watches.lock();
    const auto free =
        std::ranges::find_if(*watches, [](const auto& w) { return w->streams < streams_max; });
    if (free == watches->end()) {
      auto transport = TRY(http::make_curl_transport(state_->config.http));
      watches->push_back(std::make_unique<State::WatchTransport>(std::move(transport)));
      chosen = watches->back().get();
    } else {
      chosen = free->get();
    }
    ++chosen->streams;
  }
  auto result = chosen->transport->stream(request, use, stop);
  if (result && result->status == 401) state_->credentials.renew();
  const auto watches = state_->watches.lock();
  --chosen->streams;
  return result;
}

Result<Value> Client::exchange(http::Request request, std::string_view verb,
                               const std::string& target) {
  auto response = send(std::move(request));
  if (!response) return failure(transport_error(std::move(response).error(), verb, target));
  return decode(*response, verb, target);
}

Result<Value> Client::raw_get(const std::string& path) {
  return exchange({.url = state_->config.server + path,
                   .headers = {{"Accept", "application/json"}},
                   .timeout = call_timeout,
                   .attempts = attempts_max},
                  "get", path);
}

Result<Value> Client::ask_version(Absence absence) {
  const std::string path = "/version";
  if (absence == Absence::waited_out) return raw_get(path);
  http::Request once;
  once.url = state_->config.server + path;
  once.headers.push_back({"Accept", "application/json"});
  once.timeout = call_timeout;
  auto response = send(std::move(once));
  if (!response) return failure(transport_error(std::move(response).error(), "get", path));
  if (response->ok()) return decode(*response, "get", path);
  return raw_get(path);  // somebody is there, and busy or starting
}

Result<Value> Client::raw_post(const std::string& path, const Value& body) {
  return exchange(
      {.method = "POST",
       .url = state_->config.server + path,
       .headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}},
       .body = json::write(body),
       .timeout = call_timeout,
       .attempts = attempts_max},
      "post", path);
}

Result<std::string> Client::raw_text(const std::string& path) {
  auto response = send(
      {.url = state_->config.server + path, .timeout = call_timeout, .attempts = attempts_max});
  if (!response) return failure(transport_error(std::move(response).error(), "get", path));
  if (!response->ok()) return failure(status_error(*response, "get", path));
  return std::move(response->body);
}

Result<std::shared_ptr<const Catalog>> Client::catalog() {
  if (auto known = state_->cached.lock()->catalog) return known;
  return refresh_catalog();
}

Result<std::shared_ptr<const Catalog>> Client::refresh_catalog(Duration age_max) {
  {
    auto cached = state_->cached.lock();
    if (cached->catalog && state_->clock.steady() - cached->loaded_at < age_max)
      return cached->catalog;
  }
  const SteadyTime started = state_->clock.steady();
  const auto fresh = std::make_shared<Catalog>();
  for (const std::string path : {"/api", "/apis"}) {
    const Value list = TRY(exchange(
        {.url = state_->config.server + path,
         .headers = {{"Accept",
                      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
                      "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
                      "application/json"}},
         .timeout = call_timeout,
         .attempts = attempts_max},
        "discover", path));
    TRY(fresh->add(list));
  }
  auto cached = state_->cached.lock();
  cached->catalog = fresh;
  cached->loaded_at = started;
  return cached->catalog;
}

Result<KindInfo> Client::kind_of(std::string_view api_version, std::string_view kind) {
  auto known = TRY(catalog());
  const KindInfo* found = known->find(api_version, kind);
  if (found == nullptr) {
    known = TRY(refresh_catalog(catalog_age_min));
    found = known->find(api_version, kind);
  }
  if (found != nullptr) return *found;
  if (known->is_stale(api_version)) {
    return failure(
        Error(Code::cluster_unreachable,
              fmt::format("whether the cluster serves {} {} is not known", api_version, kind))
            .because(fmt::format("the server behind '{}' does not answer", api_version))
            .fix("look at it with: kubectl get apiservices"));
  }
  return failure(Code::kind_unknown, "the cluster does not serve {} {}", api_version, kind);
}

Result<KindInfo> Client::kind_of_object(const Identity& identity) {
  KindInfo kind = TRY(kind_of(identity.api_version(), identity.kind));
  if (kind.namespaced && identity.namespace_.empty()) {
    return failure(Code::object_invalid, "{} has no namespace, and its kind needs one",
                   to_string(identity));
  }
  return kind;
}

std::string Client::path_of(const KindInfo& kind, std::string_view namespace_,
                            std::string_view name) const {
  std::string path = kind.group.empty() ? "/api/" + kind.version
                                        : fmt::format("/apis/{}/{}", kind.group, kind.version);
  if (kind.namespaced && !namespace_.empty())
    path += "/namespaces/" + http::percent_encoded(namespace_);
  path += "/" + kind.resource;
  if (!name.empty()) path += "/" + http::percent_encoded(name);
  return path;
}

std::string Client::service_url(const ServiceAddress& service) const {
  return fmt::format("{}/api/v1/namespaces/{}/services/{}:{}/proxy", state_->config.server,
                     http::percent_encoded(service.namespace_), http::percent_encoded(service.name),
                     http::percent_encoded(service.port));
}

Result<http::Request> Client::object_request(const char* method, const Identity& identity,
                                             std::string_view query) {
  const KindInfo kind = TRY(kind_of_object(identity));
  const std::string path = path_of(kind, identity.namespace_, identity.name);
  http::Request request{
      .method = method,
      .url = fmt::format("{}{}{}{}", state_->config.server, path, query.empty() ? "" : "?", query),
      .timeout = call_timeout,
      .attempts = attempts_max};
  return request;
}

Result<Value> Client::get(const Identity& identity, Content content) {
  http::Request request = TRY(object_request("GET", identity, ""));
  request.headers.push_back({"Accept", accept_of(content, Shape::one)});
  Value object = TRY(exchange(std::move(request), "get", to_string(identity)));
  object["apiVersion"] = identity.api_version();
  object["kind"] = identity.kind;
  return object;
}

Result<Value> Client::list_page(const std::string& path, const ListOptions& options,
                                const std::string& from, const std::function<void(Value&&)>& use) {
  std::string query = selector_query(options);
  if (options.page_size > 0) {
    query += fmt::format("{}limit={}", query.empty() ? "" : "&", options.page_size);
  }
  if (!from.empty()) query += "&continue=" + http::percent_encoded(from);
  auto response = send(
      {.url = fmt::format("{}{}{}{}", state_->config.server, path, query.empty() ? "" : "?", query),
       .headers = {{"Accept", accept_of(options.content, Shape::many)}},
       .timeout = list_timeout,
       .attempts = attempts_max});
  if (!response) return failure(transport_error(std::move(response).error(), "list", path));
  if (!response->ok()) return failure(status_error(*response, "list", path));
  return TRY(json::parse_list(response->body, "the API server's answer", "items", use), "list {}", path);
}

Result<std::string> Client::list_each(const KindInfo& kind, const ListOptions& options,
                                      const std::function<void(Value&&)>& use) {
  const std::string path = path_of(kind, options.namespace_, "");
  std::string from;
  const auto complete = [&](Value&& item) {
    complete_object(item, kind, options.managed_fields);
    use(std::move(item));
  };
  while (true) {
    const Value page = TRY(list_page(path, options, from, complete));
    from = page.text({"metadata", "continue"});
    if (from.empty()) return std::string(page.text({"metadata", "resourceVersion"}));
  }
}

Result<List> Client::list(const KindInfo& kind, const ListOptions& options) {
  List out;
  const auto keep = [&](Value&& object) { out.items.push_back(std::move(object)); };
  auto version = list_each(kind, options, keep);
  if (!version && version.error().code() == Code::resource_version && options.page_size > 0) {
    // As client-go's pager falls back.
    ListOptions at_once = options;
    at_once.page_size = 0;
    out.items.clear();
    version = list_each(kind, at_once, keep);
  }
  if (!version) return failure(std::move(version).error());
  out.resource_version = *std::move(version);
  return out;
}

Result<http::Request> Client::apply_request(const Value& object, const Identity& identity,
                                            const ApplyOptions& options) {
  const std::array parts{
      std::pair<std::string_view, std::string_view>("fieldManager", options.field_manager),
      std::pair<std::string_view, std::string_view>("force",
                                                    options.force == Force::yes ? "true" : ""),
      std::pair<std::string_view, std::string_view>("dryRun", text_of(options.dry_run)),
      std::pair<std::string_view, std::string_view>("fieldValidation",
                                                    text_of(options.validation))};
  http::Request request = TRY(object_request("PATCH", identity, query_of(parts)));
  request.headers = {{"Accept", "application/json"},
                     {"Content-Type", "application/apply-patch+yaml"}};
  request.body = json::write(object, json::Escape::plain);
  request.replay = http::Replay::safe;
  return request;
}

Result<Value> Client::apply(const Value& object, const ApplyOptions& options) {
  const Identity identity = TRY(identity_of(object));
  http::Request request = TRY(apply_request(object, identity, options));
  return exchange(std::move(request), "apply", to_string(identity));
}

std::vector<Result<Value>> Client::apply_all(std::span<const Value> objects,
                                             const ApplyOptions& options, int in_flight) {
  std::vector<Result<Value>> results(objects.size());
  std::vector<http::Request> requests;
  struct Sent {
    std::size_t index;
    std::string target, url;
  };
  std::vector<Sent> sent;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto identity = identity_of(objects[i]);
    if (!identity) {
      results[i] = failure(identity.error());
      continue;
    }
    auto request = apply_request(objects[i], *identity, options);
    if (request) {
      const auto authorised = authorise(*request);
      if (!authorised) request = failure(authorised.error());
    }
    if (!request) {
      results[i] = failure(std::move(request).error());
      continue;
    }
    sent.push_back({i, to_string(*identity), request->url});
    requests.push_back(*std::move(request));
  }
  auto answers = state_->calls->send_all(std::move(requests), in_flight);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto& [index, target, url] = sent[i];
    state_->count("PATCH", url, answers[i]);
    if (!answers[i]) {
      results[index] = failure(transport_error(std::move(answers[i]).error(), "apply", target));
    } else if (answers[i]->status == 401 && state_->credentials.renew()) {
      results[index] = apply(objects[index], options);
    } else {
      results[index] = decode(*answers[i], "apply", target);
    }
    answers[i] = http::Response();  // a large batch is held once, not twice
  }
  return results;
}

Result<Value> Client::create(const Value& object, const WriteOptions& options) {
  const Identity identity = TRY(identity_of(object));
  const KindInfo kind = TRY(kind_of_object(identity));
  const std::string path = path_of(kind, identity.namespace_, "");
  return exchange(
      {.method = "POST",
       .url = fmt::format("{}{}?{}", state_->config.server, path, query_of(options)),
       .headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}},
       .body = json::write(object, json::Escape::plain),
       .timeout = call_timeout,
       .attempts = attempts_max},
      "create", to_string(identity));
}

Result<Value> Client::replace(const Value& object, const WriteOptions& options) {
  const Identity identity = TRY(identity_of(object));
  const KindInfo kind = TRY(kind_of_object(identity));
  std::string path = path_of(kind, identity.namespace_, identity.name);
  if (!options.subresource.empty()) path += "/" + options.subresource;
  return exchange(
      {.method = "PUT",
       .url = fmt::format("{}{}?{}", state_->config.server, path, query_of(options)),
       .headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}},
       .body = json::write(object, json::Escape::plain),
       .timeout = call_timeout,
       .attempts = attempts_max},
      "replace", to_string(identity));
}

Result<Value> Client::update_status(const Value& object, WriteOptions options) {
  options.subresource = "status";
  return replace(object, options);
}

Result<Value> Client::patch(const Identity& identity, PatchType type, const Value& body,
                            const WriteOptions& options) {
  const KindInfo kind = TRY(kind_of_object(identity));
  std::string path = path_of(kind, identity.namespace_, identity.name);
  if (!options.subresource.empty()) path += "/" + options.subresource;
  return exchange(
      {.method = "PATCH",
       .url = fmt::format("{}{}?{}", state_->config.server, path, query_of(options)),
       .headers = {{"Accept", "application/json"}, {"Content-Type", std::string(type_of(type))}},
       .body = json::write(body, json::Escape::plain),
       .timeout = call_timeout,
       .attempts = attempts_max},
      "patch", to_string(identity));
}

Result<> Client::remove(const Identity& identity, const DeleteOptions& options) {
  http::Request request = TRY(object_request("DELETE", identity, ""));
  request.headers = {{"Accept", "application/json"}, {"Content-Type", "application/json"}};
  request.body = json::write(delete_body(options));
  // With a UID it is one object's deletion, which may be asked for twice.
  if (!options.uid.empty()) request.replay = http::Replay::safe;
  TRY(exchange(std::move(request), "delete", to_string(identity)));
  return {};
}

std::string selector_query(const ListOptions& options) {
  const std::array parts{
      std::pair<std::string_view, std::string_view>("labelSelector", options.label_selector),
      std::pair<std::string_view, std::string_view>("fieldSelector", options.field_selector)};
  return query_of(parts);
}

std::string accept_of(Content content, Shape shape) {
  if (content == Content::whole) return "application/json";
  return fmt::format("application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1",
                     shape == Shape::many ? "List" : "");
}

void complete_object(Value& object, const KindInfo& kind, ManagedFields managed_fields) {
  object["apiVersion"] = kind.api_version();
  object["kind"] = kind.kind;
  if (managed_fields == ManagedFields::keep) return;
  if (auto* metadata = object.find("metadata");
      metadata != nullptr && metadata->as_object() != nullptr) {
    metadata->as_object()->erase("managedFields");
  }
}

}  // namespace holdfast::kube
