/* The life of a real cairnd: start, reload, end, and what stands in its way. */
#include "asker.h"
#include "cairnd.h"
#include "forwarder.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct forwarder forwarder;

static int set_up(void **state)
{
        forwarder_start(&forwarder);
        (void)state;
        return 0;
}

static int tear_down(void **state)
{
        forwarder_stop(&forwarder);
        (void)state;
        return 0;
}

/* Clients that ask without a pause, in a thread: names known and unknown in turn, WINDOW questions at a time. */
struct load {
        pthread_t thread;
        uint16_t port;
        _Atomic bool ending;
        _Atomic unsigned asked, lost;
};

enum { WINDOW = 16 };

static void *load_run(void *argument)
{
        struct load *load = argument;
        int fd = udp_to("127.0.0.1", load->port);

        while (!load->ending) {
                for (unsigned i = 0; i < WINDOW; i++) {
                        char name[32];

                        snprintf(name, sizeof name, "load%u.example", i % 2 ? load->asked : 0);
                        udp_ask(fd, (uint16_t)load->asked++, name);
                }
                for (unsigned i = 0; i < WINDOW; i++) {
                        unsigned rcode = 0;

                        if (udp_hear(fd, ASKER_PATIENCE_MS, &rcode) == NOTHING || rcode != 0)
                                load->lost++;
                }
        }
        close(fd);
        return NULL;
}

static void load_start(struct load *load, const struct cairnd *cairnd)
{
        *load = (struct load){ .port = cairnd->port };
        assert_int_equal(pthread_create(&load->thread, NULL, load_run, load), 0);
        while (load->asked < 10 * WINDOW) /* it is under way */
                usleep(100);
}

static void load_stop(struct load *load)
{
        load->ending = true;
        pthread_join(load->thread, NULL);
}

static void reloading_loses_no_question(void **state)
{
        const struct cairnd_options options = { .forward_to = forwarder.port, .trace_log = "/dev/null" };
        struct cairnd cairnd;
        struct load load;
        char reply[4096];

        cairnd_start(&cairnd, &options);
        load_start(&load, &cairnd);
        for (unsigned i = 0; i < 20; i++) {
                assert_true(cairnd_call(&cairnd, "reload\n", reply, sizeof reply));
                assert_string_equal(reply, "ok\n");
        }
        load_stop(&load);
        assert_int_equal(load.lost, 0);
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
        (void)state;
}

static void a_mistake_in_the_settings_changes_nothing(void **state)
{
        struct cairnd_options options = { .forward_to = forwarder.port };
        struct cairnd cairnd;
        char reply[4096];

        cairnd_start(&cairnd, &options);
        options.settings = "prot: 53\n";
        cairnd_configure(&cairnd, &options);
        assert_true(cairnd_call(&cairnd, "reload\n", reply, sizeof reply));
        assert_memory_equal(reply, "error: ", 7);
        assert_non_null(strstr(reply, "cairn.yaml:14:1: ")); /* where it is */
        int fd = udp_to("127.0.0.1", cairnd.port);
        assert_true(udp_works(fd, 1, "still.example"));
        close(fd);
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
        (void)state;
}

static void new_settings_count_for_new_questions(void **state)
{
        struct cairnd_options options = { .forward_to = forwarder.port };
        struct cairnd cairnd;
        char reply[4096];
        unsigned rcode = 0;

        cairnd_start(&cairnd, &options);
        options.settings = "allow: [192.0.2.0/24]\n";
        cairnd_configure(&cairnd, &options);
        assert_true(cairnd_call(&cairnd, "reload\n", reply, sizeof reply));
        int fd = udp_to("127.0.0.1", cairnd.port);
        do { /* each worker gets to know of it at its own time */
                udp_ask(fd, 1, "refused.example");
                assert_int_equal(udp_hear(fd, ASKER_PATIENCE_MS, &rcode), 1);
        } while (rcode == 0);
        assert_int_equal(rcode, 5);
        close(fd);
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
        (void)state;
}

static void it_ends_within_a_second_under_load(void **state)
{
        const char *sanitizers = getenv("CAIRN_SANITIZE");
        unsigned most_ms = sanitizers && *sanitizers ? ASKER_PATIENCE_MS : 1000;
        struct cairnd cairnd;
        unsigned took_ms;

        cairnd_start(&cairnd, &(struct cairnd_options){ .forward_to = forwarder.port });
        int fd = udp_to("127.0.0.1", cairnd.port), tcp = tcp_to(NULL, "127.0.0.1", cairnd.port);
        for (unsigned i = 0; i < 16; i++) {
                udp_ask(fd, (uint16_t)i, "slow.ending.example");
                tcp_ask(tcp, (uint16_t)i, "slow.ending.example");
        }
        assert_true(tcp_works(tcp, 100, "fast.ending.example")); /* so the others are being worked on */
        assert_int_equal(cairnd_stop(&cairnd, &took_ms), 0);
        assert_in_range(took_ms, 0, most_ms);
        forwarder_release(&forwarder);
        close(fd);
        close(tcp);
        cairnd_clean(&cairnd);
        (void)state;
}

