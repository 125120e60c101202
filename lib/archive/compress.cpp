// SPDX-License-Identifier: Apache-2.0
#include "archive/compress.h"

#include "base/handle.h"

#include <zlib.h>
#include <zstd.h>

#include <vector>

namespace holdfast::archive {
namespace {

using Compressor = Handle<ZSTD_CCtx, ZSTD_freeCCtx>;
using Expander = Handle<ZSTD_DCtx, ZSTD_freeDCtx>;

// Any number above zero gives the same bytes; zero selects another code path with other bytes.
constexpr int workers = 2;
constexpr int window_log_limit = 27;

Result<std::size_t> zstd_checked(std::size_t status, Code code, std::string_view what) {
  if (ZSTD_isError(status) == 0) return status;
  return failure(Error(code, std::string(what)).because(ZSTD_getErrorName(status)));
}

Result<Compressor> make_compressor(const ZstdOptions& options) {
  Compressor context(ZSTD_createCCtx());
  CHECK(context != nullptr);
  constexpr std::string_view what = "the compressor could not be set up";
  const auto set = [&](ZSTD_cParameter name, int value) {
    return zstd_checked(ZSTD_CCtx_setParameter(context.get(), name, value), Code::internal, what);
  };
  TRY(set(ZSTD_c_compressionLevel, options.level));
  TRY(set(ZSTD_c_nbWorkers, workers));
  TRY(zstd_checked(ZSTD_CCtx_setPledgedSrcSize(context.get(), options.size), Code::internal, what));
  return context;
}

}  // namespace

Result<> zstd_compress(const Source& source, const Sink& sink, const ZstdOptions& options) {
  const Compressor context = TRY(make_compressor(options));
  std::vector<char> in(ZSTD_CStreamInSize());
  std::vector<char> out(ZSTD_CStreamOutSize());
  for (bool ended = false; !ended;) {
    const std::size_t got = TRY(source(in));
    ended = got == 0;
    ZSTD_inBuffer input{in.data(), got, 0};
    std::size_t left = 1;
    while (input.pos < input.size || (ended && left != 0)) {
      ZSTD_outBuffer output{out.data(), out.size(), 0};
      left = TRY(zstd_checked(ZSTD_compressStream2(context.get(), &output, &input,
                                                   ended ? ZSTD_e_end : ZSTD_e_continue),
                              Code::file_unreadable, "the content could not be compressed"));
      TRY(sink({out.data(), output.pos}));
    }
  }
  return {};
}

Result<> zstd_expand(const Source& source, const Sink& sink, std::uint64_t size) {
  const Expander context(ZSTD_createDCtx());
  CHECK(context != nullptr);
  TRY(zstd_checked(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, window_log_limit),
                   Code::internal, "the window limit could not be set"));
  std::vector<char> in(ZSTD_DStreamInSize());
  std::vector<char> out(ZSTD_DStreamOutSize());
  std::uint64_t done = 0;
  std::size_t open_frame = 0;
  const auto wrong_size = [&](std::string_view how) {
    return failure(Code::bundle_content, "compressed content holds {} than the {} bytes it should",
                   how, size);
  };
  while (true) {
    const std::size_t got = TRY(source(in));
    if (got == 0) break;
    ZSTD_inBuffer input{in.data(), got, 0};
    bool more = true;
    while (more) {
      ZSTD_outBuffer output{out.data(), out.size(), 0};
      open_frame = TRY(zstd_checked(ZSTD_decompressStream(context.get(), &output, &input),
                                    Code::bundle_content, "compressed content is damaged"));
      if (output.pos > size - done) return wrong_size("more");
      done += output.pos;
      TRY(sink({out.data(), output.pos}));
      more = input.pos < input.size || output.pos == output.size;
    }
  }
  if (open_frame != 0 || done != size) return wrong_size("less");
  return {};
}

Result<> gzip_compress(const Source& source, const Sink& sink) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;  // zlib.h: 16 more means a gzip wrapper, with time 0
  CHECK(deflateInit2(&stream, 9, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  const Handle<z_stream, deflateEnd> owner(&stream);
  std::vector<unsigned char> in(std::size_t{64} << 10);
  std::vector<unsigned char> out(std::size_t{64} << 10);
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    const std::size_t got =
        TRY(source(std::span<char>(reinterpret_cast<char*>(in.data()), in.size())));
    stream.next_in = in.data();
    stream.avail_in = static_cast<unsigned>(got);
    do {
      stream.next_out = out.data();
      stream.avail_out = static_cast<unsigned>(out.size());
      status = deflate(&stream, got == 0 ? Z_FINISH : Z_NO_FLUSH);
      CHECK(status != Z_STREAM_ERROR);
      TRY(sink({reinterpret_cast<char*>(out.data()), out.size() - stream.avail_out}));
    } while (stream.avail_out == 0);
  }
  return {};
}

}  // namespace holdfast::archive
