/*
 * Ranges put and found.
 *
 * By NSEC the look-ups are three: zone, name, wildcard. By NSEC3 the names from the apex down are hashed and looked up
 * till one does not exist; so it is the depth of the zone that counts, not the length of the question.
 */
#include "cache/absence.h"
#include "cache/range.h"
#include "dnssec/nsec.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <string.h>

enum {
        RANGES_MAX = 3,      /* closest encloser, next closer name, wildcard: RFC 5155 8.4 */
        NSEC3_NAMES_MAX = 8, /* looked up on the way down from the apex */
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
        return a < b ? a : b;
}

/* --- Putting ---------------------------------------------------------------------------------------------------- */

/* What the puts of one proof share. */
struct putting {
        struct cache *cache;
        cache_partition partition;
        const struct name *name;  /* of the zone */
        const struct rrset *soa;  /* or NULL */
        const struct absence_origin *origin;
        struct denying_zone zone; /* once prepared */
};

static const struct rrset *find_soa(const struct name *zone, const struct rrset *set, unsigned count)
{
        for (unsigned i = 0; i < count; i++) {
                if (set[i].type == TYPE_SOA && set[i].count == 1 && name_equal(&set[i].owner, zone))
                        return &set[i];
        }
        return NULL;
}

/* RFC 9077 3: absence lasts no longer than the smaller of the SOA's TTL and MINIMUM. */
static uint32_t soa_ttl(const struct rrset *set)
{
        struct soa soa;

        return set->count && soa_read(&set->rdata[0], &soa) ? smaller(set->ttl, soa.minimum) : 0;
}

static bool has_soa(const struct denying_zone *zone)
{
        return zone->soa.count > 0;
}

static uint32_t set_ttl(const struct putting *putting, const struct rrset *set)
{
        return smaller(set->ttl, range_signed_for(putting->name, set, cache_now(putting->cache)));
}

/* When the zone's entry ends: by its SOA, or by the first range where there is none. */
static uint64_t zone_end(const struct putting *putting, const struct rrset *set)
{
        uint32_t ttl = putting->soa ? smaller(soa_ttl(putting->soa), set_ttl(putting, putting->soa))
                                    : set_ttl(putting, set);

        return putting->origin->stored_at + ttl;
}

/*
 * Is what is at hand worth a put? Behind a forwarder the TTL of the SOA may have run down, while ours still holds. An
 * entry without SOA is bettered by any SOA, and by a range that lasts longer.
 */
static bool renews(const struct putting *putting, const struct rrset *set, const struct denying_zone *known)
{
        if (!putting->soa)
                return !has_soa(known) && zone_end(putting, set) > known->ends_at;
        if (!has_soa(known))
                return true;
        if (putting->origin->stored_at <= known->stored_at)
                return false;
        return zone_end(putting, set) > known->ends_at || !rrset_equal(putting->soa, &known->soa);
}

/* The zone's entry with what is at hand; it goes on with a chain that is known already. */
static bool put_zone(struct putting *putting, const struct range *range, const struct rrset *set,
                     const struct denying_zone *known)
{
        const struct absence_origin *origin = putting->origin;
        struct denying_zone zone = {
                .soa = { .owner = *putting->name, .type = TYPE_SOA, .class = CLASS_IN },
                .nsec3 = range->nsec3,
                .salt_len = range->salt_len,
                .stored_at = origin->stored_at,
                .ends_at = zone_end(putting, set),
                .trace = origin->trace,
                .from = origin->server,
        };

        if (putting->soa)
                zone.soa = *putting->soa;
        if (range->salt_len > 0)
                memcpy(zone.salt, range->salt, range->salt_len);
        if (known) {
                zone.chain = known->chain;
                zone.since = known->since;
        } else {
                cache_start_chain(putting->cache, &zone);
        }
        putting->zone = zone;
        return cache_put_zone(putting->cache, putting->partition, &zone);
}

/* The chain that a range belongs to: known, or begun with it. */
static bool prepare_zone(struct putting *putting, const struct range *range, const struct rrset *set,
                         struct arena *scratch)
{
        struct denying_zone known;
        bool is_known = cache_get_zone(putting->cache, putting->partition, putting->name, scratch, &known) &&
                        range_is_of(range, &known);

