#include "rpl.h"
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Messages of entries, and messages against entries. ldns reads and writes the bytes; the OPT record is ours, so that
 * a scenario can ask for any option and any size. */

enum { HEADER_BYTES = 12, OPTION_NSID = 3, OPTION_COOKIE = 10, OPTION_EDE = 15, COOKIE_BYTES = 8, SERVER_SIZE = 4096 };
enum { FLAG_WORD_DO = 0x8000, TYPE_OPT_NUMBER = 41 };

static unsigned word_at(const uint8_t *p)
{
        return (unsigned)(p[0] << 8 | p[1]);
}

static void put_word(uint8_t *p, unsigned v)
{
        p[0] = (uint8_t)(v >> 8);
        p[1] = (uint8_t)v;
}

/* --- Records ------------------------------------------------------------------------------------------------------ */

struct ldns_struct_rr *rpl_read_record(char *text, const char **complaint)
{
        char *rest = text + strcspn(text, " \t");
        char behind = *rest;
        ldns_rr *rr = NULL;

        *rest = '\0';
        ldns_rdf *owner = ldns_dname_new_frm_str(text);
        *complaint = "it does not begin with a name";
        if (!owner || rest == text)
                return NULL;
        *rest = behind;
        rest[-1] = '.';
        ldns_status status = ldns_rr_new_frm_str(&rr, rest - 1, 3600, NULL, NULL);
        if (status != LDNS_STATUS_OK) {
                *complaint = ldns_get_errorstr_by_id(status);
                ldns_rdf_deep_free(owner);
                return NULL;
        }
        ldns_rdf_deep_free(ldns_rr_owner(rr));
        ldns_rr_set_owner(rr, owner);
        return rr;
}

/* --- Looking into messages ---------------------------------------------------------------------------------------- */

/* Where the question section ends, 0 if it is broken. Queries and answers write its name uncompressed. */
static size_t question_end(const uint8_t *bytes, size_t len)
{
        size_t at = HEADER_BYTES;

        if (len < HEADER_BYTES || word_at(bytes + 4) != 1)
                return 0;
        while (at < len && bytes[at] && bytes[at] < 64)
                at += 1u + bytes[at];
        return at + 5 <= len && !bytes[at] ? at + 5 : 0;
}

/* The data of an EDNS option in a message, NULL if it has none. */
static const uint8_t *find_option(const ldns_pkt *message, unsigned code, size_t *len)
{
        const ldns_rdf *data = ldns_pkt_edns_data(message);
        const uint8_t *at = data ? ldns_rdf_data(data) : NULL, *end = at ? at + ldns_rdf_size(data) : NULL;

        while (at && end - at >= 4 && end - at - 4 >= (ptrdiff_t)word_at(at + 2)) {
                *len = word_at(at + 2);
                if (word_at(at) == code)
                        return at + 4;
                at += 4 + *len;
        }
        return NULL;
}

static ldns_pkt *parse(const uint8_t *bytes, size_t len)
{
        ldns_pkt *message = NULL;

        return ldns_wire2pkt(&message, bytes, len) == LDNS_STATUS_OK ? message : NULL;
}

static unsigned full_rcode(const ldns_pkt *message)
{
        return (unsigned)ldns_pkt_get_rcode(message) | (unsigned)ldns_pkt_edns_extended_rcode(message) << 4;
}

static const ldns_rr *question_of(const ldns_pkt *message)
{
        return ldns_pkt_qdcount(message) ? ldns_rr_list_rr(ldns_pkt_question(message), 0) : NULL;
}

/* --- Comparing ---------------------------------------------------------------------------------------------------- */

struct comparison {
        const struct rpl_entry *expected;
        const ldns_pkt *want, *got;
        const struct rpl_received *received;
        char *why;
        size_t why_size;
};

static bool differ(struct comparison *c, const char *format, ...)
{
        va_list args;

        if (c->why) {
                va_start(args, format);
                vsnprintf(c->why, c->why_size, format, args);
                va_end(args);
        }
        return false;
}

