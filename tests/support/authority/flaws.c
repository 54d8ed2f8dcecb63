#include "flaws.h"
#include "sign.h"
#include <string.h>

enum { HOUR_S = 3600, DAY_S = 86400, DNSKEY_TTL = 3600, DS_TTL = 86400 };
enum {
        NEW_ALGORITHM = 200,
        NEW_DIGEST = 200,
        TRAP_KEYS = 20,
        TRAP_SIGNATURES = 20,
        JAM_SIGNATURES = 100,
        CRAM_KEYS = 60
};
enum { TRAP_DS = 40, KEY_FLAGS_AT = 0, KEY_PROTOCOL_AT = 2, RRSIG_TTL_AT = 4 };

static const struct {
        const char *name;
        enum { SPOILED, HOLDS } existing;
} flaws[FLAW_COUNT] = {
#define FLAW(constant, name, existing, help) [FLAW_##constant] = { name, existing },
#include "flaws.def"
#undef FLAW
};

bool flaw_named(const char *name, enum flaw *out)
{
        for (enum flaw flaw = FLAW_NONE; flaw < FLAW_COUNT; flaw++) {
                if (strcmp(flaws[flaw].name, name) == 0) {
                        *out = flaw;
                        return true;
                }
        }
        return false;
}

bool flaw_is_harmless(enum flaw flaw)
{
        return flaws[flaw].existing == HOLDS;
}

void flaw_keys(struct lab_signing *signing)
{
        if (signing->flaw == FLAW_NEW_ALGORITHM) {
                lab_key_change(&signing->key_key, 3, NEW_ALGORITHM);
                lab_key_change(&signing->zone_key, 3, NEW_ALGORITHM);
        }
        if (signing->flaw == FLAW_KEY_NOT_ZONE)
                lab_key_change(&signing->zone_key, KEY_FLAGS_AT, 0);
        if (signing->flaw == FLAW_KEY_PROTOCOL)
                lab_key_change(&signing->zone_key, KEY_PROTOCOL_AT, 4);
}

void flaw_more_keys(struct lab_zone *zone, uint64_t seed)
{
        const struct lab_signing *signing = zone->signing;
        unsigned wanted = signing->flaw == FLAW_KEY_TRAP ? TRAP_KEYS : signing->flaw == FLAW_LOCK_CRAM ? CRAM_KEYS : 0;
        struct lab_key key;

        for (unsigned made = 0; made < wanted;) {
                lab_key_init(&key, signing->algorithm, KEY_ZONE, ++seed, zone->apex);
                if (lab_key_collide(&key, signing->zone_key.tag)) {
                        lab_zone_add(zone, zone->apex, TYPE_DNSKEY, DNSKEY_TTL, key.rdata, key.rdata_len);
                        made++;
                }
                lab_key_fini(&key);
        }
}

void flaw_times(struct lab_signing *signing, uint32_t wall_s)
{
        if (signing->flaw == FLAW_EXPIRED) {
                signing->inception_s = wall_s - 33 * DAY_S;
                signing->expiration_s = wall_s - 3 * DAY_S;
        } else if (signing->flaw == FLAW_FUTURE) {
                signing->inception_s = wall_s + 10 * DAY_S;
                signing->expiration_s = wall_s + 40 * DAY_S;
        } else if (signing->flaw == FLAW_BACKWARDS) {
                signing->inception_s = wall_s + HOUR_S;
                signing->expiration_s = wall_s - HOUR_S;
        }
}

bool flaw_ds(struct lab_zone *parent, const struct lab_zone *child, uint8_t ds[36])
{
        enum flaw flaw = child->signing->flaw;

        if (flaw == FLAW_NEW_DIGEST)
                ds[3] = NEW_DIGEST;
        if (flaw == FLAW_WRONG_DS)
                ds[35] ^= 1;
        for (uint8_t i = 1; flaw == FLAW_DS_TRAP && i <= TRAP_DS; i++) {
                uint8_t other[36];
                memcpy(other, ds, sizeof other);
                other[4] ^= i;
                lab_zone_add(parent, child->apex, TYPE_DS, DS_TTL, other, sizeof other);
        }
        return flaw != FLAW_NO_DS;
}

bool flaw_leaves_unsigned(const struct lab_signing *signing, uint16_t type)
{
        bool keys = type == TYPE_DNSKEY;

        return signing->flaw == FLAW_STRIPPED || (signing->flaw == FLAW_KEYS_UNSIGNED && keys) ||
               (signing->flaw == FLAW_UNSIGNED && !keys);
}

void flaw_fields(const struct lab_signing *signing, struct rrsig *rrsig)
{
        if (rrsig->type == TYPE_DNSKEY)
                return;
        if (signing->flaw == FLAW_WRONG_SIGNER)
                rrsig->signer += 1 + *rrsig->signer;
        if (signing->flaw == FLAW_WRONG_LABELS && rrsig->labels)
                rrsig->labels--;
        if (signing->flaw == FLAW_MORE_LABELS)
                rrsig->labels++;
        if (signing->flaw == FLAW_WRONG_TYPE)
                rrsig->type = TYPE_TXT;
        if (signing->flaw == FLAW_WRONG_TAG)
                rrsig->tag ^= 1;
        if (signing->flaw == FLAW_WRONG_ALGORITHM)
                rrsig->algorithm = rrsig->algorithm == 8 ? 13 : 8;
}

void flaw_signature(const struct lab_signing *signing, uint16_t type, uint8_t *rdata, size_t len)
{
        if (type == TYPE_DNSKEY)
                return;
        if (signing->flaw == FLAW_BOGUS)
                rdata[len - 1] ^= 1;
        if (signing->flaw == FLAW_WRONG_TTL)
                rdata[RRSIG_TTL_AT + 3] ^= 1;
}

uint16_t flaw_false_signatures(const struct lab_signing *signing)
{
        return signing->flaw == FLAW_KEY_TRAP ? TRAP_SIGNATURES : signing->flaw == FLAW_SIG_JAM ? JAM_SIGNATURES : 0;
}
