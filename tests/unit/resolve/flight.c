/*
 * Messages under way: what a forger would have to guess is random, equal messages share a flight, and what does not
 * match is never an answer nor the end of waiting.
 */
#include "resolve/flight.h"
#include "config/limits.h"
#include "letter.h"
#include "lone_desk.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MS = 1000, LAUNCHES = 100000, SEATS = 101 };

struct bench {
        struct lone_desk lone;
        struct task *task;           /* passengers are tasks; this one takes what comes */
        struct seat seat[SEATS + 1]; /* for tests that need many */
};

static int bench_up(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        lone_open(&bench->lone, "validation: no\n", 1);
        bench->task = lone_request(&bench->lone, "www.example.", TYPE_A)->root;
        for (unsigned i = 0; i <= SEATS; i++)
                bench->seat[i].task = bench->task;
        *state = bench;
        return 0;
}

static int bench_down(void **state)
{
        struct bench *bench = *state;

        for (unsigned i = 0; i <= SEATS; i++)
                flight_leave(bench->lone.desk, &bench->seat[i]);
        lone_close(&bench->lone);
        free(bench);
        return 0;
}

static struct outgoing to(struct bench *bench, const char *qname, const char *server)
{
        return (struct outgoing){
                .server = { .address = lone_address(server), .port = 53 },
                .transport = TRANSPORT_UDP,
                .qname = lone_name(&bench->lone, qname),
                .qtype = TYPE_A,
                .edns = true,
                .zone = name_root,
        };
}

/* Launch for the bench's task; the bytes sent are those of the last action. */
static struct flight *launch(struct bench *bench, const struct outgoing *out)
{
        struct seat *seat = &bench->task->seat[0];

        seat->task = bench->task;
        flight_leave(bench->lone.desk, seat);
        return flight_launch(bench->lone.desk, seat, out);
}

static const uint8_t *sent_bytes(const struct bench *bench)
{
        return lone_last(&bench->lone, ACTION_SEND)->send.bytes;
}

/* A right answer to what was sent last. */
static size_t answer_to_sent(const struct bench *bench, const char *qname, uint8_t *out)
{
        const struct letter letter = { .flags = FLAG_QR | FLAG_AA, .qname = qname, .qtype = TYPE_A };
        size_t len = letter_write(&letter, out);

        letter_address(out, sent_bytes(bench));
        return len;
}

/* --- What is drawn ------------------------------------------------------------------------------------------------ */

/* Pearson's statistic for equally likely cells. */
static double chi_square(const unsigned *count, unsigned cells, unsigned total)
{
        double expected = (double)total / cells, sum = 0;

        for (unsigned i = 0; i < cells; i++)
                sum += (count[i] - expected) * (count[i] - expected) / expected;
        return sum;
}

/*
 * With 255 degrees of freedom, 99.99 % of fair dice stay below 347, and 0.01 % below 176. The seed is fixed, so the
 * test says the same every time.
 */
static void test_ids_and_case_are_drawn(void **state)
{
        static const char qname[] = "abcdefgh.example.";
        static unsigned high[256], low[256], letters[64], pairs[4], distinct;
        static bool seen[65536];
        struct bench *bench = *state;
        struct outgoing out = to(bench, qname, "192.0.2.1");
        unsigned letter_count = 0;

        for (unsigned n = 0; n < LAUNCHES; n++) {
                if (n % 1000 == 0)
                        lone_pass(&bench->lone, 1);
                const struct flight *flight = launch(bench, &out);
                const uint8_t *bytes = sent_bytes(bench);
                unsigned bits = 0;

                assert_int_equal(load_u16(bytes), flight->id);
                high[flight->id >> 8]++;
                low[flight->id & 0xff]++;
                distinct += !seen[flight->id];
                seen[flight->id] = true;
                letter_count = 0;
                for (size_t i = HEADER_LEN; i < HEADER_LEN + sizeof(qname); i++)
                        if ((bytes[i] | 0x20) >= 'a' && (bytes[i] | 0x20) <= 'z') {
                                letters[letter_count++] += bytes[i] >= 'a';
                                bits = bits << 1 | (bytes[i] >= 'a');
                        }
                pairs[(bits & 1) << 1 | (flight->id & 1)]++; /* a letter tells nothing of the ID */
        }
        assert_true(chi_square(high, 256, LAUNCHES) < 347 && chi_square(high, 256, LAUNCHES) > 176);
        assert_true(chi_square(low, 256, LAUNCHES) < 347 && chi_square(low, 256, LAUNCHES) > 176);
        assert_true(chi_square(pairs, 4, LAUNCHES) < 21);
        assert_true(distinct > 50000); /* 65536 * (1 - 1 / e ^ 1.53) = 51,300 are expected */
        assert_int_equal(letter_count, sizeof("abcdefghexample") - 1);
        for (unsigned i = 0; i < letter_count; i++)
                assert_in_range(letters[i], LAUNCHES / 2 - 800, LAUNCHES / 2 + 800); /* five standard deviations */
}

