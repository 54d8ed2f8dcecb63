/*
 * What a lab writes for others: hints and anchors for resolvers, signed zones for servers, counters for tests.
 */
#include "authority.h"
#include "denial.h"
#include "servers.h"
#include "zonefile.h"
#include <arpa/inet.h>
#include <string.h>

enum { PATH_LEN = 4096, DS_TTL = 86400 };

static struct lab_zone *root_of(const struct authority *authority)
{
        static const uint8_t root[] = { 0 };

        return servers_zone(authority, root);
}

void authority_write_hints(const struct authority *authority, FILE *out)
{
        const struct lab_zone *root = root_of(authority);
        struct lab_set *servers = root ? lab_node_set(&root->nodes[0], TYPE_NS) : NULL;

        if (!servers)
                return;
        zonefile_write_set(out, root->apex, servers);
        for (uint16_t i = 0; i < servers->count; i++) {
                const struct lab_node *node = lab_zone_find(root, servers->data[i].bytes);
                for (const struct lab_set *set = node ? node->sets : NULL; set; set = set->next)
                        if (set->type == TYPE_A || set->type == TYPE_AAAA)
                                zonefile_write_set(out, node->name, set);
        }
}

void authority_write_anchors(const struct authority *authority, FILE *out)
{
        const struct lab_zone *root = root_of(authority);
        uint8_t ds[36];

        if (!root || !root->signing)
                return;
        lab_key_ds(&root->signing->key_key, root->apex, ds);
        struct lab_rdata rdata = { .bytes = ds, .len = sizeof ds };
        struct lab_set set = { .type = TYPE_DS, .ttl = DS_TTL, .count = 1, .data = &rdata };
        zonefile_write_set(out, root->apex, &set);
}

static void denial_write(void *context, struct denial denial)
{
        zonefile_write_set(context, denial.owner, denial.set);
        if (denial.set->signatures)
                zonefile_write_set(context, denial.owner, denial.set->signatures);
}

static void denial_sign(void *context, struct denial denial)
{
        lab_sign(context, denial.owner, denial.set);
}

/* The sets of a node, signed where the zone speaks for them. */
static void node_write(struct lab_zone *zone, const struct lab_node *node, FILE *out)
{
        for (struct lab_set *set = node->sets; set; set = set->next) {
                bool ours = node->place == PLACE_INSIDE || (node->place == PLACE_CUT && set->type == TYPE_DS);
                struct lab_set *signatures = ours ? lab_sign(zone, node->name, set) : NULL;
                zonefile_write_set(out, node->name, set);
                if (signatures)
                        zonefile_write_set(out, node->name, signatures);
        }
}

static bool zone_dump(struct lab_zone *zone, const char *dir)
{
        char path[PATH_LEN], name[DNAME_TEXT_MAX];

        dname_to_text(zone->apex, name);
        for (char *slash = strchr(name, '/'); slash; slash = strchr(slash, '/'))
                *slash = '-';
        snprintf(path, sizeof path, "%s/%szone", dir, *zone->apex ? name : "root.");
        FILE *out = fopen(path, "w");
        if (!out)
                return false;
        for (size_t i = 0; i < zone->node_count; i++)
                node_write(zone, &zone->nodes[i], out);
        if (zone->signing && zone->signing->flaw != FLAW_STRIPPED) {
                denial_each(zone, denial_sign, zone);
                denial_each(zone, denial_write, out);
        }
        return fclose(out) == 0;
}

bool authority_dump(struct authority *authority, const char *dir)
{
        for (size_t i = 0; i < authority->zone_count; i++)
                if (!zone_dump(authority->zones[i], dir))
                        return false;
        return true;
}

void authority_write_counters(const struct authority *authority, FILE *out)
{
        char text[INET6_ADDRSTRLEN];

        for (size_t i = 0; i < authority->server_count; i++) {
                const struct lab_server *server = &authority->servers[i];
                inet_ntop(server->address.len == 16 ? AF_INET6 : AF_INET, server->address.bytes, text, sizeof text);
                fprintf(out, "%s udp=%llu tcp=%llu dropped=%llu\n", text, (unsigned long long)server->counters.udp,
                        (unsigned long long)server->counters.tcp, (unsigned long long)server->counters.dropped);
        }
}
