// SPDX-License-Identifier: Apache-2.0
#include "agent/reconcile.h"

#include "agent/deletion.h"
#include "agent/operate.h"
#include "agent/refresh.h"
#include "agent/status.h"
#include "base/log.h"
#include "sync/names.h"

namespace holdfast::agent {
namespace {

// One call carries an operation over at most this many waves that need no waiting, so that a worker is
// not held by one Application.
constexpr int waves_in_a_row = 20;

constexpr auto deletion_pause = std::chrono::seconds(10);

bool is_skipped(const sync::Application& application) {
  return application.annotation(sync::names::skip_reconcile) == "true";
}

std::optional<Duration> sooner(std::optional<Duration> left, std::optional<Duration> right) {
  if (!left || !right) return left ? left : right;
  return std::min(*left, *right);
}

}  // namespace

Result<std::optional<Duration>> reconcile(Context& context, const std::string& instance, const Value* object, Memory& memory) {
  if (object == nullptr) {
    context.cluster.forget(instance);
    context.claims.drop(instance);
    context.predictor.forget(instance);
    return std::nullopt;
  }
  sync::Application application = TRY(sync::decode_application(*object, context.store.namespace_name()));
  if (is_skipped(application)) {
    context.claims.note_look(instance);
    return std::nullopt;
  }

  // A running operation goes first: as far as it gets without waiting for anything.
  OperateResult operated = TRY(operate(context, application, memory));
  for (int i = 0; i < waves_in_a_row && operated.again; ++i) operated = TRY(operate(context, application, memory));
  if (application.deleted && !operation_in_progress(application)) {
    const bool again = TRY(finalize(context, application, memory));
    if (again) context.queue.add(instance);
    // What it waits for may be something that nobody tells of: a server behind the API that answers again.
    return deletion_pause;
  }

  // Pin what Git wants, look at what lives, decide, tell. Automation may start an operation here.
  auto compared = refresh(context, application, memory, operated.ask_git ? Freshness::now : Freshness::remembered);
  // The end of an operation is told even where the comparison did not come about.
  TRY(tell_held(context, application));
  const RefreshResult refreshed = TRY(std::move(compared));
  if (refreshed.operation_started) {
    context.queue.add(instance);
  }

  // Then forget everything: the status is the only memory that counts.
  const double part = std::uniform_real_distribution<>(0, 1)(memory.random);
  const auto resync = context.store.configuration()->settings.next_look(part);
  return sooner(sooner(operated.look_again, refreshed.look_again), resync);
}

}  // namespace holdfast::agent
