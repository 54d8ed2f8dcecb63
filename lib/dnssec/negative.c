#include "dnssec/negative.h"

#include <string.h>

struct negative *negatives_find(struct negatives *negatives, const struct name *name)
{
        for (unsigned i = 0; i < negatives->count; i++)
                if (name_equal(&negatives->item[i].name, name))
                        return &negatives->item[i];
        return NULL;
}

/* It goes into logs, into extended errors and between quotes into a file. */
static void keep_reason(char out[NEGATIVE_REASON_MAX], const char *reason)
{
        size_t len = 0;

        for (; *reason && len < NEGATIVE_REASON_MAX - 1; reason++)
                if (*reason >= ' ' && *reason <= '~' && *reason != '"' && *reason != '\\')
                        out[len++] = *reason;
        out[len] = '\0';
}

struct negative *negatives_add(struct negatives *negatives, const struct name *name, uint64_t since_s, uint64_t ends_s,
                               const char *reason)
{
        struct negative *negative = negatives_find(negatives, name);

        if (!negative && negatives->count == NEGATIVES_MAX)
                return NULL;
        if (!negative)
                negative = &negatives->item[negatives->count++];
        *negative = (struct negative){ .since_s = since_s, .ends_s = ends_s };
        negative->name = name_hold(&negative->store, name);
        keep_reason(negative->reason, reason);
        return negative;
}

/* Names point into their own item, so what moves up is made anew. */
void negatives_drop(struct negatives *negatives, struct negative *negative)
{
        struct negative *last = &negatives->item[--negatives->count];

        if (negative == last)
                return;
        *negative = *last;
        negative->name.wire = negative->store.bytes;
}

struct negative *negatives_ended(struct negatives *negatives, uint64_t now_s, uint64_t built_s)
{
        uint64_t last_s = now_s < built_s ? UINT64_MAX : now_s + NEGATIVE_LIFE_MAX_S;

        for (unsigned i = 0; i < negatives->count; i++) {
                struct negative *negative = &negatives->item[i];

                if (negative->ends_s <= now_s || negative->ends_s > last_s)
                        return negative;
        }
        return NULL;
}

void negatives_learned(const struct negatives *negatives, struct negative_anchor *room, struct learned *out)
{
        for (unsigned i = 0; i < negatives->count; i++)
                room[i] = (struct negative_anchor){ .name = negatives->item[i].name,
                                                    .reason = negatives->item[i].reason };
        out->negative = room;
        out->negative_count = negatives->count;
}
