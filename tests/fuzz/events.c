/*
 * Any sequence of events: questions, replies, failures, time. Whatever comes, each client gets one response and no
 * second one; and when all is quiet nothing is left under way.
 *
 * The bytes are a script. Each step is a byte that says what happens, followed by what it needs:
 *
 *   0  a client asks        name, type, flags           4  a flight fails          flight, why
 *   1  a client sends bytes length, bytes               5  time passes             tenths of a second
 *   2  a server answers     flight, flags, records      6  the wall clock jumps    minutes
 *   3  a server sends bytes flight, length, bytes       7  a client hangs up       which
 */
#include "base/buf.h"
#include "virtual.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        FLIGHTS_MAX = 32,
        CLIENTS_MAX = 32,
        STEPS_MAX = 200,
        RECORDS_MAX = 12,
        QUIET_US = 30000000,
        HEADER_BYTES = 12,
        CLASS_IN_NUMBER = 1
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

/* A message that was sent, so that it can be answered. */
struct sent {
        uint32_t flight;
        uint8_t bytes[512];
        size_t len;
};

struct play {
        struct virtual *v;
        struct reader script;
        struct sent sent[FLIGHTS_MAX]; /* the latest ones */
        unsigned sent_count;
        unsigned clients;
        unsigned responses[CLIENTS_MAX];
        bool gone[CLIENTS_MAX];
};

static const char *const yaml =
        "root-hints: [\"k.root-servers.net 193.0.14.129\", \"l.root-servers.net 199.7.83.42\"]\n"
        "special-use-zones: no\nvalidation: no\nforward-zones: [{ name: fwd, addresses: [192.0.2.53] }]\n";

/* Names as they stand in messages. Each is below one that comes before it, more or less. */
static const struct {
        const char *wire;
        size_t len;
} names[] = {
#define NAME(wire)                                                                                                     \
        {                                                                                                              \
                wire, sizeof wire                                                                                      \
        }
        NAME(""),
        NAME("\7example"),
        NAME("\3www\7example"),
        NAME("\3ns1\7example"),
        NAME("\1a\1b\7example"),
        NAME("\5other"),
        NAME("\2ns\5other"),
        NAME("\3fwd"),
        NAME("\1x\3fwd"),
        NAME("\1b\7example"),
        NAME("\3WWW\5OTHER"),
        NAME("\1*\7example"),
#undef NAME
};

static const uint16_t types[] = { 1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 41, 43, 46, 47, 48, 50, 64, 65, 99, 255 };

enum { NAMES = sizeof names / sizeof *names, TYPES = sizeof types / sizeof *types };

/* Hook: keep what was sent. */
static void server_gets(void *context, const struct action *send)
{
        struct play *play = context;
        struct sent *sent = &play->sent[play->sent_count++ % FLIGHTS_MAX];

        REQUIRE(send->send.len >= HEADER_BYTES && send->send.len <= sizeof sent->bytes);
        REQUIRE(send->send.flight);
        sent->flight = send->send.flight;
        sent->len = send->send.len;
        memcpy(sent->bytes, send->send.bytes, sent->len);
}

/* Hook: one response is enough. */
static void client_gets(void *context, uint64_t client, const uint8_t *bytes, size_t len)
{
        struct play *play = context;

        REQUIRE(client < play->clients + 1u);
        REQUIRE(!bytes || len >= HEADER_BYTES);
        REQUIRE(++play->responses[client] == 1);
        REQUIRE(!play->gone[client]);
}

static void ask(struct play *play, const uint8_t *bytes, size_t len)
{
        struct endpoint from = { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } }, .port = 1053 };

        if (play->clients == CLIENTS_MAX)
                return;
        play->clients++;
        virtual_ask(play->v, play->clients - 1, &from, bytes && len % 2 ? TRANSPORT_TCP : TRANSPORT_UDP, bytes, len);
}

static void write_name(struct play *play, struct writer *w)
{
        unsigned i = read_u8(&play->script) % NAMES;

        write_bytes(w, names[i].wire, names[i].len);
}

static void ask_question(struct play *play)
{
        uint8_t query[300];
        struct writer w = writer_over(query, sizeof query);

        write_u16(&w, (uint16_t)play->clients);
        write_u16(&w, (uint16_t)(0x0100 ^ (read_u8(&play->script) & 0x70)));
        write_u16(&w, 1);
        write_bytes(&w, "\0\0\0\0\0\0", 6);
        write_name(play, &w);
        write_u16(&w, types[read_u8(&play->script) % TYPES]);
        write_u16(&w, CLASS_IN_NUMBER);
        ask(play, query, writer_len(&w));
}

/* So many bytes of the script, or what is left. */
static const uint8_t *take_bytes(struct play *play, size_t *len)
{
        size_t wanted = read_u16(&play->script) % 2048, left = reader_left(&play->script);

        *len = wanted < left ? wanted : left;
        return read_bytes(&play->script, *len);
}

static const struct sent *choose_flight(struct play *play)
{
        unsigned known = play->sent_count < FLIGHTS_MAX ? play->sent_count : FLIGHTS_MAX;
        unsigned back = read_u8(&play->script);

        return known ? &play->sent[(play->sent_count - 1 - back % known) % FLIGHTS_MAX] : NULL;
}

