/*
 * replay: play scenarios in this process, in virtual time.
 *
 *   replay [--verbose] [--list] [--seeds N] [--settings 'key: value'] [--expect FILE] [--reasons FILE]
 *          FILE-OR-FOLDER...
 *
 * A line for each file says PASS, FAIL or known; the last line counts them. The status is 0 if nothing failed.
 * --expect names a file of lines `NAME why`: these files are known to fail, and to pass is an error then, so that the
 * list stays true. --reasons names the table of what clients must be told at the end of a scenario that ends in a
 * failure (witness.h). How scenarios are written: tests/scenario/README.md.
 */
#include "collection.h"
#include "play.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
        struct play_options options;
        struct collection collection;
        bool list;
        unsigned seeds;
        struct tally tally;
};

static int usage(void)
{
        fputs("usage: replay [--verbose] [--list] [--seeds N] [--settings 'key: value'] [--expect FILE] "
              "[--reasons FILE] FILE-OR-FOLDER...\n",
              stderr);
        return 2;
}

static bool play_mode(struct run *run, struct rpl *rpl, bool minimise, char why[PLAY_WHY_MAX])
{
        char reason[PLAY_WHY_MAX];

        for (unsigned i = 1; i <= run->seeds; i++) {
                run->options.seed = i;
                if (play(rpl, minimise, &run->options, reason))
                        continue;
                (void)snprintf(why, PLAY_WHY_MAX, "minimisation %s, seed %u: %.700s", minimise ? "on" : "off", i,
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

static void list_file(const char *path)
{
        char complaint[RPL_COMPLAINT_MAX], name[COLLECTION_NAME_MAX];
        struct rpl *rpl = rpl_read(path, complaint);

        collection_name(path, name);
        printf("%-40s %s\n", name, rpl ? rpl->title : complaint);
        rpl_free(rpl);
}

/* One option at argv[0]; how many arguments it took, 0 for none, -1 for nonsense. */
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
        else if (!strcmp(argv[0], "--reasons"))
                run->options.reasons = argv[1];
        else if (strcmp(argv[0], "--expect") || !collection_expect(&run->collection, argv[1], true))
                return -1;
        return !strcmp(argv[0], "--verbose") || !strcmp(argv[0], "--list") ? 1 : 2;
}

static void play_all(struct run *run)
{
        for (unsigned i = 0; i < run->collection.count; i++) {
                const char *path = run->collection.file[i];
                char why[PLAY_WHY_MAX] = "";

                if (run->list)
                        list_file(path);
                else
                        collection_judge(&run->collection, path, play_file(run, path, why), why, &run->tally);
        }
        if (!run->list)
                tally_print(&run->tally);
}

int main(int argc, char **argv)
{
        static struct run run = { .seeds = 1 };

        for (int i = 1; i < argc;) {
                int taken = take_option(&run, argv + i, argc - i);

                if (taken < 0)
                        return usage();
                if (!taken && !collection_add(&run.collection, argv[i]))
                        return 2;
                i += taken ? taken : 1;
        }
        if (!run.collection.count)
                return usage();
        collection_sort(&run.collection);
        play_all(&run);
        collection_free(&run.collection);
        return run.tally.failed ? 1 : 0;
}
