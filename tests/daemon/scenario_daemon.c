/*
 * scenario_daemon: play scenarios against the real cairnd.
 *
 *   scenario_daemon [--verbose] [--jobs N] [--expect FILE] [FILE-OR-FOLDER...]
 *
 * Each file gets a process with a network namespace of its own: fake servers on UDP and TCP port 53 of every address
 * that the file names, all other addresses silent, cairnd at 127.127.0.2 (or fd00:dec::2) under libfaketime, whose wall
 * clock jumps at TIME_PASSES. Without names the scenarios of this tree are played, and those below CAIRN_SCENARIOS.
 *
 * Time is real here, and so are its delays: what fails is tried once more, alone. Left out are the steps that need
 * virtual time or the trace, and files with `in-process: yes`. Where namespaces are forbidden or time cannot be faked the
 * program ends with 77: skipped.
 */
#include "collection.h"
#include "fake.h"
#include "faketime.h"
#include "netns.h"
#include "rpl.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
        STATUS_PASSED = 0,
        STATUS_FAILED = 1,
        STATUS_SKIPPED = 77,
        PATIENCE_MS = 5000,
        END_MS = 2000,
        WHY_MAX = 900,
        JOBS_MAX = 16
};

/* One file, played once. */
struct stage {
        struct rpl *rpl;
        struct fake fake;
        char dir[64]; /* the daemon's working directory, removed at the end */
        struct address daemon, client;
        pid_t pid;
        long long offset_s; /* the daemon's wall clock, ahead of ours */
        uint64_t began_ms;
        uint16_t next_id;
        bool keep_asks; /* the last query did not wait: its clients still do */
        bool verbose;
        bool failed;
        char *why;
};

static void fail(struct stage *stage, unsigned line, const char *format, ...)
{
        va_list args;
        int n = 0;

        if (stage->failed)
                return;
        stage->failed = true;
        if (line)
                n = snprintf(stage->why, WHY_MAX, "step %llu, line %u: ", (unsigned long long)stage->fake.step, line);
        va_start(args, format);
        (void)vsnprintf(stage->why + n, (size_t)(WHY_MAX - n), format, args);
        va_end(args);
}

/* --- The daemon --------------------------------------------------------------------------------------------------- */

static void write_clock(const struct stage *stage)
{
        char path[128];

        (void)snprintf(path, sizeof path, "%s/clock", stage->dir);
        faketime_set(path, stage->offset_s);
}

static bool write_config(struct stage *stage, bool minimise)
{
        char path[128], lines[1024], address[ADDRESS_TEXT_MAX];
        FILE *file;

        (void)snprintf(path, sizeof path, "%s/cairn.yaml", stage->dir);
        (void)snprintf(
                lines, sizeof lines,
                "listen: [\"%s\"]\nport: 53\nworkers: 1\ncache-dir: %s/cache\nstate-dir: %s/state\ncache-size: 16MiB\n"
                "control-socket: off\ntrace-log: %s\n",
                address_text(&stage->daemon, address), stage->dir, stage->dir, stage->verbose ? "stderr" : "off");
        file = fopen(path, "w");
        if (!file)
                return false;
        rpl_write_settings(stage->rpl, minimise, lines, file);
        return !fclose(file);
}

