/* Clients of a real cairnd: where answers come from, and what connections carry. */
#include "asker.h"
#include "cairnd.h"
#include "forwarder.h"
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct forwarder forwarder;
static struct cairnd cairnd;

static int set_up(void **state)
{
        forwarder_start(&forwarder);
        cairnd_start(&cairnd, &(struct cairnd_options){ .listen = "[0.0.0.0, \"::\"]", .forward_to = forwarder.port });
        (void)state;
        return 0;
}

static int tear_down(void **state)
{
        assert_int_equal(cairnd_stop(&cairnd, NULL), 0);
        cairnd_clean(&cairnd);
        forwarder_stop(&forwarder);
        (void)state;
        return 0;
}

/* The socket is connected: an answer from another address would not be heard. */
/* Many a container has no ::1. */
static bool has_ipv6(void)
{
        struct sockaddr_in6 loopback = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        bool works = fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0;

        if (fd >= 0)
                close(fd);
        return works;
}

static void answers_leave_from_the_address_that_was_asked(void **state)
{
        static const char *const address[] = { "127.0.0.1", "127.0.0.2", "127.9.8.7", "::1" };
        unsigned count = sizeof address / sizeof *address - (has_ipv6() ? 0 : 1);

        for (unsigned i = 0; i < count; i++) {
                int fd = udp_to(address[i], cairnd.port);

                assert_true(udp_works(fd, (uint16_t)(100 + i), "from.example"));
                close(fd);
        }
        (void)state;
}

static void an_answer_over_tcp_does_not_wait_for_an_earlier_one(void **state)
{
        int fd = tcp_to(NULL, "127.0.0.1", cairnd.port);

        tcp_ask(fd, 1, "slow.pipelining.example");
        tcp_ask(fd, 2, "fast.pipelining.example");
        assert_int_equal(tcp_hear(fd, ASKER_PATIENCE_MS), 2);
        forwarder_release(&forwarder);
        assert_int_equal(tcp_hear(fd, ASKER_PATIENCE_MS), 1);
        close(fd);
        (void)state;
}

/* More questions than may be under way on a connection, in one piece: the rest waits, and none is lost. */
static void a_burst_of_questions_is_answered_whole(void **state)
{
        enum { COUNT = 200 };
        static uint8_t burst[COUNT * 64];
        bool heard[COUNT] = { false };
        int fd = tcp_to(NULL, "127.0.0.1", cairnd.port);
        size_t len = 0;

        for (unsigned i = 0; i < COUNT; i++) {
                char name[32];

                snprintf(name, sizeof name, "burst%u.example", i);
                size_t query_len = make_query(burst + len + 2, (uint16_t)i, name);
                burst[len] = 0;
                burst[len + 1] = (uint8_t)query_len;
                len += query_len + 2;
        }
        assert_int_equal(send(fd, burst, len, 0), len);
        for (unsigned i = 0; i < COUNT; i++) {
                int id = tcp_hear(fd, ASKER_PATIENCE_MS);

                assert_in_range(id, 0, COUNT - 1);
                assert_false(heard[id]);
                heard[id] = true;
        }
        close(fd);
        (void)state;
}

static void a_question_may_come_byte_by_byte(void **state)
{
        uint8_t query[514];
        size_t len = make_query(query + 2, 7, "drops.example");
        int fd = tcp_to(NULL, "127.0.0.1", cairnd.port);

        query[0] = 0;
        query[1] = (uint8_t)len;
        for (size_t i = 0; i < len + 2; i++)
                assert_int_equal(send(fd, query + i, 1, 0), 1);
        assert_int_equal(tcp_hear(fd, ASKER_PATIENCE_MS), 7);
        close(fd);
        (void)state;
}

static void a_client_that_says_no_more_still_gets_its_answers(void **state)
{
        int fd = tcp_to(NULL, "127.0.0.1", cairnd.port);

        tcp_ask(fd, 8, "slow.half-closed.example");
        shutdown(fd, SHUT_WR);
        assert_int_equal(tcp_hear(fd, 100), NOTHING); /* it has been read, and is not hung up on */
        forwarder_release(&forwarder);
        assert_int_equal(tcp_hear(fd, ASKER_PATIENCE_MS), 8);
        assert_int_equal(tcp_hear(fd, ASKER_PATIENCE_MS), CLOSED);
        close(fd);
        (void)state;
}

static void a_message_longer_than_a_query_ends_the_connection(void **state)
{
        static const uint8_t length[] = { 0x10, 0x01 };
        int fd = tcp_to(NULL, "127.0.0.1", cairnd.port);

        assert_int_equal(send(fd, length, sizeof length, 0), sizeof length);
        assert_int_equal(tcp_hear(fd, ASKER_PATIENCE_MS), CLOSED);
        close(fd);
        (void)state;
}