static bool same_type(struct comparison *c)
{
        const ldns_rr *want = question_of(c->want), *got = question_of(c->got);

        if (!want || !got)
                return want == got || differ(c, "one of the messages has no question");
        return ldns_rr_get_type(want) == ldns_rr_get_type(got) || differ(c, "the question has another type");
}

static bool same_class(struct comparison *c)
{
        const ldns_rr *want = question_of(c->want), *got = question_of(c->got);

        return (want && got && ldns_rr_get_class(want) == ldns_rr_get_class(got)) ||
               differ(c, "the question has another class");
}

static bool same_name(struct comparison *c)
{
        const ldns_rr *want = question_of(c->want), *got = question_of(c->got);

        if (!want || !got)
                return want == got || differ(c, "one of the messages has no question");
        return !ldns_dname_compare(ldns_rr_owner(want), ldns_rr_owner(got)) ||
               differ(c, "the question has another name");
}

static bool same_case(struct comparison *c)
{
        const ldns_rr *want = question_of(c->want), *got = question_of(c->got);

        if (!want || !got)
                return want == got;
        return !ldns_rdf_compare(ldns_rr_owner(want), ldns_rr_owner(got)) ||
               differ(c, "the question's name is spelled otherwise");
}

static bool is_subdomain(struct comparison *c)
{
        const ldns_rr *want = question_of(c->want), *got = question_of(c->got);

        return (want && got &&
                (!ldns_dname_compare(ldns_rr_owner(want), ldns_rr_owner(got)) ||
                 ldns_dname_is_subdomain(ldns_rr_owner(got), ldns_rr_owner(want)))) ||
               differ(c, "the question is not below the name");
}

static bool same_opcode(struct comparison *c)
{
        return ldns_pkt_get_opcode(c->want) == ldns_pkt_get_opcode(c->got) || differ(c, "another opcode");
}

/* QR AA TC RD RA AD CD as one word of the header; Z, opcode and rcode masked out. */
static unsigned flag_bits(const ldns_pkt *m)
{
        return (unsigned)ldns_pkt_qr(m) << 6 | (unsigned)ldns_pkt_aa(m) << 5 | (unsigned)ldns_pkt_tc(m) << 4 |
               (unsigned)ldns_pkt_rd(m) << 3 | (unsigned)ldns_pkt_ra(m) << 2 | (unsigned)ldns_pkt_ad(m) << 1 |
               (unsigned)ldns_pkt_cd(m);
}

static void flags_text(unsigned bits, char out[32])
{
        static const char names[7][3] = { "qr", "aa", "tc", "rd", "ra", "ad", "cd" };

        out[0] = '\0';
        for (int i = 0; i < 7; i++)
                if (bits & (64u >> i))
                        strcat(strcat(out, " "), names[i]);
}

static bool same_flags(struct comparison *c)
{
        char want[32], got[32];

        flags_text(flag_bits(c->want), want);
        flags_text(flag_bits(c->got), got);
        return !strcmp(want, got) || differ(c, "flags are%s, not%s", got, want);
}

static bool same_rcode(struct comparison *c)
{
        return c->expected->rcode == full_rcode(c->got) ||
               differ(c, "rcode is %u, not %u", full_rcode(c->got), c->expected->rcode);
}

static bool same_edns(struct comparison *c)
{
        return (ldns_pkt_edns(c->got) && ldns_pkt_edns_version(c->got) == c->expected->client.version &&
                ldns_pkt_edns_udp_size(c->got) == c->expected->client.udp_size) ||
               differ(c, "EDNS is %s, size %u", ldns_pkt_edns(c->got) ? "there" : "missing",
                      ldns_pkt_edns_udp_size(c->got));
}

#define ANY_TTL UINT32_MAX

static bool same_ttl(const ldns_rr *a, const ldns_rr *b, uint32_t apart)
{
        uint32_t x = ldns_rr_ttl(a), y = ldns_rr_ttl(b);

        return (x > y ? x - y : y - x) <= apart;
}

