#include "store/mapping.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SHARED_AT = 4, FIELDS_BEFORE_INODE = 3 }; /* behind the addresses: " rwxs offset device inode" */

/* Of a line of /proc/self/maps: "from-to rwxs offset device inode path". Only a shared mapping loses nothing. */
static size_t release_line(const char *line, ino_t inode, size_t size)
{
        char *at;
        uintptr_t from = strtoull(line, &at, 16);
        uintptr_t to = *at == '-' ? strtoull(at + 1, &at, 16) : 0;

        if (*at != ' ' || strnlen(at, SHARED_AT + 1) <= SHARED_AT)
                return 0;
        char shared = at[SHARED_AT];
        for (unsigned i = 0; i < FIELDS_BEFORE_INODE && at; i++)
                at = strchr(at + 1, ' ');
        uint64_t found = at ? strtoull(at, NULL, 10) : 0;
        if (shared != 's' || found != inode || to - from < size)
                return 0;
        return madvise((void *)from, to - from, MADV_DONTNEED) == 0 ? to - from : 0;
}

size_t mapping_release(ino_t inode, size_t size)
{
        FILE *maps = fopen("/proc/self/maps", "re");
        size_t released = 0;
        char line[512]; /* of a longer one only the rest of its path is lost */

        while (maps && !released && fgets(line, sizeof line, maps))
                released = release_line(line, inode, size);
        if (maps)
                fclose(maps);
        return released;
}
