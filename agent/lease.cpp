// SPDX-License-Identifier: Apache-2.0
#include "agent/lease.h"

#include "agent/pause.h"
#include "base/log.h"

namespace holdfast::agent {
namespace {

constexpr std::string_view lease_name = "holdfast-agent";

// metav1.MicroTime.
std::string micro_time(WallTime time) {
  auto text = format_rfc3339(time);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count() % 1'000'000;
  text.pop_back();
  return fmt::format("{}.{:06}Z", text, micros);
}

}  // namespace

bool Lease::is_silent(const Value& lease) {
  const auto version = lease.text({"metadata", "resourceVersion"});
  const auto now = client_.clock().steady();
  if (version != seen_version_) {
    seen_version_ = version;
    seen_at_ = now;
  }
  return now - seen_at_ > times_.duration;
}

Result<> Lease::write(const Value& lease) {
  Value object = lease;
  object["apiVersion"] = "coordination.k8s.io/v1";
  object["kind"] = "Lease";
  object["metadata"]["name"] = lease_name;
  object["metadata"]["namespace"] = namespace_;
  const auto now = micro_time(client_.clock().wall());
  Value& spec = object["spec"];
  if (spec.text({"holderIdentity"}) != holder_) spec["acquireTime"] = now;
  spec["holderIdentity"] = holder_;
  spec["renewTime"] = now;
  spec["leaseDurationSeconds"] = std::chrono::duration_cast<std::chrono::seconds>(times_.duration).count();
  const bool exists = !object.text({"metadata", "resourceVersion"}).empty();
  if (exists) {
    TRY(client_.replace(object));
  } else {
    TRY(client_.create(object));
  }
  return {};
}

Result<bool> Lease::try_once() {
  auto lease = client_.get({"coordination.k8s.io", "v1", "Lease", namespace_, std::string(lease_name)});
  if (!lease && lease.error().code() == Code::object_missing) lease = Value(Object{});
  if (!lease) return failure(std::move(lease).error());
  const auto holder = lease->text({"spec", "holderIdentity"});
  if (!holder.empty() && holder != holder_ && !is_silent(*lease)) return false;
  TRY(write(*lease));
  return true;
}

Result<> Lease::acquire(const std::stop_token& stop) {
  bool told = false;
  while (!stop.stop_requested()) {
    const auto held = try_once();
    if (held && *held) return {};
    if (!told) log::info("another agent acts, this one waits for its lease");
    told = true;
    pause(times_.retry, stop);
  }
  return failure(Code::stopped, "stopped while the lease was waited for");
}

bool Lease::keep(const std::stop_token& stop, const std::function<void()>& between) {
  auto renewed = client_.clock().steady();
  while (true) {
    pause(times_.renew, stop);
    if (stop.stop_requested()) return true;
    between();
    const auto held = try_once();
    const auto now = client_.clock().steady();
    if (held && *held) {
      renewed = now;
    } else if ((held && !*held) || now - renewed > times_.duration - times_.renew) {
      log::error("the lease was lost: this agent ends", {{"holder", holder_}});
      return false;
    }
  }
}

void Lease::release() {
  const Value patch = Object{{"spec", Object{{"holderIdentity", ""}}}};
  const auto gone = client_.patch({"coordination.k8s.io", "v1", "Lease", namespace_, std::string(lease_name)},
                                  kube::PatchType::merge, patch);
  if (!gone) log::debug("the lease was not released", {{"cause", gone.error().message()}});
}

}  // namespace holdfast::agent