/* Same owner, class, type, RDATA, and TTL but for so many seconds; letter case of names does not count. */
static bool same_record(const ldns_rr *a, const ldns_rr *b, uint32_t apart)
{
        if (ldns_rr_get_type(a) != ldns_rr_get_type(b) || ldns_rr_get_class(a) != ldns_rr_get_class(b) ||
            ldns_dname_compare(ldns_rr_owner(a), ldns_rr_owner(b)) || ldns_rr_rd_count(a) != ldns_rr_rd_count(b) ||
            !same_ttl(a, b, apart))
                return false;
        for (size_t i = 0; i < ldns_rr_rd_count(a); i++) {
                const ldns_rdf *x = ldns_rr_rdf(a, i), *y = ldns_rr_rdf(b, i);

                if (ldns_rdf_get_type(x) == LDNS_RDF_TYPE_DNAME ? ldns_dname_compare(x, y) : ldns_rdf_compare(x, y))
                        return false;
        }
        return true;
}

static bool has_record(const ldns_rr_list *list, const ldns_rr *rr, uint32_t apart)
{
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
                if (same_record(ldns_rr_list_rr(list, i), rr, apart))
                        return true;
        return false;
}

static bool differ_about(struct comparison *c, const char *section, const char *what, const ldns_rr *rr)
{
        char *text = ldns_rr2str(rr);

        for (char *p = text; p && *p; p++)
                if (*p == '\t' || *p == '\n')
                        *p = p[1] ? ' ' : '\0';
        differ(c, "%s %s: %.300s", section, what, text ? text : "");
        free(text);
        return false;
}

static bool same_section(struct comparison *c, const char *name, const ldns_rr_list *want, const ldns_rr_list *got)
{
        uint32_t apart = c->expected->match & RPL_MATCH_TTL ? c->expected->late_s : ANY_TTL;
        size_t wanted = ldns_rr_list_rr_count(want), received = ldns_rr_list_rr_count(got);

        for (size_t i = 0; i < wanted; i++)
                if (!has_record(got, ldns_rr_list_rr(want, i), apart))
                        return differ_about(c, name, "lacks", ldns_rr_list_rr(want, i));
        for (size_t i = 0; i < received; i++)
                if (!has_record(want, ldns_rr_list_rr(got, i), apart))
                        return differ_about(c, name, "has", ldns_rr_list_rr(got, i));
        return wanted == received || differ(c, "%s has %zu records, not %zu", name, received, wanted);
}

static bool same_answer(struct comparison *c)
{
        return same_section(c, "answer", ldns_pkt_answer(c->want), ldns_pkt_answer(c->got));
}

static bool same_authority(struct comparison *c)
{
        return same_section(c, "authority", ldns_pkt_authority(c->want), ldns_pkt_authority(c->got));
}

static bool same_additional(struct comparison *c)
{
        return same_section(c, "additional", ldns_pkt_additional(c->want), ldns_pkt_additional(c->got));
}

static bool same_order(struct comparison *c)
{
        const ldns_rr_list *want = ldns_pkt_answer(c->want), *got = ldns_pkt_answer(c->got);

        for (size_t i = 0; i < ldns_rr_list_rr_count(want) && i < ldns_rr_list_rr_count(got); i++)
                if (!same_record(ldns_rr_list_rr(want, i), ldns_rr_list_rr(got, i), ANY_TTL))
                        return differ_about(c, "answer", "has out of order", ldns_rr_list_rr(got, i));
        return true;
}

static bool has_cookie(const ldns_pkt *message)
{
        size_t len;

        return find_option(message, OPTION_COOKIE, &len);
}

static bool came_by_udp(struct comparison *c)
{
        return !c->received->tcp || differ(c, "it came by TCP");
}

static bool came_by_tcp(struct comparison *c)
{
        return c->received->tcp || differ(c, "it came by UDP");
}

