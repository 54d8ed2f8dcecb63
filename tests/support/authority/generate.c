/*
 * A lab from a seed. Everything about zone number n follows from the seed and n, so nothing has to be remembered:
 * authority_question() finds the names again by the same rules.
 *
 *   .                     a.root .. d.root
 *   tN.                   top-level domains, one for each 50 zones, at least four; NSEC, NSEC3, opt-out, some unsigned
 *   zN.tM.                second-level zones; every eighth has a signed or unsigned child, sub.zN.tM.
 *   hostN.tM.             hosting zones, whose servers ns1 to ns4 serve the zones that have none of their own
 */
#include "authority.h"
#include "servers.h"
#include "sign.h"
#include <stdlib.h>
#include <string.h>

enum { ZONES_PER_TLD = 50, ZONES_PER_HOST = 25, TLDS_MIN = 4, SERVERS_PER_ZONE = 4, TTL = 3600, CHILD_EVERY = 8 };

struct generator {
        struct authority *authority;
        size_t zones, tlds, hosts;
        uint32_t next_address;
};

/* Dice without a state: the same for the same seed, number and purpose. */
static uint64_t roll(const struct authority *authority, uint64_t number, uint64_t purpose)
{
        uint64_t x = authority->settings.seed + number * 0x9e3779b97f4a7c15 + purpose * 0xd1342543de82ef95;

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
        x = (x ^ x >> 27) * 0x94d049bb133111eb;
        return x ^ x >> 31;
}

enum purpose { PURPOSE_TLD, PURPOSE_HOST, PURPOSE_OWN_SERVERS, PURPOSE_SIGNING, PURPOSE_IPV6, PURPOSE_TARGET };

static size_t tld_count(size_t zones)
{
        return zones / ZONES_PER_TLD < TLDS_MIN ? TLDS_MIN : zones / ZONES_PER_TLD;
}

/* The letters and the number as one label below parent. */
static void name_of(const char *letters, uint64_t number, const uint8_t *parent, uint8_t out[DNAME_MAX])
{
        char label[64];

        snprintf(label, sizeof label, "%s%llu", letters, (unsigned long long)number);
        dname_join(label, parent, out);
}

static void tld_name(uint64_t number, uint8_t out[DNAME_MAX])
{
        name_of("t", number, (const uint8_t *)"", out);
}

static void host_name(const struct generator *generator, uint64_t number, uint8_t out[DNAME_MAX])
{
        uint8_t tld[DNAME_MAX];

        tld_name(number % generator->tlds, tld);
        name_of("host", number, tld, out);
}

static void zone_name(const struct authority *authority, uint64_t number, uint8_t out[DNAME_MAX])
{
        uint8_t tld[DNAME_MAX];

        tld_name(roll(authority, number, PURPOSE_TLD) % tld_count(authority->generated), tld);
        name_of("z", number, tld, out);
}

static void add_name(struct lab_zone *zone, const uint8_t *owner, uint16_t type, const uint8_t *target)
{
        lab_zone_add(zone, owner, type, TTL, target, dname_len(target));
}

static void add_address(struct lab_zone *zone, const uint8_t *owner, const struct authority_address *address)
{
        lab_zone_add(zone, owner, address->len == 4 ? TYPE_A : TYPE_AAAA, TTL, address->bytes, address->len);
}

/* Addresses count up: 10.x.y.z, or fd53::10.x.y.z of the same number. */
static struct authority_address address_make(uint32_t number, uint8_t len)
{
        struct authority_address address = { .len = len };
        uint8_t *last = address.bytes + len - 4;

        last[0] = 10;
        last[1] = (uint8_t)(number >> 16);
        last[2] = (uint8_t)(number >> 8);
        last[3] = (uint8_t)number;
        if (len == 16) {
                address.bytes[0] = 0xfd;
                address.bytes[1] = 0x53;
        }
        return address;
}

static struct lab_zone *zone_begin(struct generator *generator, const uint8_t *apex, uint64_t dice)
{
        static const char *const signings[] = { NULL, NULL, "denial=nsec", "denial=nsec3", "denial=optout" };
        struct lab_zone *zone = lab_zone_new(&generator->authority->pool, apex);
        const char *denial = signings[dice % (sizeof signings / sizeof *signings)];
        uint8_t soa[2 * DNAME_MAX + 20];
        size_t len = dname_len(apex);

