#include "policy/policy.h"
#include "base/buf.h"
#include "config/config.h"
#include "dnssec/anchor.h"
#include "policy/access.h"
#include "policy/local.h"
#include "wire/rrtype.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { POLICY_BYTES = LIMIT_SETTINGS_BYTES };

/* --- The snapshot ------------------------------------------------------------------------------------------------- */

static uint64_t next_generation(void)
{
        static _Atomic uint64_t last;

        return atomic_fetch_add(&last, 1) + 1;
}

/* A snapshot does not change, so those who read it have const pointers; but it is held, and freed in the end. */
static void *changeable(const void *snapshot)
{
        return (void *)(uintptr_t)snapshot;
}

static void policy_free(struct policy *policy)
{
        if (policy->base) {
                policy_release(policy->base);
        } else {
                local_free(policy->local);
                settings_free(changeable(policy->settings));
        }
        arena_fini(&policy->arena);
        free(policy);
}

static bool policy_compile(struct policy *policy, const struct prefix_list *attached)
{
        static const struct prefix_list none;
        const struct settings *settings = policy->settings;
        const struct prefix_list *also = settings->given[OPTION_allow] ? &none : attached;

        policy->local = local_new(settings);
        policy->anchors = anchors_new(settings, NULL, &policy->arena);
        return policy->local && policy->anchors &&
               !prefix_set_make(&policy->arena, &settings->allow, also, &policy->allow) &&
               !prefix_set_make(&policy->arena, &settings->do_not_query, &none, &policy->do_not_query) &&
               !prefix_set_make(&policy->arena, &settings->private_address, &none, &policy->private_address);
}

struct policy *policy_new(struct settings *settings, const struct prefix *attached, unsigned attached_count)
{
        const struct prefix_list list = {.count = attached_count, .item = attached};
        struct policy *policy = calloc(1, sizeof(*policy));

        if (!policy) {
                settings_free(settings);
                return NULL;
        }
        policy->settings = settings;
        policy->generation = next_generation();
        policy->holds = 1;
        arena_init(&policy->arena, POLICY_BYTES);
        if (policy_compile(policy, &list))
                return policy;
        policy_free(policy);
        return NULL;
}

/* All but the anchors, which the caller fills in. NULL when out of memory. */
static struct policy *policy_like(const struct policy *base)
{
        struct policy *next = calloc(1, sizeof(*next));

        if (!next)
                return NULL;
        *next = *base;
        next->base = policy_hold(base);
        next->generation = next_generation();
        next->holds = 1;
        next->anchors = NULL;
        arena_init(&next->arena, POLICY_BYTES);
        return next;
}

/* The snapshot, if it got its anchors. */
static struct policy *complete(struct policy *next)
{
        if (next->anchors)
                return next;
        policy_free(next);
        return NULL;
}

struct policy *policy_learn(const struct policy *policy, const struct learned *learned)
{
        struct policy *next = policy_like(policy->base ? policy->base : policy);

        if (!next)
                return NULL;
        next->anchors = anchors_new(next->settings, learned, &next->arena);
        return complete(next);
}

struct policy *policy_strict(const struct policy *policy)
{
        struct policy *next = policy_like(policy);

        if (!next)
                return NULL;
        next->anchors = anchors_strict(policy->anchors, &next->arena);
        return complete(next);
}

const struct policy *policy_hold(const struct policy *policy)
{
        struct policy *held = changeable(policy);

        atomic_fetch_add_explicit(&held->holds, 1, memory_order_relaxed);
        return policy;
}

void policy_release(const struct policy *policy)
{
        struct policy *held = changeable(policy);

        if (held && atomic_fetch_sub_explicit(&held->holds, 1, memory_order_acq_rel) == 1)
                policy_free(held);
}

/* --- The verdicts ------------------------------------------------------------------------------------------------- */

struct policy_verdict policy_question(const struct policy *policy, const struct question *question)
{
        return local_ask(policy->local, question);
}

