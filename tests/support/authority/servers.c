#include "servers.h"
#include "denial.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

bool authority_address_parse(const char *text, struct authority_address *out)
{
        struct authority_address address = { .len = strchr(text, ':') ? 16 : 4 };

        if (inet_pton(address.len == 16 ? AF_INET6 : AF_INET, text, address.bytes) != 1)
                return false;
        *out = address;
        return true;
}

static uint64_t address_hash(const struct authority_address *address)
{
        uint64_t hash = 0xcbf29ce484222325;

        for (unsigned i = 0; i < address->len; i++)
                hash = (hash ^ address->bytes[i]) * 0x100000001b3;
        return hash;
}

static bool address_equals(const struct authority_address *a, const struct authority_address *b)
{
        return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

struct authority *servers_new(const struct authority_settings *settings)
{
        struct authority *authority = lab_grow(NULL, sizeof *authority);

        *authority = (struct authority){ .settings = *settings };
        return authority;
}

void authority_free(struct authority *authority)
{
        if (!authority)
                return;
        for (size_t i = 0; i < authority->zone_count; i++) {
                denial_fini(authority->zones[i]);
                sign_fini(authority->zones[i]);
                lab_zone_fini(authority->zones[i]);
        }
        free(authority->zones);
        free(authority->servers);
        lab_index_fini(&authority->server_index);
        lab_index_fini(&authority->zone_index);
        lab_pool_fini(&authority->scratch);
        lab_pool_fini(&authority->pool);
        free(authority);
}

struct lab_server *servers_find(const struct authority *authority, const struct authority_address *address)
{
        uint64_t hash = address_hash(address);
        size_t cursor = 0;
        uint32_t number;

        while (lab_index_next(&authority->server_index, hash, &cursor, &number))
                if (address_equals(&authority->servers[number].address, address))
                        return &authority->servers[number];
        return NULL;
}

size_t servers_add(struct authority *authority, const struct authority_address *address)
{
        struct lab_server *known = servers_find(authority, address);
        size_t n = authority->server_count;

        if (known)
                return (size_t)(known - authority->servers);
        if ((n & (n - 1)) == 0)
                authority->servers = lab_grow(authority->servers, (n ? 2 * n : 1) * sizeof *authority->servers);
        uint64_t hash = address_hash(address);
        authority->servers[n] = (struct lab_server){ .address = *address, .dice = authority->settings.seed ^ hash };
        lab_index_put(&authority->server_index, hash, (uint32_t)n);
        return authority->server_count++;
}

struct lab_zone *servers_zone(const struct authority *authority, const uint8_t *name)
{
        uint64_t hash = dname_hash(name);
        size_t cursor = 0;
        uint32_t number;

        while (lab_index_next(&authority->zone_index, hash, &cursor, &number))
                if (dname_equal(authority->zones[number]->apex, name))
                        return authority->zones[number];
        return NULL;
}

void servers_add_zone(struct authority *authority, struct lab_zone *zone)
{
        struct lab_zone *same = servers_zone(authority, zone->apex);
        size_t n = authority->zone_count;

        if ((n & (n - 1)) == 0)
                authority->zones = lab_grow(authority->zones, (n ? 2 * n : 1) * sizeof(struct lab_zone *));
        authority->zones[authority->zone_count++] = zone;
        if (same) {
                zone->next_same = same->next_same;
                same->next_same = zone;
        } else {
                lab_index_put(&authority->zone_index, dname_hash(zone->apex), (uint32_t)n);
        }
}

void servers_assign(struct lab_zone *zone, size_t server)
{
        size_t n = zone->server_count;

        if ((n & (n - 1)) == 0)
                zone->servers = lab_grow(zone->servers, (n ? 2 * n : 1) * sizeof *zone->servers);
        zone->servers[zone->server_count++] = (uint32_t)server;
}

static bool zone_is_at(const struct lab_zone *zone, size_t server)
{
        for (size_t i = 0; i < zone->server_count; i++)
                if (zone->servers[i] == server)
                        return true;
        return false;
}

struct lab_zone *servers_zone_for(const struct authority *authority, const struct lab_server *server,
                                  const uint8_t *name, bool above)
{
        size_t number = (size_t)(server - authority->servers);

        for (const uint8_t *at = name;; at += 1 + *at) {
                struct lab_zone *zone = above && at == name ? NULL : servers_zone(authority, at);
                for (; zone; zone = zone->next_same)
                        if (zone_is_at(zone, number))
                                return zone;
                if (!*at)
                        return NULL;
        }
}

struct lab_zone *servers_zone_above(const struct authority *authority, const uint8_t *name, bool above)
{
        struct lab_zone *zone = above && *name ? NULL : servers_zone(authority, name);

        while (!zone && *name) {
                name += 1 + *name;
                zone = servers_zone(authority, name);
        }
        return zone;
}

/* The closest zone above this one; every version of it gets the DS. */
static void zone_delegate(const struct authority *authority, const struct lab_zone *child)
{
        struct lab_zone *parent = *child->apex ? servers_zone_above(authority, child->apex, true) : NULL;

        for (; parent; parent = parent->next_same)
                if (parent->signing)
                        sign_delegate(parent, child);
}

static bool zone_complain(char complaint[AUTHORITY_COMPLAINT_MAX], const struct lab_zone *zone, const char *what)
{
        char text[DNAME_TEXT_MAX];

        snprintf(complaint, AUTHORITY_COMPLAINT_MAX, "zone %.255s %s", dname_to_text(zone->apex, text), what);
        return false;
}

bool servers_finish(struct authority *authority, char complaint[AUTHORITY_COMPLAINT_MAX])
{
        for (size_t i = 0; i < authority->zone_count; i++) {
                struct lab_zone *zone = authority->zones[i];
                if (zone->signing && !sign_prepare(zone, &authority->settings))
                        return zone_complain(complaint, zone, "wants an unknown algorithm");
                if (zone->signing)
                        zone_delegate(authority, zone);
        }
        for (size_t i = 0; i < authority->zone_count; i++)
                if (!lab_zone_finish(authority->zones[i]))
                        return zone_complain(complaint, authority->zones[i], "has no SOA");
        return true;
}

size_t authority_server_count(const struct authority *authority)
{
        return authority->server_count;
}

struct authority_address authority_server_address(const struct authority *authority, size_t number)
{
        return authority->servers[number].address;
}

struct authority_counters authority_server_counters(const struct authority *authority, size_t number)
{
        return authority->servers[number].counters;
}

void authority_counters_reset(struct authority *authority)
{
        for (size_t i = 0; i < authority->server_count; i++)
                authority->servers[i].counters = (struct authority_counters){ 0 };
}