        servers_add_zone(generator->authority, zone);
        if (denial) {
                sign_option(zone, "sign=13");
                sign_option(zone, denial);
        }
        memcpy(soa, apex, len);
        memcpy(soa + len, apex, len);
        memcpy(soa + 2 * len, (uint8_t[20]){ 0, 0, 0, 1, 0, 0, 28, 32, 0, 0, 14, 16, 0, 18, 117, 0, 0, 0, 1, 44 }, 20);
        lab_zone_add(zone, apex, TYPE_SOA, TTL, soa, 2 * len + 20);
        return zone;
}

/* ns1 to ns4 of this name, with addresses: in the zone, as glue in its parent, and listening. */
static void servers_make(struct generator *generator, struct lab_zone *zone, const uint8_t *below, bool ipv6)
{
        struct lab_zone *parent = *zone->apex ? servers_zone_above(generator->authority, zone->apex, true) : NULL;
        uint8_t name[DNAME_MAX];
        char label[8];

        for (unsigned i = 1; i <= SERVERS_PER_ZONE; i++) {
                snprintf(label, sizeof label, "ns%u", i);
                dname_join(label, below, name);
                add_name(zone, zone->apex, TYPE_NS, name);
                if (parent)
                        add_name(parent, zone->apex, TYPE_NS, name);
                uint32_t number = generator->next_address++;
                for (uint8_t len = 4; len <= (ipv6 ? 16 : 4); len = (uint8_t)(len + 12)) {
                        struct authority_address address = address_make(number, len);
                        add_address(zone, name, &address);
                        if (parent)
                                add_address(parent, name, &address);
                        servers_assign(zone, servers_add(generator->authority, &address));
                }
        }
}

/* The servers of a hosting zone. */
static void servers_borrow(struct generator *generator, struct lab_zone *zone, const struct lab_zone *host)
{
        struct lab_zone *parent = servers_zone_above(generator->authority, zone->apex, true);
        uint8_t name[DNAME_MAX];
        char label[8];

        for (unsigned i = 1; i <= SERVERS_PER_ZONE; i++) {
                snprintf(label, sizeof label, "ns%u", i);
                dname_join(label, host->apex, name);
                add_name(zone, zone->apex, TYPE_NS, name);
                add_name(parent, zone->apex, TYPE_NS, name);
        }
        for (size_t i = 0; i < host->server_count; i++)
                servers_assign(zone, host->servers[i]);
}

static void root_make(struct generator *generator)
{
        uint8_t below[DNAME_MAX];
        struct lab_zone *root = zone_begin(generator, (const uint8_t *)"", 2);

        dname_from_text("root", below);
        servers_make(generator, root, below, true);
}

static void tlds_make(struct generator *generator)
{
        uint8_t name[DNAME_MAX];

        for (size_t i = 0; i < generator->tlds; i++) {
                tld_name(i, name);
                struct lab_zone *tld = zone_begin(generator, name, i % 7 == 6 ? 0 : 2 + i % 3);
                servers_make(generator, tld, name, true);
        }
}

static void hosts_make(struct generator *generator)
{
        uint8_t name[DNAME_MAX];

        for (size_t i = 0; i < generator->hosts; i++) {
                host_name(generator, i, name);
                struct lab_zone *host = zone_begin(generator, name, i);
                servers_make(generator, host, name, roll(generator->authority, i, PURPOSE_IPV6) % 2);
        }
}

static const struct lab_zone *host_of(const struct generator *generator, uint64_t number)
{
        uint8_t name[DNAME_MAX];

        host_name(generator, roll(generator->authority, number, PURPOSE_HOST) % generator->hosts, name);
        return servers_zone(generator->authority, name);
}

static void label_add(struct lab_zone *zone, const char *labels, uint16_t type, const void *rdata, size_t len)
{
        uint8_t name[DNAME_MAX];
        char text[64 + DNAME_TEXT_MAX], apex[DNAME_TEXT_MAX];

        snprintf(text, sizeof text, "%.60s.%s", labels, dname_to_text(zone->apex, apex));
        if (dname_from_text(text, name))
                lab_zone_add(zone, name, type, TTL, rdata, len);
}

