#include "response.h"
#include "sign.h"
#include <string.h>

enum { SERVER_UDP_SIZE = 1232, OPTION_NSID = 3, OPTION_COOKIE = 10, OPT_FIXED_LEN = 11 };

void lab_response_add(struct response *response, enum section section, const uint8_t *owner, const uint8_t *signed_as,
                      struct lab_set *set)
{
        unsigned n = response->count[section];

        for (unsigned i = 0; i < n; i++) {
                const struct response_set *other = &response->sets[section][i];
                if (other->set == set && dname_equal(other->owner, owner))
                        return;
        }
        if (!set || n == RESPONSE_SETS_MAX)
                return;
        response->sets[section][n] = (struct response_set){ .owner = owner, .signed_as = signed_as, .set = set };
        response->count[section]++;
}

void lab_response_make(struct response *response, enum section section, const uint8_t *owner, uint16_t type,
                       uint32_t ttl, const void *rdata, size_t len)
{
        struct lab_set *set = lab_set_new(response->scratch, type, ttl, 1);

        set->data[0].bytes = lab_copy(response->scratch, rdata, len);
        set->data[0].len = (uint16_t)len;
        lab_response_add(response, section, lab_copy(response->scratch, owner, dname_len(owner)), NULL, set);
}

/* Write one set and its signatures whole, or nothing. Returns the number of records written; 0: it did not fit. */
static uint16_t set_write(struct packet *packet, const struct response *response, const struct response_set *item,
                          bool with_signatures)
{
        struct packet_mark before = packet_mark(packet);
        uint16_t count = item->set->count;

        for (uint16_t i = 0; i < item->set->count; i++)
                packet_record(packet, item->owner, item->set->type, item->set->ttl, &item->set->data[i]);
        if (with_signatures && item->signed_as) {
                struct lab_set *signatures = lab_sign(response->zone, item->signed_as, item->set);
                for (uint16_t i = 0; signatures && i < signatures->count; i++, count++)
                        packet_record(packet, item->owner, TYPE_RRSIG, item->set->ttl, &signatures->data[i]);
        }
        if (!packet->full)
                return count;
        packet_rewind(packet, before);
        return 0;
}

/* Returns false when a set of this section did not fit. */
static bool section_write(struct packet *packet, const struct response *response, enum section section,
                          bool with_signatures)
{
        uint16_t total = 0;
        bool whole = true;

        for (unsigned i = 0; i < response->count[section] && whole; i++) {
                uint16_t count = set_write(packet, response, &response->sets[section][i], with_signatures);
                whole = count > 0;
                total = (uint16_t)(total + count);
        }
        packet_patch(packet, 6 + 2 * (size_t)section, total);
        return whole;
}

static void header_write(struct packet *packet, const struct response *response, const struct query *query)
{
        unsigned flags = FLAG_QR | (query->flags & (0x7800 | FLAG_RD | FLAG_CD)) | (response->rcode & 15u);

        if (response->authoritative)
                flags |= FLAG_AA;
        if (response->truncated)
                flags |= FLAG_TC;
        if (response->authentic && (query->want_dnssec || (query->flags & FLAG_AD)))
                flags |= FLAG_AD;
        packet_u16(packet, query->id);
        packet_u16(packet, (uint16_t)flags);
        packet_u16(packet, response->bare ? 0 : 1);
        packet_bytes(packet, (uint8_t[6]){ 0 }, 6);
        if (response->bare)
                return;
        packet_name(packet, query->name, true);
        packet_u16(packet, query->type);
        packet_u16(packet, query->class);
}

static void opt_write(struct packet *packet, const struct response *response, const struct query *query)
{
        size_t nsid_len = response->nsid ? strlen(response->nsid) : 0;
        size_t options = (response->cookie_len ? 4u + response->cookie_len : 0) + (nsid_len ? 4 + nsid_len : 0);

        packet_u8(packet, 0);
        packet_u16(packet, TYPE_OPT);
        packet_u16(packet, SERVER_UDP_SIZE);
        packet_u32(packet, (uint32_t)(response->rcode >> 4) << 24 | (query->want_dnssec ? 0x8000u : 0));
        packet_u16(packet, (uint16_t)options);
        if (response->cookie_len) {
                packet_u16(packet, OPTION_COOKIE);
                packet_u16(packet, response->cookie_len);
                packet_bytes(packet, response->cookie, response->cookie_len);
        }
        if (nsid_len) {
                packet_u16(packet, OPTION_NSID);
                packet_u16(packet, (uint16_t)nsid_len);
                packet_bytes(packet, response->nsid, nsid_len);
        }
        packet_patch(packet, 10, (uint16_t)(packet->bytes[10] << 8 | (packet->bytes[11] + 1)));
}

static size_t opt_reserve(const struct response *response, const struct query *query)
{
        if (!query->edns || response->no_edns)
                return 0;
        return OPT_FIXED_LEN + (response->cookie_len ? 4u + response->cookie_len : 0) +
               (response->nsid ? 4 + strlen(response->nsid) : 0);
}

size_t lab_response_write(struct response *response, const struct query *query, uint8_t *out, size_t max)
{
        struct packet packet;
        size_t reserve = opt_reserve(response, query);
        bool dnssec = query->want_dnssec && reserve && response->zone && response->zone->signing;

        packet_init(&packet, out, max - reserve);
        header_write(&packet, response, query);
        struct packet_mark question_end = packet_mark(&packet);
        if (!response->truncated)
                response->truncated =
                        !section_write(&packet, response, SECTION_ANSWER, dnssec) ||
                        !section_write(&packet, response, SECTION_AUTHORITY, dnssec) ||
                        (!section_write(&packet, response, SECTION_ADDITIONAL, dnssec) && response->glue_must_fit);
        if (response->truncated) { /* Half an answer helps nobody: the client asks again over TCP. */
                packet_rewind(&packet, question_end);
                packet_patch(&packet, 2, (uint16_t)(out[2] << 8 | out[3] | FLAG_TC));
                memset(out + 6, 0, 6);
        }
        packet.max = max;
        if (reserve)
                opt_write(&packet, response, query);
        return packet.len;
}