        if (is_known && !renews(putting, set, &known)) {
                putting->zone = known;
                return true;
        }
        return put_zone(putting, range, set, is_known ? &known : NULL);
}

static bool put_range(struct putting *putting, const struct range *range, const struct rrset *set)
{
        uint32_t signed_for = set_ttl(putting, set);
        uint32_t ttl = has_soa(&putting->zone) ? smaller(signed_for, soa_ttl(&putting->zone.soa)) : signed_for;
        struct finding finding = {
                .kind = FINDING_SET,
                .verdict = VERDICT_SECURE,
                .rank = RANK_SECURE,
                .set = *set,
                .stored_at = putting->origin->stored_at,
                .ends_at = putting->origin->stored_at + ttl,
                .trace = putting->origin->trace,
                .server = putting->origin->server,
        };
        struct store_bytes point = { .bytes = range->from.bytes, .len = range->from.len };

        return cache_put_range(putting->cache, putting->partition, &putting->zone, point, &finding);
}

unsigned absence_put(struct cache *cache, cache_partition partition, const struct name *zone, const struct rrset *set,
                     unsigned count, const struct absence_origin *origin, struct arena *scratch)
{
        struct arena_mark mark = arena_mark(scratch);
        struct putting putting = {
                .cache = cache,
                .partition = partition,
                .name = zone,
                .soa = find_soa(zone, set, count),
                .origin = origin,
        };
        bool prepared = false;
        unsigned kept = 0;

        for (unsigned i = 0; i < count; i++) {
                struct range range;

                if (!range_read(zone, &set[i], &range))
                        continue;
                if (!prepared && !prepare_zone(&putting, &range, &set[i], scratch))
                        break;
                prepared = true;
                if (range_is_of(&range, &putting.zone))
                        kept += put_range(&putting, &range, &set[i]);
        }
        arena_reset(scratch, mark);
        return kept;
}

/* --- Getting ---------------------------------------------------------------------------------------------------- */

/* The records found so far. */
struct search {
        struct cache *cache;
        cache_partition partition;
        struct denying_zone zone;
        struct arena *arena;
        unsigned count;
        struct finding found[RANGES_MAX]; /* the first one covers the name, if one does */
        bool is_covered;
        struct name closest;              /* the closest name above a covered one that exists */
};

/* One look-up: the range at or before a name, read again as if it were new. Not among those found yet. */
static bool look(struct search *search, const struct name *name, struct range_point *at, struct finding *finding,
                 struct range *range)
{
        if (!range_place(&search->zone, name, at))
                return false;
        struct store_bytes point = { .bytes = at->bytes, .len = at->len };

        return cache_get_range(search->cache, search->partition, &search->zone, point, search->arena, finding) &&
               finding->kind == FINDING_SET && finding->verdict == VERDICT_SECURE &&
               range_read(&search->zone.soa.owner, &finding->set, range) && range_is_of(range, &search->zone);
}

static void add(struct search *search, const struct finding *finding)
{
        for (unsigned i = 0; i < search->count; i++) {
                if (name_equal(&search->found[i].set.owner, &finding->set.owner))
                        return;
        }
        if (search->count < RANGES_MAX)
                search->found[search->count++] = *finding;
}

/* The name is covered. Whatever there is about the wildcard; it may also be the range that was found before. */
static void add_wildcard(struct search *search, const struct name *closest)
{
        static const uint8_t star[] = { '*' };
        uint8_t room[NAME_WIRE_MAX];
        struct name wildcard;
        struct range_point at;
        struct finding finding;
        struct range range;

        search->is_covered = true;
        search->closest = *closest;
        if (name_prepend(star, 1, closest, room, &wildcard) == ERR_OK && look(search, &wildcard, &at, &finding, &range))
                add(search, &finding);
}

/* RFC 4035 5.4. The closest name that exists above a covered one is an ancestor of an end of its range, too. */
static bool search_nsec(struct search *search, const struct name *qname)
{
        struct range_point at;
        struct finding finding;
        struct range range;

        if (!look(search, qname, &at, &finding, &range))
                return false;
        add(search, &finding);
        if (!range_begins_at(&range, &at)) {
                unsigned by_owner = name_common_labels(qname, &finding.set.owner);
                unsigned by_next = name_common_labels(qname, &range.next_name);
                struct name closest = name_ancestor(qname, by_owner > by_next ? by_owner : by_next);

                add_wildcard(search, &closest);
        }
        return true;
}

