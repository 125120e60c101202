// SPDX-License-Identifier: Apache-2.0
#include "bundle/statement.h"

#include "base/clock.h"
#include "base/semver.h"
#include "base/text.h"
#include "bundle/profile.h"
#include "value/json.h"

#include <algorithm>
#include <array>

namespace holdfast::bundle {
namespace {

constexpr std::string_view statement_type = "https://in-toto.io/Statement/v1";
constexpr std::string_view predicate_type = "urn:holdfast:bundle:v1";
constexpr std::size_t text_limit = 256;

std::unexpected<Error> malformed(std::string_view reason) {
  return failure(Error(Code::bundle_format, fmt::format("the statement is malformed: {}", reason))
                     .at(std::string(statement_name)));
}

Result<> refuse_reals(const Value& value) {
  if (value.kind() == Value::Kind::real) return malformed("a number is not whole");
  if (const auto* array = value.as_array()) {
    for (const auto& element : *array)
      TRY(refuse_reals(element));
  }
  if (const auto* object = value.as_object()) {
    for (const auto& member : *object)
      TRY(refuse_reals(member.value));
  }
  return {};
}

// An absent member is an empty text.
Result<std::string> text_of(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  if (value == nullptr) return std::string();
  const auto* text = value->as_string();
  if (text == nullptr || text->size() > text_limit || printable(*text, text_limit) != *text) {
    return malformed(fmt::format("'{}' is no plain text of at most {} bytes", key, text_limit));
  }
  return *text;
}

Result<std::uint64_t> count_of(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  const auto* count = value == nullptr ? nullptr : value->as_int();
  if (count == nullptr || *count < 0) {
    return malformed(fmt::format("'{}' is no count", key));
  }
  return static_cast<std::uint64_t>(*count);
}

Result<crypto::Sha256> digest_of(const Value& subjects, std::string_view name) {
  const Value* found = nullptr;
  for (const auto& subject : *subjects.as_array()) {
    if (subject.text({"name"}) != name) continue;
    if (found != nullptr) return malformed(fmt::format("'{}' is named twice", name));
    found = &subject;
  }
  const auto digest =
      found == nullptr ? std::nullopt : crypto::parse_sha256_hex(found->text({"digest", "sha256"}));
  if (!digest) return malformed(fmt::format("no SHA-256 of '{}'", name));
  return *digest;
}

Result<> read_subjects(const Value& document, Statement& statement) {
  const Value* subjects = document.find("subject");
  if (subjects == nullptr || !subjects->is_array() || subjects->as_array()->size() != 3) {
    return malformed("not exactly three subjects");
  }
  statement.index = TRY(digest_of(*subjects, index_name));
  statement.closure = TRY(digest_of(*subjects, closure_name));
  statement.layout = TRY(digest_of(*subjects, layout_name));
  return {};
}

Result<> read_platforms(const Value& predicate, Statement& statement) {
  const Value* platforms = predicate.find("platforms");
  const auto* list = platforms == nullptr ? nullptr : platforms->as_array();
  if (list == nullptr || list->empty() || list->size() > 16) {
    return malformed("'platforms' is no list of one to sixteen platforms");
  }
  for (const auto& platform : *list) {
    const auto* text = platform.as_string();
    if (text == nullptr || text->size() > text_limit || printable(*text) != *text) {
      return malformed("a platform is no plain text");
    }
    statement.platforms.push_back(*text);
  }
  return {};
}

Result<> check_values(const Statement& statement) {
  if (statement.name.empty()) return malformed("it has no name");
  if (!semver::Version::parse(statement.version)) {
    return malformed(fmt::format("version '{}' is none", statement.version));
  }
  if (!statement.min_installer.empty() && !semver::Version::parse(statement.min_installer)) {
    return malformed(fmt::format("minInstaller '{}' is no version", statement.min_installer));
  }
  for (const auto* range : {&statement.upgrade_from, &statement.kubernetes}) {
    if (!range->empty() && !semver::Range::parse(*range)) {
      return malformed(fmt::format("'{}' is no range of versions", *range));
    }
  }
  if (!statement.issued_at.empty() && !parse_rfc3339(statement.issued_at)) {
    return malformed(fmt::format("issuedAt '{}' is no time", statement.issued_at));
  }
  if (!statement.engine_digest.empty() && !crypto::parse_sha256(statement.engine_digest)) {
    return malformed("its engine's digest is none");
  }
  if (!statement.previous.empty() && !crypto::parse_sha256(statement.previous)) {
    return malformed("'previous' is no digest");
  }
  return {};
}

void set_unless_empty(Object& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object.set(key, text);
}

Value subject(std::string_view name, const crypto::Sha256& digest) {
  return Object{{"name", name}, {"digest", Object{{"sha256", digest.hex()}}}};
}

}  // namespace

Result<Statement> Statement::parse(std::string_view text) {
  constexpr json::Limits limits{.depth = 8, .bytes = statement_limit};
  auto parsed = json::parse(text, statement_name, limits, json::Duplicates::refuse);
  if (!parsed) return malformed(parsed.error().message());
  const Value& document = *parsed;
  TRY(refuse_reals(document));
  if (document.text({"_type"}) != statement_type) return malformed("it is no in-toto statement");
  if (document.text({"predicateType"}) != predicate_type) {
    return malformed(fmt::format("predicateType '{}' is not '{}'",
                                 printable(document.text({"predicateType"})), predicate_type));
  }
  const Value* predicate = document.find("predicate");
  const Value* limits_value = predicate == nullptr ? nullptr : predicate->find("limits");
  if (limits_value == nullptr) return malformed("it has no limits");

  Statement statement;
  TRY(read_subjects(document, statement));
  TRY(read_platforms(*predicate, statement));
  statement.name = TRY(text_of(*predicate, "name"));
  statement.version = TRY(text_of(*predicate, "version"));
  statement.channel = TRY(text_of(*predicate, "channel"));
  statement.security_epoch = TRY(count_of(*predicate, "securityEpoch"));
  statement.min_installer = TRY(text_of(*predicate, "minInstaller"));
  statement.upgrade_from = TRY(text_of(*predicate, "upgradeFrom"));
  statement.issued_at = TRY(text_of(*predicate, "issuedAt"));
  statement.kubernetes = TRY(text_of(*predicate, "kubernetes"));
  statement.previous = TRY(text_of(*predicate, "previous"));
  if (const Value* engine = predicate->find("engine")) {
    statement.engine_kind = TRY(text_of(*engine, "kind"));
    statement.engine_version = TRY(text_of(*engine, "version"));
    statement.engine_digest = TRY(text_of(*engine, "digest"));
    if (statement.engine_kind.empty()) return malformed("its engine has no kind");
  }
  statement.limits.blobs = TRY(count_of(*limits_value, "blobs"));
  statement.limits.bytes = TRY(count_of(*limits_value, "bytes"));
  statement.limits.largest = TRY(count_of(*limits_value, "maxBlob"));
  statement.limits.expanded = TRY(count_of(*limits_value, "maxExpanded"));
  TRY(check_values(statement));
  return statement;
}

std::string Statement::to_text() const {
  Array platform_list;
  for (const auto& platform : platforms)
    platform_list.emplace_back(platform);
  Object predicate{{"name", name},
                   {"version", version},
                   {"securityEpoch", security_epoch},
                   {"platforms", platform_list},
                   {"limits", Object{{"blobs", limits.blobs},
                                     {"bytes", limits.bytes},
                                     {"maxBlob", limits.largest},
                                     {"maxExpanded", limits.expanded}}}};
  set_unless_empty(predicate, "channel", channel);
  set_unless_empty(predicate, "minInstaller", min_installer);
  set_unless_empty(predicate, "upgradeFrom", upgrade_from);
  set_unless_empty(predicate, "issuedAt", issued_at);
  set_unless_empty(predicate, "kubernetes", kubernetes);
  set_unless_empty(predicate, "previous", previous);
  if (!engine_kind.empty()) {
    Object engine{{"kind", engine_kind}, {"version", engine_version}};
    set_unless_empty(engine, "digest", engine_digest);
    predicate.set("engine", engine);
  }
  const Object document{
      {"_type", statement_type},
      {"subject", Array{subject(index_name, index), subject(closure_name, closure),
                        subject(layout_name, layout)}},
      {"predicateType", predicate_type},
      {"predicate", predicate}};
  return json::write_indented(document) + "\n";
}

}  // namespace holdfast::bundle
