// SPDX-License-Identifier: Apache-2.0
// encode() and decode() of verification.h: numbers of eight bytes, texts with their length before
// them, in a fixed order. No text is parsed on the way back.
#include "bundle/profile.h"
#include "bundle/verification.h"

#include <algorithm>
#include <cstring>

namespace holdfast::bundle {
namespace {

constexpr int value_depth_limit = 32;  // of index.cpp's JSON
constexpr std::size_t list_limit = 1'000'000;

class Writer {
 public:
  void number(std::uint64_t value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }

  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }

  void digest(const crypto::Sha256& value) {
    out_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
  }

  void key(const crypto::KeyId& value) {
    out_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
  }

  template <class List, class Each>
  void list(const List& values, const Each& each) {
    number(values.size());
    for (const auto& value : values) each(value);
  }

  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// After the first thing that does not fit, everything is empty and good() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) good_ = false;
    if (!good_) return {};
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::uint64_t number() {
    std::uint64_t value = 0;
    const auto bytes = take(sizeof(value));
    if (good_) std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }

  std::string text() { return std::string(take(static_cast<std::size_t>(number()))); }

  template <class Bytes>
  Bytes fixed() {
    Bytes value;
    const auto bytes = take(value.bytes.size());
    if (good_) std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
    return value;
  }

  // A number below `end`, as an enumeration's value.
  template <class Enum>
  Enum one_of(std::uint64_t end) {
    const auto value = number();
    if (value >= end) good_ = false;
    return static_cast<Enum>(good_ ? value : 0);
  }

  template <class Each>
  void list(const Each& each) {
    const auto count = number();
    if (count > list_limit) good_ = false;
    for (std::uint64_t i = 0; i < count && good_; ++i) each();
  }

  [[nodiscard]] bool good() const { return good_; }

  [[nodiscard]] bool ended() const { return good_ && rest_.empty(); }

