/* The program cairn against a daemon that is only a thread here: what it sends, what it prints, how it ends. */
#include "base/buf.h"
#include "json.h"
#include "watch/trace.h"
#include "wire/codes.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char program[4096], folder[64], path[108];

/* --- A daemon with one sentence -------------------------------------------------------------------------------- */

struct stand_in {
        pthread_t thread;
        int fd;
        const uint8_t *reply;
        size_t reply_len;
        size_t piece;       /* so many bytes at a time; 0: all at once */
        char request[4096]; /* what the client sent */
};

static void *serve(void *context)
{
        struct stand_in *d = context;
        int fd = accept(d->fd, NULL, NULL);
        size_t len = 0;
        ssize_t n;

        if (fd < 0)
                return NULL;
        while (len < sizeof d->request - 1 && !memchr(d->request, '\n', len)) {
                n = recv(fd, d->request + len, sizeof d->request - 1 - len, 0);
                if (n <= 0)
                        break;
                len += (size_t)n;
        }
        for (size_t at = 0; at < d->reply_len;) {
                size_t wanted = d->piece && d->piece < d->reply_len - at ? d->piece : d->reply_len - at;

                n = send(fd, d->reply + at, wanted, MSG_NOSIGNAL);
                if (n <= 0)
                        break;
                at += (size_t)n;
        }
        close(fd);
        return NULL;
}

static void stand_in_start(struct stand_in *d)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        memcpy(address.sun_path, path, strlen(path));
        unlink(path);
        memset(d->request, 0, sizeof d->request);
        d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(d->fd, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(listen(d->fd, 1), 0);
        assert_int_equal(pthread_create(&d->thread, NULL, serve, d), 0);
}

static void stand_in_stop(struct stand_in *d)
{
        shutdown(d->fd, SHUT_RDWR); /* wakes accept() if nobody called */
        pthread_join(d->thread, NULL);
        close(d->fd);
        unlink(path);
}

/* --- The client ------------------------------------------------------------------------------------------------ */

struct result {
        int status;
        char out[1 << 18];
        char err[1 << 14];
};

static struct result result;

static void read_both(int out, int err)
{
        struct pollfd fds[2] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };
        char *text[2] = { result.out, result.err };
        size_t room[2] = { sizeof result.out - 1, sizeof result.err - 1 };

        while (fds[0].fd >= 0 || fds[1].fd >= 0) {
                assert_true(poll(fds, 2, 20000) > 0);
                for (int i = 0; i < 2; i++) {
                        if (fds[i].fd < 0 || !fds[i].revents)
                                continue;
                        ssize_t n = read(fds[i].fd, text[i], room[i]);

                        if (n <= 0) {
                                close(fds[i].fd);
                                fds[i].fd = -1;
                                continue;
                        }
                        text[i] += n;
                        room[i] -= (size_t)n;
                }
        }
        *text[0] = *text[1] = 0;
}

/* Run cairn with these arguments, the last of which is NULL; its socket is `path` by the environment. */
static void run(const char *first, ...)
{
        const char *argv[16] = { "cairn", first };
        int out[2], err[2];
        va_list more;

        va_start(more, first);
        for (size_t i = 2; i < 15 && argv[i - 1]; i++)
                argv[i] = va_arg(more, const char *);
        va_end(more);
        assert_int_equal(pipe(out), 0);
        assert_int_equal(pipe(err), 0);
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
                dup2(out[1], STDOUT_FILENO);
                dup2(err[1], STDERR_FILENO);
                close(out[0]);
                close(err[0]);
                setenv("CAIRN_SOCKET", path, 1);
                execv(program, (char *const *)argv);
                _exit(127);
        }
        close(out[1]);
        close(err[1]);
        read_both(out[0], err[0]);
        assert_int_equal(waitpid(child, &result.status, 0), child);
        assert_true(WIFEXITED(result.status));
        result.status = WEXITSTATUS(result.status);
}

/* Let the stand-in say these bytes to the client run with these arguments. */
#define RUN_AGAINST(stand_in, ...) \
        do { \
                stand_in_start(stand_in); \
                run(__VA_ARGS__, NULL); \
                stand_in_stop(stand_in); \
        } while (0)

