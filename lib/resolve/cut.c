#include "resolve/cut.h"

#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "wire/rrtype.h"

const char *cut_source_word(enum cut_source source)
{
        switch (source) {
        case CUT_HINTS:
                return "hints";
        case CUT_CACHE:
                return "cache";
        case CUT_NOTES:
                return "referral";
        case CUT_STUB:
                return "stub zone";
        case CUT_FORWARD:
                return "forward zone";
        }
        return "";
}

/* --- Routes ------------------------------------------------------------------------------------------------------- */

static const struct zone_setting *deepest(const struct zone_list *zones, const struct name *name,
                                          const struct zone_setting *best)
{
        for (unsigned i = 0; i < zones->count; i++) {
                const struct zone_setting *zone = &zones->item[i];

                if (name_is_at_or_below(name, &zone->name) &&
                    (!best || zone->name.label_count > best->name.label_count))
                        best = zone;
        }
        return best;
}

static bool is_in(const struct zone_list *zones, const struct zone_setting *zone)
{
        return zones->count && zone >= zones->item && zone < zones->item + zones->count;
}

/* A DS set lives in the zone above the cut (RFC 4035 2.4), so its question takes the route of the name above. */
static struct name routed_name(const struct name *name, uint16_t type)
{
        return type == TYPE_DS && !name_is_root(name) ? name_strip(name, 1) : *name;
}

const struct zone_setting *cut_route(const struct settings *settings, const struct name *name, uint16_t type,
                                     bool without_forwarders)
{
        struct name routed = routed_name(name, type);
        const struct zone_setting *stub = deepest(&settings->stub_zones, &routed, NULL);

        return without_forwarders ? stub : deepest(&settings->forward_zones, &routed, stub);
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
        const uint8_t *p = bytes;

        while (len--)
                hash = (hash ^ *p++) * 0x100000001b3u;
        return hash;
}

/*
 * The kind, the name and the servers of a route, so that entries survive a reload that only changes the order of zones.
 */
cache_partition cut_partition(const struct settings *settings, const struct zone_setting *zone)
{
        if (!zone)
                return 0;

        bool forward = is_in(&settings->forward_zones, zone);
        uint64_t hash = mix(0xcbf29ce484222325u, forward ? "forward" : "stub", 4);

        for (unsigned i = 0; i < zone->name.len; i++) {
                uint8_t byte = zone->name.wire[i];

                if (byte >= 'A' && byte <= 'Z')
                        byte |= 0x20;
                hash = mix(hash, &byte, 1);
        }
        for (unsigned i = 0; i < zone->addresses.count; i++) {
                const struct endpoint *at = &zone->addresses.item[i];

                hash = mix(hash, at->address.bytes, sizeof at->address.bytes);
                hash = mix(hash, &at->port, sizeof at->port);
        }
        return hash ? hash : 1;
}

/* --- The deepest delegation --------------------------------------------------------------------------------------- */

/* The root servers of the hints, as if a referral had named them. They never end; priming replaces them. */
static struct delegation *delegation_from_hints(struct request *request)
{
        const struct hint_list *hints = &request->policy->settings->hints;
        struct delegation *d = arena_alloc(&request->arena, sizeof *d);

        if (!d)
                return NULL;
        d->cut = name_root;
        d->ends_at = UINT64_MAX;
        for (unsigned i = 0; i < hints->count; i++) {
                const struct hint *hint = &hints->item[i];
                unsigned s = 0;

                while (s < d->server_count && !name_equal(&d->server[s].name, &hint->name))
                        s++;
                if (s == DELEGATION_SERVERS)
                        continue;
                struct delegation_server *server = &d->server[s];
                if (s == d->server_count) {
                        d->server_count++;
                        server->name = hint->name;
                }
                if (server->address_count < DELEGATION_NAME_ADDRESSES)
                        server->address[server->address_count++] = hint->address;
        }
        return d;
}

/* The servers of a stub or forward zone have no names; CHOOSE takes their endpoints from the setting. */
static struct delegation *delegation_from_setting(struct request *request, const struct zone_setting *zone)
{
        struct delegation *d = arena_alloc(&request->arena, sizeof *d);

        if (!d)
                return NULL;
        d->cut = zone->name;
        d->ends_at = UINT64_MAX;
        return d;
}

static struct delegation *learned(struct request *request, cache_partition partition, const struct name *cut,
                                  enum cut_source *source)
{
        struct delegation *noted = notes_get_delegation(&request->notes, partition, cut);

        *source = CUT_NOTES;
        if (noted || request->ways.cold)
                return noted;
        *source = CUT_CACHE;
        struct delegation *found = cache_get_delegation(request->desk->cache, partition, cut, &request->arena);
        return found && notes_put_delegation(&request->notes, &request->arena, partition, found) ? found : NULL;
}

struct delegation *cut_delegation(struct request *request, cache_partition partition, const struct name *cut)
{
        enum cut_source source;

        return learned(request, partition, cut, &source);
}

static bool is_barred(const struct name *cut, const struct name *above)
{
        return above && above->wire && name_is_at_or_below(cut, above);
}

bool cut_find(struct request *request, const struct name *name, uint16_t type, const struct name *above,
              bool without_forwarders, struct cut *out)
{
        const struct settings *settings = request->policy->settings;
        const struct zone_setting *zone = cut_route(settings, name, type, without_forwarders);
        struct name from = routed_name(name, type);
        unsigned shallowest = zone ? zone->name.label_count + 1u : 0;

        *out = (struct cut){ .zone = zone, .partition = cut_partition(settings, zone) };
        out->recursive = zone && is_in(&settings->forward_zones, zone);
        if (out->recursive) {
                out->source = CUT_FORWARD;
                out->delegation = delegation_from_setting(request, zone);
                return out->delegation != NULL;
        }
        for (unsigned labels = from.label_count + 1u; labels-- > shallowest;) {
                struct name cut = name_ancestor(&from, labels);

                if (is_barred(&cut, above))
                        continue;
                out->delegation = learned(request, out->partition, &cut, &out->source);
                if (out->delegation) {
                        /* What a stub's servers referred to is asked at the servers named there. */
                        out->zone = NULL;
                        return true;
                }
        }
        out->source = zone ? CUT_STUB : CUT_HINTS;
        out->delegation = zone ? delegation_from_setting(request, zone) : delegation_from_hints(request);
        return out->delegation != NULL;
}

/* --- Glue --------------------------------------------------------------------------------------------------------- */

static unsigned glue_in(const struct delegation *delegation, const struct name *server, struct address *out,
                        unsigned max)
{
        unsigned count = 0;

        for (unsigned i = 0; i < delegation->server_count; i++) {
                const struct delegation_server *s = &delegation->server[i];

                if (!name_equal(&s->name, server))
                        continue;
                for (unsigned a = 0; a < s->address_count && count < max; a++)
                        out[count++] = s->address[a];
        }
        return count;
}

unsigned cut_glue(struct request *request, cache_partition partition, const struct name *server, struct address *out,
                  unsigned max)
{
        for (unsigned labels = server->label_count + 1u; labels-- > 0;) {
                struct name cut = name_ancestor(server, labels);
                enum cut_source source;
                const struct delegation *delegation = learned(request, partition, &cut, &source);

                if (delegation) {
                        unsigned count = glue_in(delegation, server, out, max);
                        if (count)
                                return count;
                }
        }
        return 0;
}