static bool with_edns(struct comparison *c)
{
        return ldns_pkt_edns(c->got) || differ(c, "it has no OPT record");
}

static bool without_edns(struct comparison *c)
{
        return !ldns_pkt_edns(c->got) || differ(c, "it has an OPT record");
}

static bool with_cookie(struct comparison *c)
{
        return has_cookie(c->got) || differ(c, "it has no cookie");
}

static bool without_cookie(struct comparison *c)
{
        return !has_cookie(c->got) || differ(c, "it has a cookie");
}

static bool with_rd(struct comparison *c)
{
        return ldns_pkt_rd(c->got) || differ(c, "RD is clear");
}

static bool without_rd(struct comparison *c)
{
        return !ldns_pkt_rd(c->got) || differ(c, "RD is set");
}

static bool without_question(struct comparison *c)
{
        return !question_of(c->got) || differ(c, "it has a question");
}

static const struct {
        uint32_t bit;
        bool (*holds)(struct comparison *);
} criteria[] = {
        { RPL_MATCH_OPCODE, same_opcode },       { RPL_MATCH_QTYPE, same_type },
        { RPL_MATCH_CLASS, same_class },         { RPL_MATCH_QNAME, same_name },
        { RPL_MATCH_QCASE, same_case },          { RPL_MATCH_SUBDOMAIN, is_subdomain },
        { RPL_MATCH_RCODE, same_rcode },         { RPL_MATCH_FLAGS, same_flags },
        { RPL_MATCH_ANSWER, same_answer },       { RPL_MATCH_ORDER, same_order },
        { RPL_MATCH_AUTHORITY, same_authority }, { RPL_MATCH_ADDITIONAL, same_additional },
        { RPL_MATCH_EDNS, same_edns },           { RPL_MATCH_UDP, came_by_udp },
        { RPL_MATCH_TCP, came_by_tcp },          { RPL_MATCH_HAS_EDNS, with_edns },
        { RPL_MATCH_NO_EDNS, without_edns },     { RPL_MATCH_HAS_COOKIE, with_cookie },
        { RPL_MATCH_NO_COOKIE, without_cookie }, { RPL_MATCH_RD, with_rd },
        { RPL_MATCH_NO_RD, without_rd },         { RPL_MATCH_NO_QUESTION, without_question },
};

/* --- Demands ------------------------------------------------------------------------------------------------------ */

/* Does the message hold this extended error, with this text? RFC 8914 section 2. */
/* The first extended error of this code (RPL_EDE_NONE: of any) with this text in it: its code and text; NULL: none. */
static const uint8_t *find_ede(const ldns_pkt *message, int code, const char *fragment, size_t *out_len)
{
        const ldns_rdf *data = ldns_pkt_edns_data(message);
        const uint8_t *at = data ? ldns_rdf_data(data) : NULL, *end = at ? at + ldns_rdf_size(data) : NULL;

        for (size_t len; at && end - at >= 4; at += 4 + len) {
                len = word_at(at + 2);
                if (end - at - 4 < (ptrdiff_t)len)
                        return NULL;
                if (word_at(at) != OPTION_EDE || len < 2)
                        continue;
                *out_len = len;
                if (code == RPL_EDE_NONE || ((int)word_at(at + 4) == code &&
                                             (!fragment || memmem(at + 6, len - 2, fragment, strlen(fragment)))))
                        return at + 4;
        }
        return NULL;
}

static bool has_ede(const ldns_pkt *message, int code, const char *fragment)
{
        size_t len;

        return find_ede(message, code, fragment, &len) != NULL;
}

bool rpl_read_reason(const struct rpl_received *response, struct rpl_reason *out)
{
        const uint8_t *ede = NULL;
        ldns_pkt *message;
        size_t len = 2;

        *out = (struct rpl_reason){ .ede = RPL_EDE_NONE };
        if (!response->bytes || ldns_wire2pkt(&message, response->bytes, response->len) != LDNS_STATUS_OK)
                return false;
        out->rcode = ldns_pkt_get_rcode(message);
        ede = find_ede(message, RPL_EDE_NONE, NULL, &len);
        if (ede) {
                out->ede = (int)word_at(ede);
                snprintf(out->text, sizeof out->text, "%.*s", (int)(len - 2), (const char *)ede + 2);
        }
        ldns_pkt_free(message);
        return true;
}

