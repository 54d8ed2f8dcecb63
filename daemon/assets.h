#pragma once
/*
 * The files of the page, embedded into the program by daemon/web/embed.cmake.
 */
#include <stddef.h>

struct asset {
        const char *path; /* "/", "/style.css" */
        const char *type;
        const unsigned char *bytes;
        size_t len;
};

extern const struct asset assets[];
extern const size_t asset_count;
