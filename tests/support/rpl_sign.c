#include "rpl.h"
#include <ldns/ldns.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/*
 * Signed zones in scenarios. Keys are made of names, Edwards signatures are the same each time, and so a file can say
 * "signed by example." instead of holding the bytes:
 *
 *   example. DNSKEY @                  the key of the zone example.
 *   example. DS @                      its digest
 *   www.example. RRSIG A @ example.    the zone's signature over the A records of that name in the same section
 *
 * A word behind the @ makes another key ("@new"). Behind the signer's name may follow how the signature is wrong, or
 * special: see enum flaw. An RRSIG is first read with its flaw in the place of the signature, and signed when the
 * entry is complete.
 */

enum { DAY_S = 86400, ALGORITHM = 15, SIGNATURE_LEN = 64, PLAN_LEN = 2, TOKENS_MAX = 16, TEXT_MAX = 2048 };

enum flaw { SOUND, BROKEN };

static EVP_PKEY *secret_of(const char *zone, const char *label)
{
        uint8_t seed[EVP_MAX_MD_SIZE];
        char text[TEXT_MAX];
        unsigned len;
        size_t n = (size_t)snprintf(text, sizeof text, "%s %s", zone, label);

        for (size_t i = 0; i < n; i++)
                text[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
        if (!EVP_Digest(text, n, seed, &len, EVP_sha256(), NULL))
                return NULL;
        return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
}

/* The DNSKEY record of a zone; label "" is its usual key. */
static ldns_rr *key_of(const char *zone, const char *label)
{
        EVP_PKEY *secret = secret_of(zone, label);
        uint8_t raw[32];
        size_t len = sizeof raw;
        char base64[64], text[TEXT_MAX];
        ldns_rr *rr = NULL;

        if (secret && EVP_PKEY_get_raw_public_key(secret, raw, &len)) {
                EVP_EncodeBlock((uint8_t *)base64, raw, (int)len);
                snprintf(text, sizeof text, "%s 3600 IN DNSKEY 257 3 %d %s", zone, ALGORITHM, base64);
                ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL);
        }
        EVP_PKEY_free(secret);
        return rr;
}

/* --- Records written with an @ ------------------------------------------------------------------------------------ */

/* A line cut into words, and where the type stands. */
struct line {
        char text[TEXT_MAX];
        char *word[TOKENS_MAX];
        unsigned count, type, at; /* word numbers */
};

static bool cut_line(const char *text, struct line *line)
{
        char *save = NULL;

        *line = (struct line){ .count = 0 };
        snprintf(line->text, sizeof line->text, "%s", text);
        for (char *w = strtok_r(line->text, " \t", &save); w && line->count < TOKENS_MAX; w = strtok_r(NULL, " \t", &save))
                line->word[line->count++] = w;
        for (unsigned i = 1; i < line->count; i++) {
                if (!line->type && (!strcmp(line->word[i], "DNSKEY") || !strcmp(line->word[i], "DS") ||
                                    !strcmp(line->word[i], "RRSIG")))
                        line->type = i;
                if (line->type && !line->at && line->word[i][0] == '@')
                        line->at = i;
        }
        return line->at != 0;
}

static void put_words(char *out, size_t size, const struct line *line, unsigned count)
{
        out[0] = 0;
        for (unsigned i = 0; i < count; i++) {
                size_t len = strlen(out);

                snprintf(out + len, size - len, "%s ", line->word[i]);
        }
}

static bool put_rdata(char *out, size_t size, ldns_rr *rr)
{
        size_t len = strlen(out);

        for (size_t i = 0; rr && i < ldns_rr_rd_count(rr); i++) {
                char *field = ldns_rdf2str(ldns_rr_rdf(rr, i));

                snprintf(out + len, size - len, "%s ", field);
                len += strlen(out + len);
                free(field);
        }
        return rr != NULL;
}

static bool write_key(const struct line *line, char *out, size_t size)
{
        ldns_rr *key = key_of(line->word[0], line->word[line->at] + 1), *ds = NULL;
        bool is_ds = !strcmp(line->word[line->type], "DS");

        if (key && is_ds)
                ds = ldns_key_rr2ds(key, LDNS_SHA256);
        put_words(out, size, line, line->type + 1);
        bool ok = put_rdata(out, size, is_ds ? ds : key);
        ldns_rr_free(key);
        ldns_rr_free(ds);
        return ok;
}