static void it_ends_when_told_so(void **state)
{
        struct cairnd cairnd;
        char reply[64];

        cairnd_start(&cairnd, &(struct cairnd_options){ .forward_to = forwarder.port });
        assert_true(cairnd_call(&cairnd, "stop\n", reply, sizeof reply));
        assert_string_equal(reply, "ok\n");
        assert_int_equal(cairnd_wait(&cairnd), 0);
        assert_true(cairnd_said(&cairnd, "ended"));
        cairnd_clean(&cairnd);
        (void)state;
}

static void a_second_one_is_refused_by_name(void **state)
{
        const struct cairnd_options options = { .forward_to = forwarder.port };
        struct cairnd cairnd, second;

        cairnd_start(&cairnd, &options);
        assert_int_equal(cairnd_try(&second, &(struct cairnd_options){ .beside = &cairnd }), 1);
        assert_true(cairnd_said(&cairnd, "is in use by cairnd (process "));
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
        (void)state;
}

static void a_second_one_on_the_same_cache_is_refused(void **state)
{
        const struct cairnd_options options = { .forward_to = forwarder.port };
        struct cairnd cairnd, second;

        cairnd_start(&cairnd, &options);
        struct cairnd elsewhere = cairnd; /* the same directory, but another port and control socket */
        elsewhere.port = free_port();
        cairnd_configure(&elsewhere, &(struct cairnd_options){ .forward_to = forwarder.port, .control = "control2" });
        assert_int_equal(cairnd_try(&second, &(struct cairnd_options){ .beside = &elsewhere }), 1);
        assert_true(cairnd_said(&cairnd, "another cairnd uses the cache in "));
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
        (void)state;
}

/* A line of /proc/PID/status: "CapEff:" and what follows it. */
static void status_line(pid_t pid, const char *word, char room[128])
{
        char path[64];

        snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        room[0] = 0;
        while (strncmp(room, word, strlen(word)) != 0)
                assert_non_null(fgets(room, 128, file));
        fclose(file);
}

static void started_as_root_it_gives_up_all_rights(void **state)
{
        enum { NOBODY = 65534 };
        struct cairnd cairnd;
        char line[128];

        (void)state;
        if (geteuid() != 0)
                skip();
        cairnd_start(&cairnd, &(struct cairnd_options){ .forward_to = forwarder.port, .owner = NOBODY,
                                                         .settings = "user: nobody\n" });
        int fd = udp_to("127.0.0.1", cairnd.port);
        assert_true(udp_works(fd, 1, "rights.example"));
        close(fd);
        status_line(cairnd.pid, "Uid:", line);
        assert_string_equal(line, "Uid:\t65534\t65534\t65534\t65534\n");
        status_line(cairnd.pid, "CapEff:", line);
        assert_string_equal(line, "CapEff:\t0000000000000000\n");
        status_line(cairnd.pid, "CapBnd:", line);
        assert_string_equal(line, "CapBnd:\t0000000000000000\n");
        status_line(cairnd.pid, "NoNewPrivs:", line);
        assert_string_equal(line, "NoNewPrivs:\t1\n");
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
}

static void answers_survive_a_restart(void **state)
{
        const struct cairnd_options options = { .forward_to = forwarder.port };
        struct cairnd cairnd;

        cairnd_start(&cairnd, &options);
        int fd = udp_to("127.0.0.1", cairnd.port);
        assert_true(udp_works(fd, 1, "kept.example"));
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        unsigned asked = forwarder.questions;

        struct cairnd again;
        cairnd_start(&again, &(struct cairnd_options){ .beside = &cairnd });
        assert_true(udp_works(fd, 2, "kept.example"));
        assert_int_equal(forwarder.questions, asked);
        close(fd);
        assert_int_equal(cairnd_stop(&again, NULL), 0);
        cairnd_clean(&again);
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reloading_loses_no_question),
                cmocka_unit_test(a_mistake_in_the_settings_changes_nothing),
                cmocka_unit_test(new_settings_count_for_new_questions),
                cmocka_unit_test(it_ends_within_a_second_under_load),
                cmocka_unit_test(it_ends_when_told_so),
                cmocka_unit_test(a_second_one_is_refused_by_name),
                cmocka_unit_test(a_second_one_on_the_same_cache_is_refused),
                cmocka_unit_test(answers_survive_a_restart),
                cmocka_unit_test(started_as_root_it_gives_up_all_rights),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
