#include "sign.h"
#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, DAY_S = 86400, DNSKEY_TTL = 3600, DS_TTL = 86400 };
enum { RRSIG_FIXED_LEN = 18, RECORD_FIXED_LEN = 10 };

static struct lab_signing *signing_of(struct lab_zone *zone)
{
        if (!zone->signing)
                zone->signing = lab_alloc(zone->pool, sizeof *zone->signing);
        return zone->signing;
}

static bool denial_option(struct lab_signing *signing, const char *name)
{
        if (strcmp(name, "nsec") != 0 && strcmp(name, "nsec3") != 0 && strcmp(name, "optout") != 0)
                return false;
        signing->denial = name[0] == 'o' ? DENIAL_OPTOUT : name[4] ? DENIAL_NSEC3 : DENIAL_NSEC;
        return true;
}

static bool salt_option(struct lab_signing *signing, const char *hex)
{
        size_t len = strlen(hex) / 2;
        unsigned byte;

        if (len > sizeof signing->salt)
                return false;
        for (size_t i = 0; i < len; i++) {
                if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
                        return false;
                signing->salt[i] = (uint8_t)byte;
        }
        signing->salt_len = (uint8_t)len;
        return true;
}

bool sign_option(struct lab_zone *zone, const char *text)
{
        struct lab_signing *signing = signing_of(zone);
        const char *value = strchr(text, '=');

        if (!value++)
                return false;
        if (strncmp(text, "sign=", 5) == 0)
                signing->algorithm = (uint8_t)atoi(value);
        else if (strncmp(text, "iterations=", 11) == 0)
                signing->iterations = (uint16_t)atoi(value);
        else if (strncmp(text, "denial=", 7) == 0)
                return denial_option(signing, value);
        else if (strncmp(text, "salt=", 5) == 0)
                return salt_option(signing, value);
        else if (strncmp(text, "flaw=", 5) == 0)
                return flaw_named(value, &signing->flaw);
        else
                return false;
        return true;
}

/* RFC 5155 section 4.2: algorithm, flags (always 0 here), iterations, salt. */
static void parameters_add(struct lab_zone *zone)
{
        const struct lab_signing *signing = zone->signing;
        uint8_t rdata[5 + sizeof signing->salt] = { 1, 0, (uint8_t)(signing->iterations >> 8),
                                                    (uint8_t)signing->iterations, signing->salt_len };

        memcpy(rdata + 5, signing->salt, signing->salt_len);
        lab_zone_add(zone, zone->apex, TYPE_NSEC3PARAM, 0, rdata, 5u + signing->salt_len);
}

bool sign_prepare(struct lab_zone *zone, const struct authority_settings *settings)
{
        struct lab_signing *signing = zone->signing;

        if (!lab_key_init(&signing->key_key, signing->algorithm, KEY_SEP, settings->seed, zone->apex) ||
            !lab_key_init(&signing->zone_key, signing->algorithm, KEY_ZONE, settings->seed, zone->apex))
                return false;
        signing->inception_s = settings->wall_s - HOUR_S;
        signing->expiration_s = settings->wall_s + 30 * DAY_S;
        flaw_times(signing, settings->wall_s);
        flaw_keys(signing);
        if (signing->flaw == FLAW_STRIPPED)
                return true;
        const struct lab_key *keys[] = { &signing->key_key, &signing->zone_key };
        for (unsigned i = 0; i < 2; i++)
                lab_zone_add(zone, zone->apex, TYPE_DNSKEY, DNSKEY_TTL, keys[i]->rdata, keys[i]->rdata_len);
        flaw_more_keys(zone, settings->seed);
        if (signing->denial != DENIAL_NSEC)
                parameters_add(zone);
        return true;
}

void sign_delegate(struct lab_zone *parent, const struct lab_zone *child)
{
        uint8_t ds[36];

        lab_key_ds(&child->signing->key_key, child->apex, ds);
        if (flaw_ds(parent, child, ds))
                lab_zone_add(parent, child->apex, TYPE_DS, DS_TTL, ds, sizeof ds);
}

void sign_fini(struct lab_zone *zone)
{
        if (!zone->signing)
                return;
        lab_key_fini(&zone->signing->key_key);
        lab_key_fini(&zone->signing->zone_key);
}

static uint8_t *store16(uint8_t *at, uint16_t value)
{
        *at++ = (uint8_t)(value >> 8);
        *at++ = (uint8_t)value;
        return at;
}

static uint8_t *store32(uint8_t *at, uint32_t value)
{
        return store16(store16(at, (uint16_t)(value >> 16)), (uint16_t)value);
}

static struct rrsig rrsig_fields(const struct lab_zone *zone, const uint8_t *owner, const struct lab_set *set,
                                 const struct lab_key *key)
{
        struct rrsig rrsig = {
                .type = set->type,
                .algorithm = key->rdata[3],
                .labels = (uint8_t)(dname_labels(owner) - dname_is_wildcard(owner)),
                .ttl = set->ttl,
                .expiration_s = zone->signing->expiration_s,
                .inception_s = zone->signing->inception_s,
                .tag = key->tag,
                .signer = zone->apex,
        };

        flaw_fields(zone->signing, &rrsig);
        return rrsig;
}

