#include "policy/local.h"
#include "base/map.h"
#include "config/builtin.h"
#include "config/limits.h"
#include "wire/rrtype.h"
#include "wire/text.h"
#include <stdlib.h>
#include <string.h>

enum { LOCAL_BYTES = 4 * LIMIT_SETTINGS_BYTES, BUILTIN_RECORDS_MAX = 4096 };

/* Where a record comes from; the later replaces the earlier. */
enum origin { ORIGIN_BUILTIN, ORIGIN_SETTINGS };

/* The records of one type at one name. While the tree grows, they are a chain; at its end, a set. */
struct piece {
        const struct rr *rr;
        struct piece *next;
};

struct local_set {
        struct rrset set;
        enum origin origin;
        struct piece *pieces;
        struct local_set *next;
};

/* What a name begins. */
enum local_kind {
        LOCAL_NAME,  /* nothing */
        LOCAL_ZONE,  /* a zone that is answered here, whole */
        LOCAL_ROUTE, /* a stub or forward zone: below it, questions pass */
};

struct local_name {
        struct name name; /* lower case */
        enum local_kind kind;
        struct local_set *sets;
};

struct local_zones {
        struct arena arena;
        struct local_name **slot; /* hash table with open addressing; at most half full */
        size_t slot_count;        /* a power of two */
        struct local_name *root;  /* where each descent begins */
};

/* --- The table of names ------------------------------------------------------------------------------------------- */

/* Not secret: nobody outside puts names into the table, and no look-up is longer than the settings make it. */
static const uint8_t hash_key[SIPHASH_KEY_LEN] = "local names";

/* The slot of this name (in lower case), or the empty one where it would be. */
static struct local_name **slot_of(const struct local_zones *zones, const struct name *name)
{
        size_t i = siphash(hash_key, name->wire, name->len) & (zones->slot_count - 1);

        while (zones->slot[i] && !name_equal_case(&zones->slot[i]->name, name))
                i = (i + 1) & (zones->slot_count - 1);
        return &zones->slot[i];
}

/* The same name in lower case, in room. */
static struct name lowered(const struct name *name, uint8_t room[NAME_WIRE_MAX])
{
        name_canonical(name, room);
        return (struct name){.wire = room, .len = name->len, .label_count = name->label_count};
}

/* The entry of a name, made if it is missing, and those of all names above it. NULL when out of memory. */
static struct local_name *local_name_make(struct local_zones *zones, const struct name *name)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name lower = lowered(name, room);
        struct local_name *entry = NULL;

        for (unsigned labels = 0; labels <= lower.label_count; labels++) {
                struct name ancestor = name_ancestor(&lower, labels);
                struct local_name **slot = slot_of(zones, &ancestor);

                entry = *slot;
                if (entry)
                        continue;
                entry = arena_alloc(&zones->arena, sizeof(*entry));
                if (!entry)
                        return NULL;
                entry->name = name_copy(&zones->arena, &ancestor);
                if (!entry->name.wire)
                        return NULL;
                *slot = entry;
        }
        return entry;
}

static struct local_set *local_set_find(const struct local_name *entry, uint16_t type)
{
        for (struct local_set *set = entry->sets; set; set = set->next) {
                if (set->set.type == type)
                        return set;
        }
        return NULL;
}

/* How far down a name leads. */
struct descent {
        const struct local_name *deepest; /* the name itself, or the closest one above it that is in the tree */
        const struct local_name *zone;    /* the deepest zone above or at it that is answered here, or NULL */
};

static struct descent descend(const struct local_zones *zones, const struct name *lower)
{
        struct descent descent = {NULL, NULL};
        const struct local_name *entry = zones->root;

        for (unsigned labels = 1; entry; labels++) {
                struct name ancestor;

                descent.deepest = entry;
                if (entry->kind != LOCAL_NAME)
                        descent.zone = entry->kind == LOCAL_ZONE ? entry : NULL;
                if (labels > lower->label_count)
                        break;
                ancestor = name_ancestor(lower, labels);
                entry = *slot_of(zones, &ancestor);
        }
        return descent;
}

/* --- Growing the tree --------------------------------------------------------------------------------------------- */

static struct local_set *local_set_make(struct local_zones *zones, struct local_name *entry, const struct rr *rr,
                                        enum origin origin)
{
        struct local_set *set = local_set_find(entry, rr->type);

        if (!set) {
                set = arena_alloc(&zones->arena, sizeof(*set));
                if (!set)
                        return NULL;
                set->set = (struct rrset){.owner = entry->name, .type = rr->type, .class = rr->class, .ttl = rr->ttl};
                set->next = entry->sets;
                entry->sets = set;
        }
        if (set->origin != origin) { /* settings replace what is built in */
                set->origin = origin;
                set->pieces = NULL;
                set->set.count = 0;
                set->set.ttl = rr->ttl;
        }
        return set;
}