/* What is known of a name by its hash. */
enum hashed { HASHED_UNKNOWN, HASHED_EXISTS, HASHED_COVERED };

static enum hashed look_nsec3(struct search *search, const struct name *name, struct finding *finding)
{
        struct range_point at;
        struct range range;

        if (!look(search, name, &at, finding, &range))
                return HASHED_UNKNOWN;
        if (range_begins_at(&range, &at))
                return HASHED_EXISTS;
        return range_covers_hash(&range, &at) ? HASHED_COVERED : HASHED_UNKNOWN;
}

static void add_next_closer(struct search *search, const struct name *name, const struct finding *covers,
                            const struct finding *encloses)
{
        struct name closest = name_strip(name, 1);

        add(search, covers);
        add(search, encloses);
        add_wildcard(search, &closest);
}

/*
 * RFC 5155 8.3: the next closer name is the first on the way down that is covered, the closest encloser the one before
 * it. A name of which nothing is known may exist, so the way goes on.
 */
static bool search_nsec3(struct search *search, const struct name *qname)
{
        const unsigned apex = search->zone.soa.owner.label_count;
        struct finding above, finding;
        bool has_above = false;

        for (unsigned labels = apex; labels <= qname->label_count; labels++) {
                struct name name = name_ancestor(qname, labels);

                if (labels == apex + NSEC3_NAMES_MAX)
                        return false;
                switch (look_nsec3(search, &name, &finding)) {
                case HASHED_COVERED:
                        if (has_above)
                                add_next_closer(search, &name, &finding, &above);
                        return has_above;
                case HASHED_EXISTS:
                        above = finding;
                        has_above = true;
                        break;
                case HASHED_UNKNOWN:
                        has_above = false;
                        break;
                }
        }
        if (has_above)
                add(search, &above); /* the name itself */
        return has_above;
}

/* --- Judging ---------------------------------------------------------------------------------------------------- */

/* The records found as a proof, to be judged by the same rules as those of a fresh answer. */
struct proof {
        struct rrset set[RANGES_MAX];
        unsigned blocks; /* a purse of its own: that of the request is for what has to be asked */
        struct denial_context context;
};

static void proof_init(struct proof *proof, const struct search *search)
{
        for (unsigned i = 0; i < search->count; i++)
                proof->set[i] = search->found[i].set;
        proof->blocks = 0;
        proof->context = (struct denial_context){
                .zone = &search->zone.soa.owner, .set = proof->set, .count = search->count, .max_iterations = 0,
                .nsec3_blocks = &proof->blocks, .arena = search->arena,
        };
}

static enum finding_kind judge(const struct proof *proof, const struct name *qname, uint16_t qtype)
{
        if (denial_of_name(&proof->context, qname, NULL) == DENIAL_PROVEN)
                return FINDING_NXDOMAIN;
        if (denial_of_type(&proof->context, qname, qtype, NULL) == DENIAL_PROVEN)
                return FINDING_NODATA;
        return FINDING_NONE;
}

/* A record that came before the SOA was kept without regard to it. */
static uint64_t record_end(const struct search *search, const struct finding *record)
{
        uint64_t by_soa = record->stored_at + soa_ttl(&search->zone.soa);

        return !has_soa(&search->zone) || record->ends_at < by_soa ? record->ends_at : by_soa;
}

static void finding_of(const struct search *search, enum finding_kind kind, struct finding *out)
{
        *out = (struct finding){
                .kind = kind,
                .verdict = VERDICT_SECURE,
                .rank = RANK_SECURE,
                .proof_count = 1,
                .stored_at = search->found[0].stored_at,
                .ends_at = search->zone.ends_at,
                .trace = search->found[0].trace,
                .server = search->found[0].server,
                .from_cache = true,
        };
        out->proof[0] = search->zone.soa;
        for (unsigned i = 0; i < search->count; i++) {
                uint64_t ends_at = record_end(search, &search->found[i]);

                out->proof[out->proof_count++] = search->found[i].set;
                if (out->ends_at > ends_at)
                        out->ends_at = ends_at;
        }
}

/* --- Wildcards -------------------------------------------------------------------------------------------------- */