/* The RRSIG's data up to the signature (RFC 4034 section 3.1); returns its length. */
static size_t rrsig_begin(const struct rrsig *rrsig, uint8_t *out)
{
        uint8_t *at = store16(out, rrsig->type);

        *at++ = rrsig->algorithm;
        *at++ = rrsig->labels;
        at = store32(at, rrsig->ttl);
        at = store32(at, rrsig->expiration_s);
        at = store32(at, rrsig->inception_s);
        at = store16(at, rrsig->tag);
        return RRSIG_FIXED_LEN + dname_lower(rrsig->signer, at);
}

static int canonical_order(const void *left, const void *right)
{
        const struct lab_rdata *a = left, *b = right;
        int difference = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

        return difference ? difference : (int)a->len - (int)b->len;
}

/* Room for all that is signed with a set, and so for its data. */
static size_t signed_room(const uint8_t *owner, const struct lab_set *set)
{
        size_t room = RRSIG_FIXED_LEN + DNAME_MAX;

        for (uint16_t i = 0; i < set->count; i++)
                room += dname_len(owner) + RECORD_FIXED_LEN + set->data[i].len;
        return room;
}

/* The set's data in canonical form and order (RFC 4034 sections 6.2 and 6.3), for the caller to free. */
static struct lab_rdata *canonical_data(const struct lab_set *set, uint8_t *bytes)
{
        struct lab_rdata *data = lab_grow(NULL, set->count * sizeof *data);

        for (uint16_t i = 0; i < set->count; i++) {
                lab_rdata_canonical(set->type, set->data[i].bytes, set->data[i].len, bytes);
                data[i] = (struct lab_rdata){ .bytes = bytes, .len = set->data[i].len };
                bytes += set->data[i].len;
        }
        qsort(data, set->count, sizeof *data, canonical_order);
        return data;
}

/* What is signed (RFC 4034 section 3.1.8.1): the RRSIG's data without the signature, then each record. */
static size_t signed_data(const uint8_t *owner, const struct lab_set *set, const uint8_t *begin, size_t begin_len,
                          uint8_t *out)
{
        uint8_t *canonical = lab_grow(NULL, signed_room(owner, set));
        struct lab_rdata *data = canonical_data(set, canonical);
        uint8_t *at = out + begin_len;

        memcpy(out, begin, begin_len);
        for (uint16_t i = 0; i < set->count; i++) {
                at += dname_lower(owner, at);
                at = store16(at, set->type);
                at = store16(at, 1);
                at = store32(at, set->ttl);
                at = store16(at, data[i].len);
                memcpy(at, data[i].bytes, data[i].len);
                at += data[i].len;
        }
        free(data);
        free(canonical);
        return (size_t)(at - out);
}

/* The key that signs sets of this type. */
static const struct lab_key *signer_of(const struct lab_signing *signing, uint16_t type)
{
        bool keys = type == TYPE_DNSKEY && signing->flaw != FLAW_KEYS_BY_OTHER;

        return keys ? &signing->key_key : &signing->zone_key;
}

/* The right signature last, and before it as many false ones as the flaw wants, each false in another byte. */
static struct lab_set *signature_set(struct lab_zone *zone, uint32_t ttl, uint8_t *rdata, size_t len)
{
        uint16_t others = flaw_false_signatures(zone->signing);
        struct lab_set *signatures = lab_set_new(zone->pool, TYPE_RRSIG, ttl, (uint16_t)(others + 1));

        for (uint16_t i = 0; i <= others; i++) {
                uint8_t *copy = lab_copy(zone->pool, rdata, len);
                if (i < others)
                        copy[len - 1 - i % 32] ^= (uint8_t)(1 + i / 32);
                signatures->data[i] = (struct lab_rdata){ .bytes = copy, .len = (uint16_t)len };
        }
        return signatures;
}

static struct lab_set *signature_make(struct lab_zone *zone, const uint8_t *owner, const struct lab_set *set)
{
        const struct lab_key *key = signer_of(zone->signing, set->type);
        struct rrsig rrsig = rrsig_fields(zone, owner, set, key);
        uint8_t rdata[RRSIG_FIXED_LEN + DNAME_MAX + KEY_SIGNATURE_MAX];
        uint8_t *data = lab_grow(NULL, signed_room(owner, set));
        size_t begin = rrsig_begin(&rrsig, rdata);
        size_t len = begin + lab_key_sign(key, data, signed_data(owner, set, rdata, begin, data), rdata + begin);

        free(data);
        flaw_signature(zone->signing, set->type, rdata, len);
        return signature_set(zone, set->ttl, rdata, len);
}

struct lab_set *lab_sign(struct lab_zone *zone, const uint8_t *owner, struct lab_set *set)
{
        if (set->signatures || !zone->signing || set->type == TYPE_RRSIG)
                return set->signatures;
        if (!flaw_leaves_unsigned(zone->signing, set->type))
                set->signatures = signature_make(zone, owner, set);
        return set->signatures;
}
