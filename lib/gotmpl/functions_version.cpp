// SPDX-License-Identifier: Apache-2.0
// Sprig 3.3.0 semver.go: semverCompare, and semver with the methods of *semver.Version.
#include "gotmpl/execution.h"
#include "gotmpl/semver.h"

namespace holdfast::gotmpl {
namespace {

class VersionObject;
Datum version_datum(Version version);

class VersionObject final : public HostObject {
 public:
  explicit VersionObject(Version held) : version(std::move(held)) {}
  [[nodiscard]] const Type& type() const override;
  [[nodiscard]] std::string print() const override { return version.print(); }
  [[nodiscard]] bool equals(const HostObject& other) const override {
    const auto* object = dynamic_cast<const VersionObject*>(&other);
    return object != nullptr && object->version.original == version.original;
  }

  const Version version;
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
Result<Datum> pre_release(Call& call) { return Datum(self(call).pre_release); }
Result<Datum> metadata(Call& call) { return Datum(self(call).metadata); }
Result<Datum> original(Call& call) { return Datum(self(call).original); }
Result<Datum> print(Call& call) { return Datum(self(call).print()); }

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
Result<Datum> less_than(Call& call) { return Datum(TRY(order(call)) < 0); }
Result<Datum> greater_than(Call& call) { return Datum(TRY(order(call)) > 0); }
Result<Datum> less_than_equal(Call& call) { return Datum(TRY(order(call)) <= 0); }
Result<Datum> greater_than_equal(Call& call) { return Datum(TRY(order(call)) >= 0); }
Result<Datum> equal(Call& call) { return Datum(TRY(order(call)) == 0); }

Version bumped(const Version& version, std::uint64_t major_by, std::uint64_t minor_by) {
  Version next;
  next.major = version.major + major_by;
  next.minor = major_by > 0 ? 0 : version.minor + minor_by;
  next.original = fmt::format("{}{}", version.original.starts_with('v') ? "v" : "", next.print());
  return next;
}

Result<Datum> inc_major(Call& call) { return version_datum(bumped(self(call), 1, 0)); }
Result<Datum> inc_minor(Call& call) { return version_datum(bumped(self(call), 0, 1)); }
Result<Datum> inc_patch(Call& call) {
  Version next = self(call);
  // A pre-release comes before its version: the patch itself is the next one.
  if (next.pre_release.empty()) ++next.patch;
  next.pre_release.clear();
  next.metadata.clear();
  next.original = (next.original.starts_with('v') ? "v" : "") + next.print();
  return version_datum(std::move(next));
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

const Type& VersionObject::type() const { return version_type; }

Datum version_datum(Version version) {
  return Datum::of_object(std::make_unique<VersionObject>(std::move(version)));
}

Result<Datum> semver(Call& call) { return version_datum(TRY(Version::parse(call.text(0)))); }

Result<Datum> semver_compare(Call& call) {
  Constraints constraints = TRY(Constraints::parse(call.text(0)));
  Version version = TRY(Version::parse(call.text(1)));
  return Datum(constraints.allow(version));
}

constexpr Function rows[] = {
    {"semver", "s", semver},
    {"semverCompare", "ss", semver_compare},
};

}  // namespace

std::span<const Function> version_functions() { return rows; }

}  // namespace holdfast::gotmpl
