/*
 * Directories for tests that need real files.
 */
#include "scratch.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *scratch_make(char out[SCRATCH_PATH])
{
        const char *parent = getenv("TMPDIR");

        snprintf(out, SCRATCH_PATH, "%s/cairn-test-XXXXXX", parent && parent[0] ? parent : P_tmpdir);
        if (!mkdtemp(out)) {
                perror(out);
                abort();
        }
        return out;
}

void scratch_remove(const char *dir)
{
        DIR *list = opendir(dir);
        const struct dirent *entry;
        char path[SCRATCH_PATH];

        if (!list)
                return;
        while ((entry = readdir(list))) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (unlink(scratch_path(dir, entry->d_name, path)) != 0)
                        scratch_remove(path);
        }
        closedir(list);
        rmdir(dir);
}

char *scratch_path(const char *dir, const char *name, char out[SCRATCH_PATH])
{
        if (snprintf(out, SCRATCH_PATH, "%s/%s", dir, name) >= SCRATCH_PATH)
                abort();
        return out;
}
