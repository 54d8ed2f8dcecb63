#include "dnssec/keys.h"

#include "base/buf.h"
#include "config/limits.h"
#include "wire/codes.h"
#include <stdio.h>
#include <string.h>

enum {
        DNSKEY_PROTOCOL = 3,
        DS_HEAD_LEN = 4, /* key tag, algorithm, digest type */
        DS_SHA1 = 1,
};

static uint8_t dnskey_algorithm(const struct rdata *dnskey)
{
        return dnskey->bytes[3];
}

static bool has_zone_bit(const struct rdata *dnskey)
{
        return load_u16(dnskey->bytes) & DNSKEY_ZONE;
}

/* Why this key may not sign, in a few words; NULL: it may. */
static const char *why_not(const struct rdata *dnskey)
{
        if (!has_zone_bit(dnskey))
                return "lacks the zone key bit";
        if (load_u16(dnskey->bytes) & DNSKEY_REVOKE)
                return "is revoked";
        return dnskey->bytes[2] == DNSKEY_PROTOCOL ? NULL : "is for another protocol";
}

static uint16_t ede_of_refusal(const struct rdata *dnskey)
{
        return has_zone_bit(dnskey) ? EDE_DNSKEY_MISSING : EDE_NO_ZONE_KEY;
}

/* An empty list with room for keys of this set. */
static struct zone_keys keys_for(const struct rrset *dnskey, struct arena *arena)
{
        size_t room = dnskey->count < ZONE_KEYS_MAX ? dnskey->count : ZONE_KEYS_MAX;

        return (struct zone_keys){ .zone = dnskey->owner,
                                   .item = arena_alloc(arena, room * sizeof(struct zone_key)) };
}

static void add(struct zone_keys *keys, const struct rdata *dnskey)
{
        if (!keys->item)
                return;
        keys->item[keys->count].algorithm = dnskey_algorithm(dnskey);
        keys->item[keys->count].tag = crypto_key_tag(dnskey);
        keys->item[keys->count++].rdata = *dnskey;
}

static void refuse(struct zone_keys *keys, const struct rdata *dnskey, uint16_t ede, const char *why)
{
        if (keys->refused_count == ZONE_KEYS_REFUSED_MAX)
                return;
        keys->refused[keys->refused_count].tag = crypto_key_tag(dnskey);
        keys->refused[keys->refused_count].ede = ede;
        keys->refused[keys->refused_count++].why = why;
}

void zone_keys_init(struct zone_keys *keys, const struct crypto_policy *policy, const struct rrset *dnskey,
                    struct arena *arena)
{
        *keys = keys_for(dnskey, arena);
        for (unsigned i = 0; i < dnskey->count && keys->count < ZONE_KEYS_MAX; i++) {
                const struct rdata *key = &dnskey->rdata[i];
                const char *refused = key->len > DNSKEY_HEAD_LEN ? why_not(key) : NULL;

                if (key->len <= DNSKEY_HEAD_LEN)
                        continue;
                if (refused)
                        refuse(keys, key, ede_of_refusal(key), refused);
                else if (!crypto_algorithm_supported(policy, dnskey_algorithm(key)))
                        refuse(keys, key, EDE_DNSKEY_ALGORITHM, "has an algorithm that is not supported");
                else
                        add(keys, key);
        }
}

bool dnskey_is_revoked(const struct rdata *dnskey)
{
        return dnskey->len > DNSKEY_HEAD_LEN && (load_u16(dnskey->bytes) & DNSKEY_REVOKE);
}

void zone_keys_only(struct zone_keys *keys, const struct name *zone, const struct rdata *dnskey,
                    struct zone_key *room)
{
        *keys = (struct zone_keys){ .zone = *zone, .item = room };
        add(keys, dnskey);
}

size_t zone_keys_size(const struct zone_keys *keys)
{
        size_t size = keys->count * sizeof *keys->item + keys->zone.len;

        for (unsigned i = 0; i < keys->count; i++)
                size += keys->item[i].rdata.len;
        return size;
}

struct zone_keys zone_keys_pack(const struct zone_keys *keys, void *room)
{
        struct zone_keys copy = *keys;
        uint8_t *bytes = (uint8_t *)room + keys->count * sizeof *keys->item;

        copy.item = room;
        for (unsigned i = 0; i < keys->count; i++) {
                copy.item[i] = keys->item[i];
                copy.item[i].rdata.bytes = memcpy(bytes, keys->item[i].rdata.bytes, keys->item[i].rdata.len);
                bytes += keys->item[i].rdata.len;
        }
        copy.zone.wire = memcpy(bytes, keys->zone.wire, keys->zone.len);
        return copy;
}

/* --- DS ----------------------------------------------------------------------------------------------------------- */

/* What is at hand while the DS records of a zone are gone through. */
struct naming {
        const struct crypto_policy *policy;
        const struct rrset *dnskey, *ds;
        struct zone_keys *named;
        unsigned considered;    /* DS records with a supported algorithm and digest */
        unsigned out_of_limits; /* of these: name an RSA key of a size that we do not accept */
        unsigned mismatches;    /* digests that were made and did not match */
        struct reason why;      /* what is wrong, as far as it is known */
};

