#include "sign.h"
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, DNSKEY_TTL = 3600, DS_TTL = 86400, RRSIG_FIXED_LEN = 18 };
enum { NEW_ALGORITHM = 200, NEW_DIGEST = 200, SIGNED_DATA_MAX = 1 << 20 };

static const char *const flaw_names[FLAW_COUNT] = {
#define FLAW(constant, name, help) [FLAW_##constant] = name,
#include "flaws.def"
#undef FLAW
};

static struct lab_signing *signing_of(struct lab_zone *zone)
{
        if (!zone->signing)
                zone->signing = lab_alloc(zone->pool, sizeof *zone->signing);
        return zone->signing;
}

static bool flaw_option(struct lab_signing *signing, const char *name)
{
        for (enum flaw flaw = FLAW_NONE; flaw < FLAW_COUNT; flaw++) {
                if (strcmp(flaw_names[flaw], name) == 0) {
                        signing->flaw = flaw;
                        return true;
                }
        }
        return false;
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
                return flaw_option(signing, value);
        else
                return false;
        return true;
}

static void times_set(struct lab_signing *signing, uint32_t wall_s)
{
        signing->inception_s = wall_s - DAY_S / 24;
        signing->expiration_s = wall_s + 30 * DAY_S;
        if (signing->flaw == FLAW_EXPIRED) {
                signing->inception_s = wall_s - 31 * DAY_S;
                signing->expiration_s = wall_s - DAY_S;
        } else if (signing->flaw == FLAW_FUTURE) {
                signing->inception_s = wall_s + 10 * DAY_S;
                signing->expiration_s = wall_s + 40 * DAY_S;
        }
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
        times_set(signing, settings->wall_s);
        if (signing->flaw == FLAW_NEW_ALGORITHM) {
                lab_key_pretend(&signing->key_key, NEW_ALGORITHM);
                lab_key_pretend(&signing->zone_key, NEW_ALGORITHM);
        }
        if (signing->flaw == FLAW_STRIPPED)
                return true;
        const struct lab_key *keys[] = { &signing->key_key, &signing->zone_key };
        for (unsigned i = 0; i < 2; i++)
                lab_zone_add(zone, zone->apex, TYPE_DNSKEY, DNSKEY_TTL, keys[i]->rdata, keys[i]->rdata_len);
        if (signing->denial != DENIAL_NSEC)
                parameters_add(zone);
        return true;
}

void sign_delegate(struct lab_zone *parent, const struct lab_zone *child)
{
        uint8_t ds[36];

        if (child->signing->flaw == FLAW_NO_DS)
                return;
        lab_key_ds(&child->signing->key_key, child->apex, ds);
        if (child->signing->flaw == FLAW_NEW_DIGEST)
                ds[3] = NEW_DIGEST;
        if (child->signing->flaw == FLAW_WRONG_DS)
                ds[35] ^= 1;
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

/* The RRSIG's data up to the signature (RFC 4034 section 3.1); returns its length. */
static size_t rrsig_begin(const struct lab_zone *zone, const uint8_t *owner, const struct lab_set *set,
                          const struct lab_key *key, uint8_t *out)
{
        const struct lab_signing *signing = zone->signing;
        const uint8_t *signer = zone->apex;
        unsigned labels = dname_labels(owner) - dname_is_wildcard(owner);
        uint8_t *at = store16(out, set->type);

        if (signing->flaw == FLAW_WRONG_LABELS && labels && set->type != TYPE_DNSKEY)
                labels--;
        if (signing->flaw == FLAW_WRONG_SIGNER && set->type != TYPE_DNSKEY)
                signer = dname_strip(signer, 1);
        *at++ = key->rdata[3];
        *at++ = (uint8_t)labels;
        at = store32(at, set->ttl);
        at = store32(at, signing->expiration_s);
        at = store32(at, signing->inception_s);
        at = store16(at, key->tag);
        return RRSIG_FIXED_LEN + dname_lower(signer, at);
}

static int canonical_order(const void *left, const void *right)
{
        const struct lab_rdata *a = left, *b = right;
        int difference = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

        return difference ? difference : (int)a->len - (int)b->len;
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
        uint8_t *canonical = lab_grow(NULL, SIGNED_DATA_MAX);
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

static struct lab_set *signature_make(struct lab_zone *zone, const uint8_t *owner, const struct lab_set *set)
{
        const struct lab_signing *signing = zone->signing;
        const struct lab_key *key = set->type == TYPE_DNSKEY ? &signing->key_key : &signing->zone_key;
        uint8_t rdata[RRSIG_FIXED_LEN + DNAME_MAX + KEY_SIGNATURE_MAX];
        uint8_t *data = lab_grow(NULL, SIGNED_DATA_MAX);
        size_t begin = rrsig_begin(zone, owner, set, key, rdata);
        size_t len = begin + lab_key_sign(key, data, signed_data(owner, set, rdata, begin, data), rdata + begin);

        free(data);
        if (signing->flaw == FLAW_BOGUS && set->type != TYPE_DNSKEY)
                rdata[len - 1] ^= 1;
        struct lab_set *signatures = lab_set_new(zone->pool, TYPE_RRSIG, set->ttl, 1);
        signatures->data[0].bytes = lab_copy(zone->pool, rdata, len);
        signatures->data[0].len = (uint16_t)len;
        return signatures;
}

struct lab_set *lab_sign(struct lab_zone *zone, const uint8_t *owner, struct lab_set *set)
{
        if (!set->signatures && zone->signing && zone->signing->flaw != FLAW_STRIPPED && set->type != TYPE_RRSIG)
                set->signatures = signature_make(zone, owner, set);
        return set->signatures;
}
