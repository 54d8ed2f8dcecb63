#include "rpl.h"
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The config block as a settings file of cairnd. Each setting is written once; what the scenario says in `settings:`
 * lines, and what the caller adds, is stronger than what follows from the other keys. */

enum { SHEET_MAX = 64, VALUE_MAX = 8192 };

struct sheet {
        unsigned count;
        struct row {
                char key[64];
                char value[VALUE_MAX];
                bool list; /* value holds items, without the brackets */
        } row[SHEET_MAX];
};

/* The row of a key, a new one if there is none. */
static struct row *sheet_row(struct sheet *sheet, const char *key)
{
        unsigned i = 0;

        while (i < sheet->count && strcmp(sheet->row[i].key, key))
                i++;
        if (i == sheet->count && i + 1 < SHEET_MAX)
                snprintf(sheet->row[sheet->count++].key, sizeof sheet->row[i].key, "%s", key);
        return &sheet->row[i];
}

static void sheet_put(struct sheet *sheet, const char *key, const char *value)
{
        struct row *row = sheet_row(sheet, key);

        row->list = false;
        snprintf(row->value, sizeof row->value, "%s", value);
}

/* One more item of a list, made from the format and two texts. */
static void sheet_add(struct sheet *sheet, const char *key, const char *format, const char *a, const char *b)
{
        struct row *row = sheet_row(sheet, key);
        size_t len = row->list ? strlen(row->value) : 0;

        row->list = true;
        snprintf(row->value + len, VALUE_MAX - len, "%s", len ? ", " : "");
        len = strlen(row->value);
        snprintf(row->value + len, VALUE_MAX - len, format, a, b);
}

static bool truth(const char *text)
{
        return !strcasecmp(text, "yes") || !strcasecmp(text, "on") || !strcasecmp(text, "true") || !strcmp(text, "1");
}

static const char *yes_no(bool yes)
{
        return yes ? "yes" : "no";
}

bool rpl_switch(const struct rpl *rpl, const char *key, bool otherwise)
{
        const char *value = rpl_setting(rpl, key);

        return value ? truth(value) : otherwise;
}

const char *rpl_minimisation(const struct rpl *rpl)
{
        const char *value = rpl_setting(rpl, "query-minimization");

        return !value ? NULL : truth(value) ? "on" : "off";
}

uint64_t rpl_start_time(const struct rpl *rpl, uint64_t fallback_s)
{
        const char *date = rpl_setting(rpl, "val-override-date"), *stamp = rpl_setting(rpl, "val-override-timestamp");
        struct tm tm = { 0 };

        if (stamp)
                return strtoull(stamp, NULL, 10);
        if (date && strptime(date, "%Y%m%d%H%M%S", &tm))
                return (uint64_t)timegm(&tm);
        return fallback_s;
}

bool rpl_is_ipv6(const struct rpl *rpl)
{
        const char *root = rpl_setting(rpl, "stub-addr");

        return root && strchr(root, ':');
}

/* --- Features ----------------------------------------------------------------------------------------------------- */

/* A zone and its servers: "example.com. 10.0.0.1 10.0.0.2". */
static void put_zone(struct sheet *sheet, const char *key, const char *text)
{
        char copy[1024], addresses[1024] = "", *save = NULL, *zone, *word;

        snprintf(copy, sizeof copy, "%s", text);
        zone = strtok_r(copy, " \t", &save);
        while (zone && (word = strtok_r(NULL, " \t", &save))) {
                size_t len = strlen(addresses);

                snprintf(addresses + len, sizeof addresses - len, "%s\"%s\"", len ? ", " : "", word);
        }
        if (zone)
                sheet_add(sheet, key, "{ name: \"%s\", addresses: [%s] }", zone, addresses);
}

static void put_dns64(struct sheet *sheet, const char *text)
{
        sheet_add(sheet, "dns64-prefix", strchr(text, '/') ? "\"%s\"%s" : "\"%s/96\"%s", text, "");
}