static bool local_add(struct local_zones *zones, const struct rr *rr, enum origin origin)
{
        struct local_name *entry = local_name_make(zones, &rr->owner);
        struct local_set *set = entry ? local_set_make(zones, entry, rr, origin) : NULL;
        struct piece *piece = arena_alloc(&zones->arena, sizeof(*piece));

        if (!set || !piece)
                return false;
        if (origin == ORIGIN_BUILTIN && rr->type == TYPE_SOA)
                entry->kind = LOCAL_ZONE;
        if (set->set.count == LIMIT_RECORDS_PER_SET)
                return true;
        *piece = (struct piece){.rr = rr, .next = set->pieces};
        set->pieces = piece;
        set->set.count++;
        if (rr->ttl < set->set.ttl)
                set->set.ttl = rr->ttl;
        return true;
}

/* The chain becomes an array, sorted and without doubles. */
static bool local_set_finish(struct local_zones *zones, struct local_set *set)
{
        struct rdata *rdata = arena_alloc(&zones->arena, set->set.count * sizeof(*rdata));
        unsigned count = 0;

        if (!rdata)
                return false;
        for (const struct piece *piece = set->pieces; piece; piece = piece->next)
                rdata[count++] = piece->rr->rdata;
        rdata_sort(rdata, &set->set.count, set->set.type);
        set->set.rdata = rdata;
        return true;
}

/* --- What goes into the tree -------------------------------------------------------------------------------------- */

struct harvest {
        struct arena *arena;
        struct rr *rr;
        unsigned count;
        bool full;
};

static bool harvest_take(void *context, const struct rr *rr)
{
        struct harvest *harvest = context;

        harvest->full = harvest->count == BUILTIN_RECORDS_MAX;
        if (!harvest->full)
                harvest->rr[harvest->count++] = *rr;
        return !harvest->full;
}

/* All records of the built-in special-use zones. */
static bool harvest_builtin(struct harvest *harvest)
{
        static const char folder[] = "special/";

        harvest->rr = arena_alloc(harvest->arena, BUILTIN_RECORDS_MAX * sizeof(*harvest->rr));
        if (!harvest->rr)
                return false;
        for (size_t i = 0; i < builtin_count; i++) {
                const struct builtin *file = &builtin_files[i];
                const char *complaint = NULL;
                unsigned line = 0;

                if (strncmp(file->name, folder, strlen(folder)) != 0)
                        continue;
                if (zone_from_text(file->text, file->len, &name_root, harvest->arena, harvest_take, harvest, &line,
                                   &complaint) ||
                    !EXPECT(!harvest->full))
                        return false;
        }
        return true;
}

/* A table of twice the entries that these names can make: each has one for itself and one for each name above it. */
static bool table_init(struct local_zones *zones, const struct settings *settings, const struct harvest *harvest)
{
        size_t names = 1, slots = 16;

        for (unsigned i = 0; i < harvest->count; i++)
                names += harvest->rr[i].owner.label_count;
        for (unsigned i = 0; i < settings->local_data.count; i++)
                names += settings->local_data.item[i].rr.owner.label_count;
        for (unsigned i = 0; i < settings->stub_zones.count; i++)
                names += settings->stub_zones.item[i].name.label_count;
        for (unsigned i = 0; i < settings->forward_zones.count; i++)
                names += settings->forward_zones.item[i].name.label_count;
        while (slots < 2 * names)
                slots *= 2;
        zones->slot_count = slots;
        zones->slot = arena_alloc(&zones->arena, slots * sizeof(struct local_name *));
        zones->root = zones->slot ? local_name_make(zones, &name_root) : NULL;
        return zones->root;
}

static bool add_routes(struct local_zones *zones, const struct zone_list *list)
{
        for (unsigned i = 0; i < list->count; i++) {
                struct local_name *entry = local_name_make(zones, &list->item[i].name);

                if (!entry)
                        return false;
                entry->kind = LOCAL_ROUTE;
        }
        return true;
}

static bool add_records(struct local_zones *zones, const struct settings *settings, const struct harvest *harvest)
{
        for (unsigned i = 0; i < harvest->count; i++) {
                if (!local_add(zones, &harvest->rr[i], ORIGIN_BUILTIN))
                        return false;
        }
        for (unsigned i = 0; i < settings->local_data.count; i++) {
                if (!local_add(zones, &settings->local_data.item[i].rr, ORIGIN_SETTINGS))
                        return false;
        }
        return true;
}

/* Built-in data goes where its zone went: out, if a stub or forward zone took its place. */
static void prune(struct local_name *entry)
{
        struct local_set **at = &entry->sets;

        while (*at) {
                if ((*at)->origin == ORIGIN_BUILTIN)
                        *at = (*at)->next;
                else
                        at = &(*at)->next;
        }
}

