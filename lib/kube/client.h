// SPDX-License-Identifier: Apache-2.0
// The Kubernetes API, typed by identity, untyped in content. It does not know Argo CD, Git or
// rendering. Thread-safe; blocks only for its own requests, each with a deadline.
// Mirrors: kube-apiserver 1.37 as client-go v0.37 speaks to it.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "http/transport.h"
#include "kube/config.h"
#include "kube/discovery.h"
#include "kube/identity.h"
#include "value/value.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::kube {

enum class DryRun { no, yes };
enum class Force { no, yes };            // yes: take fields over from other managers
enum class Content { whole, metadata };  // metadata: PartialObjectMetadata, without spec and status
enum class ManagedFields { keep, drop };  // drop: removed on arrival
enum class FieldValidation { ignore, warn, strict };
enum class Propagation { by_kind, background, foreground, orphan };
enum class PatchType { json, merge, strategic };

struct ListOptions {
  std::string namespace_;  // "" = all namespaces
  std::string label_selector;
  std::string field_selector;
  Content content = Content::whole;
  ManagedFields managed_fields = ManagedFields::keep;
  int page_size = 500;  // 0: no pages
};

struct List {
  std::vector<Value> items;  // each with its apiVersion and kind
  std::string resource_version;
};

struct ApplyOptions {
  std::string field_manager;
  Force force = Force::no;
  DryRun dry_run = DryRun::no;
  FieldValidation validation = FieldValidation::warn;
};

struct WriteOptions {
  std::string field_manager;
  std::string subresource;  // "status", "scale", …
  DryRun dry_run = DryRun::no;
  FieldValidation validation = FieldValidation::warn;
};

struct DeleteOptions {
  Propagation propagation = Propagation::by_kind;
  std::string uid;  // preconditions: Code::resource_version when they do not hold
  std::string resource_version;
  int grace_seconds = -1;  // -1: the kind's own
  DryRun dry_run = DryRun::no;
};

// "web" on port "http" of Service shop/web, reached through the API server with the caller's
// rights.
struct ServiceAddress {
  std::string namespace_;
  std::string name;
  std::string port;
};

// Requests since the client connected, for metrics; a retry by itself counts once.
struct Traffic {
  std::uint64_t calls = 0;
  std::uint64_t watches = 0;
  std::uint64_t throttled = 0;  // answered with 429 in the end
  std::uint64_t lost = 0;       // without an answer
};

// One answer, for metrics. Watches are not told.
struct Answered {
  std::string_view method;  // "PATCH"
  std::string_view path;    // "/api/v1/namespaces/shop/configmaps/web", without a query
  int status = 0;           // 0: no answer
};

// Of a server at whose address nobody is when it is met. A person who gave a wrong address wants to know at once;
// a process that starts beside its server waits for it as it does later on.
enum class Absence { refused_at_once, waited_out };

class Client {
 public:
  // Asks GET /version first, so that HTTP/2's limits are known before many requests come at once.
  // `clock` outlives the client.
  static Result<Client> connect(Config config, const Clock& clock, Absence absence = Absence::waited_out);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  [[nodiscard]] const Config& config() const;
  [[nodiscard]] const Clock& clock() const;
  [[nodiscard]] const std::string& server_version() const;  // "v1.37.2"
  [[nodiscard]] Traffic traffic() const;
  // Called on the thread that asked. Requires: no other thread uses the client yet.
  void on_answer(std::function<void(const Answered&)> observer);

  // A kind that is not known is looked for once more on the server. Code::kind_unknown; but
  // Code::cluster_unreachable while the server of its group does not answer.
  Result<KindInfo> kind_of(std::string_view api_version, std::string_view kind);
  Result<std::shared_ptr<const Catalog>> catalog();
  // Reads discovery again, unless that was done within `age_max`.
  Result<std::shared_ptr<const Catalog>> refresh_catalog(Duration age_max = Duration::zero());

  Result<Value> get(const Identity& identity, Content content = Content::whole);
  Result<List> list(const KindInfo& kind, const ListOptions& options = {});
  // Gives each object to `use` as its page arrives, so that one page is held and not the list;
  // returns the list's resource version. Code::resource_version when the pages expired on the way:
  // what was given is then incomplete, and page_size 0 asks for everything at once.
  Result<std::string> list_each(const KindInfo& kind, const ListOptions& options,
                                const std::function<void(Value&&)>& use);

  // Server-side apply. Safe to repeat, so it is retried by itself.
  Result<Value> apply(const Value& object, const ApplyOptions& options);
  // Index-aligned; at most `in_flight` under way at once.
  std::vector<Result<Value>> apply_all(std::span<const Value> objects, const ApplyOptions& options,
                                       int in_flight);
  Result<Value> create(const Value& object, const WriteOptions& options = {});
  // With metadata.resourceVersion: only if the object is still that one.
  Result<Value> replace(const Value& object, const WriteOptions& options = {});
  Result<Value> patch(const Identity& identity, PatchType type, const Value& body,
                      const WriteOptions& options = {});
  // replace() of the status subresource.
  Result<Value> update_status(const Value& object, WriteOptions options = {});
  Result<> remove(const Identity& identity, const DeleteOptions& options = {});

  // For what has no place above. `path` begins with '/'.
  Result<Value> raw_get(const std::string& path);
  Result<Value> raw_post(const std::string& path, const Value& body);
  Result<std::string> raw_text(const std::string& path);  // /readyz, /metrics

  [[nodiscard]] std::string path_of(const KindInfo& kind, std::string_view namespace_,
                                    std::string_view name) const;

  // The Service behind the API server's proxy, without a trailing '/'. The proxy strips
  // Authorization: a token for the Service travels in a header of another name.
  [[nodiscard]] std::string service_url(const ServiceAddress& service) const;
  // Any request to this API server with our credentials; `request.url` is absolute.
  Result<http::Response> send(http::Request request);
  Result<std::unique_ptr<http::Incoming>> open(http::Request request, std::stop_token stop);
  // For callers that bring their own HTTP (Git): requests still need authorise().
  http::Transport& transport();
  Result<> authorise(http::Request& request);

  // A stream on a transport of its own: watches never stand in the way of calls, and none holds
  // more than 80 of them. `use` gets the body piece by piece and returns false to end the stream.
  Result<http::Response> watch_stream(http::Request request, const http::Transport::Sink& use,
                                      const std::stop_token& stop);

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);

  Result<KindInfo> kind_of_object(const Identity& identity);
  Result<http::Request> object_request(const char* method, const Identity& identity,
                                       std::string_view query);
  Result<http::Request> apply_request(const Value& object, const Identity& identity,
                                      const ApplyOptions& options);
  Result<Value> ask_version(Absence absence);
  Result<Value> exchange(http::Request request, std::string_view verb, const std::string& target);
  Result<Value> list_page(const std::string& path, const ListOptions& options,
                          const std::string& from, const std::function<void(Value&&)>& use);

  std::unique_ptr<State> state_;
};

// Of a list's query, for watch.cpp as well: "labelSelector=…&fieldSelector=…".
std::string selector_query(const ListOptions& options);
// The Accept header for whole objects or their metadata; `list` for the list form.
enum class Shape { one, many };
std::string accept_of(Content content, Shape shape);

// Completes what lists and metadata answers leave out, and drops what the caller does not want.
void complete_object(Value& object, const KindInfo& kind, ManagedFields managed_fields);

}  // namespace holdfast::kube