static void put_feature(struct sheet *sheet, const char *key, const char *value)
{
        static const struct {
                const char *feature, *setting;
        } plain[] = {
                { "min_ttl", "cache-min-ttl" },
                { "max_ttl", "cache-max-ttl" },
                { "max_negative_ttl", "cache-max-negative-ttl" },
                { "aggressive_nsec", "aggressive-nsec" },
                { "prefetch", "prefetch" },
                { "serve_expired", "serve-expired" },
                { "serve_expired_ttl", "serve-expired-ttl" },
                { "serve_expired_client_timeout", "serve-expired-client-timeout" },
        };

        for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
                if (!strcmp(plain[i].feature, key))
                        sheet_put(sheet, plain[i].setting, value);
        if (!strcmp(key, "dns64_prefix"))
                put_dns64(sheet, value);
        else if (!strcmp(key, "private_address"))
                sheet_add(sheet, "private-address", "\"%s\"%s", value, "");
        else if (!strcmp(key, "private_domain"))
                sheet_add(sheet, "private-domain", "\"%s\"%s", value, "");
        else if (!strcmp(key, "stub"))
                put_zone(sheet, "stub-zones", value);
        else if (!strcmp(key, "forward"))
                put_zone(sheet, "forward-zones", value);
        else if (!strcmp(key, "target_fetch_policy"))
                sheet_put(sheet, "target-fetch-policy", value);
}

/* "a = 1; b = 2", each part handed to put_feature; what is no assignment was a comment. */
static void put_features(struct sheet *sheet, const char *text, char hint[2][512])
{
        char copy[1024], *save = NULL;

        snprintf(copy, sizeof copy, "%s", text);
        for (char *part = strtok_r(copy, ";", &save); part; part = strtok_r(NULL, ";", &save)) {
                char key[64], value[512];

                if (sscanf(part, " %63[^ =] = %511[^\n]", key, value) != 2)
                        continue;
                for (size_t n = strlen(value); n && isspace((unsigned char)value[n - 1]); n--)
                        value[n - 1] = '\0';
                if (!strcmp(key, "static_hint_name"))
                        snprintf(hint[0], 512, "%s", value);
                else if (!strcmp(key, "static_hint_addr"))
                        snprintf(hint[1], 512, "%s", value);
                else
                        put_feature(sheet, key, value);
        }
}

/* --- The other keys ----------------------------------------------------------------------------------------------- */

/* Without the comment that Unbound writes behind a key, which stands inside the quotes. */
static void put_anchor(struct sheet *sheet, const char *text)
{
        char plain[4096], record[4096];

        snprintf(plain, sizeof plain, "%.*s", (int)strcspn(text, ";"), text);
        rpl_write_record(plain, 0, record, sizeof record);
        sheet_add(sheet, "trust-anchors", "\"%s\"%s", record, "");
}

static void put_servers(struct sheet *sheet, const struct rpl *rpl)
{
        const char *root = rpl_setting(rpl, "stub-addr"), *name = rpl_setting(rpl, "stub-name");
        const char *forward = rpl_setting(rpl, "forward-addr");

        if (forward)
                sheet_add(sheet, "forward-zones", "{ name: \".\", addresses: [\"%s\"] }%s", forward, "");
        else if (root)
                sheet_add(sheet, "root-hints", "\"%s %s\"", name ? name : "k.root-servers.net.", root);
}

static void put_lists(struct sheet *sheet, const struct rpl *rpl)
{
        char hint[2][512] = { "", "" };
        bool anchored = false;

        for (unsigned i = 0; i < rpl->setting_count; i++) {
                const char *key = rpl->setting[i].key, *value = rpl->setting[i].value;

                if (!strcmp(key, "trust-anchor")) {
                        put_anchor(sheet, value);
                        anchored = true;
                } else if (!strcmp(key, "domain-insecure")) {
                        sheet_add(sheet, "negative-trust-anchors", "\"%s\"%s", value, "");
                } else if (!strcmp(key, "features") || !strcmp(key, "feature-list")) {
                        put_features(sheet, value, hint);
                }
        }
        if (hint[0][0] && hint[1][0])
                sheet_add(sheet, "local-data", strchr(hint[1], ':') ? "\"%s AAAA %s\"" : "\"%s A %s\"", hint[0],
                          hint[1]);
        sheet_put(sheet, "validation", yes_no(anchored));
}

