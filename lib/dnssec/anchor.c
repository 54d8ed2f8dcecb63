#include "dnssec/anchor.h"

#include "dnssec/crypto.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <string.h>

/* A handful of anchors: a list will do. */
struct anchors {
        struct anchor *item;
        unsigned count;
        const struct name_list *negative;
};

static struct anchor *anchor_for(struct anchors *anchors, const struct name *name)
{
        for (unsigned i = 0; i < anchors->count; i++)
                if (name_equal(&anchors->item[i].name, name))
                        return &anchors->item[i];
        struct anchor *added = &anchors->item[anchors->count++];
        added->name = *name;
        return added;
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

struct anchors *anchors_new(const struct settings *settings, struct arena *arena)
{
        const struct record_list *records = &settings->anchors;
        struct anchors *anchors = arena_alloc(arena, sizeof *anchors);

        if (!anchors)
                return NULL;
        anchors->negative = &settings->negative_trust_anchors;
        anchors->item = arena_alloc(arena, sizeof *anchors->item * (records->count + 1));
        if (!anchors->item)
                return NULL;
        for (unsigned i = 0; i < records->count; i++) {
                const struct rr *rr = &records->item[i].rr;

                if (rr->type != TYPE_DS && rr->type != TYPE_DNSKEY)
                        continue;
                if (!add_record(anchor_for(anchors, &rr->owner), rr, records->count, arena))
                        return NULL;
        }
        return anchors;
}

const struct anchor *anchor_above(const struct anchors *anchors, const struct name *name, bool *negative)
{
        const struct anchor *nearest = NULL;

        *negative = false;
        for (unsigned i = 0; i < anchors->count; i++) {
                const struct anchor *anchor = &anchors->item[i];

                if (name_is_at_or_below(name, &anchor->name) &&
                    (!nearest || anchor->name.label_count > nearest->name.label_count))
                        nearest = anchor;
        }
        /* RFC 7646 2: a negative anchor at the same name as an anchor, or below it, wins. */
        for (unsigned i = 0; nearest && i < anchors->negative->count; i++) {
                const struct name *never = &anchors->negative->item[i];

                if (name_is_at_or_below(name, never) && name_is_at_or_below(never, &nearest->name)) {
                        *negative = true;
                        return NULL;
                }
        }
        return nearest;
}

enum { DIGEST_SHA256 = 2, DS_HEAD_LEN = 4 };

/* RFC 4034 5.1.4: the digest of the owner and the DNSKEY's RDATA. */
static bool dnskey_to_ds(const struct name *owner, const struct rdata *dnskey, struct arena *arena, struct rdata *out)
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
                if (dnskey_to_ds(&anchor->name, &anchor->dnskey.rdata[i], arena, &rdata[set->count]))
                        set->count++;
        return set->count ? set : NULL;
}
