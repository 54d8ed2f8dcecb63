/*
 * replay: play scenarios in this process, in virtual time.
 *
 *   replay [--verbose] [--list] [--seeds N] [--settings 'key: value'] [--expect FILE] FILE-OR-FOLDER...
 *
 * A line for each file says PASS, FAIL or known; the last line counts them. The status is 0 if nothing failed.
 * --expect names a file of lines `NAME why`: these files are known to fail, and to pass is an error then, so that the
 * list stays true. How scenarios are written: tests/scenario/README.md.
 */
#include "play.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 4096, NAME_ROOM = 256 };

struct run {
        struct play_options options;
        bool list;
        unsigned seeds;
        char *expected;   /* the text of --expect, or NULL */
        char *file[FILES_MAX];
        unsigned file_count;
        unsigned passed, failed, known;
};

static int usage(void)
{
        fputs("usage: replay [--verbose] [--list] [--seeds N] [--settings 'key: value'] [--expect FILE] "
              "FILE-OR-FOLDER...\n", stderr);
        return 2;
}

/* --- Which files ------------------------------------------------------------------------------------------------------ */

static bool is_scenario(const char *path)
{
        size_t len = strlen(path);

        return len > 4 && !strcmp(path + len - 4, ".rpl");
}

static void add_file(struct run *run, const char *path)
{
        if (run->file_count < FILES_MAX)
                run->file[run->file_count++] = strdup(path);
}

static int by_name(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All scenarios below a folder, without the links among them. */
static void add_folder(struct run *run, const char *path)
{
        struct dirent **entry = NULL;
        int count = scandir(path, &entry, NULL, alphasort);

        for (int i = 0; i < count; i++) {
                char below[4096];
                struct stat st;

                snprintf(below, sizeof below, "%s/%s", path, entry[i]->d_name);
                if (entry[i]->d_name[0] != '.' && !lstat(below, &st)) {
                        if (S_ISDIR(st.st_mode))
                                add_folder(run, below);
                        else if (is_scenario(below))
                                add_file(run, below);
                }
                free(entry[i]);
        }
        free(entry);
}

static bool add_path(struct run *run, const char *path)
{
        struct stat st;

        if (stat(path, &st)) {
                perror(path);
                return false;
        }
        if (S_ISDIR(st.st_mode))
                add_folder(run, path);
        else
                add_file(run, path);
        return true;
}

/* "deckard/iter_tcbit" of ".../deckard/iter_tcbit.rpl". */
static void name_of(const char *path, char out[NAME_ROOM])
{
        const char *name = path + strlen(path);
        unsigned slashes = 0;

        while (name > path && (name[-1] != '/' || ++slashes < 2))
                name--;
        snprintf(out, NAME_ROOM, "%.*s", (int)(strlen(name) - strlen(".rpl")), name);
}

/* --- What is expected --------------------------------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
        FILE *file = fopen(path, "r");
        char *text = NULL;
        size_t room = 0;

        if (!file)
                return NULL;
        if (getdelim(&text, &room, '\0', file) < 0)
                text = strdup("");
        fclose(file);
        return text;
}

/* Why this file may fail, or NULL. */
static const char *known_failure(const struct run *run, const char *name, char reason[NAME_ROOM])
{
        const char *line = run->expected;
        size_t len = strlen(name);

        for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
                if (!strncmp(line, name, len) && (line[len] == ' ' || line[len] == '\t')) {
                        line += len + strspn(line + len, " \t");
                        snprintf(reason, NAME_ROOM, "%.*s", (int)strcspn(line, "\n"), line);
                        return reason;
                }
        }
        return NULL;
}

/* --- Playing ------------------------------------------------------------------------------------------------------------- */

static bool play_mode(struct run *run, struct rpl *rpl, bool minimise, char why[PLAY_WHY_MAX])
{
        char reason[PLAY_WHY_MAX];

        for (unsigned i = 1; i <= run->seeds; i++) {
                run->options.seed = i;
                if (play(rpl, minimise, &run->options, reason))
                        continue;
                snprintf(why, PLAY_WHY_MAX, "minimisation %s, seed %u: %.700s", minimise ? "on" : "off", i,
                         reason);
                return false;
        }
        return true;
}

static bool play_file(struct run *run, const char *path, char why[PLAY_WHY_MAX])
{
        struct rpl *rpl = rpl_read(path, why);
        const char *minimisation;
        bool passed;

        if (!rpl)
                return false;
        minimisation = rpl_minimisation(rpl);
        passed = (minimisation && !strcmp(minimisation, "off")) || play_mode(run, rpl, true, why);
        passed = passed && ((minimisation && !strcmp(minimisation, "on")) || play_mode(run, rpl, false, why));
        rpl_free(rpl);
        return passed;
}

static void judge_file(struct run *run, const char *path)
{
        char name[NAME_ROOM], why[PLAY_WHY_MAX] = "", reason[NAME_ROOM];
        const char *known;
        bool passed = play_file(run, path, why);

        name_of(path, name);
        known = known_failure(run, name, reason);
        if (passed && !known) {
                run->passed++;
                printf("PASS   %s\n", name);
        } else if (passed) {
                run->failed++;
                printf("FAIL   %s: it passes, though it is expected to fail (%s)\n", name, known);
        } else if (known) {
                run->known++;
                printf("known  %s: %s (%s)\n", name, known, why);
        } else {
                run->failed++;
                printf("FAIL   %s: %s\n", name, why);
        }
        fflush(stdout);
}

static void list_file(const char *path)
{
        char complaint[RPL_COMPLAINT_MAX], name[NAME_ROOM];
        struct rpl *rpl = rpl_read(path, complaint);

        name_of(path, name);
        printf("%-40s %s\n", name, rpl ? rpl->title : complaint);
        rpl_free(rpl);
}

/* One option at argv[i]; how many arguments it took, 0 for none, -1 for nonsense. */
static int take_option(struct run *run, char **argv, int left)
{
        if (!strcmp(argv[0], "--verbose"))
                run->options.verbose = true;
        else if (!strcmp(argv[0], "--list"))
                run->list = true;
        else if (strncmp(argv[0], "--", 2))
                return 0;
        else if (left < 2)
                return -1;
        else if (!strcmp(argv[0], "--seeds"))
                run->seeds = (unsigned)strtoul(argv[1], NULL, 10);
        else if (!strcmp(argv[0], "--settings"))
                run->options.settings = argv[1];
        else if (!strcmp(argv[0], "--expect"))
                run->expected = read_text(argv[1]);
        else
                return -1;
        return !strcmp(argv[0], "--verbose") || !strcmp(argv[0], "--list") ? 1 : 2;
}

int main(int argc, char **argv)
{
        static struct run run = { .seeds = 1 };

        for (int i = 1; i < argc;) {
                int taken = take_option(&run, argv + i, argc - i);

                if (taken < 0)
                        return usage();
                if (!taken && !add_path(&run, argv[i]))
                        return 2;
                i += taken ? taken : 1;
        }
        if (!run.file_count)
                return usage();
        qsort(run.file, run.file_count, sizeof *run.file, by_name);
        for (unsigned i = 0; i < run.file_count; i++) {
                if (run.list)
                        list_file(run.file[i]);
                else
                        judge_file(&run, run.file[i]);
                free(run.file[i]);
        }
        free(run.expected);
        if (run.known)
                printf("%u known to fail\n", run.known);
        if (!run.list)
                printf("%u passed, %u failed\n", run.passed, run.failed);
        return run.failed ? 1 : 0;
}
