/*
 * The matrix of signatures: a set, freshly signed, with one thing changed. Nothing is accepted that must not be,
 * nothing refused that must be, and the extended error tells why. The matrices of absence are in nsec.c and nsec3.c.
 *
 * "By the zone" means that the change was made before signing: the zone itself is hostile, or odd. "On the way" means
 * that it was made afterwards, by somebody without the key.
 */
#include "fixture.h"
#include <stdio.h>

#define GOOD VERIFY_GOOD
#define BAD  VERIFY_BAD

#define WWW  "www.example. 300 A 192.0.2.1"
#define DEEP "a.b.c.example. 300 A 192.0.2.1"

static void assert_verdict(const struct fixture *f, const char *what, enum verify_result got,
                           enum verify_result expected, uint16_t ede)
{
        (void)fixture_cases(1);
        if (got != expected)
                fail_msg("%s: %s (%s)", what, got == VERIFY_GOOD ? "accepted" : "refused", f->prover.why.text);
        if (f->prover.why.ede != ede)
                fail_msg("%s: extended error %u instead of %u (%s)", what, f->prover.why.ede, ede, f->prover.why.text);
        if (got == BAD && !f->prover.why.text[0])
                fail_msg("%s: no reason is given", what);
}

/* --- The fields of an RRSIG --------------------------------------------------------------------------------------- */

enum field { NONE, COVERED, ALGORITHM, LABELS, TTL, BEGIN, END, TAG, SIGNER, BITS };
enum when { BY_THE_ZONE, ON_THE_WAY };

struct field_row {
        const char *zone, *set;
        enum field field;
        uint32_t number;
        const char *signer;
        enum when when;
        enum verify_result expected;
        uint16_t ede;
        bool wildcard;
};

