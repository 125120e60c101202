// SPDX-License-Identifier: Apache-2.0
#include "installation.h"

#include "bundle/trust.h"

namespace holdfast::bootstrap {

Result<> Installation::open_journal(std::string bundle_id) {
  bundle_id_ = std::move(bundle_id);
  const auto path = fmt::format("{}/install/{}.journal", options.node.state_dir, options.repository.cluster.name);
  journal_ = TRY(Journal::open(path, console.clock()));
  if (!journal_->interrupted().empty()) {
    console.note(fmt::format("an earlier run stopped in step {}; going on", journal_->interrupted()));
  }
  for (const auto& [name, result] : before_journal_) {
    TRY(journal_->begin(name, bundle_id_));
    TRY(journal_->end(name, result));
  }
  return {};
}

std::string Installation::trust_folder() const {
  return options.trust_dir.empty() ? bundle::default_trust_folder() : options.trust_dir;
}

Result<> Installation::step(std::string_view name, std::string_view title, std::string_view doing,
                            const std::function<Result<std::string>(Step&)>& body) {
  if (journal_) TRY(journal_->begin(name, bundle_id_));
  Step shown(console, std::string(title), std::string(doing));
  const std::string result = TRY(body(shown), "{}", doing);
  shown.done(result);
  const std::string told = console.is_simulated() ? result + ", simulated" : result;
  if (journal_) return journal_->end(name, told);
  before_journal_.emplace_back(name, told);
  return {};
}

}  // namespace holdfast::bootstrap
