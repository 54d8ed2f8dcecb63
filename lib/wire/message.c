/*
 * Reading messages (RFC 1035 4.1):
 *
 *      0        2        4        6        8        10       12
 *      | ID     | flags  | QDCOUNT| ANCOUNT| NSCOUNT| ARCOUNT| question | answer | authority | additional
 *
 *      a record:  owner | type | class | TTL | RDLENGTH | RDATA
 *
 * A name that stands uncompressed in the message, or is a bare pointer to one that does, is a view into the message:
 * most owners are a pointer to the question. Only the others are written out in the arena, and what that may cost is
 * bounded by the message's own length, for 14 bytes (one label, a pointer, the fixed part) can ask for 255.
 */
#include "wire/message.h"
#include "base/buf.h"
#include "wire/rrtype.h"
#include <stddef.h>

enum {
        RR_FIXED_LEN = 10,      /* type, class, TTL, RDLENGTH */
        RR_MIN_LEN = 1 + RR_FIXED_LEN,
        CNAMES_MAX = 11,        /* records of this type in one message */
        RRSET_RECORDS_MAX = 256,
        RRSET_SIGS_MAX = 8,
        TTL_MAX = 0x7fffffff,
        MEMORY_FACTOR = 8, MEMORY_BASE = 4096,
        RDATA_GROWTH_MAX = 2 * NAME_WIRE_MAX, /* no type has more than two names that may arrive compressed */
};

struct header {
        uint16_t id, flags;
        uint16_t question_count;
        uint16_t rr_count[SECTION_COUNT];
};

/* Both callers have seen that it is there. Inline, so that the fields stay in registers: what is written in two pieces
 * and read in one at once makes the processor wait. */
static inline __attribute__((always_inline)) struct header header_read(struct reader *r)
{
        const uint8_t *p = r->at;
        struct header header = { .id = load_u16(p), .flags = load_u16(p + 2), .question_count = load_u16(p + 4) };

        for (unsigned section = 0; section < SECTION_COUNT; section++)
                header.rr_count[section] = load_u16(p + 6 + 2 * (size_t)section);
        r->at += HEADER_LEN;
        return header;
}

/* The name is the first in its message, so nothing stands before it that a pointer could lead to. On error *out may be
 * written in part. */
static enum err question_read(struct reader *r, struct question *out)
{
        enum err err = name_read(r, &out->name);

        if (err)
                return err;
        const uint8_t *p = read_bytes(r, 4);
        if (!p)
                return ERR_SHORT;
        out->type = load_u16(p);
        out->class = load_u16(p + 2);
        return ERR_OK;
}

/* The fixed part of a record and its RDATA. */
struct body {
        uint16_t type, class;
        uint32_t ttl;
        const uint8_t *rdata;
        uint16_t rdlen;
};

static enum err body_read(struct reader *r, struct body *out)
{
        const uint8_t *p = read_bytes(r, RR_FIXED_LEN);

        if (!p)
                return ERR_SHORT;
        out->type = load_u16(p);
        out->class = load_u16(p + 2);
        out->ttl = load_u32(p + 4);
        out->rdlen = load_u16(p + 8);
        out->rdata = read_bytes(r, out->rdlen);
        return out->rdata ? ERR_OK : ERR_SHORT;
}

/* The additional section of a query: nothing, or an OPT record, whose owner is the root (RFC 6891 6.1.2). */
static enum err query_additional_read(struct reader *r, unsigned count, struct edns *out)
{
        struct body body;

        if (count == 0)
                return ERR_OK;
        if (count > 1)
                return ERR_FORM;
        if (reader_left(r) < RR_MIN_LEN)
                return ERR_SHORT;
        if (read_u8(r) != 0)
                return ERR_FORM;
        if (body_read(r, &body))
                return ERR_SHORT;
        if (body.type != TYPE_OPT)
                return ERR_FORM;
        return edns_read(body.class, body.ttl, body.rdata, body.rdlen, out);
}

