// SPDX-License-Identifier: Apache-2.0
// The kinds of objects that stand for many others, which go with them when they are removed.
#pragma once

#include "sync/key.h"
#include "sync/names.h"

namespace holdfast::sync {

inline bool is_application(const Key& key) { return key.group == names::api_group && key.kind == "Application"; }

inline bool is_namespace(const Key& key) { return key.group.empty() && key.kind == "Namespace"; }

// Of a kind: with it go all objects of that kind.
inline bool is_definition(const Key& key) { return key.group == "apiextensions.k8s.io" && key.kind == "CustomResourceDefinition"; }

}  // namespace holdfast::sync
