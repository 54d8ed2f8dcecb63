#include "resolve/sight.h"

#include "base/buf.h"
#include "dnssec/follow.h"
#include "policy/policy.h"
#include "resolve/desk.h"
#include "resolve/request.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <string.h>

static const struct anchor *followed_anchor(const struct task *task, const struct name *zone)
{
        bool negative;
        const struct anchor *anchor = anchor_above(task->request->policy->anchors, zone, &negative);

        return anchor && anchor->followed && name_equal(&anchor->name, zone) ? anchor : NULL;
}

/* Is this revoked key one of our anchors? Those name it as it was before. */
static bool is_anchor(const struct task *task, const struct anchor *anchor, const struct rdata *revoked)
{
        uint8_t plain[FOLLOW_DNSKEY_MAX];
        struct rdata dnskey = { .bytes = plain, .len = revoked->len };

        if (dnskey.len > sizeof plain)
                return false;
        memcpy(plain, revoked->bytes, dnskey.len);
        store_u16(plain, (uint16_t)(load_u16(plain) & ~DNSKEY_REVOKE));
        for (unsigned i = 0; i < anchor->ds.count; i++)
                if (load_u16(anchor->ds.rdata[i].bytes) == crypto_key_tag(&dnskey) &&
                    crypto_ds_matches(&task->request->desk->crypto, &anchor->name, &anchor->ds.rdata[i], &dnskey))
                        return true;
        return false;
}

/* RFC 5011 2.1: a revocation counts when the key itself has signed it. */
static enum trust_state sees_revoked(struct task *task, const struct anchor *anchor, const struct rrset *set,
                                     const struct rdata *dnskey, bool *self_signed)
{
        struct rrset by_itself = *set; /* whose first signature is another one */
        struct zone_keys only;
        struct verified verified;
        struct zone_key room;
        struct reason why;

        *self_signed = false;
        if (!dnskey_is_revoked(dnskey) || !is_anchor(task, anchor, dnskey))
                return TRUST_KNOWN;
        zone_keys_only(&only, &set->owner, dnskey, &room);
        return trust_set(task, &by_itself, &only, &verified, self_signed, &why);
}

/* What the signatures say of their own time; the first one is as good as any, for when to look again. */
static void read_times(const struct task *task, const struct rrset *set, struct sighting *out)
{
        uint32_t now = (uint32_t)task->request->desk->now.wall_s;
        struct rrsig sig;

        if (!set->sig_count || !rrsig_read(&set->sigs[0], &sig))
                return;
        out->ttl_s = sig.original_ttl;
        out->validity_s = (int32_t)(sig.expiration - now) > 0 ? sig.expiration - now : 0;
}

static void publish(struct desk *desk, const struct sighting *sighting)
{
        uint8_t *bytes = arena_alloc(&desk->outbox, SIGHTING_BYTES_MAX);
        struct writer writer = writer_over(bytes, bytes ? SIGHTING_BYTES_MAX : 0);

        sighting_write(&writer, sighting);
        struct action *action = writer.failed ? NULL : desk_act(desk, ACTION_PUBLISH);
        if (!action)
                return;
        action->publish.news = NEWS_KEYS;
        action->publish.bytes = bytes;
        action->publish.len = writer_len(&writer);
}

/* "_ta-4f66-9728": the key tags in hex, in ascending order (RFC 8145 5.1). */
static enum err write_signal(const struct anchors *anchors, const struct name *zone, uint8_t room[NAME_WIRE_MAX],
                             struct name *out)
{
        enum { TAGS_MAX = 12 }; /* what fits into a label */
        uint16_t tag[TAGS_MAX];
        unsigned count = anchor_tags(anchors, zone, tag, TAGS_MAX);
        char label[4 + 5 * TAGS_MAX] = "_ta";
        size_t len = strlen(label);

        for (unsigned i = 0; i < count; i++)
                len += (size_t)snprintf(label + len, sizeof label - len, "-%04x", (unsigned)tag[i]);
        return count ? name_prepend((const uint8_t *)label, (uint8_t)len, zone, room, out) : ERR_MISSING;
}

static void signal_anchors(struct task *task, const struct name *zone)
{
        const struct policy *policy = task->request->policy;
        struct need signal = { .type = TYPE_NULL, .purpose = PURPOSE_SIGNAL };
        uint8_t room[NAME_WIRE_MAX];

        if (!policy->settings->trust_anchor_signaling ||
            write_signal(policy->anchors, zone, room, &signal.name) != ERR_OK)
                return;
        signal.name = name_copy(&task->request->arena, &signal.name);
        if (signal.name.wire)
                task_wish(task, &signal);
}

enum trust_state sight_keys(struct task *task, const struct rrset *dnskey, bool proven)
{
        const struct anchor *anchor = followed_anchor(task, &dnskey->owner);
        struct sighting sighting = { .zone = dnskey->owner, .proven = proven };
        bool any_revoked = false;

        if (!anchor)
                return TRUST_KNOWN;
        for (unsigned i = 0; i < dnskey->count && sighting.count < SIGHTING_KEYS_MAX; i++) {
                const struct rdata *key = &dnskey->rdata[i];
                bool self_signed;

                if (key->len <= DNSKEY_HEAD_LEN || !(load_u16(key->bytes) & DNSKEY_SEP))
                        continue;
                if (sees_revoked(task, anchor, dnskey, key, &self_signed) == TRUST_WAIT)
                        return TRUST_WAIT;
                sighting.key[sighting.count++] = (struct sighted_key){ .dnskey = *key, .self_signed = self_signed };
                any_revoked |= self_signed;
        }
        read_times(task, dnskey, &sighting);
        if (proven || any_revoked)
                publish(task->request->desk, &sighting);
        if (proven)
                signal_anchors(task, &dnskey->owner);
        return TRUST_KNOWN;
}
