/*
 * What recording costs: the steps of a cached answer and of a walked one, over and over. See README.md.
 *
 *      trace hit|walk ROUNDS
 *
 * Prints the nanoseconds of CPU time a round and a step took. Under callgrind, --toggle-collect=round_of counts the
 * instructions of the rounds alone.
 */
#include "base/arena.h"
#include "watch/trace.h"
#include "wire/codes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct trace_id id = { .bytes = { 0x7f, 0x3a, 0x9c, 0x21 } };
static const struct endpoint client = { { 4, { 192, 168, 1, 20 } }, 40211 };
static const struct endpoint server = { { 4, { 192, 0, 2, 53 } }, 53 };

static const uint8_t qname_wire[] = "\3www\7example\3com";
static const uint8_t zone_wire[] = "\7example\3com";
static const struct name qname = { .wire = qname_wire, .len = sizeof qname_wire, .label_count = 3 };
static const struct name zone = { .wire = zone_wire, .len = sizeof zone_wire, .label_count = 2 };

enum { TYPE_A_NUMBER = 1, ZONES = 3 };

static void record_question(struct trace *trace, uint64_t now)
{
        trace_step(trace, 0, now, STEP_QUESTION, &qname, (unsigned)TYPE_A_NUMBER, (unsigned)FLAG_RD, &client, "udp");
}

static void record_answer(struct trace *trace, uint64_t now)
{
        trace_step(trace, 0, now, STEP_ANSWER, (unsigned)RCODE_NOERROR, (unsigned)(FLAG_QR | FLAG_RD | FLAG_RA),
                   (uint64_t)1, (uint64_t)60, (uint64_t)12, (uint64_t)0, (unsigned)EDE_NONE);
}

/* Three steps, as an answer out of the store leaves them. */
static unsigned record_hit(struct trace *trace, uint64_t now)
{
        record_question(trace, now);
        trace_step(trace, 0, now + 5, STEP_HIT, &qname, (unsigned)TYPE_A_NUMBER, "records", (uint64_t)270, &id,
                   &server.address);
        record_answer(trace, now + 9);
        return 3;
}

/* A walk through three zones, as the resolver leaves it. */
static unsigned record_walk(struct trace *trace, uint64_t now)
{
        record_question(trace, now);
        trace_step(trace, 0, now, STEP_MISS, &qname, (unsigned)TYPE_A_NUMBER);
        for (unsigned i = 0; i < ZONES; i++) {
                trace_step(trace, 0, now, STEP_CUT, &zone, "cache", (uint64_t)4, (uint64_t)8);
                trace_step(trace, 0, now, STEP_PICK, &server, "fastest", (uint64_t)12000, (uint64_t)8);
                trace_step(trace, 0, now, STEP_SEND, &qname, (unsigned)TYPE_A_NUMBER, &server, "udp", (uint64_t)44,
                           (uint64_t)400000, "first");
                trace_step(trace, 0, now, STEP_RECEIVED, &server, "referral", (uint64_t)11000, (unsigned)RCODE_NOERROR,
                           (uint64_t)300, (uint64_t)0, (uint64_t)4, (unsigned)FLAG_QR);
                trace_step(trace, 0, now, STEP_REFERRAL, &zone, &zone, (uint64_t)4);
        }
        trace_step(trace, 0, now, STEP_STORED, &qname, (unsigned)TYPE_A_NUMBER, "records", (uint64_t)300);
        trace_step(trace, 0, now, STEP_DONE, &qname, (unsigned)TYPE_A_NUMBER, "records");
        record_answer(trace, now);
        return 5 + 5 * ZONES;
}

/* One request: its trace in an arena that is used again, as a worker's is. */
__attribute__((noinline)) static unsigned round_of(unsigned (*record)(struct trace *, uint64_t), struct arena *arena,
                                                   size_t *len)
{
        struct arena_mark mark = arena_mark(arena);
        struct moment now = { .mono_us = 1000000, .wall_s = 1790000000 };
        struct trace trace;

        trace_begin(&trace, arena, &id, 7, &now);
        unsigned steps = record(&trace, now.mono_us + 1);

        *len = trace.len;
        arena_reset(arena, mark);
        return steps;
}

static double cpu_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
        bool walk = argc == 3 && strcmp(argv[1], "walk") == 0;
        long rounds = argc == 3 ? atol(argv[2]) : 0;
        unsigned steps = 0;
        struct arena arena;
        size_t len = 0;

        if (rounds <= 0) {
                fprintf(stderr, "usage: trace hit|walk ROUNDS\n");
                return 2;
        }
        arena_init(&arena, 1 << 20);
        double start = cpu_ns();

        for (long i = 0; i < rounds; i++)
                steps = round_of(walk ? record_walk : record_hit, &arena, &len);
        double ns = (cpu_ns() - start) / (double)rounds;

        printf("%s: %u steps, %zu bytes, %.1f ns a round, %.1f ns a step\n", walk ? "walk" : "hit", steps, len, ns,
               ns / steps);
        arena_fini(&arena);
        return 0;
}