/* Everything behind the header of a query. */
static enum err query_body_read(struct reader *r, const uint8_t *bytes, const struct header *header, struct query *out)
{
        if (header->question_count != 1) /* RFC 9619 4 */
                return ERR_FORM;
        if (header->rr_count[SECTION_ANSWER] > 0 || header->rr_count[SECTION_AUTHORITY] > 0)
                return ERR_FORM;
        enum err err = question_read(r, &out->question);
        if (err)
                return err;
        out->question_end = (uint16_t)(r->at - bytes);
        err = query_additional_read(r, header->rr_count[SECTION_ADDITIONAL], &out->edns);
        if (err)
                return err;
        out->edns.ede_count = 0; /* a question has no error to tell, and outlives its bytes */
        return reader_left(r) ? ERR_TRAILING : ERR_OK;
}

enum err query_read(const uint8_t *bytes, size_t len, struct query *out)
{
        struct reader r = reader_over(bytes, len);

        if (len < HEADER_LEN)
                return ERR_SHORT;
        const struct header header = header_read(&r);
        if (header.flags & FLAG_QR)
                return ERR_SHORT;
        out->id = header.id;
        out->flags = header.flags;
        out->question_end = 0;
        edns_clear(&out->edns);
        if ((header.flags & FLAG_OPCODE_MASK) >> FLAG_OPCODE_SHIFT != OPCODE_QUERY)
                return ERR_SUPPORT;
        if (len > QUERY_MAX)
                return ERR_LIMIT;
        enum err err = query_body_read(&r, bytes, &header, out);
        return err == ERR_SHORT ? ERR_FORM : err; /* ERR_SHORT would mean: not worth an answer */
}

/* What is at hand while the records of one message are read. */
struct reading {
        const uint8_t *bytes;
        size_t len;
        struct reader r;
        struct arena *arena;
        size_t arena_start; /* bytes used in the arena when we began */
        size_t hops;        /* pointers that may still be followed */
        unsigned cname_count;
        size_t last_target; /* where the last owner that was a bare pointer led, and what stood there: */
        struct name last_owner;
};

/* A record set repeats its owner as the same pointer again and again. */
static enum err owner_read_pointer(struct reading *in, struct name *out)
{
        size_t start = (size_t)(in->r.at - in->bytes);
        size_t target = load_u16(in->r.at) & 0x3fff;

        if (target >= start || target < HEADER_LEN) /* RFC 1035 4.1.4: a prior occurrence */
                return ERR_FORM;
        if (target == in->last_target) {
                *out = in->last_owner;
                in->r.at += 2;
                return ERR_OK;
        }
        struct reader there = reader_over(in->bytes + target, in->len - target);
        if (in->hops == 0 || name_read(&there, out))
                return ERR_FORM; /* a name that is compressed itself: the caller writes it out */
        in->hops--;
        in->r.at += 2;
        return ERR_OK;
}

/* May the reading of this message take so many more bytes of memory? Two roundings of the arena are allowed for. */
static bool may_take(const struct reading *in, size_t bytes)
{
        size_t used = arena_used(in->arena) - in->arena_start;
        return used + bytes + 2 * _Alignof(max_align_t) <= MEMORY_FACTOR * in->len + MEMORY_BASE;
}

/* Write a compressed name out in the arena. */
static enum err owner_read_compressed(struct reading *in, struct name *out)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;
        enum err err = name_read_compressed(&in->r, in->bytes, in->len, &in->hops, room, &name);

        if (err)
                return err;
        if (!may_take(in, name.len))
                return ERR_LIMIT;
        name = name_copy(in->arena, &name);
        if (!name.wire)
                return ERR_MEMORY;
        *out = name;
        return ERR_OK;
}

static enum err owner_read(struct reading *in, struct name *out)
{
        const uint8_t *start = in->r.at;
        bool is_pointer = reader_left(&in->r) >= 2 && start[0] >= 0xc0;
        enum err err = is_pointer ? owner_read_pointer(in, out) : name_read(&in->r, out);

