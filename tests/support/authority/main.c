/*
 * The program `authority`: the lab on loopback sockets. README.md explains its use.
 */
#include "behaviours.h"
#include "sockets.h"
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { WAYS_MAX = 8, ROOT_SERVERS = 8 /* four names, two families */ };

struct options {
        const char *zones, *hints, *anchors, *counters, *dump, *questions;
        const char *way[WAYS_MAX]; /* "PERCENT:WAY" */
        unsigned way_count;
        size_t generate;
        bool no_serve;
        uint16_t port;
        struct authority_settings settings;
};

static const char usage_text[] =
        "usage: authority --zones DIR|--generate ZONES [--port 5354] [--hints FILE] [--anchor FILE] [--counters FILE]\n"
        "                 [--dump DIR] [--questions N:FILE] [--way PERCENT:WAY]... [--no-serve] [--seed N]\n"
        "                 [--wall SECONDS]\n"
        "\n"
        "Serves the lab that DIR/lab.conf describes, or one made from the seed, whose addresses are in 10.0.0.0/8 and\n"
        "fd53::/16. Prints one line when all addresses are bound.\n"
        "  --hints FILE      write root hints for a resolver\n"
        "  --anchor FILE     write the DS of the lab's root key\n"
        "  --counters FILE   write each server's counters on SIGUSR1 and at the end (- is standard output)\n"
        "  --dump DIR        write every zone, signed, to DIR\n"
        "  --questions N:FILE  write N questions about a generated lab, \"name TYPE\"\n"
        "  --way PERCENT:WAY   so many of all servers but the root's misbehave like this\n"
        "  --no-serve        write the files asked for and end\n"
        "  --seed N          other keys and dice; --wall SECONDS: sign for another time than now\n"
        "SIGHUP reads the zones again.\n";

static bool options_read(struct options *options, int argc, char **argv)
{
        static const struct option names[] = {
                { "zones", required_argument, NULL, 'z' },    { "port", required_argument, NULL, 'p' },
                { "hints", required_argument, NULL, 'h' },    { "anchor", required_argument, NULL, 'a' },
                { "counters", required_argument, NULL, 'c' }, { "dump", required_argument, NULL, 'd' },
                { "seed", required_argument, NULL, 's' },     { "wall", required_argument, NULL, 'w' },
                { "no-serve", no_argument, NULL, 'n' },       { "generate", required_argument, NULL, 'g' },
                { "questions", required_argument, NULL, 'q' }, { "way", required_argument, NULL, 'y' },
                { 0 },
        };
        int option;

        while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
                switch (option) {
                case 'z': options->zones = optarg; break;
                case 'p': options->port = (uint16_t)strtoul(optarg, NULL, 10); break;
                case 'h': options->hints = optarg; break;
                case 'a': options->anchors = optarg; break;
                case 'c': options->counters = optarg; break;
                case 'd': options->dump = optarg; break;
                case 's': options->settings.seed = strtoull(optarg, NULL, 10); break;
                case 'w': options->settings.wall_s = (uint32_t)strtoul(optarg, NULL, 10); break;
                case 'n': options->no_serve = true; break;
                case 'g': options->generate = strtoul(optarg, NULL, 10); break;
                case 'q': options->questions = optarg; break;
                case 'y':
                        if (options->way_count == WAYS_MAX)
                                return false;
                        options->way[options->way_count++] = optarg;
                        break;
                default: return false;
                }
        }
        return !options->zones == (options->generate > 0) && optind == argc;
}

static bool write_file(const char *path, void (*write)(const struct authority *, FILE *),
                       const struct authority *authority)
{
        if (!path)
                return true;
        if (strcmp(path, "-") == 0) {
                write(authority, stdout);
                return fflush(stdout) == 0;
        }
        FILE *file = fopen(path, "w");
        if (!file) {
                perror(path);
                return false;
        }
        write(authority, file);
        return fclose(file) == 0;
}

/* N questions, each on a line: "www.z7.t1. AAAA". */
static bool questions_write(const struct authority *authority, const char *what)
{
        char text[DNAME_TEXT_MAX], *path;
        uint8_t name[DNAME_MAX];
        uint16_t type;

        if (!what)
                return true;
        uint64_t count = strtoull(what, &path, 10);
        FILE *file = *path == ':' ? fopen(path + 1, "w") : NULL;
        if (!file) {
                perror(what);
                return false;
        }
        for (uint64_t n = 0; n < count; n++) {
                authority_question(authority, n, name, &type);
                fprintf(file, "%s TYPE%u\n", dname_to_text(name, text), (unsigned)type);
        }
        return fclose(file) == 0;
}