static bool ttl_within(struct comparison *c, const ldns_rr_list *list)
{
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
                if (ldns_rr_ttl(ldns_rr_list_rr(list, i)) > c->expected->demand.max_ttl)
                        return differ_about(c, "a TTL", "is too large", ldns_rr_list_rr(list, i));
        return true;
}

static bool meets_demands(struct comparison *c)
{
        const struct rpl_demand *demand = &c->expected->demand;
        size_t len;

        if (demand->ede == RPL_EDE_NONE && has_ede(c->got, RPL_EDE_NONE, NULL))
                return differ(c, "it has an extended error");
        if (demand->ede >= 0 && !has_ede(c->got, demand->ede, demand->ede_text))
                return differ(c, "extended error %d%s%s is missing", demand->ede, demand->ede_text ? " with " : "",
                              demand->ede_text ? demand->ede_text : "");
        if (demand->max_bytes && c->received->len > demand->max_bytes)
                return differ(c, "it has %zu bytes, not at most %u", c->received->len, demand->max_bytes);
        if (demand->cookie && !has_cookie(c->got))
                return differ(c, "it has no cookie");
        if (demand->nsid && !find_option(c->got, OPTION_NSID, &len))
                return differ(c, "it has no NSID");
        if (demand->no_opt && ldns_pkt_edns(c->got))
                return differ(c, "it has an OPT record");
        if (demand->opt && !ldns_pkt_edns(c->got))
                return differ(c, "it has no OPT record");
        return !demand->max_ttl ||
               (ttl_within(c, ldns_pkt_answer(c->got)) && ttl_within(c, ldns_pkt_authority(c->got)));
}

static bool matches_parsed(const struct rpl_entry *expected, const ldns_pkt *got, const struct rpl_received *received,
                           char *why, size_t why_size)
{
        struct comparison c = { expected, expected->message, got, received, why, why_size };

        for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++)
                if ((expected->match & criteria[i].bit) && !criteria[i].holds(&c))
                        return false;
        return meets_demands(&c);
}

bool rpl_matches(const struct rpl_entry *expected, const struct rpl_received *received, char *why, size_t why_size)
{
        ldns_pkt *got = parse(received->bytes, received->len);
        bool same;

        if (!got) {
                if (why)
                        snprintf(why, why_size, "the message is malformed (%zu bytes)", received->len);
                return false;
        }
        same = matches_parsed(expected, got, received, why, why_size);
        ldns_pkt_free(got);
        return same;
}

