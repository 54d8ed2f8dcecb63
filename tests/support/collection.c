#include "collection.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_scenario(const char *path)
{
        size_t len = strlen(path);

        return len > 4 && !strcmp(path + len - 4, ".rpl");
}

static void add_file(struct collection *collection, const char *path)
{
        if (collection->count < COLLECTION_MAX)
                collection->file[collection->count++] = strdup(path);
}

/* The files of a folder and of its folders; links among them are not followed. */
static void add_folder(struct collection *collection, const char *path)
{
        struct dirent **entry = NULL;
        int count = scandir(path, &entry, NULL, alphasort);

        for (int i = 0; i < count; i++) {
                char below[4096];
                struct stat st;

                (void)snprintf(below, sizeof below, "%s/%s", path, entry[i]->d_name);
                if (entry[i]->d_name[0] != '.' && !lstat(below, &st)) {
                        if (S_ISDIR(st.st_mode))
                                add_folder(collection, below);
                        else if (is_scenario(below))
                                add_file(collection, below);
                }
                free(entry[i]);
        }
        free(entry);
}

bool collection_add(struct collection *collection, const char *path)
{
        struct stat st;

        if (stat(path, &st)) {
                perror(path);
                return false;
        }
        if (S_ISDIR(st.st_mode))
                add_folder(collection, path);
        else
                add_file(collection, path);
        return true;
}

static int by_path(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

void collection_sort(struct collection *collection)
{
        qsort(collection->file, collection->count, sizeof *collection->file, by_path);
}

bool collection_expect(struct collection *collection, const char *path, bool with_traces)
{
        FILE *file = fopen(path, "r");
        size_t room = 0;

        collection->with_traces = with_traces;
        if (!file) {
                perror(path);
                return false;
        }
        if (getdelim(&collection->known, &room, '\0', file) < 0)
                collection->known = NULL;
        fclose(file);
        return true;
}

const char *collection_known(const struct collection *collection, const char *name, char reason[COLLECTION_NAME_MAX])
{
        const char *line = collection->known;
        size_t len = strlen(name);

        for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
                if (!strncmp(line, name, len) && (line[len] == ' ' || line[len] == '\t')) {
                        line += len + strspn(line + len, " \t");
                        if (!collection->with_traces && !strncmp(line, "trace:", 6))
                                return NULL;
                        (void)snprintf(reason, COLLECTION_NAME_MAX, "%.*s", (int)strcspn(line, "\n"), line);
                        return reason;
                }
        }
        return NULL;
}

void collection_name(const char *path, char out[COLLECTION_NAME_MAX])
{
        const char *name = path + strlen(path);
        unsigned slashes = 0;

        while (name > path && (name[-1] != '/' || ++slashes < 2))
                name--;
        (void)snprintf(out, COLLECTION_NAME_MAX, "%.*s", (int)(strlen(name) - strlen(".rpl")), name);
}

void collection_free(struct collection *collection)
{
        for (unsigned i = 0; i < collection->count; i++)
                free(collection->file[i]);
        free(collection->known);
}

void collection_judge(const struct collection *collection, const char *path, bool passed, const char *why,
                      struct tally *tally)
{
        char name[COLLECTION_NAME_MAX], reason[COLLECTION_NAME_MAX];
        const char *known;

        collection_name(path, name);
        known = collection_known(collection, name, reason);
        if (passed && !known) {
                tally->passed++;
                printf("PASS   %s\n", name);
        } else if (passed) {
                tally->failed++;
                printf("FAIL   %s: it passes, though it is expected to fail (%s)\n", name, known);
        } else if (known) {
                tally->known++;
                printf("known  %s: %s (%s)\n", name, known, why);
        } else {
                tally->failed++;
                printf("FAIL   %s: %s\n", name, why);
        }
        fflush(stdout);
}

void tally_print(const struct tally *tally)
{
        if (tally->skipped)
                printf("%u skipped\n", tally->skipped);
        if (tally->known)
                printf("%u known to fail\n", tally->known);
        printf("%u passed, %u failed\n", tally->passed, tally->failed);
}
