// SPDX-License-Identifier: Apache-2.0
// Undoes Content-Encoding: gzip, which git uses for requests above a KiB. One member, as git writes. It knows no
// connection.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast::agent {

class Gunzip {
 public:
  Gunzip();
  ~Gunzip();

  // Appends the plain bytes of `input` to `out`. Refuses with Code::limit or Code::wrong_type.
  Result<> feed(std::string_view input, std::string& out, std::size_t out_max);

 private:
  struct Stream;
  Result<> inflate(std::string_view input, std::string& out, std::size_t out_max);

  std::unique_ptr<Stream> stream_;
  std::string header_;
  bool header_done_ = false, ended_ = false;
};

}  // namespace holdfast::agent