bool rpl_same_answer(const struct rpl_received *a, const struct rpl_received *b)
{
        ldns_pkt *x = parse(a->bytes, a->len), *y = parse(b->bytes, b->len);
        bool same = x && y && full_rcode(x) == full_rcode(y) && ldns_pkt_ancount(x) == ldns_pkt_ancount(y);

        for (size_t i = 0; same && i < ldns_pkt_ancount(x); i++)
                same = has_record(ldns_pkt_answer(y), ldns_rr_list_rr(ldns_pkt_answer(x), i), ANY_TTL) &&
                       has_record(ldns_pkt_answer(x), ldns_rr_list_rr(ldns_pkt_answer(y), i), ANY_TTL);
        ldns_pkt_free(x);
        ldns_pkt_free(y);
        return same;
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

struct opt {
        uint16_t size;
        uint8_t rcode_high, version;
        bool dnssec_ok;
        uint8_t options[128];
        size_t options_len;
};

static void add_option(struct opt *opt, unsigned code, const void *data, size_t len)
{
        uint8_t *at = opt->options + opt->options_len;

        put_word(at, code);
        put_word(at + 2, (unsigned)len);
        if (len)
                memcpy(at + 4, data, len);
        opt->options_len += 4 + len;
}

/* Append an OPT record, RFC 6891 section 6.1.2; the new length. */
static size_t append_opt(uint8_t *bytes, size_t len, const struct opt *opt)
{
        uint8_t *at = bytes + len;

        if (len + 11 + opt->options_len > RPL_MESSAGE_MAX)
                return len;
        at[0] = 0;
        put_word(at + 1, TYPE_OPT_NUMBER);
        put_word(at + 3, opt->size);
        at[5] = opt->rcode_high;
        at[6] = opt->version;
        put_word(at + 7, opt->dnssec_ok ? FLAG_WORD_DO : 0);
        put_word(at + 9, (unsigned)opt->options_len);
        memcpy(at + 11, opt->options, opt->options_len);
        put_word(bytes + 10, word_at(bytes + 10) + 1);
        return len + 11 + opt->options_len;
}

static size_t write_packet(const ldns_pkt *message, uint8_t out[RPL_MESSAGE_MAX])
{
        uint8_t *bytes = NULL;
        size_t len = 0;

        if (ldns_pkt2wire(&bytes, message, &len) != LDNS_STATUS_OK || len > RPL_MESSAGE_MAX)
                len = 0;
        if (len)
                memcpy(out, bytes, len);
        free(bytes);
        return len;
}

size_t rpl_write_query(const struct rpl_entry *entry, uint16_t id, uint8_t out[RPL_MESSAGE_MAX])
{
        static const uint8_t cookie[COOKIE_BYTES] = "biscuit";
        const struct rpl_client *client = &entry->client;
        struct opt opt = { .size = client->udp_size, .version = client->version, .dnssec_ok = entry->dnssec_ok };
        size_t len;

        if (entry->raw) {
                memcpy(out, entry->raw, entry->raw_len);
                return entry->raw_len;
        }
        len = write_packet(entry->message, out);
        put_word(out, id);
        if (client->cookie)
                add_option(&opt, OPTION_COOKIE, cookie, sizeof cookie);
        if (client->nsid)
                add_option(&opt, OPTION_NSID, NULL, 0);
        return client->no_edns ? len : append_opt(out, len, &opt);
}

/* The message to answer with: the entry's, with the query's question and owner names where it says so. */
static ldns_pkt *answer_packet(const struct rpl_entry *entry, const ldns_pkt *query)
{
        ldns_pkt *answer = ldns_pkt_clone(entry->message);
        const ldns_rr *question = question_of(query);

        if (entry->adjust & RPL_ADJUST_COPY_QUERY) {
                ldns_rr_list_deep_free(ldns_pkt_question(answer));
                ldns_pkt_set_question(answer, ldns_rr_list_clone(ldns_pkt_question(query)));
                ldns_pkt_set_qdcount(answer, ldns_pkt_qdcount(query));
        } else if ((entry->adjust & RPL_ADJUST_COPY_ID) && question_of(answer) && question) {
                ldns_rr *own = ldns_rr_list_rr(ldns_pkt_question(answer), 0);

                if (!ldns_dname_compare(ldns_rr_owner(own), ldns_rr_owner(question))) {
                        ldns_rdf_deep_free(ldns_rr_owner(own));
                        ldns_rr_set_owner(own, ldns_rdf_clone(ldns_rr_owner(question)));
                }
        }
        for (size_t i = 0; (entry->adjust & RPL_ADJUST_COPY_OWNER) && question && i < ldns_pkt_ancount(answer); i++) {
                ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_answer(answer), i);

                ldns_rdf_deep_free(ldns_rr_owner(rr));
                ldns_rr_set_owner(rr, ldns_rdf_clone(ldns_rr_owner(question)));
        }
        if ((entry->adjust & RPL_ADJUST_LOWER_CASE) && question_of(answer))
                ldns_dname2canonical(ldns_rr_owner(question_of(answer)));
        return answer;
}