/* Over TCP, or when the setting says so, the name goes as it is. */
static void test_case_is_not_drawn_over_tcp(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "aBcDeFgH.eXaMpLe.", "192.0.2.1");

        out.transport = TRANSPORT_TCP;
        for (unsigned i = 0; i < 20; i++) {
                assert_false(launch(bench, &out)->case_drawn);
                assert_memory_equal(sent_bytes(bench) + HEADER_LEN,
                                    "\x08"
                                    "abcdefgh"
                                    "\x07"
                                    "example",
                                    17);
        }
}

static void test_what_is_sent(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        struct query query;

        launch(bench, &out);
        const struct action *send = lone_last(&bench->lone, ACTION_SEND);
        assert_int_equal(query_read(send->send.bytes, send->send.len, &query), ERR_OK);
        assert_int_equal(query.flags, 0);
        assert_true(query.edns.present && query.edns.dnssec_ok && query.edns.has_cookie);
        assert_int_equal(query.edns.udp_size, 1232);
        assert_int_equal(query.edns.cookie_server_len, 0);

        out.edns = false;
        out.recursion = true;
        launch(bench, &out);
        send = lone_last(&bench->lone, ACTION_SEND);
        assert_int_equal(query_read(send->send.bytes, send->send.len, &query), ERR_OK);
        assert_int_equal(query.flags, FLAG_RD);
        assert_false(query.edns.present);
}

/* RFC 8145 4: which anchors of a zone are trusted here, in ascending order, with the question for its keys alone. */
static void test_key_tags_are_told(void **state)
{
        static const uint8_t option[] = { 0, 14, 0, 4, 0x4f, 0x66, 0x97, 0x28 };
        static const struct {
                const char *settings;
                const char *qname;
                uint16_t qtype;
                bool told;
        } row[] = {
                { "", ".", TYPE_DNSKEY, true },
                { "", ".", TYPE_NS, false },
                { "", "example.", TYPE_DNSKEY, false },
                { "validation: no\n", ".", TYPE_DNSKEY, false },
                { "trust-anchor-signaling: no\n", ".", TYPE_DNSKEY, false },
        };

        (void)state;
        for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
                struct bench bench = { .task = NULL };

                lone_open(&bench.lone, row[i].settings, 1);
                bench.task = lone_request(&bench.lone, "www.example.", TYPE_A)->root;
                bench.seat[0].task = bench.task;
                struct outgoing out = to(&bench, row[i].qname, "192.0.2.1");
                out.qtype = row[i].qtype;
                assert_non_null(flight_launch(bench.lone.desk, &bench.seat[0], &out));
                const struct action *send = lone_last(&bench.lone, ACTION_SEND);
                assert_int_equal(memmem(send->send.bytes, send->send.len, option, sizeof(option)) != NULL, row[i].told);
                flight_leave(bench.lone.desk, &bench.seat[0]);
                lone_close(&bench.lone);
        }
}

/* --- Sharing ------------------------------------------------------------------------------------------------------ */

static void test_what_makes_messages_equal(void **state)
{
        struct bench *bench = *state;
        struct outgoing first = to(bench, "www.example.", "192.0.2.1"), other;

        launch(bench, &first);
        other = to(bench, "WWW.example.", "192.0.2.1");
        assert_non_null(flight_equal(bench->lone.desk, &other));
        other.hedge = true; /* why it is sent makes no difference */
        other.sends = 2;
        assert_non_null(flight_equal(bench->lone.desk, &other));
        struct outgoing rows[] = {
                to(bench, "ww.example.", "192.0.2.1"),
                to(bench, "www.example.", "192.0.2.2"),
                first,
                first,
                first,
                first,
                first,
        };
        rows[2].qtype = TYPE_AAAA;
        rows[3].transport = TRANSPORT_TCP;
        rows[4].edns = false;
        rows[5].recursion = true;
        rows[6].server.port = 5300;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_null(flight_equal(bench->lone.desk, &rows[i]));
}

