// SPDX-License-Identifier: Apache-2.0
#include "sync/tracking.h"

#include "base/text.h"
#include "sync/names.h"

namespace holdfast::sync {
namespace {

// Kubernetes allows no longer label values.
constexpr std::size_t label_bytes_max = 63;

bool is_crd(const Key& key) {
  return key.group == "apiextensions.k8s.io" && key.kind == "CustomResourceDefinition";
}

bool same_object(const Key& id, const Key& object) {
  return id.group == object.group && id.kind == object.kind && id.name == object.name &&
         (object.namespace_.empty() || id.namespace_ == object.namespace_);
}

}  // namespace

std::optional<TrackingId> parse_tracking_id(std::string_view text) {
  const auto first = text.find(':');
  const auto second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto kind = split(text.substr(first + 1, second - first - 1), '/');
  const auto name = split(text.substr(second + 1), '/');
  if (kind.size() != 2 || name.size() != 2) return std::nullopt;
  return TrackingId{std::string(text.substr(0, first)),
                    {std::string(kind[0]), std::string(kind[1]), std::string(name[0]),
                     std::string(name[1])}};
}

std::string to_string(const TrackingId& id) {
  return fmt::format("{}:{}/{}:{}/{}", id.application, id.key.group, id.key.kind, id.key.namespace_,
                     id.key.name);
}

std::string owner_of(const Value& object, const Tracking& tracking) {
  if (!tracking.installation_id.empty() &&
      annotation(object, names::installation_id) != tracking.installation_id) {
    return {};
  }
  if (tracking.method == TrackingMethod::label) return std::string(label(object, tracking.label));
  const auto id = parse_tracking_id(annotation(object, names::tracking_id));
  return id ? id->application : std::string();
}

void track(Value& object, std::string_view application, std::string_view namespace_,
           const Tracking& tracking) {
  Key key = key_of(object);
  if (is_crd(key)) return;
  if (key.namespace_.empty()) key.namespace_ = namespace_;
  Value& metadata = object["metadata"];
  if (tracking.method != TrackingMethod::label) {
    metadata["annotations"][names::tracking_id] = to_string(TrackingId{std::string(application), key});
  }
  if (tracking.method == TrackingMethod::label) metadata["labels"][tracking.label] = application;
  if (tracking.method == TrackingMethod::annotation_and_label) {
    metadata["labels"][tracking.label] = application.substr(0, label_bytes_max);
  }
  if (!tracking.installation_id.empty()) {
    metadata["annotations"][names::installation_id] = tracking.installation_id;
  }
}

bool names_itself(const Value& live, const Value* target, const Tracking& tracking) {
  if (tracking.method == TrackingMethod::label) return true;
  const auto id = parse_tracking_id(annotation(live, names::tracking_id));
  if (!id || target != nullptr) return true;
  return same_object(id->key, key_of(live));
}

}  // namespace holdfast::sync
