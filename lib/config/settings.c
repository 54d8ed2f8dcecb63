/* What is done with settings as a whole: completed, compared, freed. */
#include "config/settings.h"
#include "config/config.h"
#include "config/share.h"
#include "config/value.h"
#include "wire/rrtype.h"
#include <stdlib.h>
#include <string.h>

bool name_list_covers(const struct name_list *list, const struct name *name)
{
        for (unsigned i = 0; i < list->count; i++) {
                if (name_is_at_or_below(name, &list->item[i]))
                        return true;
        }
        return false;
}

/* --- Ports -------------------------------------------------------------------------------------------------------- */

/* The endpoints with this port where none was written. */
static bool endpoints_finish(struct reading *reading, struct endpoint_list *list, uint32_t port)
{
        struct endpoint *item = value_room(reading, (struct place){0}, list->count * sizeof(*item));

        if (!item)
                return false;
        for (unsigned i = 0; i < list->count; i++) {
                item[i] = list->item[i];
                if (item[i].port == 0)
                        item[i].port = (uint16_t)port;
        }
        list->item = item;
        return true;
}

static bool zones_finish(struct reading *reading, struct zone_list *list, uint32_t port)
{
        struct zone_setting *item = value_room(reading, (struct place){0}, list->count * sizeof(*item));

        if (!item)
                return false;
        for (unsigned i = 0; i < list->count; i++) {
                item[i] = list->item[i];
                if (!endpoints_finish(reading, &item[i].addresses, port))
                        return false;
        }
        list->item = item;
        return true;
}

static bool ports_finish(struct reading *reading)
{
        struct settings *settings = reading->settings;

        return endpoints_finish(reading, &settings->listen, settings->port) &&
               endpoints_finish(reading, &settings->web_listen, settings->web_port) &&
               zones_finish(reading, &settings->stub_zones, settings->upstream_port) &&
               zones_finish(reading, &settings->forward_zones, settings->upstream_port);
}

/* --- Contradictions ----------------------------------------------------------------------------------------------- */

static void check_listen(struct reading *reading)
{
        const struct endpoint_list *listen = &reading->settings->listen;
        char text[ENDPOINT_TEXT_MAX];

        for (unsigned i = 0; i < listen->count; i++) {
                for (unsigned k = 0; k < i; k++) {
                        if (endpoint_equal(&listen->item[i], &listen->item[k]))
                                complain(reading->out, reading->place[OPTION_listen], "listen: %s is given twice",
                                         endpoint_text(&listen->item[i], text));
                }
        }
}

static void check_families(struct reading *reading)
{
        if (!reading->settings->do_ip4 && !reading->settings->do_ip6)
                complain(reading->out, reading->place[OPTION_do_ip6],
                         "do-ip6: one of do-ip4 and do-ip6 must be yes, or no server can be asked");
}

static void check_ttls(struct reading *reading)
{
        const struct settings *settings = reading->settings;
        enum option_id id = settings->given[OPTION_cache_min_ttl] ? OPTION_cache_min_ttl : OPTION_cache_max_ttl;

        if (settings->cache_min_ttl > settings->cache_max_ttl)
                complain(reading->out, reading->place[id], "cache-min-ttl: %u is more than the %u of cache-max-ttl",
                         settings->cache_min_ttl, settings->cache_max_ttl);
}

static int order_of_zones(const void *a, const void *b)
{
        const struct zone_setting *const *one = a, *const *other = b;

        return name_compare(&(*one)->name, &(*other)->name);
}

/* A zone has one way to its answers: a stub or a forward, and only one of them. */
static void check_zones(struct reading *reading)
{
        const struct zone_list *stubs = &reading->settings->stub_zones;
        const struct zone_list *forwards = &reading->settings->forward_zones;
        unsigned count = stubs->count + forwards->count;
        const struct zone_setting **zone = arena_alloc(reading->scratch, count * sizeof(*zone));
        enum option_id id = forwards->count ? OPTION_forward_zones : OPTION_stub_zones;
        char text[NAME_TEXT_MAX];

        if (!zone) {
                complain(reading->out, reading->place[id], "out of memory");
                return;
        }
        for (unsigned i = 0; i < count; i++)
                zone[i] = i < stubs->count ? &stubs->item[i] : &forwards->item[i - stubs->count];
        qsort(zone, count, sizeof(*zone), order_of_zones);
        for (unsigned i = 1; i < count; i++) {
                if (name_equal(&zone[i - 1]->name, &zone[i]->name))
                        complain(reading->out, reading->place[id], "the zone %.255s is given twice",
                                 name_text(&zone[i]->name, text));
        }
}

