// SPDX-License-Identifier: Apache-2.0
// Inside this module: charts and plain artifacts of an OCI registry. Mirrors the OCI distribution
// specification 1.1 (pull, tags, token service), helm 4.3 pkg/registry/client.go and argo-cd 3.6
// util/oci/client.go. It does not know where packages are kept.
#pragma once

#include "charts/download.h"
#include "crypto/digest.h"

#include <optional>
#include <string>
#include <vector>

namespace holdfast::charts {

struct RegistryLimits {
  std::size_t manifest_bytes_max = std::size_t{4} << 20;
  std::size_t tags_max = 100'000;
  Duration tags_time = std::chrono::minutes(2);  // of all pages
  Bounds blob{.bytes_max = std::size_t{64} << 20};
};

enum class Content { chart, artifact };  // artifact: any single layer of files

struct Manifest {
  crypto::Sha256 digest;  // of the manifest itself
  Content content = Content::chart;
  crypto::Sha256 layer;
  std::string media_type;  // of the layer
};

class Registry {
 public:
  // `chart` may be empty: then the URL itself names the repository.
  // Refuses with Code::chart a URL that is none.
  static Result<Registry> open(const Line& line, std::string_view chart,
                               const RegistryLimits& limits);

  // Every tag, '_' read as the '+' of a version.
  Result<std::vector<std::string>> tags();
  // `reference` is a version, a tag or "sha256:…".
  Result<Manifest> manifest(std::string_view reference);
  // The layer's bytes, of the digest that the manifest names.
  Result<std::string> layer(const Manifest& manifest);

 private:
  Registry(const Line& line, const RegistryLimits& limits) : line_(line), limits_(limits) {}

  Result<http::Response> get(const std::string& url, std::string_view accept, const Bounds& bounds);
  Result<std::string> answer_challenge(const http::Response& refusal);
  Result<std::string> ask_token(std::string_view challenge);

  Line line_;
  RegistryLimits limits_;
  std::string origin_;       // "https://registry.example.com"
  std::string repository_;   // "charts/nginx"
  Secret authorization_;     // the header's value once the registry has asked for it
};

}  // namespace holdfast::charts
