#pragma once
/*
 * What the tests of this room share: bytes that end right before an unmapped page, bytes from hex, vectors from files.
 */
#include "wire/name.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARDED_MAX = 1 << 17 };

/** A copy of the bytes; reading the byte behind its last ends the test. Valid until the next call. */
static inline uint8_t *guarded(const void *bytes, size_t len)
{
        static uint8_t *end;

        if (!end) {
                size_t page = (size_t)sysconf(_SC_PAGESIZE);
                int kind = MAP_PRIVATE | MAP_ANONYMOUS;
                uint8_t *area = mmap(NULL, GUARDED_MAX + page, PROT_READ | PROT_WRITE, kind, -1, 0);
                if (area == MAP_FAILED || mprotect(area + GUARDED_MAX, page, PROT_NONE) != 0)
                        abort();
                end = area + GUARDED_MAX;
        }
        if (len > GUARDED_MAX)
                abort();
        return len ? memcpy(end - len, bytes, len) : end;
}

/** Bytes from hex digits; white space between them is skipped. Returns how many. */
static inline size_t from_hex(const char *hex, uint8_t *out)
{
        size_t len = 0;
        unsigned byte;
        int used;

        while (sscanf(hex, " %2x%n", &byte, &used) == 1) {
                out[len++] = (uint8_t)byte;
                hex += used;
        }
        return len;
}

/** A name from text, in storage that is reused after 1024 calls. */
static inline struct name named(const char *text)
{
        static uint8_t rooms[1024][NAME_WIRE_MAX];
        static unsigned next;
        struct name name;

        if (name_from_text(text, rooms[next++ % 1024], &name) != ERR_OK) {
                fprintf(stderr, "not a name: %s\n", text);
                abort();
        }
        return name;
}

/** Hand each file of tests/vectors/KIND to try(). Returns how many there were; 0 where the sources are not at hand. */
static inline unsigned each_vector(const char *kind, void (*try)(const uint8_t *bytes, size_t len))
{
        static uint8_t bytes[GUARDED_MAX];
        const char *source = getenv("CAIRN_SOURCE");
        char path[PATH_MAX];
        unsigned count = 0;

        snprintf(path, sizeof path, "%s/tests/vectors/%s", source ? source : ".", kind);
        DIR *directory = opendir(path);
        for (struct dirent *entry; directory && (entry = readdir(directory));) {
                snprintf(path, sizeof path, "%s/tests/vectors/%s/%s", source ? source : ".", kind, entry->d_name);
                FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
                if (!file)
                        continue;
                try(bytes, fread(bytes, 1, sizeof bytes, file));
                fclose(file);
                count++;
        }
        if (directory)
                closedir(directory);
        return count;
}