/* "2:silent": two of a hundred servers are silent. Which ones follows from their numbers. */
static bool ways_take(struct authority *authority, const struct options *options)
{
        for (unsigned i = 0; i < options->way_count; i++) {
                char *way;
                unsigned long percent = strtoul(options->way[i], &way, 10);

                for (size_t server = ROOT_SERVERS; server < authority_server_count(authority); server++) {
                        if (server * 2654435761 / 4096 % 100 < percent &&
                            (*way != ':' || !authority_misbehave(authority, server, way + 1))) {
                                fprintf(stderr, "authority: \"%s\" is not PERCENT:WAY\n", options->way[i]);
                                return false;
                        }
                }
        }
        return true;
}

/* A large lab has more sockets than a process may open by default. */
static void descriptors_raise(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &limit);
        }
}

static struct authority *lab_make(const struct options *options, char complaint[AUTHORITY_COMPLAINT_MAX])
{
        if (!options->generate)
                return authority_load(options->zones, &options->settings, complaint);
        strcpy(complaint, "the lab could not be made");
        return authority_generate(&options->settings, options->generate);
}

static void reload(struct sockets *sockets, struct authority **authority, const struct options *options)
{
        char complaint[AUTHORITY_COMPLAINT_MAX];
        struct authority *fresh = lab_make(options, complaint);

        if (!fresh) {
                fprintf(stderr, "authority: not reloaded: %s\n", complaint);
                return;
        }
        sockets_exchange(sockets, fresh);
        authority_free(*authority);
        *authority = fresh;
        puts("authority: reloaded");
        fflush(stdout);
}

/* Serve until SIGINT or SIGTERM. */
static int serve(struct sockets *sockets, struct authority **authority, const struct options *options, int signals)
{
        struct signalfd_siginfo signal = { 0 };

        while (signal.ssi_signo != SIGINT && signal.ssi_signo != SIGTERM) {
                if (sockets_serve(sockets, signals) != 0 || read(signals, &signal, sizeof signal) < 0) {
                        perror("authority");
                        return 1;
                }
                if (signal.ssi_signo == SIGHUP)
                        reload(sockets, authority, options);
                else
                        write_file(options->counters, authority_write_counters, *authority);
        }
        return 0;
}

static bool files_write(struct authority *authority, const struct options *options)
{
        if (options->dump && !authority_dump(authority, options->dump)) {
                perror(options->dump);
                return false;
        }
        return questions_write(authority, options->questions) &&
               write_file(options->hints, authority_write_hints, authority) &&
               write_file(options->anchors, authority_write_anchors, authority);
}

/* A descriptor that is readable when one of the signals came that we know. */
static int signals_open(void)
{
        sigset_t wanted;

        sigemptyset(&wanted);
        sigaddset(&wanted, SIGINT);
        sigaddset(&wanted, SIGTERM);
        sigaddset(&wanted, SIGHUP);
        sigaddset(&wanted, SIGUSR1);
        sigprocmask(SIG_BLOCK, &wanted, NULL);
        return signalfd(-1, &wanted, SFD_CLOEXEC);
}

static int run(struct authority **authority, const struct options *options)
{
        char complaint[AUTHORITY_COMPLAINT_MAX];

        if (!files_write(*authority, options) || !ways_take(*authority, options))
                return 1;
        descriptors_raise();
        if (options->no_serve)
                return 0;
        int signals = signals_open();
        struct sockets *sockets = sockets_open(*authority, options->port, complaint);
        if (!sockets) {
                fprintf(stderr, "authority: %s\n", complaint);
                return 1;
        }
        printf("authority: ready, %zu servers on port %u\n", authority_server_count(*authority), options->port);
        fflush(stdout);
        int status = serve(sockets, authority, options, signals);
        sockets_close(sockets);
        close(signals);
        return status;
}

int main(int argc, char **argv)
{
        struct options options = { .port = 5354, .settings = { .seed = 1, .wall_s = (uint32_t)time(NULL) } };
        char complaint[AUTHORITY_COMPLAINT_MAX];

        if (!options_read(&options, argc, argv)) {
                fputs(usage_text, stderr);
                fputs("\nWays of a server to misbehave, for lab.conf:\n", stderr);
                behaviours_list(stderr);
                return 2;
        }
        struct authority *authority = lab_make(&options, complaint);
        if (!authority) {
                fprintf(stderr, "authority: %s\n", complaint);
                return 1;
        }
        int status = run(&authority, &options);
        authority_free(authority);
        return status;
}
