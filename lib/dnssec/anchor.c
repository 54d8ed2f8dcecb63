#include "dnssec/anchor.h"

#include "base/buf.h"
#include "base/map.h"
#include "dnssec/crypto.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <string.h>

/* A handful of anchors: a list will do. */
struct anchors {
        struct anchor *item;
        unsigned count;
        struct negative_anchor *negative;
        unsigned negative_count;
        uint64_t fingerprint; /* of all but the negative ones */
};

/* --- Fingerprint -------------------------------------------------------------------------------------------------- */

/* Not secrets: the same anchors must give the same number in each process. */
static const uint8_t anchor_key[SIPHASH_KEY_LEN] = "trust anchors 2";
static const uint8_t negative_key[SIPHASH_KEY_LEN] = "no anchors here";

static uint64_t name_fingerprint(const uint8_t key[SIPHASH_KEY_LEN], const struct name *name)
{
        uint8_t canonical[NAME_WIRE_MAX];

        return siphash(key, canonical, name_canonical(name, canonical));
}

/* Each record is hashed once more with its owner before they are added up: sums do not depend on the order. */
static uint64_t set_fingerprint(const struct rrset *set)
{
        uint64_t sum = 0;

        for (unsigned i = 0; i < set->count; i++) {
                uint8_t parts[18];

                store_u64(parts, name_fingerprint(anchor_key, &set->owner));
                store_u64(parts + 8, siphash(anchor_key, set->rdata[i].bytes, set->rdata[i].len));
                store_u16(parts + 16, set->type);
                sum += siphash(anchor_key, parts, sizeof parts);
        }
        return sum;
}

static void take_fingerprint(struct anchors *anchors, bool validation)
{
        uint8_t sum[9];
        uint64_t total = 0;

        for (unsigned i = 0; i < anchors->count; i++)
                total += set_fingerprint(&anchors->item[i].ds) + set_fingerprint(&anchors->item[i].dnskey);
        store_u64(sum, total);
        sum[8] = validation;
        anchors->fingerprint = siphash(anchor_key, sum, sizeof sum);
}

/* --- Making ------------------------------------------------------------------------------------------------------- */

static struct anchor *find(struct anchors *anchors, const struct name *name)
{
        for (unsigned i = 0; i < anchors->count; i++)
                if (name_equal(&anchors->item[i].name, name))
                        return &anchors->item[i];
        return NULL;
}

static struct anchor *anchor_for(struct anchors *anchors, const struct name *name)
{
        struct anchor *anchor = find(anchors, name);

        if (!anchor) {
                anchor = &anchors->item[anchors->count++];
                anchor->name = *name;
        }
        return anchor;
}

/* Room for all records in each set is a waste of a few bytes and spares a second pass. */
static bool add_record(struct anchor *anchor, const struct rr *rr, unsigned room, struct arena *arena)
{
        struct rrset *set = rr->type == TYPE_DS ? &anchor->ds : &anchor->dnskey;

        if (!set->count) {
                struct rdata *rdata = arena_alloc(arena, sizeof *rdata * room);

                if (!rdata)
                        return false;
                *set = (struct rrset){
                        .owner = rr->owner, .type = rr->type, .class = rr->class, .ttl = rr->ttl, .rdata = rdata};
        }
        ((struct rdata *)set->rdata)[set->count++] = rr->rdata;
        return true;
}

static bool add_point(struct anchors *anchors, const struct followed_point *point, struct arena *arena)
{
        struct anchor *anchor = &anchors->item[anchors->count++];
        struct rdata *rdata = arena_alloc(arena, sizeof *rdata * (point->count + 1));

        anchor->name = name_copy(arena, &point->name);
        anchor->followed = true;
        if (!rdata || !anchor->name.wire)
                return false;
        anchor->ds = (struct rrset){
                .owner = anchor->name, .type = TYPE_DS, .class = CLASS_IN, .count = point->count, .rdata = rdata};
        for (unsigned i = 0; i < point->count; i++) {
                rdata[i] = (struct rdata){ .bytes = arena_copy(arena, point->ds[i].bytes, point->ds[i].len),
                                           .len = point->ds[i].len };
                if (!rdata[i].bytes)
                        return false;
        }
        return true;
}

