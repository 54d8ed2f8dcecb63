/*
 * Sample values, built from literal names and RDATA.
 */
#include "samples.h"
#include "base/buf.h"
#include "wire/rrtype.h"
#include <string.h>

const uint8_t sample_secret[SIPHASH_KEY_LEN] = "samples' secret";
const struct store_bytes sample_key = { .bytes = (const uint8_t *)"R........example", .len = 16 };

const struct name sample_name = { .wire = (const uint8_t *)"\3www\7example", .len = 13, .label_count = 2 };

static const struct entry_seal seal = { .secret = sample_secret, .anchors = 0x11223344 };

static const struct name owner = { .wire = (const uint8_t *)"\3wWw\7Example", .len = 13, .label_count = 2 };
static const struct name zone = { .wire = (const uint8_t *)"\7example", .len = 9, .label_count = 1 };
static const struct name server = { .wire = (const uint8_t *)"\2ns\7example", .len = 12, .label_count = 2 };

#define RDATA(literal) { .bytes = (const uint8_t *)(literal), .len = sizeof(literal) - 1 }

static const struct rdata addresses[] = { RDATA("\xc0\0\2\1"), RDATA("\xc0\0\2\2") };
static const struct rdata soa[] = {
        RDATA("\2ns\7example\0"
              "\5admin\7example\0"
              "\0\0\0\1"
              "\0\0\x0e\x10"
              "\0\0\3\x84"
              "\0\x09\x3a\x80"
              "\0\0\1\x2c"),
};
static const struct rdata nsec[] = { RDATA("\1b\7example\0" "\0\6\x40\0\0\0\0\3") };
static const struct rdata ds[] = { RDATA("\x12\x34\x08\x02" "0123456789abcdef0123456789abcdef") };

/* covered, algorithm 8, 2 labels, TTL 300, expiration, inception, key tag, signer, signature */
#define RRSIG(covered) \
        RDATA(covered "\x08\2\0\0\1\x2c" \
                      "\x70\0\0\0" \
                      "\x60\0\0\0" \
                      "\x12\x34" \
                      "\7example\0" \
                      "signature bytes signature bytes.")

static const struct rdata signatures[] = { RRSIG("\0\1"), RRSIG("\0\6"), RRSIG("\0\x2f"), RRSIG("\0\x2b") };

static const struct rdata *signature_of(uint16_t type)
{
        return &signatures[type == TYPE_SOA ? 1 : type == TYPE_NSEC ? 2 : type == TYPE_DS ? 3 : 0];
}

static struct rrset set_of(struct name name, uint16_t type, const struct rdata *rdata, uint16_t count, bool is_signed)
{
        return (struct rrset){
                .owner = name, .type = type, .class = 1, .ttl = 300, .count = count, .rdata = rdata,
                .sig_count = is_signed, .sigs = signature_of(type),
        };
}

static struct finding finding_of(enum finding_kind kind)
{
        return (struct finding){
                .kind = kind, .verdict = VERDICT_SECURE, .rank = RANK_SECURE,
                .stored_at = SAMPLE_STORED_AT, .ends_at = SAMPLE_ENDS_AT,
                .trace = { "sixteen bytes id" }, .server = { .family = 4, .bytes = { 192, 0, 2, 53 } },
        };
}

static size_t write_set_sample(uint8_t *out, bool wildcard)
{
        struct finding finding = finding_of(FINDING_SET);

        finding.set = set_of(owner, TYPE_A, addresses, 2, true);
        if (wildcard) {
                finding.proof[0] = set_of(zone, TYPE_NSEC, nsec, 1, true);
                finding.proof_count = 1;
        }
        return entry_write_finding(&seal, sample_key, &sample_name, &finding, out);
}

static size_t write_absence(uint8_t *out, enum finding_kind kind)
{
        struct finding finding = finding_of(kind);

        finding.proof[0] = set_of(zone, TYPE_SOA, soa, 1, true);
        finding.proof[1] = set_of(zone, TYPE_NSEC, nsec, 1, true);
        finding.proof_count = 2;
        return entry_write_finding(&seal, sample_key, &sample_name, &finding, out);
}

