#pragma once
/*
 * Files that are read and written whole.
 */
#include <stddef.h>

/* A file's text. */
struct wholefile {
        char *bytes; /* to be freed */
        size_t len;
};

/** Read all of it; a pipe or a device is as good as a file. 0 or an errno: EFBIG when it has more than max bytes. */
int wholefile_read(const char *path, size_t max, struct wholefile *out);

/**
 * Write a file so that at each moment, also after a loss of power, there is either the old one or the new one: aside
 * (PATH.new), synced, renamed. 0 or an errno: then the old one stands.
 */
int wholefile_write(const char *path, const void *bytes, size_t len);

/** Let a file that is of no use stand aside as PATH.damaged. 0 or an errno. */
int wholefile_set_aside(const char *path);
