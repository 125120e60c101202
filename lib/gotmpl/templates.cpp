// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/templates.h"

#include <algorithm>

#include "gotmpl/execution.h"
#include "gotmpl/go_text.h"
#include "gotmpl/regex.h"

namespace holdfast::gotmpl {

const Tree* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    auto found = scope->trees.find(name);
    if (found != scope->trees.end()) return found->second.get();
  }
  return nullptr;
}

void Scope::add(const ParsedFile& file) {
  for (const std::shared_ptr<const Tree>& tree : file.trees) {
    auto [slot, added] = trees.try_emplace(*tree->name, tree);
    if (!added && !tree->blank()) slot->second = tree;
  }
}

Templates::State::State(Environment given)
    : environment(std::move(given)),
      functions(FunctionTable::of(environment.flavor)),
      patterns(std::make_unique<RegexCache>()) {}

Templates::State::~State() {
  for (Datum& map : cyclic) {
    // Moved out first: emptying one map may free another of the list.
    std::vector<Dict::Entry> entries = std::move(map.dict()->entries());
    map.dict()->entries().clear();
  }
}

Templates::Templates(Environment environment)
    : state_(std::make_unique<State>(std::move(environment))) {}
Templates::Templates(Templates&&) noexcept = default;
Templates& Templates::operator=(Templates&&) noexcept = default;
Templates::~Templates() = default;

Templates::State::Late* Templates::State::find_late(std::string_view name) {
  const auto found = late_by_name.find(name);
  return found == late_by_name.end() ? nullptr : found->second;
}

Result<const Tree*> Templates::State::load(Late& late) {
  auto source = std::make_shared<Source>(late.name, std::make_shared<Arena>());
  source->owned = TRY(late.read());
  source->text = source->owned;
  ParsedFile file = TRY(parse_template(std::move(source), names, functions));
  late.good = true;
  scope.add(file);
  return file.main.get();
}

Result<const Tree*> Templates::State::find(const Scope& from, std::string_view name) {
  if (const Tree* known = from.find(name)) return known;
  Late* late = find_late(name);
  if (late == nullptr) return nullptr;
  return load(*late);
}

Result<> Templates::parse(std::string_view name, std::string_view text) {
  auto source = std::make_shared<Source>(name, state_->arena);
  source->text = text;
  ParsedFile file = TRY(parse_template(std::move(source), state_->names, state_->functions));
  for (const auto& tree : file.trees) {
    State::Late* late = state_->find_late(*tree->name);
    if (late == nullptr || late->kept) continue;
    TRY(state_->load(*late));  // it came first
    late->kept = true;
  }
  state_->scope.add(file);
  return {};
}

bool Templates::can_wait(std::string_view text) {
  for (auto at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    at += 2;
    if (at < text.size() && text[at] == '-') ++at;
    const auto action = text.substr(std::min(text.find_first_not_of(" \t\r\n", at), text.size()));
    if (action.starts_with("define") || action.starts_with("block")) return false;
  }
  return true;
}

Result<> Templates::add_late(std::string_view name, Read read) {
  const bool taken = contains(name);
  State::Late& late = state_->lates.emplace_back(std::string(name), std::move(read), false, taken);
  state_->late_by_name.emplace(late.name, &late);
  if (taken) TRY(state_->load(late));
  return {};
}

void Templates::forget(std::string_view name) {
  const State::Late* late = state_->find_late(name);
  if (late != nullptr && !late->kept) state_->scope.trees.erase(name);
}

Result<> Templates::check_late() {
  for (auto& late : state_->lates) {
    if (late.good) continue;
    TRY(state_->load(late));
    forget(late.name);
  }
  return {};
}

std::string_view Templates::text_of(std::string_view name) const {
  const Tree* tree = state_->scope.find(name);
  return tree == nullptr ? std::string_view() : tree->source->text;
}

std::size_t Templates::Trace::position_of(std::size_t offset) const {
  const auto after = std::ranges::upper_bound(marks, offset, {}, &Mark::offset);
  if (after == marks.begin()) return 0;
  const Mark& mark = *std::prev(after);
  return mark.position + (mark.plain ? offset - mark.offset : 0);
}

void Templates::Trace::forget_before(std::size_t offset) {
  const auto after = std::ranges::upper_bound(marks, offset, {}, &Mark::offset);
  if (after != marks.begin()) marks.erase(marks.begin(), std::prev(after));
}

Result<const Tree*> Templates::State::find_to_execute(std::string_view name) {
  const Tree* tree = TRY(find(scope, name));
  if (tree != nullptr) return tree;
  return failure(Code::template_execution, "no template {} associated with template \"gotpl\"", quote(name));
}

Result<std::string> Templates::execute(std::string_view name, const Datum& data, Trace* trace) {
  const Tree* tree = TRY(state_->find_to_execute(name));
  return Execution(*state_).run(*tree, data, trace);
}

Result<> Templates::execute(std::string_view name, const Datum& data, Trace& trace, const Take& take) {
  const Tree* tree = TRY(state_->find_to_execute(name));
  return Execution(*state_).run_in_pieces(*tree, data, trace, take);
}

bool Templates::contains(std::string_view name) const {
  return state_->scope.find(name) != nullptr || state_->find_late(name) != nullptr;
}

std::vector<std::string_view> function_names(Flavor flavor) {
  return FunctionTable::of(flavor).names();
}

}  // namespace holdfast::gotmpl