/* An OPT answers an OPT, and nothing else does (RFC 6891 section 7). */
static size_t answer_opt(const struct rpl_entry *entry, const ldns_pkt *query, uint8_t *out, size_t len)
{
        struct opt opt = { .size = SERVER_SIZE, .rcode_high = (uint8_t)(entry->rcode >> 4) };
        size_t cookie_len;
        const uint8_t *cookie = find_option(query, OPTION_COOKIE, &cookie_len);
        uint8_t whole[2 * COOKIE_BYTES] = { 0 };

        if (!ldns_pkt_edns(query) || (entry->adjust & RPL_ADJUST_NO_EDNS))
                return len;
        opt.dnssec_ok = ldns_pkt_edns_do(query);
        if (cookie && cookie_len >= COOKIE_BYTES && (entry->adjust & (RPL_ADJUST_COOKIE | RPL_ADJUST_BAD_COOKIE))) {
                memcpy(whole, cookie, COOKIE_BYTES);
                memcpy(whole + COOKIE_BYTES, "serverly", COOKIE_BYTES);
                whole[0] ^= (entry->adjust & RPL_ADJUST_BAD_COOKIE) ? 0xff : 0;
                add_option(&opt, OPTION_COOKIE, whole, sizeof whole);
        }
        return append_opt(out, len, &opt);
}

static size_t write_raw_answer(const struct rpl_entry *entry, const struct rpl_received *query, uint8_t *out)
{
        memcpy(out, entry->raw, entry->raw_len);
        if ((entry->adjust & RPL_ADJUST_RAW_ID) && entry->raw_len >= 2)
                memcpy(out, query->bytes, 2);
        return entry->raw_len;
}

size_t rpl_write_answer(const struct rpl_entry *entry, const struct rpl_received *query, uint16_t other_id,
                        uint8_t out[RPL_MESSAGE_MAX])
{
        ldns_pkt *asked, *answer;
        size_t len;

        if (entry->adjust & RPL_ADJUST_DO_NOT_ANSWER)
                return 0;
        if (entry->raw)
                return write_raw_answer(entry, query, out);
        asked = parse(query->bytes, query->len);
        if (!asked)
                return 0;
        answer = answer_packet(entry, asked);
        len = write_packet(answer, out);
        put_word(out, (entry->adjust & RPL_ADJUST_COPY_ID) ? word_at(query->bytes) : other_id);
        len = answer_opt(entry, asked, out, len);
        if (entry->adjust & RPL_ADJUST_CUT)
                len--;
        if (entry->adjust & RPL_ADJUST_TRAILING)
                out[len++] = 0;
        ldns_pkt_free(answer);
        ldns_pkt_free(asked);
        return len;
}

size_t rpl_write_servfail(const struct rpl_received *query, uint8_t out[RPL_MESSAGE_MAX])
{
        size_t end = question_end(query->bytes, query->len), len = end ? end : HEADER_BYTES;

        memcpy(out, query->bytes, len);
        put_word(out + 2, 0x8002 | (word_at(query->bytes + 2) & 0x7900));
        put_word(out + 4, end ? 1 : 0);
        memset(out + 6, 0, 6);
        return len;
}

/* --- For people --------------------------------------------------------------------------------------------------- */

static void add_text(char *out, size_t size, const char *format, ...)
{
        size_t len = strlen(out);
        va_list args;

        va_start(args, format);
        vsnprintf(out + len, size - len, format, args);
        va_end(args);
}

static void add_section(char *out, size_t size, const char *name, const ldns_rr_list *list)
{
        for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
                char *text = ldns_rr2str(ldns_rr_list_rr(list, i));
                size_t len = text ? strcspn(text, "\n") : 0;

                for (size_t k = 0; k < len; k++)
                        text[k] = text[k] == '\t' ? ' ' : text[k];
                add_text(out, size, "%s%.*s", i ? ", " : name, (int)(len < 120 ? len : 120), text ? text : "");
                free(text);
        }
}

