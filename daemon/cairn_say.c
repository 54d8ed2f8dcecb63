#include "cairn_say.h"

#include <stdio.h>

bool say_wrong(const char *what)
{
        fprintf(stderr, "cairn: %s\n", what);
        return false;
}

void say_print(void *file, const char *text, size_t len)
{
        fwrite(text, 1, len, file);
}