static bool add_settings(struct anchors *anchors, const struct record_list *records, struct arena *arena)
{
        for (unsigned i = 0; i < records->count; i++) {
                const struct rr *rr = &records->item[i].rr;
                const struct anchor *known = find(anchors, &rr->owner);

                if ((rr->type != TYPE_DS && rr->type != TYPE_DNSKEY) || (known && known->followed))
                        continue;
                if (!add_record(anchor_for(anchors, &rr->owner), rr, records->count, arena))
                        return false;
        }
        return true;
}

/* Those of the settings are borrowed, and give no reason. */
static bool add_negatives(struct anchors *anchors, const struct settings *settings, const struct learned *learned,
                          struct arena *arena)
{
        const struct name_list *set = &settings->negative_trust_anchors;
        unsigned more = learned ? learned->negative_count : 0;

        anchors->negative = arena_alloc(arena, sizeof *anchors->negative * (set->count + more + 1));
        if (!anchors->negative)
                return false;
        for (unsigned i = 0; i < set->count; i++)
                anchors->negative[anchors->negative_count++] =
                        (struct negative_anchor){ .name = set->item[i], .reason = "" };
        for (unsigned i = 0; i < more; i++) {
                struct negative_anchor *added = &anchors->negative[anchors->negative_count++];
                const char *reason = learned->negative[i].reason;

                added->name = name_copy(arena, &learned->negative[i].name);
                added->reason = arena_copy(arena, reason, strlen(reason) + 1);
                if (!added->name.wire || !added->reason)
                        return false;
        }
        return true;
}

struct anchors *anchors_new(const struct settings *settings, const struct learned *learned, struct arena *arena)
{
        unsigned points = learned ? learned->point_count : 0;
        struct anchors *anchors = arena_alloc(arena, sizeof *anchors);

        if (!anchors)
                return NULL;
        *anchors = (struct anchors){ .count = 0 };
        anchors->item = arena_alloc(arena, sizeof *anchors->item * (settings->anchors.count + points + 1));
        if (!anchors->item || !add_negatives(anchors, settings, learned, arena))
                return NULL;
        for (unsigned i = 0; i < points; i++)
                if (!add_point(anchors, &learned->point[i], arena))
                        return NULL;
        if (!add_settings(anchors, &settings->anchors, arena))
                return NULL;
        take_fingerprint(anchors, settings->validation != VALIDATION_NO);
        return anchors;
}

struct anchors *anchors_strict(const struct anchors *anchors, struct arena *arena)
{
        struct anchors *strict = arena_copy(arena, anchors, sizeof *anchors);

        if (strict)
                strict->negative_count = 0;
        return strict;
}

/* --- Looking up --------------------------------------------------------------------------------------------------- */

/* The deepest negative anchor at or above a name, or NULL. */
static const struct negative_anchor *negative_above(const struct anchors *anchors, const struct name *name)
{
        const struct negative_anchor *deepest = NULL;

        for (unsigned i = 0; i < anchors->negative_count; i++) {
                const struct negative_anchor *never = &anchors->negative[i];

                if (name_is_at_or_below(name, &never->name) &&
                    (!deepest || never->name.label_count > deepest->name.label_count))
                        deepest = never;
        }
        return deepest;
}

static const struct anchor *nearest_above(const struct anchors *anchors, const struct name *name)
{
        const struct anchor *nearest = NULL;

        for (unsigned i = 0; i < anchors->count; i++) {
                const struct anchor *anchor = &anchors->item[i];

                if (name_is_at_or_below(name, &anchor->name) &&
                    (!nearest || anchor->name.label_count > nearest->name.label_count))
                        nearest = anchor;
        }
        return nearest;
}

/* RFC 7646 2: a negative anchor at the same name as the nearest anchor, or below it, wins. */
static const struct negative_anchor *winner_over(const struct anchor *nearest, const struct anchors *anchors,
                                                 const struct name *name)
{
        const struct negative_anchor *never = nearest ? negative_above(anchors, name) : NULL;

        return never && name_is_at_or_below(&never->name, &nearest->name) ? never : NULL;
}