static bool ds_is_supported(const struct crypto_policy *policy, const struct rdata *ds)
{
        return ds->len > DS_HEAD_LEN && crypto_algorithm_supported(policy, ds->bytes[2]) &&
               crypto_digest_supported(policy, ds->bytes[3]);
}

/* RFC 4509 3: where there is a stronger digest, SHA-1 counts no more. */
static bool has_better_than_sha1(const struct naming *naming)
{
        for (unsigned i = 0; i < naming->ds->count; i++) {
                const struct rdata *ds = &naming->ds->rdata[i];

                if (ds_is_supported(naming->policy, ds) && ds->bytes[3] != DS_SHA1)
                        return true;
        }
        return false;
}

/* Two DS records may name one key, by two digests. */
static bool is_named(const struct zone_keys *named, const struct rdata *dnskey)
{
        for (unsigned i = 0; i < named->count; i++)
                if (named->item[i].rdata.bytes == dnskey->bytes)
                        return true;
        return false;
}

/* A key that a DS names has been found. Can it be used? */
static void take_named(struct naming *naming, const struct rdata *dnskey)
{
        const char *refused = why_not(dnskey);
        char zone[NAME_TEXT_MAX];

        if (refused) {
                naming->why.ede = ede_of_refusal(dnskey);
                snprintf(naming->why.text, sizeof naming->why.text, "key %u of %.90s, which a DS record names, %s",
                         (unsigned)crypto_key_tag(dnskey), name_text(&naming->dnskey->owner, zone), refused);
        } else if (crypto_key_is_out_of_limits(naming->policy, dnskey)) {
                naming->out_of_limits++;
        } else if (naming->named->count < ZONE_KEYS_MAX) {
                add(naming->named, dnskey);
        }
}

/*
 * Digests cost, and whoever makes keys with equal tags decides how many there are to make: the mismatches are counted.
 */
static void follow(struct naming *naming, const struct rdata *ds)
{
        for (unsigned i = 0; i < naming->dnskey->count && naming->mismatches < LIMIT_DS_MISMATCHES; i++) {
                const struct rdata *key = &naming->dnskey->rdata[i];

                if (key->len <= DNSKEY_HEAD_LEN || dnskey_algorithm(key) != ds->bytes[2] ||
                    crypto_key_tag(key) != load_u16(ds->bytes) || is_named(naming->named, key))
                        continue;
                if (crypto_ds_matches(naming->policy, &naming->dnskey->owner, ds, key))
                        take_named(naming, key);
                else
                        naming->mismatches++;
        }
}

/* RFC 6840 5.2: none of the DS records can be followed. Which of their fields is to blame? */
static void explain_unsupported(struct naming *naming)
{
        char owner[NAME_TEXT_MAX];
        bool algorithm = false;

        for (unsigned i = 0; i < naming->ds->count; i++)
                algorithm |= naming->ds->rdata[i].len >= DS_HEAD_LEN &&
                             crypto_algorithm_supported(naming->policy, naming->ds->rdata[i].bytes[2]);
        naming->why.ede = algorithm && !naming->out_of_limits ? EDE_DS_DIGEST : EDE_DNSKEY_ALGORITHM;
        snprintf(naming->why.text, sizeof naming->why.text, "%s of %.90s is supported",
                 naming->out_of_limits ? "no size of the keys"
                 : algorithm           ? "no digest of the DS records"
                                       : "no algorithm of the DS records",
                 name_text(&naming->dnskey->owner, owner));
}

static void explain_unnamed(struct naming *naming)
{
        char owner[NAME_TEXT_MAX];

        naming->why.ede = EDE_DNSKEY_MISSING;
        snprintf(naming->why.text, sizeof naming->why.text, "no key of %.100s is named by its DS records (key %u)",
                 name_text(&naming->dnskey->owner, owner), (unsigned)load_u16(naming->ds->rdata[0].bytes));
}

void zone_keys_named(struct zone_keys *keys, const struct crypto_policy *policy, const struct rrset *dnskey,
                     const struct rrset *ds, struct arena *arena, bool *unsupported, struct reason *why)
{
        struct naming naming = { .policy = policy, .dnskey = dnskey, .ds = ds, .named = keys };
        bool without_sha1 = has_better_than_sha1(&naming), all = true;

        *keys = keys_for(dnskey, arena);
        keys->is_of_ds = true;
        for (unsigned i = 0; i < ds->count && all; i++) {
                const struct rdata *one = &ds->rdata[i];

                if (!ds_is_supported(policy, one) || (without_sha1 && one->bytes[3] == DS_SHA1))
                        continue;
                all = naming.considered++ < LIMIT_DS_TRIED;
                if (all)
                        follow(&naming, one);
        }
        /* An attacker can leave keys away: only when each DS leads to a key out of the limits is the zone insecure. */
        *unsupported = all && naming.out_of_limits == naming.considered;
        if (*unsupported)
                explain_unsupported(&naming);
        if (keys->count)
                return;
        if (!naming.why.text[0])
                explain_unnamed(&naming);
        *why = naming.why;
}
