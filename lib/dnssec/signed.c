#include "dnssec/signed.h"

#include "base/buf.h"
#include "wire/rrtype.h"
#include <stdlib.h>
#include <string.h>

enum { SIG_HEAD_LEN = 18, RR_HEAD_LEN = 10 };

unsigned signed_labels(const struct name *owner)
{
        return owner->label_count - (name_is_wildcard(owner) ? 1u : 0u);
}

static int compare_rdata(const void *a, const void *b)
{
        const struct rdata *x = a, *y = b;
        int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);

        return order ? order : (int)x->len - (int)y->len;
}

/* RFC 4034 6.3: RDATA in canonical form, sorted as bytes. */
static struct rdata *canonical_rdata(const struct rrset *set, struct arena *arena, size_t *total)
{
        struct rdata *sorted = arena_alloc(arena, sizeof *sorted * set->count);

        *total = 0;
        for (unsigned i = 0; sorted && i < set->count; i++) {
                uint8_t *bytes = arena_copy(arena, set->rdata[i].bytes, set->rdata[i].len);

                if (!bytes)
                        return NULL;
                rdata_canonical(set->type, bytes, set->rdata[i].len);
                sorted[i] = (struct rdata){ .bytes = bytes, .len = set->rdata[i].len };
                *total += set->rdata[i].len;
        }
        if (sorted)
                qsort(sorted, set->count, sizeof *sorted, compare_rdata);
        return sorted;
}

/* RFC 4035 5.3.2: the owner as it was signed, with the labels that a wildcard stood for cut away. */
static size_t signed_owner(const struct name *owner, unsigned labels, uint8_t out[NAME_WIRE_MAX])
{
        if (labels >= owner->label_count)
                return name_canonical(owner, out);
        struct name closest = name_ancestor(owner, labels);
        out[0] = 1;
        out[1] = '*';
        return 2 + name_canonical(&closest, out + 2);
}

const uint8_t *signed_data(const struct rrset *set, const struct rrsig *sig, const struct rdata *rdata,
                           struct arena *arena, size_t *len)
{
        uint8_t owner[NAME_WIRE_MAX], signer[NAME_WIRE_MAX];
        size_t owner_len = signed_owner(&set->owner, sig->labels, owner);
        size_t signer_len = name_canonical(&sig->signer, signer);
        size_t rdata_total;
        struct rdata *sorted = canonical_rdata(set, arena, &rdata_total);
        size_t room = SIG_HEAD_LEN + signer_len + rdata_total + set->count * (owner_len + RR_HEAD_LEN);
        uint8_t *bytes = sorted ? arena_alloc(arena, room) : NULL;
        struct writer w = writer_over(bytes, bytes ? room : 0);

        if (!bytes)
                return NULL;
        write_bytes(&w, rdata->bytes, SIG_HEAD_LEN);
        write_bytes(&w, signer, signer_len);
        for (unsigned i = 0; i < set->count; i++) {
                if (i && !compare_rdata(&sorted[i - 1], &sorted[i]))
                        continue; /* RFC 4034 6.3: once each, also those that differed in letter case alone */
                write_bytes(&w, owner, owner_len);
                write_u16(&w, set->type);
                write_u16(&w, set->class);
                write_u32(&w, sig->original_ttl);
                write_u16(&w, sorted[i].len);
                write_bytes(&w, sorted[i].bytes, sorted[i].len);
        }
        *len = writer_len(&w);
        return w.failed ? NULL : bytes;
}
