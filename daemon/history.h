#pragma once
/*
 * The last hour in numbers: what the page plots. A timer of the main thread takes a sample every few seconds of what
 * all threads have counted; a page that is opened has its plots at once.
 */
#include "base/err.h"
#include "watch/metrics.h"
#include <stdbool.h>
#include <uv.h>

struct server;

enum { HISTORY_STEP_S = 5, HISTORY_SAMPLES = 720 };

/* What happened in the HISTORY_STEP_S seconds before a moment. */
struct history_sample {
        uint64_t wall_s;      /* the moment */
        uint32_t questions, hits, misses, failures, sent;
        uint32_t hit_p50_us, hit_p99_us, miss_p50_us, miss_p99_us; /* 0: nothing to measure */
        uint32_t cache_entries;
        uint64_t cache_bytes;
};

struct history {
        struct server *server;
        uv_timer_t timer;
        struct metrics before;   /* as counted at the last sample */
        unsigned next, count;    /* the place of the next sample, how many there are */
        struct history_sample sample[HISTORY_SAMPLES];
};

/** Begin to take samples. */
void history_start(struct history *history, struct server *server);

/** The loop has to run once more. */
void history_close(struct history *history);

/** What changed from one state of the counters to a later one. */
struct history_sample history_between(const struct metrics *before, const struct metrics *after, uint64_t wall_s);

/** Room enough for history_json(). */
enum { HISTORY_JSON_MAX = HISTORY_SAMPLES * 160 + 512 };

/**
 * {"v":1,"step_s":5,"fields":["time","questions"...],"samples":[[...]...]}, the oldest first, without those up to
 * after_s.
 */
void history_json(const struct history *history, uint64_t after_s, struct writer *w);