const struct negative_anchor *anchor_negative_above(const struct anchors *anchors, const struct name *name)
{
        return anchors->negative_count ? winner_over(nearest_above(anchors, name), anchors, name) : NULL;
}

const struct anchor *anchor_above(const struct anchors *anchors, const struct name *name, bool *negative)
{
        const struct anchor *nearest = nearest_above(anchors, name);

        *negative = winner_over(nearest, anchors, name) != NULL;
        return *negative ? NULL : nearest;
}

uint64_t anchors_fingerprint(const struct anchors *anchors, const struct name *name)
{
        const struct negative_anchor *never = negative_above(anchors, name);
        uint64_t number = anchors->fingerprint + (never ? name_fingerprint(negative_key, &never->name) : 0);

        return number ? number : 1;
}

uint16_t anchor_record_tag(const struct rr *rr)
{
        return rr->type == TYPE_DNSKEY ? crypto_key_tag(&rr->rdata) : rr->rdata.len > 2 ? load_u16(rr->rdata.bytes) : 0;
}

/* Insert into a sorted list, unless it is there, or the list is full. */
static unsigned insert_tag(uint16_t *tag, unsigned count, unsigned max, uint16_t added)
{
        unsigned at = 0;

        while (at < count && tag[at] < added)
                at++;
        if (count == max || (at < count && tag[at] == added))
                return count;
        memmove(&tag[at + 1], &tag[at], (count - at) * sizeof *tag);
        tag[at] = added;
        return count + 1;
}

unsigned anchor_tags(const struct anchors *anchors, const struct name *name, uint16_t *out, unsigned max)
{
        bool negative;
        const struct anchor *anchor = anchor_above(anchors, name, &negative);
        unsigned count = 0;

        if (!anchor || !name_equal(&anchor->name, name))
                return 0;
        for (unsigned i = 0; i < anchor->ds.count; i++)
                if (anchor->ds.rdata[i].len > 2)
                        count = insert_tag(out, count, max, load_u16(anchor->ds.rdata[i].bytes));
        for (unsigned i = 0; i < anchor->dnskey.count; i++)
                count = insert_tag(out, count, max, crypto_key_tag(&anchor->dnskey.rdata[i]));
        return count;
}

enum { DIGEST_SHA256 = 2, DS_HEAD_LEN = 4 };

bool anchor_ds_of(const struct name *owner, const struct rdata *dnskey, struct arena *arena, struct rdata *out)
{
        uint8_t canonical[NAME_WIRE_MAX];
        uint8_t *ds = arena_alloc(arena, DS_HEAD_LEN + SHA256_LEN);
        const struct crypto_piece pieces[] = {
                { .bytes = canonical, .len = name_canonical(owner, canonical) },
                { .bytes = dnskey->bytes, .len = dnskey->len },
        };

        if (!ds || dnskey->len < 4)
                return false;
        store_u16(ds, crypto_key_tag(dnskey));
        ds[2] = dnskey->bytes[3];
        ds[3] = DIGEST_SHA256;
        if (!crypto_sha256(pieces, 2, ds + DS_HEAD_LEN))
                return false;
        *out = (struct rdata){ .bytes = ds, .len = DS_HEAD_LEN + SHA256_LEN };
        return true;
}

const struct rrset *anchor_as_ds(const struct anchor *anchor, struct arena *arena)
{
        struct rrset *set = arena_alloc(arena, sizeof *set);
        struct rdata *rdata = arena_alloc(arena, sizeof *rdata * (anchor->ds.count + anchor->dnskey.count));

        if (!set || !rdata)
                return NULL;
        *set = (struct rrset){ .owner = anchor->name, .type = TYPE_DS, .class = CLASS_IN, .rdata = rdata };
        for (unsigned i = 0; i < anchor->ds.count; i++)
                rdata[set->count++] = anchor->ds.rdata[i];
        for (unsigned i = 0; i < anchor->dnskey.count; i++)
                if (anchor_ds_of(&anchor->name, &anchor->dnskey.rdata[i], arena, &rdata[set->count]))
                        set->count++;
        return set->count ? set : NULL;
}