/* A hundred may wait for one message; the last who leaves a connection recalls it. */
static void test_boarding_and_leaving(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        out.transport = TRANSPORT_TCP;
        struct flight *flight = flight_launch(bench->lone.desk, &bench->seat[0], &out);

        for (unsigned i = 1; i < LIMIT_CLIENTS_PER_QUESTION; i++)
                assert_true(flight_board(bench->lone.desk, flight, &bench->seat[i]));
        assert_false(flight_board(bench->lone.desk, flight, &bench->seat[SEATS]));
        assert_int_equal(lone_count(&bench->lone, ACTION_SEND), 1);
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->under_way, 1);
        for (unsigned i = 1; i < LIMIT_CLIENTS_PER_QUESTION; i++)
                flight_leave(bench->lone.desk, &bench->seat[i]);
        flight_leave(bench->lone.desk, &bench->seat[1]); /* once more: nothing happens */
        assert_int_equal(lone_count(&bench->lone, ACTION_RECALL), 0);
        flight_leave(bench->lone.desk, &bench->seat[0]);
        assert_int_equal(lone_count(&bench->lone, ACTION_RECALL), 1);
        assert_int_equal(bench->lone.desk->flights.by_number.count, 0);
        assert_int_equal(bench->lone.desk->flights.by_key.count, 0);
        assert_int_equal(bench->lone.desk->flights.traffic.table.count, 0);
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->under_way, 0);
}

/* Who asks the same again takes it over. */
static void test_left_and_boarded(void **state)
{
        struct bench *bench = *state;
        struct desk *desk = bench->lone.desk;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        struct flight *flight = flight_launch(desk, &bench->seat[0], &out);

        flight_leave(desk, &bench->seat[0]);
        assert_int_equal(desk->flights.orphans, 1);
        assert_ptr_equal(flight_equal(desk, &out), flight);
        assert_true(flight_board(desk, flight, &bench->seat[1]));
        assert_int_equal(desk->flights.orphans, 0);
}

/* --- Replies ------------------------------------------------------------------------------------------------------ */

static void reply(struct bench *bench, uint32_t flight, const uint8_t *bytes, size_t len)
{
        flight_reply(bench->lone.desk, flight, bytes, len, bench->lone.now.mono_us + 10 * MS);
}

/* Late or left, a reply tells how long its server takes. */
static void test_left_and_answered(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        uint32_t number = launch(bench, &out)->number;
        static uint8_t bytes[MESSAGE_MAX];
        size_t len = answer_to_sent(bench, "www.example.", bytes);

        task_leave_flights(bench->task);
        reply(bench, number, bytes, len);
        assert_null(bench->task->reply);
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->note.srtt_us, 10 * MS);
        assert_int_equal(lone_count(&bench->lone, ACTION_RECALL), 1);
        assert_int_equal(bench->lone.desk->flights.orphans, 0);
}

static void test_the_right_reply(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        uint32_t number = launch(bench, &out)->number;
        static uint8_t bytes[MESSAGE_MAX];
        size_t len = answer_to_sent(bench, "www.example.", bytes);

        reply(bench, number, bytes, len);
        assert_non_null(bench->task->reply);
        assert_int_equal(bench->task->reply_len, len);
        assert_int_equal(bench->task->reply_rtt_us, 10 * MS);
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->note.srtt_us, 10 * MS);
        assert_false(task_is_in_flight(bench->task));
        assert_int_equal(lone_count(&bench->lone, ACTION_RECALL), 1);
        reply(bench, number, bytes, len); /* it came twice */
        assert_int_equal(bench->lone.metrics.unexpected_replies[0], 1);
}

/* Each of these is counted, and is no answer. */
static void bend(unsigned how, uint8_t *bytes, size_t *len)
{
        switch (how) {
        case 0: bytes[0] ^= 1; break; /* ID */
        case 1: bytes[1] ^= 0x80; break;
        case 2: bytes[2] &= 0x7f; break;            /* QR */
        case 3: bytes[2] |= 0x28; break;            /* opcode */
        case 4: bytes[5] = 0; break;                /* no question */
        case 5: bytes[5] = 2; break;                /* two of them */
        case 6: bytes[HEADER_LEN + 1] = 'x'; break; /* another name */
        case 7: bytes[HEADER_LEN + 14] ^= 1; break; /* another type */
        case 8: bytes[HEADER_LEN + 16] ^= 2; break; /* another class */
        case 9: *len = HEADER_LEN - 1; break;
        case 10: *len = HEADER_LEN; break;
        case 11: *len = HEADER_LEN + 5; break;
        case 12: *len = 0; break;
        case 13: bytes[HEADER_LEN] = 0xc0; break; /* the question's name is a pointer */
        case 14: bytes[4] = 1; break;             /* 257 questions */
        case 15: bytes[HEADER_LEN] = 2; break;    /* labels elsewhere */
        default: break;
        }
}