static struct stand_in saying(const char *text)
{
        return (struct stand_in){ .reply = (const uint8_t *)text, .reply_len = strlen(text) };
}

/* --- A trace that grows ---------------------------------------------------------------------------------------- */

static const uint8_t answer[] = "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
                                "\3www\7example\3com\0\x00\x01\x00\x01"
                                "\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x01";
enum { ANSWER_LEN = sizeof answer - 1 };

static uint8_t reply_room[1 << 16];

static void write_frame(struct writer *w, const void *bytes, size_t len)
{
        write_u32(w, (uint32_t)len);
        write_bytes(w, bytes, len);
}

/* "ok", a frame after each of three steps, and the answer. Returns the length. */
static size_t trace_reply(void)
{
        static const struct trace_id id = { .bytes = { 0x7f, 0x3a, 0x9c, 0x21 } };
        static const struct moment start = { .mono_us = 5000, .wall_s = 1790000000 };
        static const struct endpoint client = { { 4, { 127, 0, 0, 1 } }, 40211 };
        struct writer w = writer_over(reply_room, sizeof reply_room);
        uint8_t wire[NAME_WIRE_MAX];
        struct arena arena;
        struct trace trace;
        struct name qname;

        assert_int_equal(name_from_text("www.example.com", wire, &qname), ERR_OK);
        arena_init(&arena, 1 << 20);
        trace_begin(&trace, &arena, &id, 7, &start);
        write_text(&w, "ok\n");
        trace_step(&trace, 0, 5000, STEP_QUESTION, &qname, 1U, (unsigned)FLAG_RD, &client, "control");
        write_frame(&w, trace.bytes, trace.len);
        trace_step(&trace, 0, 6500, STEP_MISS, &qname, 1U);
        write_frame(&w, trace.bytes, trace.len);
        trace_step(&trace, 0, 36400, STEP_ANSWER, (unsigned)RCODE_NOERROR, (unsigned)(FLAG_QR | FLAG_RD | FLAG_RA),
                   (uint64_t)1, (uint64_t)ANSWER_LEN, (uint64_t)31400, (uint64_t)4, (unsigned)EDE_NONE);
        write_frame(&w, trace.bytes, trace.len);
        write_u32(&w, 0);
        write_frame(&w, answer, ANSWER_LEN);
        arena_fini(&arena);
        assert_false(w.failed);
        return writer_len(&w);
}

static const char expected_tree[] =
        "      0.0 question www.example.com. A over control from 127.0.0.1@40211, flags rd\n"
        "      1.5 cache: nothing about www.example.com. A\n"
        "     31.4 answered NOERROR, flags qr rd ra, 1 record, 49 bytes, after 31.4 ms and 4 messages to servers\n"
        "\n"
        ";; trace 7f3a9c21 www.example.com. A NOERROR 31.4 ms, 4 messages\n"
        ";; NOERROR, flags qr rd ra, 49 bytes\n"
        ";; answer\n"
        "www.example.com. 300 IN A 192.0.2.1\n";

static void test_trace_as_a_tree(void **state)
{
        (void)state;
        for (size_t piece = 0; piece < 4; piece++) {
                struct stand_in d = { .reply = reply_room, .reply_len = trace_reply(), .piece = piece };

                RUN_AGAINST(&d, "--cold", "trace", "www.example.com", "A");
                assert_string_equal(result.err, "");
                assert_string_equal(result.out, expected_tree);
                assert_int_equal(result.status, 0);
                assert_string_equal(d.request, "trace www.example.com A --cold\n");
        }
}

static void test_trace_as_json(void **state)
{
        struct stand_in d = { .reply = reply_room, .reply_len = trace_reply() };
        size_t count = 0;

        (void)state;
        RUN_AGAINST(&d, "trace", "www.example.com", "--json", "--cd");
        assert_int_equal(result.status, 0);
        assert_string_equal(d.request, "trace www.example.com --cd\n");
        for (char *line = result.out; *line; line += strcspn(line, "\n") + 1) {
                size_t len = strcspn(line, "\n");

                count++;
                assert_true(json_has_member(line, len, "v"));
                assert_true(json_has_member(line, len, "trace"));
                assert_true(json_has_member(line, len, count < 4 ? "step" : "message"));
        }
        assert_int_equal(count, 4);
}

