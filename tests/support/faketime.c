#include "faketime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *find_library(void)
{
        static const char *const paths[] = {
                "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
                "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
                "/usr/lib/faketime/libfaketimeMT.so.1",
        };

        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
                if (!access(paths[i], R_OK))
                        return paths[i];
        return NULL;
}

bool faketime_works(void)
{
        const char *sanitize = getenv("CAIRN_SANITIZE");

        return find_library() && !(sanitize && strstr(sanitize, "thread"));
}

void faketime_set(const char *path, long long offset_s)
{
        char next[256];

        snprintf(next, sizeof next, "%s.next", path);
        FILE *file = fopen(next, "w");
        if (!file)
                return;
        fprintf(file, "%+lld\n", offset_s);
        fclose(file);
        rename(next, path);
}

void faketime_adopt(const char *path)
{
        setenv("LD_PRELOAD", find_library(), 1);
        setenv("FAKETIME_TIMESTAMP_FILE", path, 1);
        setenv("FAKETIME_NO_CACHE", "1", 1);
        setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 0);
}
