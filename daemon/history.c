/* Samples of what was counted. */
#include "history.h"
#include "clock.h"
#include "server.h"
#include "totals.h"
#include "watch/words.h"

/* Counts of a few seconds; more than fits is as good as endless. */
static uint32_t grown(const uint64_t *before, const uint64_t *after, size_t count)
{
        uint64_t difference = metrics_total(after, count) - metrics_total(before, count);

        return difference < UINT32_MAX ? (uint32_t)difference : UINT32_MAX;
}

static uint32_t quantile(const uint64_t *before, const uint64_t *after, double share)
{
        uint64_t between[HISTOGRAM_SLOTS];

        for (size_t i = 0; i < HISTOGRAM_SLOTS; i++)
                between[i] = after[i] - before[i];
        return (uint32_t)metrics_quantile(between, share);
}

struct history_sample history_between(const struct metrics *before, const struct metrics *after, uint64_t wall_s)
{
        size_t servfail = metrics_rcode(RCODE_SERVFAIL);

        return (struct history_sample){
                .wall_s = wall_s,
                .questions = grown(before->questions, after->questions, TRANSPORT_SLOTS),
                .hits = grown(before->hits, after->hits, SHELF_SLOTS),
                .misses = grown(before->misses, after->misses, 1),
                .failures = grown(&before->answers[servfail], &after->answers[servfail], 1),
                .sent = grown(before->upstream_sent, after->upstream_sent, TRANSPORT_SLOTS),
                .hit_p50_us = quantile(before->hit_latency, after->hit_latency, 0.5),
                .hit_p99_us = quantile(before->hit_latency, after->hit_latency, 0.99),
                .miss_p50_us = quantile(before->miss_latency, after->miss_latency, 0.5),
                .miss_p99_us = quantile(before->miss_latency, after->miss_latency, 0.99),
                .cache_entries = (uint32_t)after->cache_entries[0],
                .cache_bytes = after->cache_used_bytes[0],
        };
}

static void take_sample(uv_timer_t *timer)
{
        struct history *history = timer->data;
        struct metrics now;
        struct clock clock;

        clock_tick(&clock);
        totals_sum(history->server, &now);
        history->sample[history->next] = history_between(&history->before, &now, clock.now.wall_s);
        history->next = (history->next + 1) % HISTORY_SAMPLES;
        if (history->count < HISTORY_SAMPLES)
                history->count++;
        history->before = now;
}

void history_start(struct history *history, struct server *server)
{
        history->server = server;
        totals_sum(server, &history->before);
        uv_timer_init(&server->loop, &history->timer);
        history->timer.data = history;
        uv_timer_start(&history->timer, take_sample, HISTORY_STEP_S * 1000, HISTORY_STEP_S * 1000);
}

void history_close(struct history *history)
{
        uv_close((uv_handle_t *)&history->timer, NULL);
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void write_sample(struct writer *w, const struct history_sample *sample)
{
        const uint64_t number[] = { sample->wall_s,     sample->questions,  sample->hits,        sample->misses,
                                    sample->failures,   sample->sent,       sample->hit_p50_us,  sample->hit_p99_us,
                                    sample->miss_p50_us, sample->miss_p99_us, sample->cache_entries,
                                    sample->cache_bytes };

        for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
                write_text(w, i ? "," : "[");
                words_number(w, number[i]);
        }
        write_text(w, "]");
}

void history_json(const struct history *history, uint64_t after_s, struct writer *w)
{
        const char *separator = "";

        write_text(w, "{\"v\":1,\"step_s\":");
        words_number(w, HISTORY_STEP_S);
        write_text(w, ",\"fields\":[\"time\",\"questions\",\"hits\",\"misses\",\"failures\",\"sent\","
                      "\"hit_p50_us\",\"hit_p99_us\",\"miss_p50_us\",\"miss_p99_us\",\"cache_entries\","
                      "\"cache_bytes\"],\"samples\":[");
        for (unsigned i = 0; i < history->count; i++) {
                const struct history_sample *sample =
                        &history->sample[(history->next + HISTORY_SAMPLES - history->count + i) % HISTORY_SAMPLES];

                if (sample->wall_s <= after_s)
                        continue;
                write_text(w, separator);
                write_sample(w, sample);
                separator = ",";
        }
        write_text(w, "]}\n");
}