static void hanging_up_in_the_middle_harms_nobody(void **state)
{
        for (unsigned i = 0; i < 8; i++) {
                int fd = tcp_to(NULL, "127.0.0.1", cairnd.port);

                tcp_ask(fd, 9, "slow.gone.example");
                close(fd);
        }
        forwarder_release(&forwarder);
        int fd = udp_to("127.0.0.1", cairnd.port);
        assert_true(udp_works(fd, 10, "after.gone.example"));
        close(fd);
        (void)state;
}

static void a_truncated_reply_is_asked_for_again_over_a_connection_that_is_kept(void **state)
{
        int fd = udp_to("127.0.0.1", cairnd.port);
        unsigned before = forwarder.connections;

        for (unsigned i = 0; i < 8; i++) {
                char name[32];

                snprintf(name, sizeof name, "cut%u.example", i);
                assert_true(udp_works(fd, (uint16_t)(20 + i), name));
        }
        assert_in_range(forwarder.connections - before, 1, 2); /* one for each worker at most */
        close(fd);
        (void)state;
}

/* The forwarder hangs up instead of answering, each time: the message has to go out once more, over a new one. */
static void a_connection_that_ends_under_way_loses_no_question(void **state)
{
        int fd = udp_to("127.0.0.1", cairnd.port);
        unsigned before = forwarder.connections;

        for (unsigned i = 0; i < 8; i++) {
                char name[32];

                snprintf(name, sizeof name, "cutbye%u.example", i);
                assert_true(udp_works(fd, (uint16_t)(40 + i), name));
        }
        assert_in_range(forwarder.connections - before, 7, 9);
        close(fd);
        (void)state;
}

static void the_control_channel_answers(void **state)
{
        char reply[4096];

        assert_true(cairnd_call(&cairnd, "status\n", reply, sizeof reply));
        assert_memory_equal(reply, "ok\nversion", 10);
        assert_true(cairnd_call(&cairnd, "cache stats\n", reply, sizeof reply));
        assert_memory_equal(reply, "ok\n", 3);
        assert_true(cairnd_call(&cairnd, "cache flush --all\n", reply, sizeof reply));
        assert_non_null(strstr(reply, "entries forgotten"));
        assert_true(cairnd_call(&cairnd, "make tea\n", reply, sizeof reply));
        assert_string_equal(reply, "error: there is no such command\n");
        assert_true(cairnd_call(&cairnd, "trace\n", reply, sizeof reply));
        assert_string_equal(reply, "error: trace needs a name\n");
        (void)state;
}

/* What was learned reaches the store a moment after the answer. */
static void what_was_learned_can_be_shown(void **state)
{
        char reply[4096] = "";
        int fd = udp_to("127.0.0.1", cairnd.port);

        assert_true(udp_works(fd, 60, "shown.example"));
        for (unsigned tries = 0; tries < 10000 && !strstr(reply, "A 192.0.2.1"); tries++)
                assert_true(cairnd_call(&cairnd, "cache show Shown.example\n", reply, sizeof reply));
        assert_non_null(strstr(reply, "shown.example. A: records, "));
        assert_non_null(strstr(reply, "from 127.0.0.1 by trace "));
        close(fd);
        (void)state;
}

static uint32_t number_at(const char *bytes)
{
        const uint8_t *at = (const uint8_t *)bytes;

        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Frames with the trace as it grows, an empty one, then the answer and nothing else. */
static void a_question_can_be_watched(void **state)
{
        static char reply[1 << 18];
        const char *at = reply + 3;
        unsigned frames = 0;

        assert_true(cairnd_call(&cairnd, "trace watched.example A --cold\n", reply, sizeof reply));
        assert_memory_equal(reply, "ok\n", 3);
        for (uint32_t len; (len = number_at(at)); at += 4 + len) {
                assert_memory_equal(at + 4, "CTR2", 4);
                frames++;
        }
        assert_true(frames >= 2); /* before and after the answer of the forwarder */
        uint32_t len = number_at(at + 4);
        assert_in_range(len, 12, 512);
        assert_int_equal((uint8_t)at[8 + 2] & 0x80, 0x80); /* QR */
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_leave_from_the_address_that_was_asked),
                cmocka_unit_test(an_answer_over_tcp_does_not_wait_for_an_earlier_one),
                cmocka_unit_test(a_burst_of_questions_is_answered_whole),
                cmocka_unit_test(a_question_may_come_byte_by_byte),
                cmocka_unit_test(a_client_that_says_no_more_still_gets_its_answers),
                cmocka_unit_test(a_message_longer_than_a_query_ends_the_connection),
                cmocka_unit_test(hanging_up_in_the_middle_harms_nobody),
                cmocka_unit_test(a_truncated_reply_is_asked_for_again_over_a_connection_that_is_kept),
                cmocka_unit_test(a_connection_that_ends_under_way_loses_no_question),
                cmocka_unit_test(the_control_channel_answers),
                cmocka_unit_test(what_was_learned_can_be_shown),
                cmocka_unit_test(a_question_can_be_watched),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
