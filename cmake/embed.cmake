# SPDX-License-Identifier: Apache-2.0
# Data that travels inside a program. As a function:
#   holdfast_embed(TARGET target SYMBOL name ROOT folder FILES path …)
# adds a source to the target that defines, in namespace holdfast,
#   std::span<const EmbeddedFile> name();
# As a script (-P) it writes that source; so a changed file is embedded again by the build alone.
if(CMAKE_SCRIPT_MODE_FILE)
  set(arrays "")
  set(rows "")
  set(index 0)
  string(REPLACE "|" ";" files "${FILES}")
  foreach(path IN LISTS files)
    file(READ "${ROOT}/${path}" hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
    string(APPEND arrays "constexpr char file_${index}[] = {${bytes}'\\0'};\n")
    string(APPEND rows "    {\"${path}\", {file_${index}, sizeof file_${index} - 1}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(WRITE "${OUTPUT}" "#include \"embedded.h\"\n\nnamespace holdfast {\nnamespace {\n${arrays}
constexpr EmbeddedFile files[] = {\n${rows}};\n}  // namespace\n
std::span<const EmbeddedFile> ${SYMBOL}() { return files; }\n}  // namespace holdfast\n")
  return()
endif()

set(HOLDFAST_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(holdfast_embed)
  cmake_parse_arguments(E "" "TARGET;SYMBOL;ROOT" "FILES" ${ARGN})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${E_SYMBOL}.cpp)
  list(JOIN E_FILES "|" joined)
  list(TRANSFORM E_FILES PREPEND ${E_ROOT}/ OUTPUT_VARIABLE inputs)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DROOT=${E_ROOT} -DSYMBOL=${E_SYMBOL}
            "-DFILES=${joined}" -P ${HOLDFAST_EMBED_SCRIPT}
    DEPENDS ${inputs} ${HOLDFAST_EMBED_SCRIPT} VERBATIM)
  target_sources(${E_TARGET} PRIVATE ${output})
endfunction()