static int order_of_records(const void *a, const void *b)
{
        const struct rr *one = *(const struct rr *const *)a, *other = *(const struct rr *const *)b;
        int order = name_compare(&one->owner, &other->owner);

        return order != 0 ? order : one->type - other->type;
}

/* Do these belong to one set? */
static bool same_set(const struct rr *a, const struct rr *b)
{
        return a->type == b->type && name_equal(&a->owner, &b->owner);
}

/* Local data is served in sets like any other, and those have a limit. */
static void check_sets(struct reading *reading)
{
        const struct record_list *list = &reading->settings->local_data;
        const struct rr **rr = arena_alloc(reading->scratch, list->count * sizeof(*rr));
        struct place place = reading->place[OPTION_local_data];
        char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];

        if (!rr) {
                complain(reading->out, place, "out of memory");
                return;
        }
        for (unsigned i = 0; i < list->count; i++)
                rr[i] = &list->item[i].rr;
        qsort(rr, list->count, sizeof(*rr), order_of_records);
        for (unsigned i = 0, first = 0; i < list->count; i++) {
                if (!same_set(rr[first], rr[i]))
                        first = i;
                if (i - first == LIMIT_RECORDS_PER_SET)
                        complain(reading->out, place, "local-data: %.255s has more than %d records of type %s",
                                 name_text(&rr[i]->owner, name), LIMIT_RECORDS_PER_SET,
                                 rrtype_text(rr[i]->type, type));
        }
}

bool settings_finish(struct reading *reading)
{
        unsigned complaints = reading->out->count;

        if (!ports_finish(reading) || !roots_finish(reading))
                return false;
        share_finish(reading);
        check_listen(reading);
        check_families(reading);
        check_ttls(reading);
        check_zones(reading);
        check_sets(reading);
        return reading->out->count == complaints;
}

/* --- Whole snapshots ---------------------------------------------------------------------------------------------- */

struct settings *config_defaults(void)
{
        struct config_complaints *complaints = calloc(1, sizeof(*complaints));
        struct settings *settings = complaints ? config_parse("defaults", "", 0, complaints) : NULL;

        free(complaints);
        return settings;
}

void settings_free(struct settings *settings)
{
        if (!settings)
                return;
        arena_fini(&settings->arena);
        free(settings);
}

/* The bytes of a field that is no list and no pointer. */
static size_t scalar_size(enum option_kind kind)
{
        switch (kind) {
        case OPTION_BOOL: return sizeof(bool);
        case OPTION_NUMBER:
        case OPTION_SECONDS: return sizeof(uint32_t);
        case OPTION_BYTES: return sizeof(uint64_t);
        case OPTION_WORD: return sizeof(unsigned);
        case OPTION_TEXT:
        case OPTION_PATH:
        case OPTION_ENDPOINTS:
        case OPTION_ADDRESSES:
        case OPTION_PREFIXES:
        case OPTION_NAMES:
        case OPTION_HINTS:
        case OPTION_RECORDS:
        case OPTION_ZONES: break;
        }
        return 0;
}

static bool endpoints_equal(const struct endpoint_list *a, const struct endpoint_list *b)
{
        if (a->count != b->count)
                return false;
        for (unsigned i = 0; i < a->count; i++) {
                if (!endpoint_equal(&a->item[i], &b->item[i]))
                        return false;
        }
        return true;
}

/* Do two snapshots agree on this setting? Only for kinds that RESTART rows have; others count as changed. */
static bool setting_equal(const struct settings *a, const struct settings *b, const struct option *option)
{
        const char *one = (const char *)a + option->offset, *other = (const char *)b + option->offset;

        if (scalar_size(option->kind) > 0)
                return memcmp(one, other, scalar_size(option->kind)) == 0;
        if (option->kind == OPTION_TEXT || option->kind == OPTION_PATH)
                return strcmp(*(const char *const *)one, *(const char *const *)other) == 0;
        return option->kind == OPTION_ENDPOINTS &&
               endpoints_equal((const struct endpoint_list *)one, (const struct endpoint_list *)other);
}

bool config_restart_needed(const struct settings *running, const struct settings *next, enum option_id *which)
{
        for (unsigned id = 0; id < OPTION_COUNT; id++) {
                const struct option *option = option_row(id);

                if (option->when == OPTION_RESTART && !setting_equal(running, next, option)) {
                        *which = id;
                        return true;
                }
        }
        return false;
}
