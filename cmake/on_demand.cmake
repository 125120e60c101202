# SPDX-License-Identifier: Apache-2.0
# Libraries that a program opens when it first calls one of their functions, not when it starts:
#   holdfast_open_on_demand(program stubs)
# does so for what the modules name under ON_DEMAND (module.cmake). `stubs` is the name of a source
# file that is generated from what the modules need and the libraries have: the linker still finds a
# function that no library has, and a new one needs no list (docs/decisions/0014).
# As a script (-P) it writes that source.
if(CMAKE_SCRIPT_MODE_FILE)
  cmake_policy(VERSION 3.25)
  function(symbols_of out)
    execute_process(COMMAND ${NM} ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY ERROR_QUIET)
    string(REGEX MATCHALL "[A-Za-z] [A-Za-z_][A-Za-z0-9_]*" rows "${text}")
    list(TRANSFORM rows REPLACE "^. " "")
    set(${out} ${rows} PARENT_SCOPE)
  endfunction()

  # A function jumps to what its slot holds; at first that is the code which opens its library, with
  # the index on the stack (bootstrap/on_demand.cpp).
  set(macro ".macro stub name index
.text
.globl \\name
.type \\name, @function
\\name: endbr64
 jmp *holdfast_on_demand_slots+8*\\index(%rip)
.size \\name, .-\\name
1: endbr64
 pushq $\\index
 jmp holdfast_on_demand_enter
.data
 .quad 1b
.endm
")
  string(REPLACE "|" ";" users "${USERS}")
  string(REPLACE "|" ";" libraries "${LIBRARIES}")
  symbols_of(needed --undefined-only ${users})
  list(REMOVE_DUPLICATES needed)
  set(rows "")
  set(stubs "")
  set(index 0)
  foreach(library IN LISTS libraries)
    execute_process(COMMAND ${READELF} -d ${library} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX REPLACE ".*soname: \\[([^]]*)\\].*" "\\1" soname "${dynamic}")
    symbols_of(defined -D --defined-only ${library})
    foreach(symbol IN LISTS needed)
      if(NOT symbol IN_LIST defined)
        continue()
      endif()
      string(APPEND rows "    {\"${soname}\", \"${symbol}\"},\n")
      string(APPEND stubs "stub ${symbol} ${index}\n")
      math(EXPR index "${index} + 1")
    endforeach()
  endforeach()
  file(WRITE "${OUTPUT}" "#include \"on_demand.h\"\n
namespace holdfast::bootstrap {
namespace {
constexpr OnDemandFunction functions[] = {\n${rows}};
}  // namespace\n
std::span<const OnDemandFunction> on_demand_functions() { return functions; }
}  // namespace holdfast::bootstrap\n
asm(R\"(
${macro}.data
.balign 8
.globl holdfast_on_demand_slots
holdfast_on_demand_slots:
${stubs}.text
)\");\n")
  return()
endif()

set(HOLDFAST_ON_DEMAND_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(holdfast_open_on_demand program stubs)
  if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    return()  # on_demand.cpp is assembly: elsewhere the libraries are opened at the start
  endif()
  get_property(users GLOBAL PROPERTY HOLDFAST_ON_DEMAND_USERS)
  get_property(libraries GLOBAL PROPERTY HOLDFAST_ON_DEMAND_LIBRARIES)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${stubs})
  list(JOIN users "|" joined_users)
  list(JOIN libraries "|" joined_libraries)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DNM=${CMAKE_NM} -DREADELF=${CMAKE_READELF}
            "-DUSERS=${joined_users}" "-DLIBRARIES=${joined_libraries}" -P ${HOLDFAST_ON_DEMAND_SCRIPT}
    DEPENDS ${users} ${libraries} ${HOLDFAST_ON_DEMAND_SCRIPT} VERBATIM)
  target_sources(${program} PRIVATE on_demand.cpp ${output})
  set_target_properties(${program} PROPERTIES HOLDFAST_ON_DEMAND ON)
endfunction()
