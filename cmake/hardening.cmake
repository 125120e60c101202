# SPDX-License-Identifier: Apache-2.0
# Flags that hold for every target. Library assertions stay on in release: a broken invariant must
# stop the program, not corrupt a cluster.
add_compile_definitions(_GLIBCXX_ASSERTIONS)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(HOLDFAST_SANITIZE)
  # -O1 halves the run time of the corpora and keeps stack traces readable.
  add_compile_options(-O1 -fno-omit-frame-pointer -fsanitize=address,undefined
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(HOLDFAST_FUZZ)
  add_compile_options(-fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
else()
  set(CMAKE_CXX_FLAGS_RELEASE "-O2")
  set(CMAKE_C_FLAGS_RELEASE "-O2")
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -ffunction-sections
                      -fdata-sections)
  add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
  add_link_options(-Wl,-z,relro,-z,now -Wl,--gc-sections $<$<CONFIG:Release>:-Wl,-s>)
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
