/*
 * Ranges: read, placed, compared.
 */
#include "cache/range.h"
#include "dnssec/bitmap.h"
#include "wire/message.h"
#include "wire/rrtype.h"
#include <string.h>

enum {
        HASH_SHA1 = 1,
        HASH_TEXT_LEN = 32,
        NARROW = 2, /* from hash - 1 to hash + 1: made for this one hash */
};

/* --- Signatures ------------------------------------------------------------------------------------------------- */

/*
 * Signed by the zone, as it stands: a signature over fewer labels than the owner has is that of a wildcard (RFC 4034
 * 3.1.3), whose range begins elsewhere.
 */
static bool is_signature_of(const struct rrsig *sig, const struct name *zone, const struct rrset *set)
{
        unsigned labels = set->owner.label_count - (unsigned)name_is_wildcard(&set->owner);

        return sig->covered == set->type && sig->labels == labels && name_equal(&sig->signer, zone);
}

static bool is_signed_by(const struct name *zone, const struct rrset *set)
{
        struct rrsig sig;

        for (unsigned i = 0; i < set->sig_count; i++) {
                if (!rrsig_read(&set->sigs[i], &sig) || !is_signature_of(&sig, zone, set))
                        return false;
        }
        return set->sig_count > 0;
}

uint32_t range_signed_for(const struct name *zone, const struct rrset *set, const struct moment *now)
{
        uint32_t least = UINT32_MAX;
        struct rrsig sig;

        if (!is_signed_by(zone, set))
                return 0;
        for (unsigned i = 0; i < set->sig_count && rrsig_read(&set->sigs[i], &sig); i++) {
                int32_t left = (int32_t)(sig.expiration - (uint32_t)now->wall_s); /* RFC 4034 3.1.5: serial numbers */

                if (left <= 0)
                        continue; /* not the one that was verified */
                if ((uint32_t)left < least)
                        least = (uint32_t)left;
                if (sig.original_ttl < least)
                        least = sig.original_ttl;
        }
        return least == UINT32_MAX ? 0 : least;
}

/* --- NSEC ------------------------------------------------------------------------------------------------------- */

/*
 * The next name of a range that was made up begins with the label 00 (RFC 9824, compact denial), or has a 00 behind its
 * first label (RFC 4470). No name that people give looks so.
 */
static bool is_made_up(const struct name *next)
{
        return next->label_count > 0 && next->wire[next->wire[0]] == 0;
}

static bool nsec_read(const struct name *zone, const struct rrset *set, struct range *out)
{
        struct reader reader = reader_over(set->rdata[0].bytes, set->rdata[0].len);

        if (!name_is_at_or_below(&set->owner, zone) || name_read(&reader, &out->next_name) != ERR_OK)
                return false;
        if (!name_is_at_or_below(&out->next_name, zone) || is_made_up(&out->next_name))
                return false;
        if (bitmap_has(reader.at, reader_left(&reader), TYPE_NXNAME))
                return false;
        out->from.len = name_sort_key(&set->owner, out->from.bytes);
        return true;
}

/* --- NSEC3 ------------------------------------------------------------------------------------------------------ */

/* RFC 4648 7: base32 with the extended hex alphabet, five bits a letter. */
static bool hash_read(const uint8_t text[HASH_TEXT_LEN], uint8_t out[NSEC3_HASH_LEN])
{
        uint32_t bits = 0;
        unsigned bit_count = 0;

        for (unsigned i = 0; i < HASH_TEXT_LEN; i++) {
                uint8_t letter = text[i] | 0x20; /* lower case; digits have this bit anyway */
                bool is_digit = text[i] >= '0' && text[i] <= '9';

                if (!is_digit && (letter < 'a' || letter > 'v'))
                        return false;
                bits = bits << 5 | (uint32_t)(is_digit ? letter - '0' : letter - 'a' + 10);
                bit_count += 5;
                if (bit_count >= 8) {
                        bit_count -= 8;
                        *out++ = (uint8_t)(bits >> bit_count);
                }
        }
        return true;
}