/* A daemon that dies in the middle: what was seen until then is shown, and the end is an error. */
static void test_trace_that_ends_early(void **state)
{
        size_t whole = trace_reply();

        (void)state;
        for (size_t len = 0; len < whole; len += 7) {
                struct stand_in d = { .reply = reply_room, .reply_len = len };

                RUN_AGAINST(&d, "trace", "www.example.com");
                assert_int_equal(result.status, 1);
                assert_non_null(strstr(result.err, "cairnd hung up in the middle of its reply"));
                assert_memory_equal(result.out, expected_tree, strlen(result.out));
        }
}

static void test_nonsense_instead_of_a_trace(void **state)
{
        static const struct {
                const char *reply;
                size_t len;
                const char *complaint;
        } table[] = {
                { "ok\n\0\0\0\4abcd", 11, "is no trace" },
                { "ok\n\xff\xff\xff\xff", 7, "more than there can be" },
                { "ok\n\0\0\0\0\0\0\0\0", 11, "no answer" },
                { "ok\n\0\0\0\0\0\0\0\4abcd", 15, "cannot be read" },
                { "SSH-2.0-OpenSSH\n", 16, "this is not cairnd" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                struct stand_in d = { .reply = (const uint8_t *)table[i].reply, .reply_len = table[i].len };

                RUN_AGAINST(&d, "trace", "www.example.com");
                assert_int_equal(result.status, 1);
                assert_non_null(strstr(result.err, table[i].complaint));
        }
}

/* --- Other commands -------------------------------------------------------------------------------------------- */

static void test_text_is_passed_on(void **state)
{
        struct stand_in d = saying("ok\nentries 12\nhits 7\n");

        (void)state;
        RUN_AGAINST(&d, "cache", "stats");
        assert_int_equal(result.status, 0);
        assert_string_equal(result.out, "entries 12\nhits 7\n");
        assert_string_equal(d.request, "cache stats\n");
}

static void test_refusal(void **state)
{
        struct stand_in d = saying("error: line 3: no such setting\n");

        (void)state;
        RUN_AGAINST(&d, "reload");
        assert_int_equal(result.status, 1);
        assert_string_equal(result.out, "");
        assert_string_equal(result.err, "cairn: line 3: no such setting\n");
}

/* What could not be written is no success. */
static void test_full_disk(void **state)
{
        struct stand_in d = saying("ok\nentries 12\n");
        char command[sizeof program + sizeof path + 64];

        (void)state;
        stand_in_start(&d);
        snprintf(command, sizeof command, "CAIRN_SOCKET=%s %s cache stats >/dev/full 2>&1", path, program);
        int status = system(command);

        stand_in_stop(&d);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
}

static void test_flush_of_everything(void **state)
{
        struct stand_in d = saying("ok\n");

        (void)state;
        RUN_AGAINST(&d, "cache", "flush", "--all");
        assert_int_equal(result.status, 0);
        assert_string_equal(d.request, "cache flush --all\n");
}

static void test_health_over_the_socket(void **state)
{
        struct stand_in well = { .reply = reply_room, .reply_len = trace_reply() };
        struct stand_in ill = { .reply = reply_room, .reply_len = well.reply_len - ANSWER_LEN - 4 };

        (void)state;
        RUN_AGAINST(&well, "health");
        assert_int_equal(result.status, 0);
        assert_string_equal(result.out, "");
        assert_string_equal(well.request, "trace localhost. A\n");
        RUN_AGAINST(&ill, "health");
        assert_int_equal(result.status, 1);
}

static void test_nobody_there(void **state)
{
        (void)state;
        unlink(path);
        run("status", NULL);
        assert_int_equal(result.status, 1);
        assert_non_null(strstr(result.err, "no cairnd listens here"));
        run("health", NULL);
        assert_int_equal(result.status, 1);
        run("health", "--udp", "127.0.0.1@1", NULL);
        assert_int_equal(result.status, 1);
}

/* --- The command line ------------------------------------------------------------------------------------------ */

static void test_what_makes_no_sense_is_not_sent(void **state)
{
        static const char *const lines[][4] = {
                { NULL }, { "dig" }, { "cache" }, { "cache", "look" }, { "trace" }, { "status", "now" }, { "--jason" },
                { "trace", "a.example", "--cold=yes" }, { "status", "--socket" },
                { "trace", "a.example", "--width=wide" },
                { "trace", "a.example", "--width=-1" }, { "trace", "a.example", "--width=99999999999999999999" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                run(lines[i][0], lines[i][1], lines[i][2], NULL);
                if (result.status != 2 || !result.err[0])
                        fail_msg("line %zu: status %d, %s", i, result.status, result.err);
                assert_string_equal(result.out, "");
        }
}

/* An argument cannot smuggle a second request in, nor a second argument. */
static void test_arguments_stay_single_words(void **state)
{
        struct stand_in d = saying("ok\n");

        (void)state;
        RUN_AGAINST(&d, "cache", "show", "a.example\nstop");
        assert_int_equal(result.status, 1);
        assert_string_equal(d.request, "");
        RUN_AGAINST(&d, "cache", "show", "a.example\" --all \"");
        assert_int_equal(result.status, 1);
        assert_string_equal(d.request, "");
        RUN_AGAINST(&d, "cache", "show", "a.example --all");
        assert_string_equal(d.request, "cache show \"a.example --all\"\n");
}

static void test_help_names_everything(void **state)
{
        static const char *const words[] = {
#define COMMAND(constant, words, arguments, help) words, help,
#define LOCAL COMMAND
#define FLAG(constant, name, value, who, help) name, help,
#include "commands.def"
#undef FLAG
#undef LOCAL
#undef COMMAND
        };
        static char wrapped[sizeof result.out];
        size_t len = 0;

        (void)state;
        run("--help", NULL);
        assert_int_equal(result.status, 0);
        for (const char *at = result.out; *at; at++) {
                if (*at != '\n' && *at != ' ')
                        wrapped[len++] = *at;
                else if (len && wrapped[len - 1] != ' ')
                        wrapped[len++] = ' ';
        }
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                if (!strstr(wrapped, words[i]))
                        fail_msg("not in --help: %s", words[i]);
        }
        for (const char *line = result.out; *line; line += strcspn(line, "\n") + 1)
                assert_true(strcspn(line, "\n") <= 80);
}

static void test_manual_names_every_step(void **state)
{
        char item[64];

        (void)state;
        run("--print-man", NULL);
        assert_int_equal(result.status, 0);
        for (enum step_kind kind = 0; kind < STEP_COUNT; kind++) {
                snprintf(item, sizeof item, ".TP\n\\fB%s\\fR\n", step_word(kind));
                if (!strstr(result.out, item))
                        fail_msg("not in the manual: %s", step_word(kind));
        }
        run("--version", NULL);
        assert_memory_equal(result.out, "cairn ", 6);
}

static int set_up(void **state)
{
        const char *build = getenv("CAIRN_BUILD");

        (void)state;
        snprintf(program, sizeof program, "%s/cairn", build ? build : ".");
        snprintf(folder, sizeof folder, "/tmp/cairn_client.XXXXXX");
        if (!mkdtemp(folder))
                return -1;
        snprintf(path, sizeof path, "%s/control", folder);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        return rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_trace_as_a_tree),
                cmocka_unit_test(test_trace_as_json),
                cmocka_unit_test(test_trace_that_ends_early),
                cmocka_unit_test(test_nonsense_instead_of_a_trace),
                cmocka_unit_test(test_text_is_passed_on),
                cmocka_unit_test(test_refusal),
                cmocka_unit_test(test_full_disk),
                cmocka_unit_test(test_flush_of_everything),
                cmocka_unit_test(test_health_over_the_socket),
                cmocka_unit_test(test_nobody_there),
                cmocka_unit_test(test_what_makes_no_sense_is_not_sent),
                cmocka_unit_test(test_arguments_stay_single_words),
                cmocka_unit_test(test_help_names_everything),
                cmocka_unit_test(test_manual_names_every_step),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
