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

Result<> Templates::parse(std::string_view name, std::string_view text) {
  auto source = std::make_shared<Source>(name, state_->arena);
  source->text = text;
  ParsedFile file = TRY(parse_template(std::move(source), state_->names, state_->functions));
  state_->scope.add(file);
  return {};
}

Templates::Trace::Mark Templates::Trace::at(std::size_t offset) const {
  const auto after = std::ranges::upper_bound(marks, offset, {}, &Mark::offset);
  return after == marks.begin() ? Mark{} : *std::prev(after);
}

Result<std::string> Templates::execute(std::string_view name, const Datum& data, Trace* trace) {
  const Tree* tree = state_->scope.find(name);
  if (tree == nullptr) {
    return failure(Code::template_execution, "no template {} associated with template \"gotpl\"",
                   quote(name));
  }
  return Execution(*state_).run(*tree, data, trace);
}

bool Templates::contains(std::string_view name) const {
  return state_->scope.find(name) != nullptr;
}

std::vector<std::string_view> function_names(Flavor flavor) {
  return FunctionTable::of(flavor).names();
}

}  // namespace holdfast::gotmpl