void rpl_describe(const struct rpl_received *received, char *out, size_t size)
{
        ldns_pkt *message = parse(received->bytes, received->len);
        const ldns_rr *question = message ? question_of(message) : NULL;
        char *name = question ? ldns_rdf2str(ldns_rr_owner(question)) : NULL;
        char *type = question ? ldns_rr_type2str(ldns_rr_get_type(question)) : NULL;
        char flags[32];

        out[0] = '\0';
        if (!message) {
                add_text(out, size, "malformed, %zu bytes", received->len);
                return;
        }
        flags_text(flag_bits(message), flags);
        add_text(out, size, "%s %s%s", name ? name : "-", type ? type : "-", received->tcp ? " over TCP" : "");
        if (ldns_pkt_qr(message) || full_rcode(message))
                add_text(out, size, ": rcode %u", full_rcode(message));
        add_text(out, size, ",%s", flags);
        add_section(out, size, "; answer ", ldns_pkt_answer(message));
        add_section(out, size, "; authority ", ldns_pkt_authority(message));
        add_section(out, size, "; additional ", ldns_pkt_additional(message));
        free(name);
        free(type);
        ldns_pkt_free(message);
}

/* --- The fake servers --------------------------------------------------------------------------------------------- */

static bool range_has(const struct rpl_range *range, const struct address *address)
{
        for (unsigned i = 0; i < range->address_count; i++)
                if (address_equal(&range->address[i], address))
                        return true;
        return !range->address_count;
}

/* Does anybody live there? A file that names no address at all answers at each. */
static bool is_inhabited(const struct rpl *rpl, const struct address *address)
{
        bool named = false;

        for (unsigned i = 0; i < rpl->range_count; i++) {
                named |= rpl->range[i].address_count > 0;
                if (range_has(&rpl->range[i], address))
                        return true;
        }
        return !named;
}

static const struct rpl_range *find_range(const struct rpl *rpl, const struct address *address, uint64_t step)
{
        for (unsigned i = 0; i < rpl->range_count; i++)
                if (rpl->range[i].from <= step && step <= rpl->range[i].to && range_has(&rpl->range[i], address))
                        return &rpl->range[i];
        return NULL;
}

static bool is_spent(const struct rpl_entry *entry)
{
        return entry->repeat && entry->used >= entry->repeat;
}

static struct rpl_entry *find_in_range(const struct rpl_range *range, const ldns_pkt *query,
                                       const struct rpl_received *received)
{
        for (unsigned i = 0; i < range->entry_count; i++)
                if (!is_spent(range->entry[i]) && matches_parsed(range->entry[i], query, received, NULL, 0))
                        return range->entry[i];
        return NULL;
}

/* STEP REPLY entries are good once each, in the order of the file. */
static struct rpl_entry *find_in_steps(const struct rpl *rpl, const ldns_pkt *query,
                                       const struct rpl_received *received)
{
        for (unsigned i = 0; i < rpl->step_count; i++) {
                struct rpl_entry *entry = rpl->step[i].kind == RPL_REPLY ? rpl->step[i].entry : NULL;

                if (entry && !entry->used && matches_parsed(entry, query, received, NULL, 0))
                        return entry;
        }
        return NULL;
}

enum rpl_served rpl_serve(struct rpl *rpl, const struct address *address, uint64_t step,
                          const struct rpl_received *received, struct rpl_entry **out)
{
        const struct rpl_range *range = find_range(rpl, address, step);
        struct rpl_entry *entry = NULL;
        ldns_pkt *query;

        if (!range && !is_inhabited(rpl, address))
                return RPL_SILENT;
        query = parse(received->bytes, received->len);
        if (query)
                entry = range ? find_in_range(range, query, received) : find_in_steps(rpl, query, received);
        ldns_pkt_free(query);
        if (!entry)
                return RPL_UNFORESEEN;
        entry->used++;
        *out = entry;
        return RPL_SERVED;
}