/* In the child: become cairnd. */
static void become_daemon(const struct stage *stage)
{
        char clock[160], program[4096];
        int log = -1;

        (void)snprintf(program, sizeof program, "%s/cairnd", getenv("CAIRN_BUILD"));
        (void)snprintf(clock, sizeof clock, "%s/clock", stage->dir);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (chdir(stage->dir))
                _exit(126);
        if (!stage->verbose)
                log = open("log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (log >= 0)
                dup2(log, STDERR_FILENO);
        faketime_adopt(clock);
        execl(program, "cairnd", "--config", "cairn.yaml", (char *)NULL);
        _exit(126);
}

/* It is up when it accepts a connection. */
static bool wait_until_up(const struct stage *stage)
{
        uint64_t end_ms = fake_now_ms() + PATIENCE_MS;
        struct sockaddr_storage name;
        socklen_t len = fake_sockaddr(&stage->daemon, 53, &name);

        while (fake_now_ms() < end_ms && !waitpid(stage->pid, NULL, WNOHANG)) {
                int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
                bool up = !connect(fd, (struct sockaddr *)&name, len);

                close(fd);
                if (up)
                        return true;
                nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
        }
        return false;
}

/* The first line of the daemon's log, to say why it did not start. */
static void read_log(const struct stage *stage, char *out, size_t size)
{
        char path[128];
        FILE *file;

        (void)snprintf(path, sizeof path, "%s/log", stage->dir);
        file = fopen(path, "r");
        out[0] = '\0';
        if (file) {
                if (fgets(out, (int)size, file))
                        out[strcspn(out, "\n")] = '\0';
                fclose(file);
        }
}

static void start_daemon(struct stage *stage, bool minimise)
{
        char line[300];

        stage->offset_s = (long long)rpl_start_time(stage->rpl, (uint64_t)time(NULL)) - (long long)time(NULL);
        stage->began_ms = fake_now_ms();
        write_clock(stage);
        if (!write_config(stage, minimise)) {
                fail(stage, 0, "the settings cannot be written");
                return;
        }
        stage->pid = fork();
        if (stage->pid == 0)
                become_daemon(stage);
        if (wait_until_up(stage))
                return;
        read_log(stage, line, sizeof line);
        fail(stage, 0, "cairnd does not start: %s", line);
}

/* SIGTERM, and status 0 within two seconds. */
static void end_daemon(struct stage *stage)
{
        uint64_t end_ms = fake_now_ms() + END_MS;
        int status = -1;
        pid_t ended = 0;

        kill(stage->pid, SIGTERM);
        while (!(ended = waitpid(stage->pid, &status, WNOHANG)) && fake_now_ms() < end_ms)
                fake_run(&stage->fake, 5, false);
        if (ended == stage->pid && WIFEXITED(status) && !WEXITSTATUS(status))
                return;
        fail(stage, 0, "cairnd ends with %s %d", ended && WIFSIGNALED(status) ? "signal" : "status",
             !ended                ? -1
             : WIFSIGNALED(status) ? WTERMSIG(status)
                                   : WEXITSTATUS(status));
        if (!ended) {
                kill(stage->pid, SIGKILL);
                waitpid(stage->pid, NULL, 0);
        }
}

/* --- Steps -------------------------------------------------------------------------------------------------------- */

static enum rpl_step_kind next_kind(const struct stage *stage, const struct rpl_step *step)
{
        return step + 1 < stage->rpl->step + stage->rpl->step_count ? step[1].kind : RPL_TIME_PASSES;
}

static void play_query(struct stage *stage, const struct rpl_step *step)
{
        const struct rpl_client *client = &step->entry->client;
        static uint8_t query[RPL_MESSAGE_MAX];
        bool checked = next_kind(stage, step) == RPL_CHECK_ANSWER || next_kind(stage, step) == RPL_CHECK_SILENCE;

        if (!stage->keep_asks)
                fake_forget(&stage->fake);
        stage->keep_asks = client->no_wait;
        for (unsigned i = 0; i < client->times; i++) {
                size_t len = rpl_write_query(step->entry, (uint16_t)(++stage->next_id * 40503), query);

                if (!fake_ask(&stage->fake, &stage->client, &stage->daemon, client->tcp, query, len) &&
                    !step->entry->raw)
                        fail(stage, step->line, "the query cannot be sent: %s", strerror(errno));
        }
        if (step->entry->raw && !checked)
                fake_run(&stage->fake, 0, false);
        else if (!client->no_wait && !fake_run(&stage->fake, PATIENCE_MS, true) && !step->entry->raw &&
                 next_kind(stage, step) != RPL_CHECK_SILENCE)
                fail(stage, step->line, "no response within 5 s");
}

/* How much more time may have passed than the file says: all that was real, and the second that had begun. */
static uint32_t late_s(const struct stage *stage)
{
        return (uint32_t)((fake_now_ms() - stage->began_ms) / 1000 + 1);
}

static void play_check_answer(struct stage *stage, const struct rpl_step *step)
{
        char why[WHY_MAX / 2];

        step->entry->late_s = late_s(stage);
        for (unsigned i = 0; i < stage->fake.ask_count; i++) {
                const struct fake_ask *ask = &stage->fake.ask[i];
                struct rpl_received response = { ask->bytes, ask->len, ask->tcp };

                if (i + 1 < stage->fake.ask_count && step->entry->client.times == 1)
                        continue;
                if (!ask->complete)
                        fail(stage, step->line, "there is no response");
                else if (!rpl_matches(step->entry, &response, why, sizeof why))
                        fail(stage, step->line, "%s", why);
        }
        step->entry->used++;
}

/* Where real time passes and the machine is slow, each message may be sent twice; more is too much. */
static void play_check_upstream(struct stage *stage, const struct rpl_step *step)
{
        uint64_t count = 0, allowed = 2 * step->amount + 2;

        for (unsigned i = 0; i < stage->fake.server_count; i++)
                if (!step->address.family || address_equal(&step->address, &stage->fake.server[i].address))
                        count += stage->fake.server[i].queries;
        if (step->amount == 0)
                allowed = 0;
        if (count > allowed)
                fail(stage, step->line, "%llu messages went to servers, not at most %llu", (unsigned long long)count,
                     (unsigned long long)allowed);
}

static void play_check_silence(struct stage *stage, const struct rpl_step *step)
{
        for (unsigned i = 0; i < stage->fake.ask_count; i++)
                if (stage->fake.ask[i].complete)
                        fail(stage, step->line, "a response came");
}

static void play_step(struct stage *stage, const struct rpl_step *step)
{
        stage->fake.step = step->id;
        switch (step->kind) {
        case RPL_QUERY: play_query(stage, step); break;
        case RPL_CHECK_ANSWER: play_check_answer(stage, step); break;
        case RPL_TIME_PASSES:
                stage->offset_s += (long long)step->amount;
                write_clock(stage);
                break;
        case RPL_WAIT: fake_run(&stage->fake, (unsigned)step->amount, false); break;
        case RPL_CHECK_SILENCE: play_check_silence(stage, step); break;
        case RPL_CHECK_UPSTREAM: play_check_upstream(stage, step); break;
        case RPL_CHECK_TRACE:
        case RPL_REPLY:
        case RPL_CHECK_OUT_QUERY: break;
        }
}

/* --- One file ----------------------------------------------------------------------------------------------------- */

static void remove_folder(const char *path)
{
        DIR *dir = opendir(path);
        struct dirent *entry;
        char below[512];
        struct stat st;

        while (dir && (entry = readdir(dir))) {
                if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
                        continue;
                (void)snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
                if (!lstat(below, &st) && S_ISDIR(st.st_mode))
                        remove_folder(below);
                else
                        unlink(below);
        }
        if (dir)
                closedir(dir);
        rmdir(path);
}

static bool open_stage(struct stage *stage)
{
        bool ipv6 = rpl_is_ipv6(stage->rpl);

        (void)snprintf(stage->dir, sizeof stage->dir, "%.40s/cairn-scenario-XXXXXX",
                       getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        if (!mkdtemp(stage->dir)) {
                stage->dir[0] = '\0';
                fail(stage, 0, "no folder to work in");
                return false;
        }
        (void)!address_parse(ipv6 ? "fd00:dec::2" : "127.127.0.2", &stage->daemon);
        (void)!address_parse(ipv6 ? "fd00:dec::1" : "127.127.0.1", &stage->client);
        if (fake_open(&stage->fake, stage->rpl, stage->verbose))
                return true;
        fail(stage, 0, "the servers' sockets cannot be opened: %s", strerror(errno));
        return false;
}

static bool play_once(struct rpl *rpl, bool minimise, bool verbose, char why[WHY_MAX])
{
        static struct stage stage;
        const struct rpl_entry *unused;

        stage = (struct stage){ .rpl = rpl, .verbose = verbose, .why = why };
        rpl_rewind(rpl);
        if (open_stage(&stage))
                start_daemon(&stage, minimise);
        for (unsigned i = 0; i < rpl->step_count && !stage.failed; i++)
                play_step(&stage, &rpl->step[i]);
        unused = rpl_unused_mandatory(rpl);
        if (stage.fake.unforeseen[0])
                fail(&stage, 0, "%s, which the file does not foresee", stage.fake.unforeseen);
        if (unused)
                fail(&stage, unused->line, "this MANDATORY entry was never used");
        if (stage.pid > 0)
                end_daemon(&stage);
        fake_close(&stage.fake);
        if (stage.dir[0])
                remove_folder(stage.dir);
        return !stage.failed;
}

static bool play_mode(struct rpl *rpl, bool minimise, bool verbose, char why[WHY_MAX])
{
        char reason[WHY_MAX];

        if (play_once(rpl, minimise, verbose, reason))
                return true;
        (void)snprintf(why, WHY_MAX, "minimisation %s: %.800s", minimise ? "on" : "off", reason);
        return false;
}

static int play_both_ways(struct rpl *rpl, bool verbose, char why[WHY_MAX])
{
        struct address address[RPL_ADDRESSES_MAX + 2];
        unsigned count = rpl_addresses(rpl, address, RPL_ADDRESSES_MAX);
        const char *mode = rpl_minimisation(rpl);
        bool passed;

        (void)!address_parse("fd00:dec::1", &address[count++]);
        (void)!address_parse("fd00:dec::2", &address[count++]);
        if (rpl_switch(rpl, "in-process", false) || !netns_enter(address, count))
                return STATUS_SKIPPED;
        passed = (mode && !strcmp(mode, "off")) || play_mode(rpl, true, verbose, why);
        passed = passed && ((mode && !strcmp(mode, "on")) || play_mode(rpl, false, verbose, why));
        return passed ? STATUS_PASSED : STATUS_FAILED;
}

/* In a process of its own: play a file; the status says how it went, why is written to stdout. */
static int play_file(const char *path, bool verbose)
{
        char why[WHY_MAX] = "";
        struct rpl *rpl = rpl_read(path, why);
        int status = rpl ? play_both_ways(rpl, verbose, why) : STATUS_FAILED;

        rpl_free(rpl);
        if (status == STATUS_FAILED)
                puts(why);
        return status;
}

/* --- All files, some at a time ------------------------------------------------------------------------------------ */

struct job {
        pid_t pid; /* 0: idle */
        int out;
        const char *path;
};

struct run {
        struct collection collection;
        struct job job[JOBS_MAX];
        unsigned jobs;
        bool verbose;
        bool again; /* the second try, one at a time */
        const char *retry[COLLECTION_MAX];
        unsigned retry_count;
        struct tally tally;
};

static void start_job(struct run *run, struct job *job, const char *path)
{
        int pair[2];

        if (pipe2(pair, O_CLOEXEC)) {
                perror("pipe");
                exit(STATUS_FAILED);
        }
        *job = (struct job){ .out = pair[0], .path = path };
        fflush(stdout);
        job->pid = fork();
        if (job->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (!run->verbose)
                        dup2(pair[1], STDOUT_FILENO);
                exit(play_file(path, run->verbose));
        }
        close(pair[1]);
}

/* Is this failure news? It may be that the machine was too busy; what is known to fail is not tried twice. */
static bool wants_retry(const struct run *run, const char *path)
{
        char name[COLLECTION_NAME_MAX], reason[COLLECTION_NAME_MAX];

        collection_name(path, name);
        return !run->again && !collection_known(&run->collection, name, reason);
}

static void finish_job(struct run *run, struct job *job, int status)
{
        char why[WHY_MAX + 1];
        ssize_t len = read(job->out, why, WHY_MAX);
        bool passed = WIFEXITED(status) && WEXITSTATUS(status) == STATUS_PASSED;

        why[len > 0 ? len : 0] = '\0';
        why[strcspn(why, "\n")] = '\0';
        close(job->out);
        job->pid = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIPPED)
                run->tally.skipped++;
        else if (!passed && wants_retry(run, job->path))
                run->retry[run->retry_count++] = job->path;
        else
                collection_judge(&run->collection, job->path, passed, why, &run->tally);
}

/* Wait for one job to end. */
static void reap(struct run *run)
{
        int status;
        pid_t pid = wait(&status);

        for (unsigned i = 0; pid > 0 && i < run->jobs; i++)
                if (run->job[i].pid == pid)
                        finish_job(run, &run->job[i], status);
}

static void play_all(struct run *run)
{
        unsigned busy = 0;

        for (unsigned next = 0; next < run->collection.count || busy;) {
                for (unsigned i = 0; i < run->jobs && next < run->collection.count; i++) {
                        if (!run->job[i].pid) {
                                start_job(run, &run->job[i], run->collection.file[next++]);
                                busy++;
                        }
                }
                reap(run);
                busy--;
        }
        run->again = true;
        for (unsigned i = 0; i < run->retry_count; i++) {
                start_job(run, &run->job[0], run->retry[i]);
                reap(run);
        }
}

static bool add_defaults(struct run *run)
{
        const char *source = getenv("CAIRN_SOURCE"), *more = getenv("CAIRN_SCENARIOS");
        char path[4096];

        (void)snprintf(path, sizeof path, "%s/tests/scenario", source ? source : ".");
        if (!collection_add(&run->collection, path) || (more && !collection_add(&run->collection, more)))
                return false;
        (void)snprintf(path, sizeof path, "%s/tests/scenario/known", source ? source : ".");
        return run->collection.known || collection_expect(&run->collection, path, false);
}

static int usage(void)
{
        fputs("usage: scenario_daemon [--verbose] [--jobs N] [--expect FILE] [FILE-OR-FOLDER...]\n", stderr);
        return 2;
}

int main(int argc, char **argv)
{
        static struct run run;
        long cores = sysconf(_SC_NPROCESSORS_ONLN);

        run.jobs = cores > 0 ? (unsigned)(3 * cores < JOBS_MAX ? 3 * cores : JOBS_MAX) : 4; /* they mostly wait */
        for (int i = 1; i < argc; i++) {
                if (!strcmp(argv[i], "--verbose"))
                        run.verbose = true;
                else if (!strcmp(argv[i], "--jobs") && i + 1 < argc)
                        run.jobs = (unsigned)atoi(argv[++i]);
                else if (!strcmp(argv[i], "--expect") && i + 1 < argc &&
                         collection_expect(&run.collection, argv[i + 1], false))
                        i++;
                else if (argv[i][0] == '-' || !collection_add(&run.collection, argv[i]))
                        return usage();
        }
        if (run.jobs < 1 || run.jobs > JOBS_MAX)
                return usage();
        if (!faketime_works() || !getenv("CAIRN_BUILD")) {
                puts("time cannot be faked, or CAIRN_BUILD is missing");
                return STATUS_SKIPPED;
        }
        if (!run.collection.count && !add_defaults(&run))
                return 2;
        collection_sort(&run.collection);
        play_all(&run);
        tally_print(&run.tally);
        if (!run.tally.passed && !run.tally.failed && !run.tally.known) {
                puts("network namespaces are forbidden here");
                return STATUS_SKIPPED;
        }
        collection_free(&run.collection);
        return run.tally.failed ? STATUS_FAILED : STATUS_PASSED;
}
