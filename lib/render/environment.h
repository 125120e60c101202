// SPDX-License-Identifier: Apache-2.0
// The variables that an Application's options may use ("$ARGOCD_APP_NAME"), and their replacement.
// Nothing of the process's own environment is among them.
// Mirrors argoproj/argo-cd 3.6 reposerver/repository/repository.go (newEnv) and Go's os.Expand.
#pragma once

#include "render/render.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace holdfast::render {

using Environment = std::map<std::string, std::string, std::less<>>;

Environment environment_of(const Value& source, const Context& context);

// $NAME and ${NAME} become the variable's value, "" when there is none; $$ becomes $.
std::string substitute(std::string_view text, const Environment& environment);

}  // namespace holdfast::render
