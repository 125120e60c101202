// SPDX-License-Identifier: Apache-2.0
#include "agent/web/gunzip.h"

#include <boost/beast/zlib/inflate_stream.hpp>

#include <array>

namespace holdfast::agent {
namespace {

namespace zlib = boost::beast::zlib;

constexpr std::size_t header_bytes = 10;

}  // namespace

struct Gunzip::Stream {
  zlib::inflate_stream inflate;
};

Gunzip::Gunzip() : stream_(std::make_unique<Stream>()) {}

Gunzip::~Gunzip() = default;

Result<> Gunzip::feed(std::string_view input, std::string& out, std::size_t out_max) {
  if (header_done_) return inflate(input, out, out_max);
  header_ += input;
  if (header_.size() < header_bytes) return {};
  const bool plain = header_.starts_with(std::string_view("\x1f\x8b\x08\x00", 4));
  if (!plain) return failure(Code::wrong_type, "the request's body is not gzip as git writes it");
  header_done_ = true;
  const std::string rest = header_.substr(header_bytes);
  return inflate(rest, out, out_max);
}

Result<> Gunzip::inflate(std::string_view input, std::string& out, std::size_t out_max) {
  std::array<char, 16384> portion;
  zlib::z_params z;
  z.next_in = input.data();
  z.avail_in = input.size();
  while (!ended_) {
    z.next_out = portion.data();
    z.avail_out = portion.size();
    boost::system::error_code status;
    stream_->inflate.write(z, zlib::Flush::sync, status);
    out.append(portion.data(), portion.size() - z.avail_out);
    if (out.size() > out_max) return failure(Code::limit, "the request's body is larger than {} bytes", out_max);
    ended_ = status == zlib::error::end_of_stream;
    if (status == zlib::error::need_buffers) return {};
    if (status && !ended_) return failure(Code::wrong_type, "the request's body is damaged");
    if (z.avail_in == 0 && z.avail_out > 0) return {};
  }
  return {};
}

}  // namespace holdfast::agent
