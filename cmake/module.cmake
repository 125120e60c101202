# SPDX-License-Identifier: Apache-2.0
# One folder = one static library = one namespace.
#
#   holdfast_module(kube
#     SOURCES client.cpp …   HEADERS client.h …   TESTS client_test.cpp …   FUZZ parse_fuzz.cpp …
#     USES http value yaml   PRIVATE PkgConfig::zlib   ON_DEMAND PkgConfig::curl)
#
# USES are our modules (tests/tidy compares them with the includes), PRIVATE and ON_DEMAND third-party
# targets that only this module's .cpp files may include; a program may leave those of ON_DEMAND to
# the moment of their first use (on_demand.cmake). Unit tests become one program <module>_test,
# label "unit", run in the source folder so that testdata/ is found. FUZZ are libFuzzer targets of
# the preset fuzz; elsewhere one with inputs in testdata/fuzz/<target>/ becomes a unit test on those.
function(holdfast_module name)
  cmake_parse_arguments(M "" "" "SOURCES;HEADERS;TESTS;FUZZ;USES;PRIVATE;ON_DEMAND" ${ARGN})
  list(TRANSFORM M_USES PREPEND holdfast::)
  add_library(holdfast_${name} STATIC ${M_SOURCES})
  add_library(holdfast::${name} ALIAS holdfast_${name})
  target_sources(holdfast_${name} PUBLIC FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR}/lib FILES ${M_HEADERS})
  target_link_libraries(holdfast_${name} PUBLIC ${M_USES} PRIVATE ${M_PRIVATE} holdfast_warnings)
  foreach(library ${M_ON_DEMAND})
    holdfast_on_demand_library(${name} ${library})
  endforeach()
  if(M_ON_DEMAND)
    # A static library of the module may need them, too.
    list(FILTER M_PRIVATE INCLUDE REGEX "\\.a$")
    set_property(GLOBAL APPEND PROPERTY HOLDFAST_ON_DEMAND_USERS $<TARGET_FILE:holdfast_${name}> ${M_PRIVATE})
  endif()
  if(M_TESTS AND HOLDFAST_UNIT_TESTS)
    add_executable(${name}_test ${M_TESTS})
    target_link_libraries(${name}_test PRIVATE holdfast_${name} holdfast_fakes holdfast_warnings GTest::gtest_main)
    holdfast_unit_test(${name})
  endif()
  foreach(source ${M_FUZZ})
    holdfast_fuzz_target(${name} ${source})
  endforeach()
endfunction()

# The target's usage requirements as under PRIVATE, its library only where the program links it.
function(holdfast_on_demand_library module library)
  target_link_libraries(holdfast_${module} PRIVATE
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:HOLDFAST_ON_DEMAND>>>:${library}>)
  set(files ${library})
  if(TARGET ${library})
    get_target_property(files ${library} INTERFACE_LINK_LIBRARIES)
    get_target_property(imported ${library} LOCATION)
    list(APPEND files ${imported})
  endif()
  list(FILTER files INCLUDE REGEX "^/.*\\.so")
  set_property(GLOBAL APPEND PROPERTY HOLDFAST_ON_DEMAND_LIBRARIES ${files})
endfunction()

function(holdfast_fuzz_target module source)
  cmake_path(GET source STEM target)
  set(inputs ${CMAKE_CURRENT_SOURCE_DIR}/testdata/fuzz/${target})
  if(HOLDFAST_FUZZ)
    add_executable(${target} ${source})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  elseif(BUILD_TESTING AND EXISTS ${inputs})
    add_executable(${target} ${source} ${PROJECT_SOURCE_DIR}/tests/fakes/fuzz_replay.cpp)
    add_test(NAME unit.${target} COMMAND ${target} ${inputs})
    set_tests_properties(unit.${target} PROPERTIES LABELS unit TIMEOUT 120)
  else()
    return()
  endif()
  target_link_libraries(${target} PRIVATE holdfast_${module} holdfast_warnings)
endfunction()

function(holdfast_unit_test name)
  add_test(NAME unit.${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 120
    ENVIRONMENT "ASAN_OPTIONS=detect_stack_use_after_return=1;UBSAN_OPTIONS=print_stacktrace=1")
endfunction()