/*
 * Addresses that no server can have: "this network", multicast and above; link-local ones, which mean nothing without
 * the name of an interface. A zone that names them wants us to talk to ourselves or to everybody (CVE-2026-50251).
 */
static bool is_no_server(const struct address *address)
{
        if (address->family == 4)
                return address->bytes[0] == 0 || address->bytes[0] >= 224;
        if (address->family == 6)
                return address->bytes[0] == 0xff || (address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80) ||
                       address_is_any(address);
        return true;
}

/* Against any server, also one that the settings name. */
static const char *reason_of_address(const struct settings *settings, const struct address *server)
{
        struct address address = address_unmapped(server);

        if (is_no_server(&address))
                return "no-server-address";
        if (server->family == 4 && !settings->do_ip4)
                return "do-ip4";
        return server->family == 6 && !settings->do_ip6 ? "do-ip6" : NULL;
}

/* Against servers that only a zone names. */
static const char *reason_of_network(const struct policy *policy, const struct address *server)
{
        struct address address = address_unmapped(server);

        if (policy->settings->do_not_query_localhost && address_is_loopback(&address))
                return "do-not-query-localhost";
        return prefix_set_holds(&policy->do_not_query, &address) ? "do-not-query" : NULL;
}

bool policy_named_server(const struct policy *policy, const struct address *server, const char **why)
{
        const char *reason = reason_of_address(policy->settings, server);

        if (reason)
                *why = reason;
        return !reason;
}

bool policy_server(const struct policy *policy, const struct address *server, const char **why)
{
        const char *reason = reason_of_address(policy->settings, server);

        if (!reason)
                reason = reason_of_network(policy, server);
        if (reason)
                *why = reason;
        return !reason;
}

/* Is any of the addresses, written one behind the other, a private one? */
static bool holds_private(const struct policy *policy, const uint8_t *bytes, size_t total, size_t len)
{
        for (size_t at = 0; at + len <= total; at += len) {
                struct address address = address_from(bytes + at, len);

                if (prefix_set_holds(&policy->private_address, &address))
                        return true;
        }
        return false;
}

/* RFC 9460 7.3: browsers connect to the hints of an HTTPS record without asking for A or AAAA. */
static bool hints_at_private(const struct policy *policy, const struct rdata *rdata)
{
        enum { KEY_IPV4HINT = 4, KEY_IPV6HINT = 6 };
        struct reader reader = reader_over(rdata->bytes, rdata->len);
        struct name target;

        read_u16(&reader); /* priority */
        if (name_read(&reader, &target))
                return false;
        while (reader_left(&reader) > 0) {
                uint16_t key = read_u16(&reader), len = read_u16(&reader);
                const uint8_t *value = read_bytes(&reader, len);

                if (value && key == KEY_IPV4HINT && holds_private(policy, value, len, 4))
                        return true;
                if (value && key == KEY_IPV6HINT && holds_private(policy, value, len, 16))
                        return true;
        }
        return false;
}

static bool leads_to_private(const struct policy *policy, uint16_t type, const struct rdata *rdata)
{
        switch (type) {
        case TYPE_A: return holds_private(policy, rdata->bytes, rdata->len, 4);
        case TYPE_AAAA: return holds_private(policy, rdata->bytes, rdata->len, 16);
        case TYPE_SVCB:
        case TYPE_HTTPS: return hints_at_private(policy, rdata);
        }
        return false;
}

bool policy_answer(const struct policy *policy, const struct rrset *set)
{
        if (policy->private_address.count == 0)
                return true;
        for (unsigned i = 0; i < set->count; i++) {
                if (leads_to_private(policy, set->type, &set->rdata[i]))
                        return name_list_covers(&policy->settings->private_domain, &set->owner);
        }
        return true;
}

bool policy_client(const struct policy *policy, const struct address *client)
{
        return prefix_set_holds(&policy->allow, client);
}
