// SPDX-License-Identifier: Apache-2.0
// Bundle::open and verify_held(), step by step as docs/formats/bundle.md numbers them.
#include "archive/tar_writer.h"
#include "base/semver.h"
#include "base/text.h"
#include "bundle/bundle.h"
#include "bundle/profile.h"
#include "bundle/sandbox.h"
#include "value/json.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <fmt/format.h>
#include <thread>
#include <tuple>

namespace holdfast::bundle {

namespace {

// What is known while a bundle is being read.
struct Opening {
  const HeldFile& file;
  Verified known = {};
  std::uint64_t cursor = 0;

  Result<std::string> bytes(std::uint64_t at, std::uint64_t size) const;
  Result<NameAndSize> next_header() const;
  Result<std::string> content(const NameAndSize& member, std::uint64_t limit);
  Result<std::string> member(std::string_view name, std::uint64_t limit);

  Result<> read_head();
  Result<> check_policy(const TrustRoot& trust, const OpenOptions& options) const;
  Result<> read_tables();
  Result<> lay_out();
  Result<> compare_headers() const;
  Result<> check_blobs(const OpenOptions& options) const;
  Result<> check_engine() const;
  Result<std::string> read_blob(const crypto::Sha256& digest) const;
};

std::unexpected<Error> format_failure(std::string what, std::uint64_t at) {
  return failure(Error(Code::bundle_format, std::move(what)).at(fmt::format("byte {}", at)));
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Result<> expect_zeros(std::string_view bytes, std::uint64_t at) {
  if (bytes.find_first_not_of('\0') == std::string_view::npos) return {};
  return format_failure("bytes that must be zero are not", at);
}

Result<std::string> Opening::bytes(std::uint64_t at, std::uint64_t size) const {
  const auto end = TRY(checked_add(at, size));
  if (end > file.size) {
    return failure(Code::bundle_format, "the bundle ends at byte {}, it should hold at least {}",
                   file.size, end);
  }
  std::string out(static_cast<std::size_t>(size), '\0');
  TRY(crypto::read_exactly(file.file.get(), at, out));
  return out;
}

Result<NameAndSize> Opening::next_header() const {
  const std::string block = TRY(bytes(cursor, archive::tar_block));
  auto header = read_plain_header(block);
  if (!header) return format_failure("this is no member header of a bundle", cursor);
  return *std::move(header);
}

// Moves the cursor behind the member.
Result<std::string> Opening::content(const NameAndSize& member, std::uint64_t limit) {
  if (member.size > limit) {
    return format_failure(fmt::format("member '{}' is {} bytes, the limit is {}",
                                      printable(member.name), member.size, limit),
                          cursor);
  }
  const std::uint64_t start = cursor + archive::tar_block;
  std::string text = TRY(bytes(start, member.size));
  const std::uint64_t end = start + member.size;
  const std::size_t padding = archive::tar_padding(member.size);
  const std::string zeros = TRY(bytes(end, padding));
  TRY(expect_zeros(zeros, end));
  cursor = end + padding;
  return text;
}

Result<std::string> Opening::member(std::string_view name, std::uint64_t limit) {
  const NameAndSize header = TRY(next_header());
  if (header.name != name) {
    return format_failure(
        fmt::format("member '{}' stands where '{}' belongs", printable(header.name), name), cursor);
  }
  return content(header, limit);
}

// Step 2: the statement and its signatures as bytes.
Result<> Opening::read_head() {
  known.statement_text = TRY(member(statement_name, statement_limit));
  auto& signatures = known.signatures;
  while (true) {
    const NameAndSize header = TRY(next_header());
    auto signature = parse_signature_name(header.name);
    if (!signature) return {};
    if (signatures.size() == signatures_limit) {
      return format_failure(fmt::format("more than {} signatures", signatures_limit), cursor);
    }
    if (!signatures.empty() && signature_name(signatures.back()) >= header.name) {
      return format_failure("signatures are not in the order of their names", cursor);
    }
    signature->bytes = TRY(content(header, signature_limit));
    signatures.push_back(*std::move(signature));
  }
}

// Step 5.
Result<> Opening::check_policy(const TrustRoot& trust, const OpenOptions& options) const {
  const Statement& statement = known.statement;
  TRY(trust.check_accepted(statement.name, statement.channel));
  if (options.platform &&
      std::ranges::find(statement.platforms, *options.platform) == statement.platforms.end()) {
    return failure(Code::wrong_architecture, "the bundle is for {}, this machine is {}",
                   fmt::join(statement.platforms, ", "), *options.platform);
  }
  const auto installer = semver::Version::parse(options.installer_version);
  const auto least = semver::Version::parse(statement.min_installer);
  if (installer && least && semver::compare(*installer, *least) < 0) {
    return failure(Code::bundle_policy, "the bundle asks for holdfast {} or newer, this is {}",
                   statement.min_installer, options.installer_version);
  }
  if (statement.security_epoch < options.minimum_epoch) {
    return failure(Code::bundle_policy, "the bundle's security epoch is {}, this site is at {}",
                   statement.security_epoch, options.minimum_epoch);
  }
  return {};
}

// Step 6, first half: the members that the statement's digests cover.
Result<> Opening::read_tables() {
  const auto covered = [&](std::string_view name, std::uint64_t limit,
                           const crypto::Sha256& digest) -> Result<std::string> {
    std::string text = TRY(member(name, limit));
    if (crypto::sha256(text) != digest) {
      return failure(Code::bundle_content, "'{}' is not the one that was signed", name);
    }
    return text;
  };
  const Statement& statement = known.statement;
  const std::string closure_text = TRY(covered(closure_name, closure_limit, statement.closure));
  const std::string layout = TRY(covered(layout_name, layout_text.size(), statement.layout));
  known.index_text = TRY(covered(index_name, index_limit, statement.index));
  if (layout != layout_text) {
    return failure(Code::bundle_format, "'{}' is not of version 1.0.0", layout_name);
  }
  known.closure = TRY(Closure::parse(closure_text));
  return {};
}

// Step 6, second half: every blob's place is a sum; the file's length follows.
Result<> Opening::lay_out() {
  const Totals totals = TRY(known.closure.totals());
  if (totals != known.statement.limits) {
    return failure(Code::bundle_format,
                   "the closure holds {} blobs of {} bytes, {} of {} were signed", totals.blobs,
                   totals.bytes, known.statement.limits.blobs, known.statement.limits.bytes);
  }
  std::uint64_t at = cursor;
  for (const auto& line : known.closure.lines()) {
    at = TRY(checked_add(at, blob_header(line.digest, line.size, at).size()));
    known.places.push_back(at);
    at = TRY(checked_add(at, line.size + archive::tar_padding(line.size)));
  }
  const std::uint64_t length = TRY(checked_add(at, trailer_size));
  if (length != file.size) {
    return failure(Code::bundle_format, "the bundle is {} bytes long, it should be {}",
                   file.size, length);
  }
  return {};
}

// Step 7, first half: whatever lies between the contents is what we would have written ourselves.
Result<> Opening::compare_headers() const {
  std::uint64_t at = cursor;
  for (std::size_t i = 0; i < known.places.size(); ++i) {
    const ClosureLine& line = known.closure.lines()[i];
    const std::string want = blob_header(line.digest, line.size, at);
    const std::string held = TRY(bytes(at, want.size()));
    if (held != want) {
      return format_failure(fmt::format("the header of blob {} is not the one that belongs there",
                                        line.digest.text()),
                            at);
    }
    const std::uint64_t end = known.places[i] + line.size;
    const std::size_t padding = archive::tar_padding(line.size);
    const std::string zeros = TRY(bytes(end, padding));
    TRY(expect_zeros(zeros, end));
    at = end + padding;
  }
  const std::string trailer = TRY(bytes(at, trailer_size));
  return expect_zeros(trailer, at);
}

// Step 7, second half.
Result<> Opening::check_blobs(const OpenOptions& options) const {
  std::vector<crypto::Range> ranges;
  for (std::size_t i = 0; i < known.places.size(); ++i) {
    ranges.push_back({.offset = known.places[i], .size = known.closure.lines()[i].size});
  }
  const std::uint64_t total = known.statement.limits.bytes;
  std::atomic<std::uint64_t> done = 0;
  const crypto::HashProgress progress = [&](std::uint64_t more) {
    if (options.progress) options.progress(done += more, total);
  };
  const auto digests = TRY(crypto::hash_ranges(file.file.get(), ranges, std::max(options.threads, 1U), progress));
  for (std::size_t i = 0; i < digests.size(); ++i) {
    const ClosureLine& line = known.closure.lines()[i];
    if (digests[i] == line.digest) continue;
    return failure(
        Error(Code::bundle_content, fmt::format("blob {} was changed: its bytes give {}",
                                                line.digest.text(), digests[i].text()))
            .at(fmt::format("bytes {} to {}", known.places[i], known.places[i] + line.size)));
  }
  return {};
}

// The engine that the statement names is the one inside.
Result<> Opening::check_engine() const {
  const std::string& named = known.statement.engine_digest;
  const auto is_it = [&](const Item& item) { return item.component == "engine" && item.manifest.text() == named; };
  if (named.empty() || std::ranges::any_of(known.items, is_it)) return {};
  return failure(Code::bundle_content, "the engine {} that the statement names is not inside", named);
}

// Its bytes were checked in step 7; now they are compared with their digest once more, since it is
// this copy that is parsed.
Result<std::string> Opening::read_blob(const crypto::Sha256& digest) const {
  const ClosureLine* line = known.closure.find(digest);
  CHECK(line != nullptr && line->size <= manifest_limit);
  const auto place = known.places[static_cast<std::size_t>(line - known.closure.lines().data())];
  std::string content = TRY(bytes(place, line->size));
  if (crypto::sha256(content) == digest) return content;
  return failure(Code::bundle_content, "blob {} changed after it was verified", digest.text());
}

}  // namespace

Result<Verified> verify_held(const HeldFile& file, const TrustRoot& trust,
                             const OpenOptions& options) {
  Opening opening{.file = file};
  Verified& known = opening.known;

  // 2. and 3. Raw bytes, then the signatures over them. Nothing is parsed before they hold.
  TRY(opening.read_head());
  known.signers = TRY(trust.check(known.statement_text, known.signatures, options.now));

  // 4. The same buffer, strictly.
  known.id = crypto::sha256(known.statement_text);
  known.statement = TRY(Statement::parse(known.statement_text));

  // 5. Is it for this site, this machine, this installer?
  TRY(opening.check_policy(trust, options));

  // 6. Closure, sums, length.
  TRY(opening.read_tables());
  TRY(opening.lay_out());

  // 7. Headers are compared, blobs are hashed.
  TRY(opening.compare_headers());
  TRY(opening.check_blobs(options));

  // 8. Index and closure name the same blobs.
  const ReadBlob read = [&](const crypto::Sha256& digest) { return opening.read_blob(digest); };
  known.items = TRY(read_index(known.index_text, known.closure, read));
  TRY(opening.check_engine());
  return std::move(known);
}

Result<Bundle> Bundle::open(const std::string& path, const TrustRoot& trust,
                            const OpenOptions& options) {
  Bundle bundle;

  // 1. One descriptor of a file that nobody changes meanwhile.
  bundle.held_ = TRY(hold_file(path, options.copy_folder));

  // 2. to 8. in a process that can do nothing but read it.
  // Whatever would be read from elsewhere is read before, libraries that are opened on demand included.
  crypto::prepare_checks();
  std::ignore = json::parse("{}", "nothing");
  const unsigned threads = options.threads > 0
                               ? options.threads
                               : std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
  const auto verify = [&](const Tell& tell) {
    OpenOptions inside = options;
    inside.threads = threads;
    if (options.progress) {
      inside.progress = [&](std::uint64_t done, std::uint64_t total) {
        tell(fmt::format("{} {}", done, total));
      };
    }
    return encode(verify_held(bundle.held_, trust, inside));
  };
  const auto on_progress = [&](std::string_view message) {
    const auto numbers = split(message, ' ');
    if (options.progress && numbers.size() == 2) {
      options.progress(number_of(numbers[0]), number_of(numbers[1]));
    }
  };
  const std::string answer =
      TRY(run_confined(bundle.held_.file.get(), verify, on_progress), "verifying {}", path);
  bundle.verified_ = TRY(decode(answer), "verifying {}", path);
  if (!bundle.held_.is_still_ours()) {
    return failure(
        Error(Code::bundle_content, "the bundle was opened for writing while it was read")
            .at(path));
  }
  return bundle;
}

}  // namespace holdfast::bundle
