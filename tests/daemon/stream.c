/* One end of a connection, with a loop but without a daemon: back-pressure, limits, ends. */
#include "stream.h"
#include "config/limits.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { UNDER_WAY_MAX = 4, MESSAGE_MAX = 100, BURST = 400, BURST_LEN = 50 };

static uv_loop_t loop;
static struct poller poller;
static struct streams set;
static struct clock now;
static struct stream stream;
static int peer;
static unsigned taken;
static bool ended;
static enum stream_end end;

static void message(struct stream *on, const uint8_t *bytes, size_t len)
{
        assert_ptr_equal(on, &stream);
        assert_int_equal(len, BURST_LEN);
        assert_int_equal(bytes[0], taken % 256); /* in order, none lost */
        taken++;
        stream.under_way++;
}

static void over(struct stream *on, enum stream_end why)
{
        assert_ptr_equal(on, &stream);
        ended = true;
        end = why;
}

static const struct stream_manners manners = {
        .message_max = MESSAGE_MAX,
        .under_way_max = UNDER_WAY_MAX,
        .first_ms = 3000,
        .partial_ms = 3000,
        .idle_ms = 10000,
        .message = message,
        .ended = over,
};

static void tick(void *context)
{
        (void)context;
        clock_tick(&now);
}

static int set_up(void **state)
{
        int fd[2];

        taken = 0;
        ended = false;
        clock_tick(&now);
        assert_int_equal(uv_loop_init(&loop), 0);
        assert_int_equal(poller_init(&poller, &loop, tick, NULL), ERR_OK);
        assert_int_equal(streams_init(&set, &poller, &now, &manners, 8), ERR_OK);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
        assert_int_equal(stream_init(&stream, &set, fd[0], false), ERR_OK);
        peer = fd[1];
        (void)state;
        return 0;
}

static int tear_down(void **state)
{
        if (!ended)
                stream_fini(&stream);
        if (peer >= 0)
                close(peer);
        streams_fini(&set);
        poller_fini(&poller);
        uv_run(&loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&loop), 0);
        (void)state;
        return 0;
}

static void send_burst(void)
{
        static uint8_t burst[BURST * (2 + BURST_LEN)];

        for (unsigned i = 0; i < BURST; i++) {
                burst[i * (2 + BURST_LEN) + 1] = BURST_LEN;
                burst[i * (2 + BURST_LEN) + 2] = (uint8_t)i;
        }
        assert_int_equal(send(peer, burst, sizeof burst, 0), sizeof burst);
}

static void it_takes_no_more_than_may_be_under_way(void **state)
{
        send_burst();
        for (unsigned i = 0; i < 5; i++) {
                uv_run(&loop, UV_RUN_NOWAIT);
                streams_turn(&set);
        }
        assert_int_equal(taken, UNDER_WAY_MAX);
        while (taken < BURST) {
                unsigned before = taken;

                stream_done(&stream);
                for (unsigned i = 0; i < 3; i++) {
                        uv_run(&loop, UV_RUN_NOWAIT);
                        streams_turn(&set);
                }
                assert_int_equal(taken, before + 1);
        }
        (void)state;
}

/*
 * The peer hangs up while whole messages wait, and a question is settled in the same turn: nothing is read on top of
 * them.
 */
static void hanging_up_behind_a_burst_overruns_nothing(void **state)
{
        send_burst();
        uv_run(&loop, UV_RUN_NOWAIT);
        streams_turn(&set);
        close(peer);
        peer = -1;
        for (unsigned i = 0; i < UNDER_WAY_MAX; i++) {
                stream_done(&stream);
                uv_run(&loop, UV_RUN_NOWAIT); /* but no end of the turn yet */
        }
        while (!ended) {
                streams_turn(&set);
                uv_run(&loop, UV_RUN_NOWAIT);
        }
        assert_int_equal(end, STREAM_CLOSED);
        (void)state;
}

static void too_long_a_message_ends_it(void **state)
{
        static const uint8_t length[] = { 0, MESSAGE_MAX + 1 };

        assert_int_equal(send(peer, length, sizeof length, 0), sizeof length);
        uv_run(&loop, UV_RUN_NOWAIT);
        streams_turn(&set);
        assert_true(ended);
        assert_int_equal(end, STREAM_ABUSE);
        (void)state;
}

/* Answers that nobody reads: up to a limit they wait, then no more is taken, and in the end the stream goes. */
static void a_peer_that_never_reads_is_left(void **state)
{
        static uint8_t answer[60000];
        unsigned sent = 0;

        while (!ended && sent < 100) {
                stream_send(&stream, answer, sizeof answer);
                sent++;
                streams_turn(&set);
                if (!ended && stream.out_len - stream.out_at > LIMIT_OUTPUT_BYTES)
                        assert_false(stream.events & EPOLLIN);
        }
        assert_true(ended);
        assert_int_equal(end, STREAM_ABUSE);
        assert_in_range(sent, LIMIT_OUTPUT_BYTES / sizeof answer, 20);
        (void)state;
}

static void a_slow_message_runs_out_of_patience(void **state)
{
        assert_int_equal(send(peer, "", 1, 0), 1);
        uv_run(&loop, UV_RUN_NOWAIT);
        streams_turn(&set);
        uint64_t until = streams_deadline(&set);
        assert_in_range(until - now.now.mono_us, 2900000, 3000000);

        assert_int_equal(send(peer, "\5", 1, 0), 1); /* another byte does not help */
        uv_run(&loop, UV_RUN_NOWAIT);
        streams_turn(&set);
        assert_int_equal(streams_deadline(&set), until);

        now.now.mono_us = until;
        streams_expire(&set);
        assert_true(ended);
        assert_int_equal(end, STREAM_SLOW);
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(it_takes_no_more_than_may_be_under_way, set_up, tear_down),
                cmocka_unit_test_setup_teardown(hanging_up_behind_a_burst_overruns_nothing, set_up, tear_down),
                cmocka_unit_test_setup_teardown(too_long_a_message_ends_it, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_peer_that_never_reads_is_left, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_slow_message_runs_out_of_patience, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
