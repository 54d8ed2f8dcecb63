# Write assets.c: the files of the page as byte arrays, for daemon/assets.h.
#
#   cmake -D OUT=FILE -D ROOT=daemon/web -D "NAMES=index.html;style.css" -P embed.cmake
#
# index.html is what "/" means.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/../../lib/config/bytes.cmake")

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

list(SORT NAMES COMPARE STRING)
set(arrays "")
set(rows "")
set(index 0)
foreach(name IN LISTS NAMES)
        bytes_of("${ROOT}/${name}" bytes)
        string(REGEX REPLACE ".*\\." "" extension "${name}")
        string(REGEX REPLACE "^index\\.html$" "" path "${name}")
        string(APPEND arrays "/* ${name} */\nstatic const unsigned char bytes_${index}[] = {\n${bytes}0x00};\n\n")
        string(APPEND rows "        {\"/${path}\", \"${type_${extension}}\", bytes_${index}, "
                "sizeof(bytes_${index}) - 1},\n")
        math(EXPR index "${index} + 1")
endforeach()

file(WRITE "${OUT}" "/* Written by daemon/web/embed.cmake; changes here are lost. */
#include \"assets.h\"

${arrays}const struct asset assets[] = {
${rows}};

const size_t asset_count = ${index};
")