        if (err == ERR_FORM)
                err = owner_read_compressed(in, out);
        if (!err && is_pointer) {
                in->last_target = load_u16(start) & 0x3fff;
                in->last_owner = *out;
        }
        return err;
}

/* RFC 6891 6.1.1: one OPT, in the additional section, owned by the root. */
static enum err opt_read(const struct body *body, const struct name *owner, enum section section, struct message *out)
{
        if (section != SECTION_ADDITIONAL || out->edns.present || !name_is_root(owner))
                return ERR_FORM;
        return edns_read(body->class, body->ttl, body->rdata, body->rdlen, &out->edns);
}

static enum err rr_read(struct reading *in, enum section section, struct message *out)
{
        struct name owner;
        struct body body;
        enum err err = owner_read(in, &owner);

        if (err)
                return err;
        if (body_read(&in->r, &body))
                return ERR_SHORT;
        if (body.type == TYPE_OPT)
                return opt_read(&body, &owner, section, out);
        if (body.type == TYPE_CNAME && ++in->cname_count > CNAMES_MAX)
                return ERR_LIMIT;
        if (!may_take(in, (size_t)body.rdlen + RDATA_GROWTH_MAX))
                return ERR_LIMIT;

        struct rr *rr = &out->rr[section][out->rr_count[section]];
        err = rdata_read(body.type, in->bytes, in->len, body.rdata, body.rdlen, &in->hops, in->arena,
                         &rr->rdata.bytes, &rr->rdata.len);
        if (err) /* what runs past RDLENGTH or stops before it is no shorter message, but a malformed one */
                return err == ERR_SHORT || err == ERR_TRAILING ? ERR_FORM : err;
        rr->owner = owner;
        rr->type = body.type;
        rr->class = body.class;
        rr->ttl = body.ttl > TTL_MAX ? 0 : body.ttl;
        out->rr_count[section]++;
        return ERR_OK;
}

static enum err section_read(struct reading *in, enum section section, unsigned count, struct message *out)
{
        if (count == 0)
                return ERR_OK;
        if (count > reader_left(&in->r) / RR_MIN_LEN) /* before memory is set aside for them */
                return ERR_SHORT;
        if (!may_take(in, count * sizeof *out->rr[section]))
                return ERR_LIMIT;
        out->rr[section] = arena_alloc(in->arena, count * sizeof *out->rr[section]);
        if (!out->rr[section])
                return ERR_MEMORY;
        for (unsigned i = 0; i < count; i++) {
                enum err err = rr_read(in, section, out);
                if (err)
                        return err;
        }
        return ERR_OK;
}

static enum err message_body_read(struct reading *in, const struct header *header, struct message *out)
{
        if (header->question_count > 1) /* RFC 9619 4 */
                return ERR_FORM;
        if (header->question_count == 1) {
                enum err err = question_read(&in->r, &out->question);
                if (err)
                        return err;
                out->has_question = true;
        }
        for (enum section section = 0; section < SECTION_COUNT; section++) {
                enum err err = section_read(in, section, header->rr_count[section], out);
                if (err)
                        return err;
        }
        return reader_left(&in->r) ? ERR_TRAILING : ERR_OK;
}

enum err message_read(const uint8_t *bytes, size_t len, struct arena *arena, struct message *out)
{
        struct reading in = { .bytes = bytes, .len = len, .r = reader_over(bytes, len), .arena = arena,
                              .arena_start = arena_used(arena), .hops = len };

        if (len < HEADER_LEN)
                return ERR_SHORT;
        if (len > MESSAGE_MAX)
                return ERR_LIMIT;
        const struct header header = header_read(&in.r);
        *out = (struct message){ .id = header.id, .flags = header.flags };
        enum err err = message_body_read(&in, &header, out);
        out->rcode = (uint16_t)(out->edns.rcode_high << 4 | (header.flags & FLAG_RCODE_MASK));
        return err;
}