enum { BENDS = 16 };

static void test_near_misses_are_no_answers(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        static uint8_t bytes[MESSAGE_MAX];

        for (unsigned how = 0; how < BENDS; how++) {
                struct flight *flight = launch(bench, &out);
                size_t len = answer_to_sent(bench, "www.example.", bytes);

                bench->task->near_misses = 0;
                bend(how, bytes, &len);
                reply(bench, flight->number, bytes, len);
                assert_null(bench->task->reply);
                assert_int_equal(bench->task->near_misses, 1);
                assert_int_equal(bench->lone.metrics.near_misses[0], how + 1);
                assert_true(task_is_in_flight(bench->task)); /* and the waiting goes on */
                len = answer_to_sent(bench, "www.example.", bytes);
                reply(bench, flight->number, bytes, len);
                assert_non_null(bench->task->reply);
                bench->task->reply = NULL;
        }
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->note.timeouts, 0);
}

/* The right answer to another flight is no answer to this one. */
static void test_a_reply_on_another_flight(void **state)
{
        struct bench *bench = *state;
        struct outgoing first = to(bench, "www.example.", "192.0.2.1"), second = to(bench, "www.example.", "192.0.2.2");
        static uint8_t bytes[MESSAGE_MAX];

        struct flight *one = flight_launch(bench->lone.desk, &bench->seat[0], &first);
        size_t len = answer_to_sent(bench, "www.example.", bytes);
        struct flight *two = flight_launch(bench->lone.desk, &bench->seat[1], &second);
        assert_int_not_equal(one->id, two->id);
        reply(bench, two->number, bytes, len);
        assert_null(bench->task->reply);
        assert_int_equal(bench->lone.desk->flights.by_number.count, 2);
        reply(bench, one->number, bytes, len);
        assert_non_null(bench->task->reply);
}

/* A few near misses, and the question moves to TCP; the server is not blamed for what others send. */
static void test_near_misses_lead_to_tcp(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        static uint8_t bytes[MESSAGE_MAX];
        struct flight *flight = launch(bench, &out);
        size_t len = answer_to_sent(bench, "www.example.", bytes);

        task_begin_attempt(bench->task, &out.server.address);
        bytes[0] ^= 1;
        for (unsigned i = 0; i < LIMIT_NEAR_MISSES; i++) {
                assert_false(task_attempt(bench->task, &out.server.address)->tcp);
                reply(bench, flight->number, bytes, len);
        }
        assert_true(task_attempt(bench->task, &out.server.address)->tcp);
        assert_false(task_attempt(bench->task, &out.server.address)->useless);
        assert_false(task_is_in_flight(bench->task));
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->note.timeouts, 0);
}

static void test_lost_case_leads_to_tcp(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        static uint8_t bytes[MESSAGE_MAX];
        struct flight *flight = launch(bench, &out);
        size_t len = answer_to_sent(bench, "www.example.", bytes);

        task_begin_attempt(bench->task, &out.server.address);
        bytes[HEADER_LEN + 1] ^= 0x20;
        reply(bench, flight->number, bytes, len);
        assert_null(bench->task->reply);
        assert_true(task_attempt(bench->task, &out.server.address)->tcp);
        assert_true(servers_get(bench->lone.desk, &out.server.address)->note.tcp_only_until > bench->lone.now.cache_s);
}

