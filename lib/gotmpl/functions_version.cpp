// SPDX-License-Identifier: Apache-2.0
// Sprig 3.3.0 semver.go: semverCompare, and semver with the methods of *semver.Version.
#include <optional>

#include "base/semver.h"
#include "base/text.h"
#include "gotmpl/execution.h"
#include "gotmpl/go_text.h"
#include "gotmpl/host_object.h"

namespace holdfast::gotmpl {
namespace {

using semver::Version;

Datum version_value(Version version);

class VersionObject final : public HostObject {
 public:
  VersionObject(Version held, const Type& type) : version(std::move(held)), type_(type) {}
  [[nodiscard]] const Type& type() const override { return type_; }
  [[nodiscard]] std::string print() const override { return version.to_string(); }
  [[nodiscard]] Datum structure() const override;
  [[nodiscard]] bool equals(const HostObject& other) const override {
    if (&other.type() != &type()) return false;
    return static_cast<const VersionObject&>(other).version.original == version.original;
  }

  const Version version;

 private:
  const Type& type_;
};

const Version& self(const Call& call) {
  return static_cast<const VersionObject*>(call.self->host())->version;
}

const Version& argument(Call& call) {
  return static_cast<const VersionObject*>(call[0].host())->version;
}

Result<Datum> major(Call& call) { return Datum::uint64(self(call).major); }
Result<Datum> minor(Call& call) { return Datum::uint64(self(call).minor); }
Result<Datum> patch(Call& call) { return Datum::uint64(self(call).patch); }
Result<Datum> pre_release(Call& call) { return Datum(self(call).prerelease); }
Result<Datum> metadata(Call& call) { return Datum(self(call).metadata); }
Result<Datum> original(Call& call) { return Datum(self(call).original); }
Result<Datum> print(Call& call) { return Datum(self(call).to_string()); }

Result<std::strong_ordering> order(Call& call) {
  if (call[0].is_nil()) {
    return call_failure("runtime error: invalid memory address or nil pointer dereference");
  }
  return compare(self(call), argument(call));
}

Result<Datum> compared(Call& call) {
  std::strong_ordering result = TRY(order(call));
  return Datum(result < 0 ? -1 : result > 0 ? 1 : 0);
}
Result<Datum> less_than(Call& call) {
  auto value = TRY(order(call));
  return Datum(value < 0);
}
Result<Datum> greater_than(Call& call) {
  auto value = TRY(order(call));
  return Datum(value > 0);
}
Result<Datum> less_than_equal(Call& call) {
  auto value = TRY(order(call));
  return Datum(value <= 0);
}
Result<Datum> greater_than_equal(Call& call) {
  auto value = TRY(order(call));
  return Datum(value >= 0);
}
Result<Datum> equal(Call& call) {
  auto value = TRY(order(call));
  return Datum(value == 0);
}

Version bumped(const Version& version, std::uint64_t major_by, std::uint64_t minor_by) {
  Version next;
  next.major = version.major + major_by;
  next.minor = major_by > 0 ? 0 : version.minor + minor_by;
  next.original = fmt::format("{}{}", version.original.starts_with('v') ? "v" : "", next.to_string());
  return next;
}

Result<Datum> inc_major(Call& call) { return version_value(bumped(self(call), 1, 0)); }
Result<Datum> inc_minor(Call& call) { return version_value(bumped(self(call), 0, 1)); }
Result<Datum> inc_patch(Call& call) {
  Version next = self(call);
  // A pre-release comes before its version: the patch itself is the next one.
  if (next.prerelease.empty()) ++next.patch;
  next.prerelease.clear();
  next.metadata.clear();
  next.original = (next.original.starts_with('v') ? "v" : "") + next.to_string();
  return version_value(std::move(next));
}

constexpr Function methods[] = {
    {"Major", "", major},
    {"Minor", "", minor},
    {"Patch", "", patch},
    {"Prerelease", "", pre_release},
    {"Metadata", "", metadata},
    {"Original", "", original},
    {"String", "", print},
    {"Compare", "V", compared},
    {"LessThan", "V", less_than},
    {"GreaterThan", "V", greater_than},
    {"LessThanEqual", "V", less_than_equal},
    {"GreaterThanEqual", "V", greater_than_equal},
    {"Equal", "V", equal},
    {"IncMajor", "", inc_major},
    {"IncMinor", "", inc_minor},
    {"IncPatch", "", inc_patch},
};

const Type version_type{"*semver.Version", "ptr", Kind::nil, methods};
// What IncPatch and its like return is no pointer.
const Type version_value_type{"semver.Version", "struct", Kind::nil, methods};

constexpr Field version_fields[] = {{"major"}, {"minor"}, {"patch"}, {"pre"}, {"metadata"}, {"original"}};
const Type version_structure{.name = "*semver.Version", .kind = "ptr", .fields = version_fields};
const Type version_value_structure{.name = "semver.Version", .kind = "struct", .fields = version_fields};

Datum VersionObject::structure() const {
  Datum out = Datum::new_structure(&type_ == &version_type ? version_structure : version_value_structure);
  out.dict()->set("major", Datum::uint64(version.major));
  out.dict()->set("minor", Datum::uint64(version.minor));
  out.dict()->set("patch", Datum::uint64(version.patch));
  out.dict()->set("pre", Datum(version.prerelease));
  out.dict()->set("metadata", Datum(version.metadata));
  out.dict()->set("original", Datum(version.original));
  return out;
}

Datum version_value(Version version) {
  return Datum::of_object(std::make_unique<VersionObject>(std::move(version), version_value_type));
}

Datum version_datum(Version version) {
  return Datum::of_object(std::make_unique<VersionObject>(std::move(version), version_type));
}

Result<Version> parse_version(const std::string& text) {
  std::optional<Version> version = Version::parse(text);
  if (!version) return call_failure("invalid semantic version");
  return *std::move(version);
}

Result<Datum> make_version(Call& call) {
  auto value = TRY(parse_version(call.text(0)));
  return version_datum(value);
}

Result<Datum> compare_with_range(Call& call) {
  std::optional<semver::Range> range = semver::Range::parse(call.text(0));
  // Masterminds takes no empty range.
  if (!range || trim(call.text(0)).empty()) {
    auto refused = call_failure(fmt::format("improper constraint: {}", quote(call.text(0))));
    return failure(std::move(refused).error().fix("write a range as \">=1.20.0-0\" or \">=1.2, <2\""));
  }
  Version version = TRY(parse_version(call.text(1)));
  return Datum(range->contains(version));
}

constexpr Function rows[] = {
    {"semver", "s", make_version},
    {"semverCompare", "ss", compare_with_range},
};

}  // namespace

std::span<const Function> version_functions() { return rows; }

}  // namespace holdfast::gotmpl
