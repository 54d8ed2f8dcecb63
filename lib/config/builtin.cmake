# Write builtin.c: the files below zones/ as byte arrays, for lib/config/builtin.h.
#
#   cmake -D OUT=FILE -D ROOT=ZONES_DIR -D "NAMES=root.hints;special/a.zone" -D VERSION=1.2.3 -P builtin.cmake
#
# NAMES are paths below ROOT. Plain CMake, as a machine that can build this project has it. string(TIMESTAMP) honours
# SOURCE_DATE_EPOCH, so that the same sources give the same bytes.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/bytes.cmake")

string(TIMESTAMP date "%Y-%m-%d" UTC)
list(SORT NAMES COMPARE STRING)

set(arrays "")
set(rows "")
set(index 0)
foreach(name IN LISTS NAMES)
        bytes_of("${ROOT}/${name}" bytes)
        string(APPEND arrays "/* ${name} */\nstatic const unsigned char text_${index}[] = {\n${bytes}0x00};\n\n")
        string(APPEND rows "        {\"${name}\", (const char *)text_${index}, sizeof(text_${index}) - 1},\n")
        math(EXPR index "${index} + 1")
endforeach()

file(WRITE "${OUT}" "/* Written by lib/config/builtin.cmake from the files below zones/; changes here are lost. */
#include \"config/builtin.h\"
#include <string.h>

${arrays}const struct builtin builtin_files[] = {
${rows}        {NULL, NULL, 0},
};

const size_t builtin_count = ${index};
const char builtin_version[] = \"${VERSION}\";
const char builtin_date[] = \"${date}\";

const struct builtin *builtin_find(const char *name)
{
        for (size_t i = 0; i < builtin_count; i++) {
                if (strcmp(builtin_files[i].name, name) == 0)
                        return &builtin_files[i];
        }
        return NULL;
}
")