/* "*" + closest is what was signed: the set may itself have come from a wildcard further up. */
static bool is_signed_as(const struct rrset *set, const struct name *closest)
{
        struct rrsig sig;

        for (unsigned i = 0; i < set->sig_count; i++)
                if (!rrsig_read(&set->sigs[i], &sig) || sig.labels != closest->label_count)
                        return false;
        return set->sig_count > 0;
}

static bool get_wildcard(const struct search *search, const struct name *wildcard, uint16_t type, struct finding *out)
{
        return cache_get(search->cache, search->partition, wildcard, type, 0, search->arena, out) &&
               out->kind == FINDING_SET && out->verdict == VERDICT_SECURE && is_signed_as(&out->set, &search->closest);
}

/*
 * RFC 8198 5.3: a wildcard's records that are known are the answer for every name that is proven not to exist below it.
 * A delegation is none of them, and of what there may be beside them nothing is known.
 */
static bool expand(const struct search *search, const struct proof *proof, const struct name *qname, uint16_t qtype,
                   struct finding *out)
{
        static const uint8_t star[] = { '*' };
        uint8_t room[NAME_WIRE_MAX];
        struct name wildcard;

        if (!search->is_covered || qtype == TYPE_DS || qtype == TYPE_NS || qtype == TYPE_ANY ||
            name_prepend(star, 1, &search->closest, room, &wildcard) != ERR_OK ||
            denial_of_closer(&proof->context, qname, search->closest.label_count, NULL) != DENIAL_PROVEN)
                return false;
        if (!get_wildcard(search, &wildcard, qtype, out) && !get_wildcard(search, &wildcard, TYPE_CNAME, out))
                return false;
        const uint64_t ends_at = record_end(search, &search->found[0]);
        out->set.owner = *qname;
        out->proof[0] = search->found[0].set;
        out->proof_count = 1;
        out->ends_at = out->ends_at < ends_at ? out->ends_at : ends_at;
        out->from_cache = true;
        return true;
}

/* --- The door --------------------------------------------------------------------------------------------------- */

/* A negative answer needs the SOA (RFC 2308 3), a positive one does not. */
static bool conclude(const struct search *search, const struct name *qname, uint16_t qtype, struct finding *out)
{
        struct proof proof;

        proof_init(&proof, search);
        enum finding_kind kind = has_soa(&search->zone) ? judge(&proof, qname, qtype) : FINDING_NONE;
        if (kind == FINDING_NONE && !expand(search, &proof, qname, qtype, out))
                return false;
        if (kind != FINDING_NONE)
                finding_of(search, kind, out);
        return out->ends_at > cache_now(search->cache)->cache_s;
}

bool absence_get(struct cache *cache, cache_partition partition, const struct name *zone, const struct name *qname,
                 uint16_t qtype, struct arena *arena, struct finding *out)
{
        struct arena_mark mark = arena_mark(arena);
        struct search search = { .cache = cache, .partition = partition, .arena = arena };

        if ((rrtype_is_meta(qtype) && qtype != TYPE_ANY) || !name_is_at_or_below(qname, zone))
                return false;
        if (!cache_get_zone(cache, partition, zone, arena, &search.zone))
                return false;
        bool found = (search.zone.nsec3 ? search_nsec3(&search, qname) : search_nsec(&search, qname)) &&
                     conclude(&search, qname, qtype, out);
        if (!found)
                arena_reset(arena, mark);
        return found;
}

bool absence_put_wildcard(struct cache *cache, cache_partition partition, const struct finding *expanded)
{
        static const uint8_t star[] = { '*' };
        uint8_t room[NAME_WIRE_MAX];
        struct finding wildcard = *expanded;
        struct rrsig sig;
        uint32_t ttl;

        if (!wildcard.set.sig_count || !rrsig_read(&wildcard.set.sigs[0], &sig) ||
            sig.labels >= wildcard.set.owner.label_count)
                return false;
        struct name closest = name_ancestor(&wildcard.set.owner, sig.labels);
        if (!is_signed_as(&wildcard.set, &closest) ||
            name_prepend(star, 1, &closest, room, &wildcard.set.owner) != ERR_OK ||
            name_equal(&wildcard.set.owner, &expanded->set.owner))
                return false;
        wildcard.proof_count = 0;
        return cache_put(cache, partition, &wildcard.set.owner, wildcard.set.type, &wildcard, &ttl);
}
