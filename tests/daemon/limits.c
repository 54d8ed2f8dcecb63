/* Clients that take more than their share of a real cairnd: connections, patience, descriptors. */
#include "asker.h"
#include "cairnd.h"
#include "forwarder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { CONNECTIONS_PER_CLIENT = 20, FEW_FILES = 160 };

static struct forwarder forwarder;
static struct cairnd cairnd;

static void start(unsigned files_max)
{
        forwarder_start(&forwarder);
        cairnd_start(&cairnd, &(struct cairnd_options){ .forward_to = forwarder.port, .files_max = files_max });
}

static void stop(void)
{
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
        forwarder_stop(&forwarder);
}

static void a_client_gets_no_more_than_its_connections(void **state)
{
        int fd[CONNECTIONS_PER_CLIENT + 1];

        start(0);
        for (unsigned i = 0; i < CONNECTIONS_PER_CLIENT; i++) {
                fd[i] = tcp_to("127.0.0.2", "127.0.0.1", cairnd.port);
                assert_true(tcp_works(fd[i], (uint16_t)i, "mine.example"));
        }
        fd[CONNECTIONS_PER_CLIENT] = tcp_to("127.0.0.2", "127.0.0.1", cairnd.port);
        assert_int_equal(tcp_hear(fd[CONNECTIONS_PER_CLIENT], ASKER_PATIENCE_MS), CLOSED);
        close(fd[CONNECTIONS_PER_CLIENT]);

        int other = tcp_to("127.0.0.3", "127.0.0.1", cairnd.port); /* another client is not concerned */
        assert_true(tcp_works(other, 100, "yours.example"));
        close(other);

        for (unsigned i = 0; i < CONNECTIONS_PER_CLIENT; i++)
                close(fd[i]);
        bool again = false;
        for (unsigned tries = 0; tries < 1000 && !again; tries++) { /* until their end has been noticed */
                int next = tcp_to("127.0.0.2", "127.0.0.1", cairnd.port);

                again = tcp_works(next, 101, "mine.example");
                close(next);
        }
        assert_true(again);
        stop();
        (void)state;
}

/* How many sockets a slow crowd has: few in an ordinary run. */
static unsigned crowd_size(void)
{
        return getenv("CAIRN_FULL") ? 2000 : 200;
}

/* Sockets that begin a message and never end it; each twenty of them are one client. */
static int *slow_crowd(unsigned count, unsigned *opened)
{
        int *fd = calloc(count, sizeof *fd);

        for (*opened = 0; *opened < count; ++*opened) {
                char from[32];

                snprintf(from, sizeof from, "127.1.%u.%u", *opened / CONNECTIONS_PER_CLIENT / 250,
                         1 + *opened / CONNECTIONS_PER_CLIENT % 250);
                fd[*opened] = tcp_to(from, "127.0.0.1", cairnd.port);
                send(fd[*opened], "", 1, MSG_NOSIGNAL);
        }
        return fd;
}

static void a_slow_crowd_does_not_keep_others_out(void **state)
{
        struct rlimit limit = { .rlim_cur = 8192, .rlim_max = 8192 };
        unsigned count = crowd_size(), opened, answered = 0;

        if (count > 1000)
                setrlimit(RLIMIT_NOFILE, &limit);
        start(0);
        int *crowd = slow_crowd(count, &opened);
        int udp = udp_to("127.0.0.1", cairnd.port);
        for (unsigned i = 0; i < 100; i++) {
                int fd = tcp_to("127.0.0.2", "127.0.0.1", cairnd.port);

                answered += tcp_works(fd, (uint16_t)i, "crowd.example");
                assert_true(udp_works(udp, (uint16_t)i, "crowd.example"));
                close(fd);
        }
        assert_in_range(answered, 99, 100);
        for (unsigned i = 0; i < opened; i++)
                close(crowd[i]);
        close(udp);
        free(crowd);
        stop();
        (void)state;
}

static void the_slow_are_hung_up_on(void **state)
{
        start(0);
        int fd = tcp_to(NULL, "127.0.0.1", cairnd.port);
        send(fd, "", 1, MSG_NOSIGNAL);
        assert_int_equal(tcp_hear(fd, ASKER_PATIENCE_MS), CLOSED); /* after three seconds */
        close(fd);
        stop();
        (void)state;
}

/* Connections until the daemon has no descriptors for more: questions over UDP, each with a socket upstream, go on. */
static void without_descriptors_udp_goes_on(void **state)
{
        enum { MANY = 300 };
        static int fd[MANY];

        start(FEW_FILES);
        for (unsigned i = 0; i < MANY; i++) {
                char from[32];

                snprintf(from, sizeof from, "127.2.0.%u", 1 + i / CONNECTIONS_PER_CLIENT);
                fd[i] = tcp_to(from, "127.0.0.1", cairnd.port);
                tcp_ask(fd[i], 1, "slow.descriptors.example");
        }
        int udp = udp_to("127.0.0.1", cairnd.port);
        for (unsigned i = 0; i < 50; i++) {
                char name[32];

                snprintf(name, sizeof name, "udp%u.example", i);
                assert_true(udp_works(udp, (uint16_t)i, name));
        }
        for (unsigned i = 0; i < MANY; i++)
                close(fd[i]);
        close(udp);
        stop();
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_client_gets_no_more_than_its_connections),
                cmocka_unit_test(a_slow_crowd_does_not_keep_others_out),
                cmocka_unit_test(the_slow_are_hung_up_on),
                cmocka_unit_test(without_descriptors_udp_goes_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
