#include "config/share.h"
#include "base/unit.h"
#include "config/complain.h"
#include "config/reading.h"
#include "config/value.h"

/* What is usual for a worker: requests of four thousand ordinary walks, and thirty thousand short answers. */
static const struct memory_share usual = { .requests = 256 << 20, .front = 8 << 20 };

static uint64_t rest_of(const struct settings *settings)
{
        uint64_t kept = settings->cache_size + settings->trace_size;

        return settings->memory > kept ? settings->memory - kept : 0;
}

struct memory_share memory_share_of(const struct settings *settings, unsigned worker_count)
{
        uint64_t rest = rest_of(settings) / (worker_count ? worker_count : 1);

        if (!settings->memory)
                return usual;
        return (struct memory_share){ .requests = rest / 3 * 2, .front = rest / 6 };
}

void share_finish(struct reading *reading)
{
        struct settings *settings = reading->settings;
        struct place place = reading->place[OPTION_memory];
        char memory[SIZE_TEXT_MAX], least[SIZE_TEXT_MAX];

        if (!settings->memory)
                return;
        if (!settings->given[OPTION_cache_size])
                settings->cache_size = settings->memory / 2;
        if (!settings->given[OPTION_trace_size])
                settings->trace_size = settings->memory / 8;
        unit_size_text(settings->memory, memory);
        if (settings->memory < SHARE_MEMORY_MIN)
                complain(reading->out, place, "memory: %s is less than the %s that are needed", memory,
                         unit_size_text(SHARE_MEMORY_MIN, least));
        else if (rest_of(settings) < settings->memory / 8)
                complain(reading->out, place, "memory: cache-size and trace-size leave less than an eighth of %s",
                         memory);
}