  void refuse() { good_ = false; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

void write_value(Writer& out, const Value& value) {
  out.number(static_cast<std::uint64_t>(value.kind()));
  if (const auto* text = value.as_string()) out.text(*text);
  if (const auto* boolean = value.as_bool()) out.number(*boolean ? 1 : 0);
  if (const auto* integer = value.as_int()) out.number(static_cast<std::uint64_t>(*integer));
  if (const auto* integer = value.as_uint()) out.number(*integer);
  if (const auto* array = value.as_array()) {
    out.list(*array, [&](const Value& each) { write_value(out, each); });
  }
  if (const auto* object = value.as_object()) {
    out.list(*object, [&](const Member& each) {
      out.text(each.key);
      write_value(out, each.value);
    });
  }
}

Value read_value(Reader& in, int depth = 0) {
  if (depth > value_depth_limit) in.refuse();
  const auto kind = in.one_of<Value::Kind>(8);
  if (!in.good()) return {};
  switch (kind) {
    case Value::Kind::null:
    case Value::Kind::real: return {};  // an index has no fractions that anyone reads
    case Value::Kind::boolean: return in.number() == 1;
    case Value::Kind::integer: return static_cast<std::int64_t>(in.number());
    case Value::Kind::unsigned_integer: return in.number();
    case Value::Kind::string: return in.text();
    case Value::Kind::array: {
      Array array;
      in.list([&] { array.push_back(read_value(in, depth + 1)); });
      return array;
    }
    case Value::Kind::object: {
      Object object;
      in.list([&] {
        std::string key = in.text();
        object.append(std::move(key), read_value(in, depth + 1));
      });
      object.sort();
      return object;
    }
  }
  std::unreachable();
}

void write_optional(Writer& out, const std::optional<crypto::Sha256>& digest) {
  out.number(digest ? 1 : 0);
  if (digest) out.digest(*digest);
}

std::optional<crypto::Sha256> read_optional(Reader& in) {
  if (in.number() == 0) return std::nullopt;
  return in.fixed<crypto::Sha256>();
}

void write_statement(Writer& out, const Statement& statement) {
  for (const auto* text :
       {&statement.name, &statement.version, &statement.channel, &statement.min_installer,
        &statement.upgrade_from, &statement.issued_at, &statement.kubernetes,
        &statement.engine_kind, &statement.engine_version, &statement.engine_digest,
        &statement.previous}) {
    out.text(*text);
  }
  out.number(statement.security_epoch);
  out.list(statement.platforms, [&](const std::string& each) { out.text(each); });
  for (const auto number : {statement.limits.blobs, statement.limits.bytes,
                            statement.limits.largest, statement.limits.expanded}) {
    out.number(number);
  }
  for (const auto* digest : {&statement.index, &statement.closure, &statement.layout}) {
    out.digest(*digest);
  }
}

Statement read_statement(Reader& in) {
  Statement statement;
  for (auto* text : {&statement.name, &statement.version, &statement.channel,
                     &statement.min_installer, &statement.upgrade_from, &statement.issued_at,
                     &statement.kubernetes, &statement.engine_kind, &statement.engine_version,
                     &statement.engine_digest, &statement.previous}) {
    *text = in.text();
  }
  statement.security_epoch = in.number();
  in.list([&] { statement.platforms.push_back(in.text()); });
  for (auto* number : {&statement.limits.blobs, &statement.limits.bytes, &statement.limits.largest,
                       &statement.limits.expanded}) {
    *number = in.number();
  }
  for (auto* digest : {&statement.index, &statement.closure, &statement.layout}) {
    *digest = in.fixed<crypto::Sha256>();
  }
  return statement;
}

void write_item(Writer& out, const Item& item) {
  out.number(static_cast<std::uint64_t>(item.kind));
  out.text(item.component);
  out.text(item.name);
  out.digest(item.manifest);
  write_optional(out, item.subject);
  out.list(item.parts, [&](const Part& part) {
    out.digest(part.digest);
    out.number(part.size);
    out.text(part.media_type);
    out.text(part.name);
    out.number(part.mode);
    out.number(part.expanded_size);
    write_optional(out, part.expanded_digest);
  });
  write_value(out, item.descriptor);
}

Item read_item(Reader& in) {
  Item item;
  item.kind = in.one_of<ItemKind>(item_kinds);
  item.component = in.text();
  item.name = in.text();
  item.manifest = in.fixed<crypto::Sha256>();
  item.subject = read_optional(in);
  in.list([&] {
    Part part;
    part.digest = in.fixed<crypto::Sha256>();
    part.size = in.number();
    part.media_type = in.text();
    part.name = in.text();
    part.mode = static_cast<unsigned>(in.number() & 0777U);
    part.expanded_size = in.number();
    part.expanded_digest = read_optional(in);
    item.parts.push_back(std::move(part));
  });
  item.descriptor = read_value(in);
  return item;
}

void write_error(Writer& out, const Error& error) {
  out.text(row_of(error.code()).name);
  out.text(error.what());
  out.list(error.where(), [&](const std::string& each) { out.text(each); });
  out.list(error.causes(), [&](const std::string& each) { out.text(each); });
  out.text(error.context());
  const auto fix = error.fix_line();
  out.text(fix == row_of(error.code()).fix ? std::string_view() : fix);
}

Error read_error(Reader& in) {
  const CodeRow* row = find_code(in.text());
  Error error(row == nullptr ? Code::bundle_format : row->code, in.text());
  in.list([&] { error = std::move(error).at(in.text()); });
  in.list([&] { error = std::move(error).because(in.text()); });
  const std::string context = in.text();
  if (!context.empty()) error = std::move(error).within(context);
  std::string fix = in.text();
  return fix.empty() ? error : std::move(error).fix(std::move(fix));
}

Verified read_verified(Reader& in) {
  Verified known;
  known.statement_text = in.text();
  in.list([&] {
    crypto::DetachedSignature signature;
    signature.scheme = in.one_of<crypto::Scheme>(3);
    signature.key = in.fixed<crypto::KeyId>();
    signature.bytes = in.text();
    known.signatures.push_back(std::move(signature));
  });
  known.index_text = in.text();
  known.id = in.fixed<crypto::Sha256>();
  known.statement = read_statement(in);
  std::vector<ClosureLine> lines;
  in.list([&] {
    ClosureLine line;
    line.digest = in.fixed<crypto::Sha256>();
    line.size = in.number();
    line.role = in.one_of<Role>(static_cast<std::uint64_t>(Role::doc) + 1);
    if (in.number() == 1) line.expanded = in.number();
    lines.push_back(line);
    known.places.push_back(in.number());
  });
  known.closure = Closure::of(std::move(lines));
  in.list([&] { known.items.push_back(read_item(in)); });
  in.list([&] { known.signers.push_back(in.fixed<crypto::KeyId>()); });
  return known;
}

}  // namespace

std::string encode(const Result<Verified>& verified) {
  Writer out;
  out.number(verified ? 1 : 0);
  if (!verified) {
    write_error(out, verified.error());
    return out.take();
  }
  const Verified& known = *verified;
  out.text(known.statement_text);
  out.list(known.signatures, [&](const crypto::DetachedSignature& each) {
    out.number(static_cast<std::uint64_t>(each.scheme));
    out.key(each.key);
    out.text(each.bytes);
  });
  out.text(known.index_text);
  out.digest(known.id);
  write_statement(out, known.statement);
  const auto& lines = known.closure.lines();
  out.number(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out.digest(lines[i].digest);
    out.number(lines[i].size);
    out.number(static_cast<std::uint64_t>(lines[i].role));
    out.number(lines[i].expanded ? 1 : 0);
    if (lines[i].expanded) out.number(*lines[i].expanded);
    out.number(known.places[i]);
  }
  out.list(known.items, [&](const Item& each) { write_item(out, each); });
  out.list(known.signers, [&](const crypto::KeyId& each) { out.key(each); });
  return out.take();
}

Result<Verified> decode(std::string_view bytes) {
  Reader in(bytes);
  const bool good = in.number() == 1;
  Result<Verified> verified;
  if (good) {
    verified = read_verified(in);
  } else {
    verified = failure(read_error(in));
  }
  if (in.ended()) return verified;
  return failure(Code::bundle_format, "the bundle's reader gave no whole answer");
}

}  // namespace holdfast::bundle