/* What every scenario assumes of the resolver, see tests/scenario/README.md. */
static void put_assumptions(struct sheet *sheet)
{
        static const char *const rows[][2] = {
                { "udp-size", "4096" },        { "max-udp-answer", "4096" },
                { "minimal-responses", "no" }, { "minimal-any", "no" }, { "allow-no-recursion", "yes" },
                { "special-use-zones", "no" }, { "prefetch", "no" },
                { "serve-expired", "no" },     { "allow-sha1", "yes" },
                { "rsa-min-bits", "512" },     { "nsec3-max-iterations", "150" },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                sheet_put(sheet, rows[i][0], rows[i][1]);
}

/* "key: value" lines, stronger than what is there. */
static void put_lines(struct sheet *sheet, const char *text)
{
        while (text && *text) {
                size_t len = strcspn(text, "\n"), colon = strcspn(text, ":");

                if (colon < len) {
                        char key[64], value[VALUE_MAX];

                        snprintf(key, sizeof key, "%.*s", (int)colon, text);
                        snprintf(value, sizeof value, "%.*s", (int)(len - colon - 1), text + colon + 1);
                        sheet_put(sheet, key, value + strspn(value, " "));
                }
                text += len + (text[len] == '\n');
        }
}

void rpl_write_settings(const struct rpl *rpl, bool minimise, const char *extra, FILE *out)
{
        struct sheet *sheet = calloc(1, sizeof *sheet);

        if (!sheet)
                return;
        put_assumptions(sheet);
        sheet_put(sheet, "query-minimization", yes_no(rpl_switch(rpl, "query-minimization", minimise)));
        sheet_put(sheet, "do-ip4", yes_no(rpl_switch(rpl, "do-ip4", true)));
        sheet_put(sheet, "do-ip6", yes_no(rpl_switch(rpl, "do-ip6", true)));
        sheet_put(sheet, "do-not-query-localhost", yes_no(rpl_switch(rpl, "do-not-query-localhost", true)));
        sheet_put(sheet, "trust-anchor-signaling", yes_no(rpl_switch(rpl, "trust-anchor-signaling", true)));
        sheet_put(sheet, "harden-glue", yes_no(rpl_switch(rpl, "harden-glue", true)));
        put_servers(sheet, rpl);
        put_lists(sheet, rpl);
        for (unsigned i = 0; i < rpl->setting_count; i++)
                if (!strcmp(rpl->setting[i].key, "settings"))
                        put_lines(sheet, rpl->setting[i].value);
        put_lines(sheet, extra);
        for (unsigned i = 0; i < sheet->count; i++)
                fprintf(out, sheet->row[i].list ? "%s: [%s]\n" : "%s: %s\n", sheet->row[i].key, sheet->row[i].value);
        free(sheet);
}

/* --- Addresses ---------------------------------------------------------------------------------------------------- */

static unsigned add_address(struct address *out, unsigned count, unsigned max, const struct address *address)
{
        for (unsigned i = 0; i < count; i++)
                if (address_equal(&out[i], address))
                        return count;
        if (count < max)
                out[count++] = *address;
        return count;
}

static unsigned add_text_address(struct address *out, unsigned count, unsigned max, const char *text)
{
        struct address address;

        return text && address_parse(text, &address) == ERR_OK ? add_address(out, count, max, &address) : count;
}

/* The addresses in a message's records: where a file without RANGE has its servers. */
static unsigned add_record_addresses(struct address *out, unsigned count, unsigned max, const ldns_pkt *message)
{
        const ldns_rr_list *lists[] = { ldns_pkt_answer(message), ldns_pkt_additional(message) };

        for (unsigned k = 0; k < 2; k++) {
                for (size_t i = 0; i < ldns_rr_list_rr_count(lists[k]); i++) {
                        const ldns_rr *rr = ldns_rr_list_rr(lists[k], i);
                        const ldns_rdf *rdata = ldns_rr_rdf(rr, 0);
                        struct address address;

                        if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_A && ldns_rr_get_type(rr) != LDNS_RR_TYPE_AAAA)
                                continue;
                        address = address_from(ldns_rdf_data(rdata), ldns_rdf_size(rdata));
                        count = add_address(out, count, max, &address);
                }
        }
        return count;
}

unsigned rpl_addresses(const struct rpl *rpl, struct address out[], unsigned max)
{
        unsigned count = 0;

        for (unsigned i = 0; i < rpl->range_count; i++)
                for (unsigned k = 0; k < rpl->range[i].address_count; k++)
                        count = add_address(out, count, max, &rpl->range[i].address[k]);
        if (count)
                return count;
        count = add_text_address(out, count, max, rpl_setting(rpl, "stub-addr"));
        count = add_text_address(out, count, max, rpl_setting(rpl, "forward-addr"));
        for (unsigned i = 0; i < rpl->entry_count; i++)
                count = add_record_addresses(out, count, max, rpl->entry[i]->message);
        return count;
}