/* One record: owner, type and TTL of the script's choice, data that fits the type or not. */
static void write_record(struct play *play, struct writer *w)
{
        uint16_t type = types[read_u8(&play->script) % TYPES];
        uint8_t shape = read_u8(&play->script);
        uint8_t *length;

        write_name(play, w);
        write_u16(w, type);
        write_u16(w, (uint16_t)(shape & 0x80 ? 3 : CLASS_IN_NUMBER));
        write_u32(w, (uint32_t)(shape & 0x40 ? UINT32_MAX : shape & 7 ? (shape & 7) * 50 : 0));
        length = write_room(w, 2);
        if (type == 1 || type == 28)
                write_bytes(w, "\x0a\0\0\x35\0\0\0\0\0\0\0\0\0\0\0\x35", type == 1 ? 4 : 16);
        else if (type == 15)
                write_u16(w, 10);
        if (type != 1 && type != 28)
                write_name(play, w);
        if (type == 6) {
                write_name(play, w);
                write_bytes(w, "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 20);
        }
        if (shape & 0x20)
                write_u8(w, shape);
        if (length)
                store_u16(length, (uint16_t)(w->at - length - 2));
}

/* A reply to what was asked: the header and question of the query, flags and records of the script's choice. */
static void answer(struct play *play)
{
        const struct sent *sent = choose_flight(play);
        uint8_t reply[2048], count[3] = { 0 };
        struct writer w = writer_over(reply, sizeof reply);
        size_t question = HEADER_BYTES;
        uint16_t flags = read_u16(&play->script);

        if (!sent)
                return;
        while (sent->bytes[question])
                question += 1u + sent->bytes[question];
        write_bytes(&w, sent->bytes, question + 5);
        store_u16(reply + 2, (uint16_t)(0x8000 ^ (flags & 0x860f))); /* QR, and AA, TC, the rcode */
        for (unsigned section = 0; section < 3; section++) {
                count[section] = read_u8(&play->script) % (RECORDS_MAX / 3);
                for (unsigned i = 0; i < count[section]; i++)
                        write_record(play, &w);
                store_u16(reply + 6 + 2 * section, count[section]);
        }
        virtual_deliver(play->v, sent->flight, 1000, reply, writer_len(&w));
}

static void send_bytes(struct play *play)
{
        const struct sent *sent = choose_flight(play);
        uint8_t reply[2048 + HEADER_BYTES];
        size_t len;
        const uint8_t *bytes = take_bytes(play, &len);

        if (!sent || !bytes)
                return;
        memcpy(reply, sent->bytes, HEADER_BYTES);
        memcpy(reply + HEADER_BYTES, bytes, len);
        reply[2] |= 0x80;
        virtual_deliver(play->v, sent->flight, 1000, reply, HEADER_BYTES + len);
}

static void fail_flight(struct play *play)
{
        const struct sent *sent = choose_flight(play);
        uint8_t why = read_u8(&play->script);

        if (sent)
                virtual_fail(play->v, sent->flight, 1000, (enum failure)(why % (FAILURE_LOCAL + 1)));
}

static void pass_time(struct play *play, uint64_t us)
{
        uint64_t until_us = virtual_now(play->v).mono_us + us;

        while (virtual_step(play->v, until_us))
                ;
}

static void hang_up(struct play *play)
{
        unsigned client = read_u8(&play->script);

        if (!play->clients)
                return;
        client %= play->clients;
        if (!play->responses[client])
                play->gone[client] = true;
        virtual_gone(play->v, client);
}

static void do_step(struct play *play)
{
        const uint8_t *bytes;
        size_t len;

        switch (read_u8(&play->script) % 8) {
        case 0: ask_question(play); break;
        case 1:
                bytes = take_bytes(play, &len);
                ask(play, bytes ? bytes : (const uint8_t *)"", bytes ? len : 0);
                break;
        case 2: answer(play); break;
        case 3: send_bytes(play); break;
        case 4: fail_flight(play); break;
        case 5: pass_time(play, read_u8(&play->script) * UINT64_C(100000)); break;
        case 6: virtual_jump(play->v, (read_u8(&play->script) - 64) * INT64_C(60)); break;
        default: hang_up(play); break;
        }
        pass_time(play, 2000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct play play;
        struct virtual_hooks hooks = { &play, server_gets, client_gets, NULL };
        char complaint[VIRTUAL_COMPLAINT_MAX];

        memset(&play, 0, sizeof play);
        play.script = reader_over(data, size);
        play.v = virtual_new(yaml, 1750000000, size, &hooks, complaint);
        REQUIRE(play.v);
        for (unsigned i = 0; i < STEPS_MAX && reader_left(&play.script); i++)
                do_step(&play);
        pass_time(&play, QUIET_US);
        REQUIRE(!virtual_pending(play.v));
        for (unsigned i = 0; i < play.clients; i++)
                REQUIRE(play.gone[i] || play.responses[i] == 1);
        virtual_free(play.v);
        return 0;
}