/* An old server may refuse EDNS with nothing but a header (RFC 6891 7); nobody else may say anything so short. */
static void test_bare_headers(void **state)
{
        static const struct {
                uint8_t rcode;
                bool edns;
                size_t len;
                bool believed;
        } rows[] = {
                { RCODE_FORMERR, true, HEADER_LEN, true },      { RCODE_NOTIMP, true, HEADER_LEN, true },
                { RCODE_FORMERR, true, HEADER_LEN + 1, false }, { RCODE_FORMERR, false, HEADER_LEN, false },
                { RCODE_NOERROR, true, HEADER_LEN, false },     { RCODE_SERVFAIL, true, HEADER_LEN, false },
                { RCODE_NXDOMAIN, true, HEADER_LEN, false },
        };
        struct bench *bench = *state;

        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct outgoing out = to(bench, "www.example.", "192.0.2.1");
                uint8_t header[HEADER_LEN + 1] = { 0 };

                out.edns = rows[i].edns;
                struct flight *flight = launch(bench, &out);
                store_u16(header, flight->id);
                store_u16(header + 2, FLAG_QR | rows[i].rcode);
                bench->task->near_misses = 0;
                reply(bench, flight->number, header, rows[i].len);
                assert_int_equal(bench->task->reply != NULL, rows[i].believed);
                bench->task->reply = NULL;
        }
}

/* --- Time --------------------------------------------------------------------------------------------------------- */

/* The next timer of the flights, at its time. */
static struct flight *next_timer(struct bench *bench)
{
        uint64_t due = timers_next(&bench->lone.desk->flight_timers);
        struct timer *timer;

        assert_true(due != UINT64_MAX);
        lone_pass(&bench->lone, (due - bench->lone.now.mono_us + MS - 1) / MS);
        timer = timers_take(&bench->lone.desk->flight_timers, bench->lone.now.mono_us);
        assert_non_null(timer);
        return (struct flight *)(void *)((char *)timer - offsetof(struct flight, timer));
}

/* Fresh, then slow: a hedge may go; then late: others are tried, but a reply is still welcome; then over. */
static void test_phases(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        struct flight *flight = launch(bench, &out);
        static uint8_t bytes[MESSAGE_MAX];
        size_t len = answer_to_sent(bench, "www.example.", bytes);
        uint64_t sent_us = bench->lone.now.mono_us;

        assert_ptr_equal(next_timer(bench), flight);
        assert_int_equal(bench->lone.now.mono_us - sent_us, LIMIT_HEDGE_MS * MS);
        flight_on_time(bench->lone.desk, flight);
        assert_true(bench->task->hedge_wanted && !bench->task->nudged);
        assert_non_null(flight_equal(bench->lone.desk, &out));

        assert_ptr_equal(next_timer(bench), flight);
        assert_int_equal(bench->lone.now.mono_us - sent_us, 400 * MS);
        flight_on_time(bench->lone.desk, flight);
        assert_true(bench->task->nudged);
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->note.timeouts, 1);
        assert_null(flight_equal(bench->lone.desk, &out)); /* nobody boards it any more */
        assert_true(task_is_in_flight(bench->task));

        lone_pass(&bench->lone, 100);
        reply(bench, flight->number, bytes, len);
        assert_non_null(bench->task->reply);
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->note.timeouts, 0);
}

static void test_the_end(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        uint64_t sent_us = bench->lone.now.mono_us;

        launch(bench, &out);
        for (unsigned i = 0; i < 3; i++)
                flight_on_time(bench->lone.desk, next_timer(bench));
        assert_int_equal(bench->lone.now.mono_us - sent_us, 2500 * MS);
        assert_false(task_is_in_flight(bench->task));
        assert_int_equal(lone_count(&bench->lone, ACTION_RECALL), 1);
        assert_int_equal(bench->lone.desk->flights.by_number.count, 0);
        assert_true(timers_next(&bench->lone.desk->flight_timers) == UINT64_MAX);
}

/* A datagram that was left is no business of anybody's any more, but its silence is remembered of the server. */
static void test_left_and_silent(void **state)
{
        struct bench *bench = *state;
        struct desk *desk = bench->lone.desk;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        struct flight *flight = launch(bench, &out);

        task_leave_flights(bench->task);
        assert_int_equal(lone_count(&bench->lone, ACTION_RECALL), 0);
        assert_int_equal(desk->flights.orphans, 1);
        assert_ptr_equal(next_timer(bench), flight);
        flight_on_time(desk, flight); /* slow, and nobody is there to hedge it */
        flight_on_time(desk, next_timer(bench));
        assert_int_equal(servers_get(desk, &out.server.address)->note.timeouts, 1);
        assert_int_equal(desk->flights.orphans, 1);
        flight_on_time(desk, next_timer(bench));
        assert_int_equal(lone_count(&bench->lone, ACTION_RECALL), 1);
        assert_int_equal(desk->flights.orphans, 0);
        assert_int_equal(desk->flights.by_number.count, 0);
}