/* What a zone holds; the questions below know it. The address 198.18.x.y tells the number of the zone. */
static void content_make(struct generator *generator, struct lab_zone *zone, uint64_t number)
{
        uint8_t address[4] = { 198, 18, (uint8_t)(number >> 8), (uint8_t)number };
        uint8_t address6[16] = { 0x20, 0x01, 0, 2, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number };
        uint8_t mx[2 + DNAME_MAX] = { 0, 10 }, name[DNAME_MAX];

        lab_zone_add(zone, zone->apex, TYPE_A, TTL, address, sizeof address);
        dname_join("www", zone->apex, mx + 2);
        lab_zone_add(zone, zone->apex, TYPE_MX, TTL, mx, 2 + dname_len(mx + 2));
        label_add(zone, "www", TYPE_A, address, sizeof address);
        label_add(zone, "www", TYPE_AAAA, address6, sizeof address6);
        label_add(zone, "alias", TYPE_CNAME, mx + 2, dname_len(mx + 2));
        label_add(zone, "*.wild", TYPE_A, address, sizeof address);
        label_add(zone, "a.b.c", TYPE_TXT, "\5empty", 6);
        zone_name(generator->authority, roll(generator->authority, number, PURPOSE_TARGET) % generator->zones, name);
        dname_join("www", name, mx + 2);
        label_add(zone, "far", TYPE_CNAME, mx + 2, dname_len(mx + 2));
}

static void child_make(struct generator *generator, const struct lab_zone *parent, uint64_t number)
{
        uint8_t name[DNAME_MAX];

        dname_join("sub", parent->apex, name);
        struct lab_zone *child = zone_begin(generator, name, roll(generator->authority, number, PURPOSE_SIGNING) / 5);
        servers_borrow(generator, child, host_of(generator, number + 1));
        content_make(generator, child, number);
}

static void zones_make(struct generator *generator)
{
        struct authority *authority = generator->authority;
        uint8_t name[DNAME_MAX];

        for (uint64_t i = 0; i < generator->zones; i++) {
                zone_name(authority, i, name);
                struct lab_zone *zone = zone_begin(generator, name, roll(authority, i, PURPOSE_SIGNING));
                if (roll(authority, i, PURPOSE_OWN_SERVERS) % 2)
                        servers_make(generator, zone, zone->apex, roll(authority, i, PURPOSE_IPV6) % 2);
                else
                        servers_borrow(generator, zone, host_of(generator, i));
                content_make(generator, zone, i);
                if (i % CHILD_EVERY == 0)
                        child_make(generator, zone, i);
        }
}

struct authority *authority_generate(const struct authority_settings *settings, size_t zone_count)
{
        char complaint[AUTHORITY_COMPLAINT_MAX];
        struct generator generator = {
                .authority = servers_new(settings),
                .zones = zone_count,
                .tlds = tld_count(zone_count),
                .hosts = zone_count / ZONES_PER_HOST + 1,
                .next_address = 1,
        };

        generator.authority->generated = zone_count;
        root_make(&generator);
        tlds_make(&generator);
        hosts_make(&generator);
        zones_make(&generator);
        if (servers_finish(generator.authority, complaint))
                return generator.authority;
        authority_free(generator.authority);
        return NULL;
}

void authority_question(const struct authority *authority, uint64_t n, uint8_t *name, uint16_t *type)
{
        static const struct {
                const char *labels;
                uint16_t type;
        } kinds[] = {
                { "www", TYPE_A },      { "www", TYPE_AAAA },  { "alias", TYPE_A },   { "far", TYPE_A },
                { "far", TYPE_AAAA },   { "x.wild", TYPE_A },  { "a.b.c", TYPE_TXT }, { "b.c", TYPE_A },
                { "www", TYPE_MX },     { "nowhere", TYPE_A }, { "alias", TYPE_MX },  { "x.y.nowhere", TYPE_AAAA },
                { "x.wild", TYPE_TXT }, { "www.sub", TYPE_A }, { "ns1", TYPE_A },     { "far.sub", TYPE_A },
        };
        uint8_t apex[DNAME_MAX];
        uint64_t dice = roll(authority, n, 100);
        size_t kind = dice >> 32 & 15;
        char text[64 + DNAME_TEXT_MAX], apex_text[DNAME_TEXT_MAX];

        zone_name(authority, dice % authority->generated, apex);
        snprintf(text, sizeof text, "%s.%s", kinds[kind].labels, dname_to_text(apex, apex_text));
        dname_from_text(text, name);
        *type = kinds[kind].type;
}