static unsigned labels_of(const char *owner)
{
        ldns_rdf *name = ldns_dname_new_frm_str(owner);
        unsigned labels = name ? ldns_dname_label_count(name) : 0;

        ldns_rdf_deep_free(name);
        return labels - (labels && owner[0] == '*');
}

/* What an RRSIG line says behind the signer: "labels N", "expired", "early", "broken". */
struct manner {
        unsigned labels;
        long from_day, to_day; /* relative to the beginning of the scenario */
        enum flaw flaw;
};

static bool read_manner(const struct line *line, struct manner *out)
{
        *out = (struct manner){ .labels = labels_of(line->word[0]), .from_day = -10, .to_day = 20 };
        for (unsigned i = line->at + 2; i < line->count; i++) {
                if (!strcmp(line->word[i], "labels") && i + 1 < line->count)
                        out->labels = (unsigned)strtoul(line->word[++i], NULL, 10);
                else if (!strcmp(line->word[i], "expired"))
                        out->from_day -= 30, out->to_day -= 30;
                else if (!strcmp(line->word[i], "early"))
                        out->from_day += 30, out->to_day += 30;
                else if (!strcmp(line->word[i], "broken"))
                        out->flaw = BROKEN;
                else
                        return false;
        }
        return true;
}

static void put_time(char *out, size_t size, uint64_t start_s, long day)
{
        time_t when = (time_t)start_s + day * DAY_S;
        struct tm tm;

        strftime(out, size, "%Y%m%d%H%M%S", gmtime_r(&when, &tm));
}

/* The label of the key goes before the flaw, as bytes of what is not a signature yet. */
static bool write_rrsig(const struct line *line, uint64_t start_s, char *out, size_t size)
{
        const char *label = line->word[line->at] + 1;
        uint8_t plan[PLAN_LEN + 64] = { 0 };
        char from[16], to[16], base64[128];
        struct manner manner;
        ldns_rr *key;

        if (line->at != line->type + 2 || line->at + 1 >= line->count || strlen(label) > 40 || !start_s ||
            !read_manner(line, &manner) || !(key = key_of(line->word[line->at + 1], label)))
                return false;
        plan[0] = (uint8_t)manner.flaw;
        memcpy(plan + 1, label, strlen(label) + 1);
        EVP_EncodeBlock((uint8_t *)base64, plan, (int)strlen(label) + PLAN_LEN);
        put_time(from, sizeof from, start_s, manner.from_day);
        put_time(to, sizeof to, start_s, manner.to_day);
        put_words(out, size, line, line->type);
        size_t len = strlen(out);
        snprintf(out + len, size - len, "RRSIG %s %d %u 0 %s %s %u %s %s", line->word[line->type + 1], ALGORITHM,
                 manner.labels, to, from, (unsigned)ldns_calc_keytag(key), line->word[line->at + 1], base64);
        ldns_rr_free(key);
        return true;
}

bool rpl_write_record(const char *text, uint64_t start_s, char *out, size_t size)
{
        struct line line;

        if (!strchr(text, '@') || !cut_line(text, &line)) {
                snprintf(out, size, "%s", text);
                return true;
        }
        return !strcmp(line.word[line.type], "RRSIG") ? write_rrsig(&line, start_s, out, size)
                                                       : write_key(&line, out, size);
}

/* --- Signing ------------------------------------------------------------------------------------------------------ */

static bool is_planned(const ldns_rr *rr)
{
        return ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG && ldns_rdf2native_int8(ldns_rr_rdf(rr, 1)) == ALGORITHM &&
               ldns_rdf_size(ldns_rr_rdf(rr, 8)) < SIGNATURE_LEN;
}

