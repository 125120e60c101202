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
else()
  # clang (the preset fuzz) has a name of its own for what designated initialisers leave out, and sees
  # inside std::stable_sort of libstdc++ 12 what C++17 took out of favour.
  target_compile_options(holdfast_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers -Wno-missing-designated-field-initializers
    -Wno-deprecated-declarations>)
endif()