/* Which records of a section make up a set. */
struct wanted {
        const struct name *owner;
        uint16_t type;
        uint16_t class;
};

static bool is_wanted(const struct rr *rr, const struct wanted *wanted)
{
        return rr->type == wanted->type && rr->class == wanted->class && name_equal(&rr->owner, wanted->owner);
}

/* Is this an RRSIG that covers the set? The type covered stands first in its RDATA. */
static bool is_sig_of(const struct rr *rr, const struct wanted *wanted)
{
        return rr->type == TYPE_RRSIG && wanted->type != TYPE_RRSIG && load_u16(rr->rdata.bytes) == wanted->type &&
               rr->class == wanted->class && name_equal(&rr->owner, wanted->owner);
}

typedef bool rr_test(const struct rr *rr, const struct wanted *wanted);

/* The records of the sections from first to last that pass, counted. */
static unsigned count_passing(const struct message *message, enum section first, enum section last,
                              const struct wanted *wanted, rr_test *test)
{
        unsigned found = 0;

        for (enum section s = first; s <= last; s++)
                for (unsigned i = 0; i < message->rr_count[s]; i++)
                        found += test(&message->rr[s][i], wanted);
        return found;
}

/* Where records are gathered from, and how many at most. */
struct gathering {
        enum section first, last;
        rr_test *test;
        unsigned max;
};

/* Gather the RDATA of the records that pass into *out; lowers *ttl to the smallest of theirs. ERR_MEMORY. */
static enum err gather(const struct message *message, const struct gathering *from, const struct wanted *wanted,
                       struct arena *arena, struct rdata **out, uint16_t *count, uint32_t *ttl)
{
        unsigned found = count_passing(message, from->first, from->last, wanted, from->test), taken = 0;

        if (found > from->max)
                found = from->max;
        *out = arena_alloc(arena, found * sizeof **out);
        if (!*out)
                return ERR_MEMORY;
        for (enum section s = from->first; s <= from->last; s++)
                for (unsigned i = 0; taken < found && i < message->rr_count[s]; i++) {
                        const struct rr *rr = &message->rr[s][i];

                        if (!from->test(rr, wanted))
                                continue;
                        (*out)[taken++] = rr->rdata;
                        if (rr->ttl < *ttl)
                                *ttl = rr->ttl;
                }
        *count = (uint16_t)found;
        return ERR_OK;
}

/* The first of them gives the set's owner, in its letter case; NULL if there is none. */
static const struct rr *first_of(const struct message *message, enum section section, const struct wanted *wanted)
{
        for (unsigned i = 0; i < message->rr_count[section]; i++) {
                const struct rr *rr = &message->rr[section][i];
                if (is_wanted(rr, wanted))
                        return rr;
        }
        return NULL;
}

const struct rrset *message_rrset(const struct message *message, enum section section, const struct name *owner,
                                  uint16_t type, struct arena *arena)
{
        struct wanted wanted = { .owner = owner, .type = type,
                                 .class = message->has_question ? message->question.class : CLASS_IN };
        const struct rr *first = first_of(message, section, &wanted);
        struct rdata *rdata, *sigs;

        if (!first)
                return NULL;
        struct rrset *set = arena_alloc(arena, sizeof *set);
        if (!set)
                return NULL;
        *set = (struct rrset){ .owner = first->owner, .type = type, .class = first->class, .ttl = first->ttl };
        const struct gathering records = { section, section, is_wanted, RRSET_RECORDS_MAX };
        /* A signature proves itself, in whichever section a server put it. */
        const struct gathering signatures = { SECTION_ANSWER, SECTION_ADDITIONAL, is_sig_of, RRSET_SIGS_MAX };
        if (gather(message, &records, &wanted, arena, &rdata, &set->count, &set->ttl) ||
            gather(message, &signatures, &wanted, arena, &sigs, &set->sig_count, &set->ttl))
                return NULL;
        rdata_sort(rdata, &set->count, type);
        set->rdata = rdata;
        set->sigs = sigs;
        return set;
}