/* RFC 4034 3.1.8.1: the name that is signed, where the signature has fewer labels than the owner. */
static ldns_rdf *signed_owner(const ldns_rdf *owner, unsigned labels)
{
        unsigned count = ldns_dname_label_count(owner);
        ldns_rdf *star, *closest, *out;

        if (labels >= count)
                return ldns_rdf_clone(owner);
        star = ldns_dname_new_frm_str("*");
        closest = ldns_dname_clone_from(owner, (uint16_t)(count - labels));
        out = ldns_dname_cat_clone(star, closest);
        ldns_rdf_deep_free(star);
        ldns_rdf_deep_free(closest);
        return out;
}

/* The records that an RRSIG covers, in canonical form and order. The RRSIG gets their TTL. */
static ldns_rr_list *covered_by(ldns_rr *sig, const ldns_rr_list *section)
{
        ldns_rr_list *out = ldns_rr_list_new();
        unsigned labels = ldns_rdf2native_int8(ldns_rr_rdf(sig, 2));

        for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
                const ldns_rr *rr = ldns_rr_list_rr(section, i);

                if (ldns_rr_get_type(rr) != ldns_rdf2rr_type(ldns_rr_rdf(sig, 0)) ||
                    ldns_dname_compare(ldns_rr_owner(rr), ldns_rr_owner(sig)))
                        continue;
                ldns_rr *copy = ldns_rr_clone(rr);
                ldns_rdf_deep_free(ldns_rr_owner(copy));
                ldns_rr_set_owner(copy, signed_owner(ldns_rr_owner(rr), labels));
                ldns_rr2canonical(copy);
                ldns_rr_list_push_rr(out, copy);
                ldns_rr_set_ttl(sig, ldns_rr_ttl(rr));
        }
        ldns_rdf_deep_free(ldns_rr_set_rdf(sig, ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, ldns_rr_ttl(sig)), 3));
        ldns_rr_list_sort(out);
        return out;
}

static bool make_signature(ldns_rr *sig, const char *label, const ldns_rr_list *covered, uint8_t out[SIGNATURE_LEN])
{
        ldns_buffer *data = ldns_buffer_new(LDNS_MAX_PACKETLEN);
        char *signer = ldns_rdf2str(ldns_rr_rdf(sig, 7));
        EVP_PKEY *secret = secret_of(signer, label);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        size_t len = SIGNATURE_LEN;
        bool ok = secret && context && ldns_rrsig2buffer_wire(data, sig) == LDNS_STATUS_OK &&
                  ldns_rr_list2buffer_wire(data, covered) == LDNS_STATUS_OK &&
                  EVP_DigestSignInit(context, NULL, NULL, NULL, secret) == 1 &&
                  EVP_DigestSign(context, out, &len, ldns_buffer_begin(data), ldns_buffer_position(data)) == 1;

        EVP_MD_CTX_free(context);
        EVP_PKEY_free(secret);
        ldns_buffer_free(data);
        free(signer);
        return ok;
}

static bool sign(ldns_rr *sig, const ldns_rr_list *section)
{
        const uint8_t *plan = ldns_rdf_data(ldns_rr_rdf(sig, 8));
        enum flaw flaw = (enum flaw)plan[0];
        ldns_rr_list *covered = covered_by(sig, section);
        uint8_t signature[SIGNATURE_LEN];
        bool ok = ldns_rr_list_rr_count(covered) > 0 && make_signature(sig, (const char *)plan + 1, covered, signature);

        ldns_rr_list_deep_free(covered);
        if (!ok)
                return false;
        signature[0] ^= flaw == BROKEN;
        ldns_rdf_deep_free(
                ldns_rr_set_rdf(sig, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_B64, SIGNATURE_LEN, signature), 8));
        return true;
}

bool rpl_sign(struct rpl_entry *entry)
{
        const ldns_rr_list *section[] = { ldns_pkt_answer(entry->message), ldns_pkt_authority(entry->message),
                                          ldns_pkt_additional(entry->message) };

        for (unsigned s = 0; s < 3; s++)
                for (size_t i = 0; i < ldns_rr_list_rr_count(section[s]); i++) {
                        ldns_rr *rr = ldns_rr_list_rr(section[s], i);

                        if (is_planned(rr) && !sign(rr, section[s]))
                                return false;
                }
        return true;
}
