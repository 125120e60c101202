// SPDX-License-Identifier: Apache-2.0
// One repository, read by anybody over smart HTTP: protocol v2, and v0 for older clients. Bytes of
// a request in, bytes of the answer out, in portions, so that memory does not grow with the pack.
// It does not know HTTP, users or sockets; there is no way to write through it.
// Mirrors Git 2.39's upload-pack.c and serve.c.
#pragma once

#include "base/result.h"
#include "git/pack_plan.h"
#include "git/smart_client.h"
#include "git/upload_request.h"

#include <stop_token>
#include <string>
#include <string_view>

namespace holdfast::git {

class UploadPack {
 public:
  explicit UploadPack(std::string repository, const PackLimits& limits = {})
      : repository_(std::move(repository)), limits_(limits) {}

  // GET info/refs?service=git-upload-pack
  Result<> advertise(Dialect dialect, const PackSink& sink) const;

  // POST git-upload-pack. What the client did wrong is told to it in the protocol, and returned as
  // an error as well; nothing else may be sent after an error.
  Result<> answer(Dialect dialect, std::string_view body, const PackSink& sink,
                  const std::stop_token& stop) const;

 private:
  Result<> list(const ListArguments& arguments, const PackSink& sink) const;
  Result<> fetch(Dialect dialect, const FetchArguments& arguments, const PackSink& sink,
                 const std::stop_token& stop) const;

  std::string repository_;
  PackLimits limits_;
};

}  // namespace holdfast::git