/* A worker that comes late has not read what came meanwhile either: no server is blamed before it has. */
static void test_a_late_worker(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        struct flight *flight = launch(bench, &out);

        lone_pass(&bench->lone, 500); /* hedge and patience are long over */
        flight_on_time(bench->lone.desk, flight);
        assert_false(bench->task->hedge_wanted || bench->task->nudged);
        assert_ptr_equal(next_timer(bench), flight);
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->note.timeouts, 0);
        flight_on_time(bench->lone.desk, flight);
        assert_true(bench->task->nudged);
        assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->note.timeouts, 1);
}

/* An equal message may be sent anew beside a late one; each keeps its own number. */
static void test_a_new_one_beside_a_late_one(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        struct flight *late = flight_launch(bench->lone.desk, &bench->seat[0], &out);

        flight_on_time(bench->lone.desk, next_timer(bench));
        flight_on_time(bench->lone.desk, next_timer(bench));
        struct flight *fresh = flight_launch(bench->lone.desk, &bench->seat[1], &out);
        assert_non_null(fresh);
        assert_int_not_equal(fresh->number, late->number);
        assert_int_equal(bench->lone.desk->flights.by_number.count, 2);
        flight_leave(bench->lone.desk, &bench->seat[0]);
        flight_leave(bench->lone.desk, &bench->seat[1]);
        assert_int_equal(bench->lone.desk->flights.orphans, 2);
        for (unsigned i = 0; i < 4; i++) /* one is slow, then late; then both end */
                flight_on_time(bench->lone.desk, next_timer(bench));
        assert_int_equal(bench->lone.desk->flights.by_key.count, 0);
        assert_int_equal(bench->lone.desk->flights.by_number.count, 0);
}

static void test_failures(void **state)
{
        static const struct {
                enum failure why;
                enum transport transport;
                bool useless; /* for this question; no server is condemned */
        } rows[] = {
                { FAILURE_UNREACHABLE, TRANSPORT_UDP, true }, { FAILURE_REFUSED, TRANSPORT_UDP, false },
                { FAILURE_LOCAL, TRANSPORT_UDP, false },      { FAILURE_REFUSED, TRANSPORT_TCP, true },
                { FAILURE_CLOSED, TRANSPORT_TCP, true },      { FAILURE_CONNECT, TRANSPORT_TCP, true },
        };
        struct bench *bench = *state;

        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct outgoing out = to(bench, "www.example.", "192.0.2.1");

                out.transport = rows[i].transport;
                bench->task->attempt_count = 0;
                bench->task->nudged = false;
                task_begin_attempt(bench->task, &out.server.address);
                flight_failure(bench->lone.desk, launch(bench, &out)->number, rows[i].why);
                assert_true(bench->task->nudged);
                assert_int_equal(task_attempt(bench->task, &out.server.address)->useless, rows[i].useless);
                assert_false(task_is_in_flight(bench->task));
                assert_int_equal(servers_get(bench->lone.desk, &out.server.address)->note.timeouts, 0);
        }
        flight_failure(bench->lone.desk, 999999, FAILURE_CLOSED); /* of nobody's flight */
}

/* At most one message in ten is a hedge. */
static void test_hedges_are_few(void **state)
{
        struct bench *bench = *state;
        struct outgoing out = to(bench, "www.example.", "192.0.2.1");
        unsigned hedges = 0;

        for (unsigned i = 0; i < 1000; i++) {
                out.hedge = flight_may_hedge(bench->lone.desk);
                hedges += out.hedge;
                launch(bench, &out);
                if (i % 100 == 0)
                        lone_pass(&bench->lone, 1);
        }
        assert_in_range(hedges, 80, 110);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, bench_up, bench_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_ids_and_case_are_drawn),
                TEST(test_case_is_not_drawn_over_tcp),
                TEST(test_what_is_sent),
                cmocka_unit_test(test_key_tags_are_told),
                TEST(test_what_makes_messages_equal),
                TEST(test_boarding_and_leaving),
                TEST(test_left_and_silent),
                TEST(test_a_late_worker),
                TEST(test_left_and_boarded),
                TEST(test_left_and_answered),
                TEST(test_the_right_reply),
                TEST(test_near_misses_are_no_answers),
                TEST(test_a_reply_on_another_flight),
                TEST(test_near_misses_lead_to_tcp),
                TEST(test_lost_case_leads_to_tcp),
                TEST(test_bare_headers),
                TEST(test_phases),
                TEST(test_the_end),
                TEST(test_a_new_one_beside_a_late_one),
                TEST(test_failures),
                TEST(test_hedges_are_few),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