static size_t write_failure(uint8_t *out)
{
        struct finding finding = finding_of(FINDING_FAILURE);

        finding.verdict = VERDICT_UNCHECKED;
        finding.rank = RANK_NONE;
        finding.server = (struct address){ 0 };
        finding.rcode = 2;
        finding.failures = 3;
        finding.ede = (struct ede){ .code = 22, .text_len = 23, .text = "no server could be reached" };
        return entry_write_finding(&seal, sample_key, &sample_name, &finding, out);
}

static size_t write_delegation(uint8_t *out, enum ds_state state)
{
        const struct address address_4 = { .family = 4, .bytes = { 192, 0, 2, 53 } };
        const struct address address_6 = { .family = 6, .bytes = { 0x20, 1, [15] = 53 } };
        struct delegation delegation = {
                .cut = zone,
                .stored_at = SAMPLE_STORED_AT,
                .ends_at = SAMPLE_ENDS_AT,
                .verdict = state == DS_PRESENT ? VERDICT_SECURE : VERDICT_INSECURE,
                .ds_state = state,
                .server_count = 2,
                .server = {
                        { .name = server, .address_count = 2, .address = { address_4, address_6 } },
                        { .name = owner },
                },
                .from = address_6,
        };

        if (state == DS_PRESENT)
                delegation.ds = set_of(zone, TYPE_DS, ds, 1, true);
        if (state == DS_NONE) {
                delegation.proof[0] = set_of(zone, TYPE_NSEC, nsec, 1, true);
                delegation.proof_count = 1;
        }
        return entry_write_delegation(&seal, sample_key, &delegation, out);
}

static size_t write_server(uint8_t *out)
{
        struct server_note note = {
                .srtt_us = 23000,
                .rttvar_us = 4000,
                .seen_at = SAMPLE_STORED_AT,
                .epoch = 3,
                .timeouts = 1,
                .no_edns_until = SAMPLE_ENDS_AT,
                .cookie_len = 16,
                .cookie = "a server's cooky",
                .cookie_client = "ourcooky",
        };

        return entry_write_server(&seal, sample_key, &note, out);
}

static size_t write_zone(uint8_t *out)
{
        struct denying_zone denying = {
                .soa = set_of(zone, TYPE_SOA, soa, 1, true),
                .nsec3 = true,
                .salt_len = 4,
                .salt = "salt",
                .chain = 0x8877665544332211,
                .since = SAMPLE_STORED_AT,
                .stored_at = SAMPLE_STORED_AT,
                .ends_at = SAMPLE_ENDS_AT,
        };

        return entry_write_zone(&seal, sample_key, &denying, out);
}

void sample_write(unsigned i, struct sample_value *out)
{
        static const char *const names[SAMPLE_COUNT] = {
                "set", "wildcard", "nodata", "nxdomain", "failure", "delegation", "delegation-insecure",
                "server", "zone",
        };

        out->name = names[i];
        switch (i) {
        case 0:
        case 1:
                out->len = write_set_sample(out->bytes, i == 1);
                break;
        case 2:
                out->len = write_absence(out->bytes, FINDING_NODATA);
                break;
        case 3:
                out->len = write_absence(out->bytes, FINDING_NXDOMAIN);
                break;
        case 4:
                out->len = write_failure(out->bytes);
                break;
        case 5:
                out->len = write_delegation(out->bytes, DS_PRESENT);
                break;
        case 6:
                out->len = write_delegation(out->bytes, DS_NONE);
                break;
        case 7:
                out->len = write_server(out->bytes);
                break;
        default:
                out->len = write_zone(out->bytes);
                break;
        }
}

void sample_reseal(struct sample_value *value)
{
        store_u64(value->bytes, siphash(sample_secret, value->bytes + 8, value->len - 8));
}
