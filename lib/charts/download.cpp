// SPDX-License-Identifier: Apache-2.0
#include "charts/download.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "http/pace.h"
#include "http/url.h"

namespace holdfast::charts {
namespace {

Error as_ours(const Error& error, const std::string& url) {
  const auto code = error.code();
  const bool kept = code == Code::timed_out || code == Code::limit || code == Code::stopped;
  return Error(kept ? code : Code::unreachable, "the chart repository does not answer")
      .at(printable(http::shown_url(url)))
      .because(error.message());
}

}  // namespace

Result<std::unique_ptr<http::Transport>> make_transport(const Repository& repository) {
  http::Options options;
  options.tls = {.ca_pem = repository.ca_pem,
                 .client_certificate_pem = repository.client_certificate_pem,
                 .client_key_pem = repository.client_key_pem,
                 .server_name = {},
                 .verify = repository.verify};
  options.proxy = repository.proxy;
  options.no_proxy = repository.no_proxy;
  return http::make_curl_transport(std::move(options));
}

Result<http::Response> download(const Line& line, http::Request request, const Bounds& bounds) {
  const std::string url = request.url;
  request.timeout = bounds.idle;
  request.whole = bounds.whole;
  request.redirects_max = bounds.redirects_max;
  const auto incoming = line.transport.open(request, line.stop);
  if (!incoming) return failure(as_ours(incoming.error(), url));
  http::Response response = (*incoming)->head();
  http::Pace pace(line.clock, bounds.idle, bounds.bytes_per_second_min);
  while (true) {
    const auto bytes = (*incoming)->next(line.stop);
    if (!bytes) return failure(as_ours(bytes.error(), url));
    if (bytes->empty()) return response;
    if (response.body.size() + bytes->size() > bounds.bytes_max) {
      return failure(
          Error(Code::limit, fmt::format("the answer has more than {} bytes", bounds.bytes_max))
              .at(printable(http::shown_url(url))));
    }
    response.body += *bytes;
    if (const auto kept = pace.note(bytes->size()); !kept) return failure(as_ours(kept.error(), url));
  }
}

Error refused(const http::Response& response, std::string what) {
  if (response.status == 401 || response.status == 403) {
    return Error(Code::unreachable, std::move(what))
        .because(fmt::format("the server refuses the credentials (HTTP {})", response.status))
        .fix("check user name and password of the repository's Secret");
  }
  if (response.status >= 300 && response.status < 400) {
    return Error(Code::unreachable, std::move(what))
        .because("the server redirects to where credentials cannot be kept safe");
  }
  return Error(Code::unreachable, std::move(what))
      .because(fmt::format("the server answers HTTP {}", response.status));
}

std::string basic(const Repository& repository) {
  if (repository.username.empty() && repository.password.empty()) return {};
  return "Basic " +
         to_base64(fmt::format("{}:{}", repository.username, repository.password.reveal()));
}

Result<std::shared_ptr<http::Transport>> Transports::of(const Repository& repository) {
  crypto::Sha256Stream settings;
  for (const std::string_view part :
       {std::string_view(repository.ca_pem),
        std::string_view(repository.client_certificate_pem.reveal()),
        std::string_view(repository.client_key_pem.reveal()), std::string_view(repository.proxy),
        std::string_view(repository.no_proxy),
        std::string_view(repository.verify == http::Verify::peer ? "peer" : "nothing")}) {
    settings.add(part);
    settings.add("\n");
  }
  const auto key = settings.finish().hex();
  auto all = open_.lock();
  auto& transport = (*all)[key];
  if (transport == nullptr) {
    auto made = make_ ? make_(repository) : make_transport(repository);
    if (!made) {
      all->erase(key);
      return failure(as_ours(made.error(), repository.url));
    }
    transport = *std::move(made);
  }
  return transport;
}

}  // namespace holdfast::charts