/* Is b at most NARROW behind a? Modulo 2^160: the last range of a zone goes round. */
static bool is_narrow(const uint8_t a[NSEC3_HASH_LEN], const uint8_t b[NSEC3_HASH_LEN])
{
        unsigned borrow = 0, last = 0;

        for (unsigned i = NSEC3_HASH_LEN; i-- > 0;) {
                unsigned difference = (unsigned)b[i] - a[i] - borrow;

                borrow = difference >> 8 & 1;
                difference &= 0xff;
                if (i == NSEC3_HASH_LEN - 1)
                        last = difference;
                else if (difference != 0)
                        return false;
        }
        return last > 0 && last <= NARROW; /* 0: the only name of its zone */
}

static bool nsec3_owner_read(const struct name *zone, const struct name *owner, struct range *out)
{
        if (owner->label_count != zone->label_count + 1 || !name_is_below(owner, zone))
                return false;
        if (owner->wire[0] != HASH_TEXT_LEN)
                return false;
        out->from.len = NSEC3_HASH_LEN;
        return hash_read(owner->wire + 1, out->from.bytes);
}

/* RFC 5155 3.2. Flags of 0: neither opt-out, whose ranges hold delegations, nor what nobody knows. */
static bool nsec3_read(const struct name *zone, const struct rrset *set, struct range *out)
{
        struct reader reader = reader_over(set->rdata[0].bytes, set->rdata[0].len);
        bool usable = read_u8(&reader) == HASH_SHA1;

        usable = read_u8(&reader) == 0 && usable;
        usable = read_u16(&reader) == 0 && usable; /* iterations, RFC 9276 3.1 */
        out->salt_len = read_u8(&reader);
        out->salt = read_bytes(&reader, out->salt_len);
        usable = read_u8(&reader) == NSEC3_HASH_LEN && usable;
        const uint8_t *next = read_bytes(&reader, NSEC3_HASH_LEN);
        if (!usable || !next || out->salt_len > DENYING_SALT_MAX || !nsec3_owner_read(zone, &set->owner, out))
                return false;
        memcpy(out->next_hash, next, NSEC3_HASH_LEN);
        return !is_narrow(out->from.bytes, next) && !bitmap_has(reader.at, reader_left(&reader), TYPE_NXNAME);
}

/* --- Both ------------------------------------------------------------------------------------------------------- */

bool range_read(const struct name *zone, const struct rrset *set, struct range *out)
{
        if (set->class != CLASS_IN || set->count != 1 || !is_signed_by(zone, set))
                return false;
        out->nsec3 = set->type == TYPE_NSEC3;
        if (out->nsec3)
                return nsec3_read(zone, set, out);
        out->salt_len = 0;
        return set->type == TYPE_NSEC && nsec_read(zone, set, out);
}

bool range_place(const struct denying_zone *zone, const struct name *name, struct range_point *out)
{
        uint8_t canonical[NAME_WIRE_MAX];

        if (!zone->nsec3) {
                out->len = name_sort_key(name, out->bytes);
                return true;
        }
        out->len = NSEC3_HASH_LEN;
        return crypto_nsec3_hash(canonical, name_canonical(name, canonical), zone->salt, zone->salt_len, 0, out->bytes);
}

bool range_begins_at(const struct range *range, const struct range_point *point)
{
        return range->from.len == point->len && memcmp(range->from.bytes, point->bytes, point->len) == 0;
}

bool range_covers_hash(const struct range *range, const struct range_point *hash)
{
        bool after = memcmp(range->from.bytes, hash->bytes, NSEC3_HASH_LEN) < 0;
        bool before = memcmp(hash->bytes, range->next_hash, NSEC3_HASH_LEN) < 0;
        bool is_last = memcmp(range->next_hash, range->from.bytes, NSEC3_HASH_LEN) <= 0;

        return is_last ? after || before : after && before;
}

bool range_is_of(const struct range *range, const struct denying_zone *zone)
{
        return range->nsec3 == zone->nsec3 && range->salt_len == zone->salt_len &&
               (range->salt_len == 0 || memcmp(range->salt, zone->salt, zone->salt_len) == 0);
}
