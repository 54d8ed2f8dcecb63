/* Adding up what was counted. */
#include "totals.h"
#include "archive.h"
#include "cache/settle.h"
#include "config/limits.h"
#include "export.h"
#include "server.h"
#include "worker.h"
#include "writer.h"

void totals_sum(struct server *server, struct metrics *sum)
{
        struct writer_counts writer = writer_counts(server->writer);
        struct export_counts collector = export_counts(server->export);
        struct store_stat stat;

        store_stat(server->store, &stat);
        *sum = (struct metrics){ 0 };
        for (unsigned i = 0; i < server->worker_count; i++)
                metrics_sum(sum, &server->worker[i]->metrics);
        metrics_add(sum->puts, writer.settled.put);
        metrics_add(sum->puts_dropped, writer.dropped + writer.settled.full + writer.settled.lost);
        metrics_add(&sum->budget_hits[LIMIT_ROW_TYPES_PER_NAME], writer.settled.crowded);
        metrics_add(sum->evictions, writer.settled.evicted + writer.settled.expired);
        metrics_add(sum->expect_failures, expect_failures());
        metrics_set(sum->cache_entries, stat.entries);
        metrics_set(sum->cache_used_bytes, stat.bytes);
        metrics_set(sum->cache_size_bytes, stat.size);
        metrics_set(sum->otlp_sent, collector.sent);
        metrics_set(sum->otlp_dropped, collector.dropped);
        metrics_set(sum->start_time_seconds, server->started_s);
}

static const char *limit_word(unsigned index)
{
        return index < limit_count ? limit_table[index].name : NULL;
}

void totals_text(struct server *server, bool open, struct writer *w)
{
        struct exemplars exemplars;
        struct metrics sum;

        totals_sum(server, &sum);
        archive_exemplars(server->archive, &exemplars);
        metrics_text(w, &(struct metrics_page){ .sum = &sum, .limit_word = limit_word,
                                                .exemplars = open ? &exemplars : NULL });
}
