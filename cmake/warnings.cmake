# SPDX-License-Identifier: Apache-2.0
# Warnings are errors for our own code; third-party headers come in as SYSTEM.
add_library(holdfast_warnings INTERFACE)
target_compile_options(holdfast_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wswitch-enum -Wsuggest-override -Wnon-virtual-dtor -Wextra-semi -Wimplicit-fallthrough -Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports maybe-uninitialized inside std::variant and std::expected moves at -O1 and above
  # (GCC PR 105562); the sanitizers see the real ones. Designated initialisers leave defaults out on
  # purpose. TRY is a statement expression, which -Wpedantic would refuse.
  target_compile_options(holdfast_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized -Wno-missing-field-initializers>)
endif()
