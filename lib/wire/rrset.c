/* Record sets as mathematical sets: order and doubles do not matter; and the RDATA that a resolver itself reads. */
#include "wire/rrset.h"
#include "base/buf.h"
#include "wire/rrtype.h"
#include <stdlib.h>
#include <string.h>

static bool rdata_equal(uint16_t type, const struct rdata *a, const struct rdata *b)
{
        return a->len == b->len && rdata_compare(type, a->bytes, a->len, b->bytes, b->len) == 0;
}

/* Is this record in the set? Looks first at `guess`: two copies of a set mostly have the same order. */
static bool rrset_holds(const struct rrset *set, const struct rdata *rdata, unsigned guess)
{
        for (unsigned i = 0; i < set->count; i++) {
                if (rdata_equal(set->type, &set->rdata[(guess + i) % set->count], rdata))
                        return true;
        }
        return false;
}

bool rrset_equal(const struct rrset *a, const struct rrset *b)
{
        if (a->type != b->type || a->class != b->class || a->count != b->count || !name_equal(&a->owner, &b->owner))
                return false;
        for (unsigned i = 0; i < a->count; i++) {
                if (!rrset_holds(b, &a->rdata[i], i))
                        return false;
        }
        return true;
}

static const struct rdata *rdata_copy_all(struct arena *arena, const struct rdata *from, unsigned count)
{
        struct rdata *to = arena_alloc(arena, count * sizeof *to);

        if (!to)
                return NULL;
        for (unsigned i = 0; i < count; i++) {
                to[i].bytes = arena_copy(arena, from[i].bytes, from[i].len);
                to[i].len = from[i].len;
                if (!to[i].bytes)
                        return NULL;
        }
        return to;
}

enum err rrset_copy(struct arena *arena, const struct rrset *set, struct rrset *out)
{
        struct rrset copy = *set;

        copy.owner = name_copy(arena, &set->owner);
        copy.rdata = rdata_copy_all(arena, set->rdata, set->count);
        copy.sigs = rdata_copy_all(arena, set->sigs, set->sig_count);
        if (!copy.owner.wire || !copy.rdata || !copy.sigs)
                return ERR_MEMORY;
        *out = copy;
        return ERR_OK;
}

static int order(const void *a, const void *b, void *type)
{
        const struct rdata *x = a, *y = b;
        return rdata_compare(*(const uint16_t *)type, x->bytes, x->len, y->bytes, y->len);
}

void rdata_sort(struct rdata *rdata, uint16_t *count, uint16_t type)
{
        uint16_t kept = 0;

        qsort_r(rdata, *count, sizeof *rdata, order, &type);
        for (unsigned i = 0; i < *count; i++) {
                if (kept == 0 || !rdata_equal(type, &rdata[kept - 1], &rdata[i]))
                        rdata[kept++] = rdata[i];
        }
        *count = kept;
}

bool rrset_target(const struct rrset *set, unsigned index, struct name *out)
{
        return index < set->count && rdata_name(set->type, set->rdata[index].bytes, set->rdata[index].len, out);
}

bool soa_read(const struct rdata *rdata, struct soa *out)
{
        struct reader r = reader_over(rdata->bytes, rdata->len);
        struct soa soa;

        if (name_read(&r, &soa.mname) || name_read(&r, &soa.rname))
                return false;
        soa.serial = read_u32(&r);
        soa.refresh = read_u32(&r);
        soa.retry = read_u32(&r);
        soa.expire = read_u32(&r);
        soa.minimum = read_u32(&r);
        if (r.failed || reader_left(&r))
                return false;
        *out = soa;
        return true;
}

bool rrsig_read(const struct rdata *rdata, struct rrsig *out)
{
        struct reader r = reader_over(rdata->bytes, rdata->len);
        struct rrsig sig;

        sig.covered = read_u16(&r);
        sig.algorithm = read_u8(&r);
        sig.labels = read_u8(&r);
        sig.original_ttl = read_u32(&r);
        sig.expiration = read_u32(&r);
        sig.inception = read_u32(&r);
        sig.key_tag = read_u16(&r);
        if (r.failed || name_read(&r, &sig.signer) || reader_left(&r) == 0)
                return false;
        sig.signature_len = (uint16_t)reader_left(&r);
        sig.signature = r.at;
        *out = sig;
        return true;
}
