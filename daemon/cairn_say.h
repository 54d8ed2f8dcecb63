#pragma once
/*
 * What the client program says by itself.
 */
#include <stdbool.h>
#include <stddef.h>

/** A sentence on stderr about what went wrong. Returns false, as its caller will. */
bool say_wrong(const char *what);

/** A tree_sink whose context is the FILE that text goes to. */
void say_print(void *file, const char *text, size_t len);
