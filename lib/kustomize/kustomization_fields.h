// SPDX-License-Identifier: Apache-2.0
// The parts of a kustomization file, each as the table of its fields. It does not know the whole.
// Upstream: kustomize v5.8.1, api/types.
#pragma once

#include "base/result.h"
#include "kustomize/decode.h"
#include "kustomize/kustomization.h"

namespace holdfast::kustomize {

// Found by the decoder through the type that it reads into.
Result<> read_struct(Decoder& decoder, const Value& value, FieldSpec& out);
template <class Rows>
Result<> read_struct(Decoder& decoder, const Value& value, Table<Rows>& out) {
  return decoder.read(value, out.change());
}
Result<> read_struct(Decoder& decoder, const Value& value, NameReference& out);
Result<> read_struct(Decoder& decoder, const Value& value, Selector& out);
Result<> read_struct(Decoder& decoder, const Value& value, Label& out);
Result<> read_struct(Decoder& decoder, const Value& value, PatchOptions& out);
Result<> read_struct(Decoder& decoder, const Value& value, Patch& out);
Result<> read_struct(Decoder& decoder, const Value& value, Image& out);
Result<> read_struct(Decoder& decoder, const Value& value, Replica& out);
Result<> read_struct(Decoder& decoder, const Value& value, FieldOptions& out);
Result<> read_struct(Decoder& decoder, const Value& value, ReplacementSource& out);
Result<> read_struct(Decoder& decoder, const Value& value, ReplacementTarget& out);
Result<> read_struct(Decoder& decoder, const Value& value, Replacement& out);
Result<> read_struct(Decoder& decoder, const Value& value, VarTarget& out);
Result<> read_struct(Decoder& decoder, const Value& value, Var& out);
Result<> read_struct(Decoder& decoder, const Value& value, LegacySort& out);
Result<> read_struct(Decoder& decoder, const Value& value, SortOptions& out);
Result<> read_struct(Decoder& decoder, const Value& value, GeneratorOptions& out);
Result<> read_struct(Decoder& decoder, const Value& value, Generator& out);
Result<> read_struct(Decoder& decoder, const Value& value, HelmGlobals& out);
Result<> read_struct(Decoder& decoder, const Value& value, HelmChart& out);
Result<> read_struct(Decoder& decoder, const Value& value, HelmChartArgs& out);

}  // namespace holdfast::kustomize