static bool finish_names(struct local_zones *zones)
{
        for (size_t i = 0; i < zones->slot_count; i++) {
                struct local_name *entry = zones->slot[i];

                if (!entry)
                        continue;
                if (!descend(zones, &entry->name).zone)
                        prune(entry);
                for (struct local_set *set = entry->sets; set; set = set->next) {
                        if (!local_set_finish(zones, set))
                                return false;
                }
        }
        return true;
}

struct local_zones *local_new(const struct settings *settings)
{
        struct local_zones *zones = calloc(1, sizeof(*zones));
        struct harvest harvest = {0};

        if (!zones)
                return NULL;
        arena_init(&zones->arena, LOCAL_BYTES);
        harvest.arena = &zones->arena;
        if ((!settings->special_use_zones || harvest_builtin(&harvest)) && table_init(zones, settings, &harvest) &&
            add_records(zones, settings, &harvest) && add_routes(zones, &settings->stub_zones) &&
            add_routes(zones, &settings->forward_zones) && finish_names(zones))
                return zones;
        local_free(zones);
        return NULL;
}

void local_free(struct local_zones *zones)
{
        if (!zones)
                return;
        arena_fini(&zones->arena);
        free(zones);
}

/* --- Asking ------------------------------------------------------------------------------------------------------- */

static struct policy_verdict verdict_pass(void)
{
        return (struct policy_verdict){.kind = POLICY_PASS, .rule = "", .zone = name_root, .ede = EDE_NONE};
}

/* Nothing under this name or type, says the zone; or the data's own name where there is no zone. */
static struct policy_verdict verdict_absent(enum policy_kind kind, const struct descent *descent)
{
        struct policy_verdict verdict = verdict_pass();
        const struct local_set *soa = descent->zone ? local_set_find(descent->zone, TYPE_SOA) : NULL;

        verdict.kind = kind;
        verdict.rule = descent->zone ? "special-use" : "local-data";
        verdict.zone = descent->zone ? descent->zone->name : descent->deepest->name;
        verdict.soa = soa ? &soa->set : NULL;
        return verdict;
}

static struct policy_verdict verdict_set(const struct local_set *set, const struct descent *descent)
{
        struct policy_verdict verdict = verdict_absent(POLICY_SET, descent);

        verdict.rule = set->origin == ORIGIN_SETTINGS ? "local-data" : "special-use";
        verdict.set = &set->set;
        verdict.soa = NULL;
        return verdict;
}

/* What the data of a name says about a type. An alias answers for all types, any data for ANY (RFC 8482). */
static struct policy_verdict verdict_of_data(const struct local_name *entry, uint16_t type,
                                             const struct descent *descent)
{
        const struct local_set *set = type == TYPE_ANY ? entry->sets : local_set_find(entry, type);

        if (!set)
                set = local_set_find(entry, TYPE_CNAME);
        return set ? verdict_set(set, descent) : verdict_absent(POLICY_NODATA, descent);
}

/* RFC 4592 3.3.1: the wildcard just below the closest name that exists. */
static const struct local_name *wildcard_below(const struct local_zones *zones, const struct local_name *encloser)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name wildcard;

        if (name_prepend((const uint8_t *)"*", 1, &encloser->name, room, &wildcard))
                return NULL;
        return *slot_of(zones, &wildcard);
}

/*
 * The DS of a zone belongs to its parent. The parents of the zones below arpa delegate them on purpose without DS, and
 * a client that validates needs to see that (RFC 8375 section 4); the other zones have no parent that knows them.
 */
static bool is_for_parent(const struct local_name *zone, const struct name *name, uint16_t type)
{
        static const struct name arpa = {.wire = (const uint8_t *)"\4arpa", .len = 6, .label_count = 1};

        return type == TYPE_DS && zone && zone->name.label_count == name->label_count &&
               name_is_below(&zone->name, &arpa);
}

struct policy_verdict local_ask(const struct local_zones *zones, const struct question *question)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name lower;
        struct descent descent;
        const struct local_name *entry;

        if (question->class != CLASS_IN)
                return verdict_pass();
        lower = lowered(&question->name, room);
        descent = descend(zones, &lower);
        if (is_for_parent(descent.zone, &lower, question->type))
                return verdict_pass();
        entry = descent.deepest;
        if (entry->name.label_count < lower.label_count)
                entry = wildcard_below(zones, entry);
        if (entry && entry->sets)
                return verdict_of_data(entry, question->type, &descent);
        if (!descent.zone)
                return verdict_pass();
        return verdict_absent(entry ? POLICY_NODATA : POLICY_NXDOMAIN, &descent);
}