static const struct field_row field_row[] = {
        {"example.", WWW, NONE, 0, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"EXAMPLE.", WWW, NONE, 0, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {".", "com. 300 A 192.0.2.1", NONE, 0, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},

        {"example.", WWW, COVERED, TYPE_AAAA, NULL, BY_THE_ZONE, BAD, EDE_RRSIGS_MISSING, false},
        {"example.", WWW, COVERED, TYPE_AAAA, NULL, ON_THE_WAY, BAD, EDE_RRSIGS_MISSING, false},
        {"example.", WWW, COVERED, 0, NULL, BY_THE_ZONE, BAD, EDE_RRSIGS_MISSING, false},
        {"example.", WWW, COVERED, TYPE_ANY, NULL, BY_THE_ZONE, BAD, EDE_RRSIGS_MISSING, false},

        {"example.", WWW, ALGORITHM, 0, NULL, BY_THE_ZONE, BAD, EDE_DNSKEY_MISSING, false},
        {"example.", WWW, ALGORITHM, 8, NULL, BY_THE_ZONE, BAD, EDE_DNSKEY_MISSING, false},
        {"example.", WWW, ALGORITHM, 13, NULL, BY_THE_ZONE, BAD, EDE_DNSKEY_MISSING, false},
        {"example.", WWW, ALGORITHM, 16, NULL, ON_THE_WAY, BAD, EDE_DNSKEY_MISSING, false},
        {"example.", WWW, ALGORITHM, 253, NULL, ON_THE_WAY, BAD, EDE_DNSKEY_MISSING, false},
        {"example.", WWW, ALGORITHM, 255, NULL, BY_THE_ZONE, BAD, EDE_DNSKEY_MISSING, false},

        /* RFC 4034 3.1.3, RFC 4035 5.3.1: from what the signer has to what the owner has. */
        {"example.", WWW, LABELS, 0, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", WWW, LABELS, 1, NULL, BY_THE_ZONE, GOOD, EDE_NONE, true},
        {"example.", WWW, LABELS, 2, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", WWW, LABELS, 3, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", WWW, LABELS, 255, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", WWW, LABELS, 0, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, LABELS, 1, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, LABELS, 3, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", DEEP, LABELS, 0, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", DEEP, LABELS, 1, NULL, BY_THE_ZONE, GOOD, EDE_NONE, true},
        {"example.", DEEP, LABELS, 2, NULL, BY_THE_ZONE, GOOD, EDE_NONE, true},
        {"example.", DEEP, LABELS, 3, NULL, BY_THE_ZONE, GOOD, EDE_NONE, true},
        {"example.", DEEP, LABELS, 4, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", DEEP, LABELS, 5, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", DEEP, LABELS, 0, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", DEEP, LABELS, 1, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", DEEP, LABELS, 2, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", DEEP, LABELS, 3, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", DEEP, LABELS, 5, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"c.example.", DEEP, LABELS, 1, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"c.example.", DEEP, LABELS, 2, NULL, BY_THE_ZONE, GOOD, EDE_NONE, true},
        {"example.", "*.example. 300 A 192.0.2.1", LABELS, 1, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", "*.example. 300 A 192.0.2.1", LABELS, 0, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", "*.example. 300 A 192.0.2.1", LABELS, 2, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", "*.b.example. 300 A 192.0.2.1", LABELS, 1, NULL, BY_THE_ZONE, GOOD, EDE_NONE, true},
        {"example.", "a.*.example. 300 A 192.0.2.1", LABELS, 3, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", "a.*.example. 300 A 192.0.2.1", LABELS, 2, NULL, BY_THE_ZONE, GOOD, EDE_NONE, true},
        {"example.", "example. 300 A 192.0.2.1", LABELS, 1, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", "example. 300 A 192.0.2.1", LABELS, 0, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {".", "com. 300 A 192.0.2.1", LABELS, 0, NULL, BY_THE_ZONE, GOOD, EDE_NONE, true},
        {".", ". 300 NS a.root.", LABELS, 0, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {".", ". 300 NS a.root.", LABELS, 1, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},

        {"example.", WWW, TTL, 60, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", WWW, TTL, 0, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", WWW, TTL, UINT32_MAX, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", WWW, TTL, 301, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, TTL, 0, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},

        /* Times that are fine, but not those that were signed. */
        {"example.", WWW, BEGIN, 1, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", WWW, BEGIN, 1, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, BEGIN, -1U, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, END, 1, NULL, BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", WWW, END, 1, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, END, -1U, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},

        /* The signature itself: a bit of its first, a middle, its last byte; too short, too long, none. */
        {"example.", WWW, BITS, 0, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, BITS, 32, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, BITS, 63, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, BITS, 64, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, BITS, 65, NULL, ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, BITS, 66, NULL, ON_THE_WAY, BAD, EDE_RRSIGS_MISSING, false},

        {"example.", WWW, TAG, 1, NULL, BY_THE_ZONE, BAD, EDE_DNSKEY_MISSING, false},
        {"example.", WWW, TAG, 1, NULL, ON_THE_WAY, BAD, EDE_DNSKEY_MISSING, false},

        /* The signer: above, below, beside, nearly. */
        {"example.", WWW, SIGNER, 0, ".", BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", WWW, SIGNER, 0, ".", ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, SIGNER, 0, "www.example.", BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", WWW, SIGNER, 0, "www.example.", ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, SIGNER, 0, "x.www.example.", BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", WWW, SIGNER, 0, "sibling.", BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", WWW, SIGNER, 0, "sibling.", ON_THE_WAY, BAD, EDE_BOGUS, false},
        {"example.", WWW, SIGNER, 0, "*.example.", BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", WWW, SIGNER, 0, "xample.", BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", WWW, SIGNER, 0, "eXampLe.", BY_THE_ZONE, GOOD, EDE_NONE, false},
        {"example.", WWW, SIGNER, 0, "eXampLe.", ON_THE_WAY, GOOD, EDE_NONE, false},
        /*
         * The owner: a zone's keys are good for its own names alone (ldns: "All OK" to evil.example over
         * www.bank.test).
         */
        {"example.", "www.bank.test. 300 A 192.0.2.1", NONE, 0, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"example.", "xexample. 300 A 192.0.2.1", NONE, 0, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"b.example.", "example. 300 A 192.0.2.1", NONE, 0, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
        {"b.example.", "a.example. 300 A 192.0.2.1", NONE, 0, NULL, BY_THE_ZONE, BAD, EDE_BOGUS, false},
};

static void set_field(struct fixture *f, struct signer_fields *fields, const struct field_row *row)
{
        switch (row->field) {
        case NONE: break;
        case COVERED: fields->covered = (uint16_t)row->number; break;
        case ALGORITHM: fields->algorithm = (uint8_t)row->number; break;
        case LABELS: fields->labels = (uint8_t)row->number; break;
        case TTL: fields->original_ttl = row->number; break;
        case BEGIN: fields->inception += row->number; break;
        case END: fields->expiration += row->number; break;
        case TAG: fields->key_tag = (uint16_t)(fields->key_tag + row->number); break;
        case SIGNER: fields->signer = signer_name(&f->arena, row->signer); break;
        case BITS: break;
        }
}

/* One bit of the byte with this number; behind the last: a byte less, a byte more, no byte at all. */
static struct rdata spoil(struct fixture *f, const struct rdata *signature, uint32_t number)
{
        struct rdata spoilt = *signature;
        uint8_t *bytes = arena_alloc(&f->arena, signature->len + 1u);

        memcpy(bytes, signature->bytes, signature->len);
        spoilt.bytes = bytes;
        if (number < signature->len)
                bytes[number] ^= 0x10;
        else
                spoilt.len = number == 64 ? signature->len - 1 : number == 65 ? signature->len + 1 : 0;
        return spoilt;
}

static void test_fields(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(field_row); i++) {
                const struct field_row *row = &field_row[i];
                struct name zone = signer_name(&f->arena, row->zone);
                struct rrset set = signer_set(&f->arena, row->set);
                struct signer_fields fields = signer_fields(&set, &f->key, &zone, INCEPTION, EXPIRATION);
                char what[64];

                if (row->when == BY_THE_ZONE)
                        set_field(f, &fields, row);
                struct rdata signature = signer_sign(&f->arena, &set, &fields, &f->key);
                if (row->when == ON_THE_WAY)
                        set_field(f, &fields, row);
                if (row->field == BITS)
                        signature = spoil(f, &signature, row->number);
                struct rdata rrsig = signer_rrsig(&f->arena, &fields, &signature);
                signer_add(&f->arena, &set, &rrsig);
                f->keys.zone = zone;
                prover_next_question(&f->prover);
                snprintf(what, sizeof what, "field row %zu", i);
                assert_verdict(f, what, prover_set(&f->prover, &set, &f->keys), row->expected, row->ede);
                if (row->expected == GOOD)
                        assert_int_equal(f->prover.verified.wildcard, row->wildcard);
        }
}

/* --- Times -------------------------------------------------------------------------------------------------------- */

enum { T2038 = 0x7fffffff };
#define T2106 0xffffffffU

/* now, inception, expiration; the life that is left to a TTL of 300. */
static const struct {
        const char *what;
        uint64_t now;
        uint32_t inception, expiration;
        enum verify_result expected;
        uint16_t ede;
        uint32_t ttl;
} time_row[] = {
        {"in the middle", NOW, NOW - DAY, NOW + DAY, GOOD, EDE_NONE, 300},
        {"100 s left", NOW, NOW - DAY, NOW + 100, GOOD, EDE_NONE, 100},
        {"the last second", NOW, NOW - DAY, NOW, GOOD, EDE_NONE, 0},
        {"the first second", NOW, NOW, NOW + DAY, GOOD, EDE_NONE, 300},
        /* Skew: a tenth of the validity, from an hour to a day. */
        {"expired for an hour of a day", NOW, NOW - HOUR - DAY, NOW - HOUR, GOOD, EDE_NONE, 0},
        {"expired for a tenth of a day", NOW, NOW - 8640 - DAY, NOW - 8640, GOOD, EDE_NONE, 0},
        {"expired for more than that", NOW, NOW - 8641 - DAY, NOW - 8641, BAD, EDE_SIGNATURE_EXPIRED, 0},
        {"expired for an hour of a minute", NOW, NOW - HOUR - 60, NOW - HOUR, GOOD, EDE_NONE, 0},
        {"and a second", NOW, NOW - HOUR - 61, NOW - HOUR - 1, BAD, EDE_SIGNATURE_EXPIRED, 0},
        {"expired for a day of a year", NOW, NOW - 366 * DAY, NOW - DAY, GOOD, EDE_NONE, 0},
        {"for a day and a second", NOW, NOW - 366 * DAY, NOW - DAY - 1, BAD, EDE_SIGNATURE_EXPIRED, 0},
        {"expired for a year", NOW, NOW - 400 * DAY, NOW - 366 * DAY, BAD, EDE_SIGNATURE_EXPIRED, 0},
        {"an hour too early", NOW, NOW + HOUR, NOW + HOUR + 60, GOOD, EDE_NONE, 300},
        {"and a second early", NOW, NOW + HOUR + 1, NOW + HOUR + 61, BAD, EDE_SIGNATURE_NOT_YET, 0},
        {"a day early for a year", NOW, NOW + DAY, NOW + 366 * DAY, GOOD, EDE_NONE, 300},
        {"and a second early for a year", NOW, NOW + DAY + 1, NOW + 366 * DAY, BAD, EDE_SIGNATURE_NOT_YET, 0},
        {"a year early", NOW, NOW + 366 * DAY, NOW + 400 * DAY, BAD, EDE_SIGNATURE_NOT_YET, 0},
        {"no length at all", NOW, NOW, NOW, GOOD, EDE_NONE, 0},
        {"the wrong way round", NOW, NOW + DAY, NOW - DAY, BAD, EDE_SIGNATURE_BEFORE, 0},
        {"the wrong way round by a second", NOW, NOW + 1, NOW, BAD, EDE_SIGNATURE_BEFORE, 0},
        /* Serial arithmetic, RFC 4034 3.1.5: 68 years each way. */
        {"longer than 68 years", NOW, NOW - DAY, NOW - DAY + 0x80000000U, BAD, EDE_SIGNATURE_BEFORE, 0},
        {"just 68 years", NOW, NOW - DAY, NOW - DAY + 0x7fffffffU, GOOD, EDE_NONE, 300},
        {"zeroes", NOW, 0, 0, BAD, EDE_SIGNATURE_EXPIRED, 0},
        {"ones", NOW, T2106, T2106, BAD, EDE_SIGNATURE_EXPIRED, 0},
        /* 2038: the sign bit of a signed reader. */
        {"before 2038, ends after", T2038 - 10U, T2038 - DAY, T2038 + 100U, GOOD, EDE_NONE, 110},
        {"in 2038", T2038, T2038 - DAY, T2038 + 100U, GOOD, EDE_NONE, 100},
        {"after 2038, begun before", T2038 + 50U, T2038 - DAY, T2038 + 100U, GOOD, EDE_NONE, 50},
        {"after 2038, begun after", T2038 + 9U * DAY, T2038 + 8U * DAY, T2038 + 10U * DAY, GOOD, EDE_NONE, 300},
        {"after 2038, expired before", T2038 + 9U * DAY, T2038 - 2U * DAY, T2038 - 1U * DAY, BAD, EDE_SIGNATURE_EXPIRED,
         0},
        {"before 2038, begins after", T2038 - 9U * DAY, T2038 + 1U, T2038 + 1U * DAY, BAD, EDE_SIGNATURE_NOT_YET, 0},
        /* 2106: the numbers begin again, the clock does not. */
        {"before 2106, ends after", T2106 - 10ULL, T2106 - DAY, 100, GOOD, EDE_NONE, 111},
        {"after 2106, begun before", T2106 + 50ULL, T2106 - DAY, 100, GOOD, EDE_NONE, 51},
        {"after 2106, begun after", T2106 + 1ULL + 9 * DAY, 8 * DAY, 10 * DAY, GOOD, EDE_NONE, 300},
        {"after 2106, expired before", T2106 + 9ULL * DAY, T2106 - 2U * DAY, T2106 - 1U * DAY, BAD,
         EDE_SIGNATURE_EXPIRED, 0},
        {"before 2106, begins after", T2106 - 9ULL * DAY, 1, DAY, BAD, EDE_SIGNATURE_NOT_YET, 0},
        {"a clock at 1970", 10, NOW - DAY, NOW + DAY, BAD, EDE_SIGNATURE_NOT_YET, 0},
        {"a clock a year behind", NOW - 366 * DAY, NOW - DAY, NOW + DAY, BAD, EDE_SIGNATURE_NOT_YET, 0},
        {"a clock a year ahead", NOW + 366 * DAY, NOW - DAY, NOW + DAY, BAD, EDE_SIGNATURE_EXPIRED, 0},
};

static void test_times(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(time_row); i++) {
                struct rrset set = signer_set(&f->arena, WWW);

                signer_sign_set(&f->arena, &set, &f->key, &f->zone, time_row[i].inception, time_row[i].expiration);
                f->prover.wall_s = time_row[i].now;
                prover_next_question(&f->prover);
                assert_verdict(f, time_row[i].what, prover_set(&f->prover, &set, &f->keys), time_row[i].expected,
                               time_row[i].ede);
                if (time_row[i].expected == GOOD && f->prover.verified.ttl != time_row[i].ttl)
                        fail_msg("%s: TTL %u", time_row[i].what, f->prover.verified.ttl);
                if (time_row[i].expected == BAD)
                        assert_int_equal(f->prover.checks, 0); /* the clock is cheaper than the key */
        }
}

/* --- The records -------------------------------------------------------------------------------------------------- */

/* What was signed, and what arrives. */
static const struct {
        const char *what, *before, *after;
        enum verify_result expected;
} data_row[] = {
        {"the owner in capitals", WWW, "WWW.Example. 300 A 192.0.2.1", GOOD},
        {"a shorter TTL", WWW, "www.example. 7 A 192.0.2.1", GOOD},
        {"a longer TTL", WWW, "www.example. 9999 A 192.0.2.1", GOOD},
        {"another address", WWW, "www.example. 300 A 192.0.2.2", BAD},
        {"another owner", WWW, "ww.example. 300 A 192.0.2.1", BAD},
        {"the owner's child", WWW, "a.www.example. 300 A 192.0.2.1", BAD},
        {"another class", WWW, "www.example. 300 CH A 192.0.2.1", BAD},
        {"a record more", WWW, WWW "\nwww.example. 300 A 192.0.2.2", BAD},
        {"a record less", WWW "\nwww.example. 300 A 192.0.2.2", WWW, BAD},
        {"the records the other way round", "a.example. TXT b\na.example. TXT a", "a.example. TXT a\na.example. TXT b",
         GOOD},
        {"a record twice", WWW, WWW "\n" WWW, GOOD},
        {"shorter before longer", "a.example. TXT a\na.example. TXT a b", "a.example. TXT a b\na.example. TXT a", GOOD},
        {"NS in capitals", "example. NS ns.example.", "example. NS NS.EXAMPLE.", GOOD},
        {"NS twice but for case", "example. NS ns.example.", "example. NS ns.example.\nexample. NS NS.example.", GOOD},
        {"and signed so", "example. NS ns.example.\nexample. NS NS.example.", "example. NS ns.example.", GOOD},
        {"case that would change the order", "example. NS B.example.\nexample. NS a.example.",
         "example. NS b.example.\nexample. NS A.example.", GOOD},
        {"CNAME in capitals", "a.example. CNAME b.example.", "a.example. CNAME B.example.", GOOD},
        {"DNAME in capitals", "a.example. DNAME b.example.", "a.example. DNAME B.example.", GOOD},
        {"PTR in capitals", "a.example. PTR b.example.", "a.example. PTR B.example.", GOOD},
        {"MX in capitals", "a.example. MX 10 b.example.", "a.example. MX 10 B.example.", GOOD},
        {"MX of another preference", "a.example. MX 10 b.example.", "a.example. MX 11 b.example.", BAD},
        {"SRV in capitals", "a.example. SRV 1 2 3 b.example.", "a.example. SRV 1 2 3 B.example.", GOOD},
        {"SOA in capitals", "example. SOA ns.example. r.example. 1 2 3 4 5",
         "example. SOA NS.example. R.example. 1 2 3 4 5", GOOD},
        {"SOA of another serial", "example. SOA ns.example. r.example. 1 2 3 4 5",
         "example. SOA ns.example. r.example. 2 2 3 4 5", BAD},
        {"TXT in capitals", "a.example. TXT text", "a.example. TXT TEXT", BAD},
        {"HINFO in capitals", "a.example. HINFO pc os", "a.example. HINFO PC os", BAD},
        /* RFC 6840 5.1: the next name of NSEC keeps its case. */
        {"NSEC in capitals", "a.example. NSEC b.example. A RRSIG NSEC", "a.example. NSEC B.example. A RRSIG NSEC", BAD},
        {"NSEC in capitals as signed", "a.example. NSEC B.example. A", "a.example. NSEC B.example. A", GOOD},
        {"NSEC with another bitmap", "a.example. NSEC b.example. A RRSIG NSEC", "a.example. NSEC b.example. RRSIG NSEC",
         BAD},
        {"HTTPS in capitals", "a.example. HTTPS 1 b.example.", "a.example. HTTPS 1 B.example.", BAD},
        {"HTTPS in capitals as signed", "a.example. HTTPS 1 B.example.", "a.example. HTTPS 1 B.example.", GOOD},
        {"an unknown type", "a.example. TYPE65280 \\# 3 414243", "a.example. TYPE65280 \\# 3 614243", BAD},
        {"a wildcard that arrives as itself", "*.example. 300 A 192.0.2.1", "*.example. 300 A 192.0.2.1", GOOD},
        {"a wildcard that arrives expanded", "*.example. 300 A 192.0.2.1", "x.y.example. 300 A 192.0.2.1", GOOD},
        {"a wildcard of another branch", "*.b.example. 300 A 192.0.2.1", "x.c.example. 300 A 192.0.2.1", BAD},
        {"its closest encloser", "*.b.example. 300 A 192.0.2.1", "b.example. 300 A 192.0.2.1", BAD},
};

static void test_data(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(data_row); i++) {
                struct rrset before = signed_set(f, data_row[i].before);
                struct rrset after = signer_set(&f->arena, data_row[i].after);

                signer_add(&f->arena, &after, &before.sigs[0]);
                prover_next_question(&f->prover);
                assert_verdict(f, data_row[i].what, prover_set(&f->prover, &after, &f->keys), data_row[i].expected,
                               data_row[i].expected == GOOD ? EDE_NONE : EDE_BOGUS);
        }
}

/* --- Several signatures ------------------------------------------------------------------------------------------- */

enum sig_kind { SIG_END, SIG_GOOD, SIG_BROKEN, SIG_EXPIRED, SIG_EARLY, SIG_NO_KEY, SIG_UNKNOWN, SIG_FOREIGN, SIG_CUT };

static const struct {
        const char *what;
        enum sig_kind sigs[9];
        enum verify_result expected;
        uint16_t ede;
        unsigned checks;
} sigs_row[] = {
        {"none", {SIG_END}, BAD, EDE_RRSIGS_MISSING, 0},
        {"two good ones", {SIG_GOOD, SIG_GOOD}, GOOD, EDE_NONE, 1},
        {"broken, good", {SIG_BROKEN, SIG_GOOD}, GOOD, EDE_NONE, 2},
        {"expired, good", {SIG_EXPIRED, SIG_GOOD}, GOOD, EDE_NONE, 1},
        {"early, good", {SIG_EARLY, SIG_GOOD}, GOOD, EDE_NONE, 1},
        {"unreadable, good", {SIG_CUT, SIG_GOOD}, GOOD, EDE_NONE, 1},
        {"unreadable", {SIG_CUT}, BAD, EDE_RRSIGS_MISSING, 0},
        {"seven without a key, good",
         {SIG_NO_KEY, SIG_NO_KEY, SIG_NO_KEY, SIG_NO_KEY, SIG_NO_KEY, SIG_NO_KEY, SIG_NO_KEY, SIG_GOOD},
         GOOD,
         EDE_NONE,
         1},
        {"seven of an unknown algorithm, good",
         {SIG_UNKNOWN, SIG_UNKNOWN, SIG_UNKNOWN, SIG_UNKNOWN, SIG_UNKNOWN, SIG_UNKNOWN, SIG_UNKNOWN, SIG_GOOD},
         GOOD,
         EDE_NONE,
         1},
        {"seven expired, good",
         {SIG_EXPIRED, SIG_EXPIRED, SIG_EXPIRED, SIG_EXPIRED, SIG_EXPIRED, SIG_EXPIRED, SIG_EXPIRED, SIG_GOOD},
         GOOD,
         EDE_NONE,
         1},
        {"three broken, good", {SIG_BROKEN, SIG_BROKEN, SIG_BROKEN, SIG_GOOD}, GOOD, EDE_NONE, 4},
        {"four broken, good", {SIG_BROKEN, SIG_BROKEN, SIG_BROKEN, SIG_BROKEN, SIG_GOOD}, BAD, EDE_BOGUS, 4},
        /* The most telling reason wins. */
        {"foreign", {SIG_FOREIGN}, BAD, EDE_BOGUS, 0},
        {"no key", {SIG_NO_KEY}, BAD, EDE_DNSKEY_MISSING, 0},
        {"no key, broken", {SIG_NO_KEY, SIG_BROKEN}, BAD, EDE_BOGUS, 1},
        {"broken, expired", {SIG_BROKEN, SIG_EXPIRED}, BAD, EDE_SIGNATURE_EXPIRED, 1},
        {"early, broken, no key", {SIG_EARLY, SIG_BROKEN, SIG_NO_KEY}, BAD, EDE_SIGNATURE_NOT_YET, 1},
        {"foreign, no key", {SIG_FOREIGN, SIG_NO_KEY}, BAD, EDE_DNSKEY_MISSING, 0},
};

/* The n makes each broken signature another one. */
static void add_signature(struct fixture *f, struct rrset *set, enum sig_kind kind, unsigned n)
{
        struct signer_fields fields = signer_fields(set, &f->key, &f->zone, INCEPTION, EXPIRATION);

        if (kind == SIG_EXPIRED)
                fields.inception = NOW - 9 * DAY, fields.expiration = NOW - 2 * DAY;
        if (kind == SIG_EARLY)
                fields.inception = NOW + 2 * DAY, fields.expiration = NOW + 9 * DAY;
        if (kind == SIG_NO_KEY)
                fields.key_tag = (uint16_t)(fields.key_tag + 1 + n);
        if (kind == SIG_UNKNOWN)
                fields.algorithm = (uint8_t)(200 + n);
        if (kind == SIG_FOREIGN)
                fields.signer = name_root;
        struct rdata signature = signer_sign(&f->arena, set, &fields, &f->key);
        if (kind == SIG_BROKEN)
                fields.original_ttl += n + 1;
        struct rdata rrsig = signer_rrsig(&f->arena, &fields, &signature);
        if (kind == SIG_CUT)
                rrsig.len = (uint16_t)(18 + f->zone.len); /* no signature at all */
        signer_add(&f->arena, set, &rrsig);
}

static void test_several_signatures(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(sigs_row); i++) {
                char text[64];

                snprintf(text, sizeof text, "s%zu.example. 300 A 192.0.2.1", i);
                struct rrset set = signer_set(&f->arena, text);
                for (unsigned n = 0; sigs_row[i].sigs[n] != SIG_END; n++)
                        add_signature(f, &set, sigs_row[i].sigs[n], n);
                prover_next_question(&f->prover);
                assert_verdict(f, sigs_row[i].what, prover_set(&f->prover, &set, &f->keys), sigs_row[i].expected,
                               sigs_row[i].ede);
                assert_int_equal(f->prover.checks, sigs_row[i].checks);
        }
}

/* --- The keys of a zone ------------------------------------------------------------------------------------------- */

/* What is published beside, before or instead of the key that signs. */
static const struct {
        const char *what;
        uint16_t flags;
        uint8_t protocol, algorithm;
        unsigned collide_before, collide_after;
        enum verify_result expected;
        uint16_t ede;
} key_row[] = {
        {"a zone key", SIGNER_ZONE, 3, 15, 0, 0, GOOD, EDE_NONE},
        {"a key signing key", SIGNER_ZONE | SIGNER_SEP, 3, 15, 0, 0, GOOD, EDE_NONE},
        {"other flags", SIGNER_ZONE | 0xfe7e, 3, 15, 0, 0, GOOD, EDE_NONE},
        {"no zone bit", 0, 3, 15, 0, 0, BAD, EDE_NO_ZONE_KEY},
        {"no zone bit but SEP", SIGNER_SEP, 3, 15, 0, 0, BAD, EDE_NO_ZONE_KEY},
        {"revoked", SIGNER_ZONE | SIGNER_REVOKE, 3, 15, 0, 0, BAD, EDE_DNSKEY_MISSING},
        {"revoked key signing key", SIGNER_ZONE | SIGNER_REVOKE | SIGNER_SEP, 3, 15, 0, 0, BAD, EDE_DNSKEY_MISSING},
        {"protocol 0", SIGNER_ZONE, 0, 15, 0, 0, BAD, EDE_DNSKEY_MISSING},
        {"protocol 2", SIGNER_ZONE, 2, 15, 0, 0, BAD, EDE_DNSKEY_MISSING},
        {"protocol 255", SIGNER_ZONE, 255, 15, 0, 0, BAD, EDE_DNSKEY_MISSING},
        {"one key with the same tag before it", SIGNER_ZONE, 3, 15, 1, 0, GOOD, EDE_NONE},
        {"one after it", SIGNER_ZONE, 3, 15, 0, 1, GOOD, EDE_NONE},
        {"twenty after it", SIGNER_ZONE, 3, 15, 0, 20, GOOD, EDE_NONE},
        {"two before it", SIGNER_ZONE, 3, 15, 2, 0, BAD, EDE_BOGUS},
        {"twenty before it", SIGNER_ZONE, 3, 15, 20, 0, BAD, EDE_BOGUS},
};

static void test_keys(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(key_row); i++) {
                struct signer_key changed = f->key, decoy[20];
                const struct signer_key *all[1 + COUNT(decoy)];
                unsigned count = 0;
                struct zone_keys keys;

                store_u16(changed.rdata, key_row[i].flags);
                changed.rdata[2] = key_row[i].protocol;
                changed.rdata[3] = key_row[i].algorithm;
                for (unsigned n = 0; n < COUNT(decoy); n++)
                        signer_key_collide(&decoy[n], &changed, n + 1);
                for (unsigned n = 0; n < key_row[i].collide_before; n++)
                        all[count++] = &decoy[n];
                all[count++] = &changed;
                for (unsigned n = 0; n < key_row[i].collide_after; n++)
                        all[count++] = &decoy[n];
                struct rrset dnskey = signer_dnskey(&f->arena, "example.", all, count);
                struct rrset set = signer_set(&f->arena, WWW);
                signer_sign_set(&f->arena, &set, &changed, &f->zone, INCEPTION, EXPIRATION);
                zone_keys_init(&keys, &f->prover.policy, &dnskey, &f->arena);
                prover_next_question(&f->prover);
                assert_verdict(f, key_row[i].what, prover_set(&f->prover, &set, &keys), key_row[i].expected,
                               key_row[i].ede);
                assert_true(f->prover.checks <= LIMIT_KEYS_PER_TAG);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                fixture_test(test_fields), fixture_test(test_times),
                fixture_test(test_data),   fixture_test(test_several_signatures),
                fixture_test(test_keys),
        };

        return cmocka_run_group_tests(tests, NULL, fixture_say_cases);
}
