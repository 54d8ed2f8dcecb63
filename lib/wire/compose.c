/*
 * Writing messages.
 *
 * What the compressor knows is a tree of labels: each node says where its label stands in the message and which node
 * the rest of the name is (NO_PARENT: the root). "www.example.com" leaves com <- example <- www.
 *
 *      names[]   0: offset of "com", NO_PARENT    1: offset of "example", 0    2: offset of "www", 1
 *
 * A name is looked up from the root down. Nodes are added parents first, so a child stands behind its parent and the
 * search goes on where the last one ended: one pass over at most 120 nodes a name, however many labels it has
 * (CVE-2024-8508 was such a loop without a bound). Matching ignores case. Readers bound the pointers they follow for
 * one name, so each node counts those met from it on, and no name is written that takes more than eight.
 */
#include "wire/compose.h"
#include "base/buf.h"
#include "wire/rrtype.h"

enum {
        NO_PARENT = 0xffff,
        POINTER = 0xc000,
        POINTER_OFFSET_MAX = 0x3fff,
        POINTERS_MAX = 8,
        COUNTS_OFFSET = 4, /* QDCOUNT; those of the sections follow */
};

void compose_begin(struct compose *c, uint8_t *out, size_t max, uint16_t id, uint16_t flags)
{
        c->out = out;
        c->max = max > MESSAGE_MAX ? MESSAGE_MAX : max;
        c->len = HEADER_LEN;
        c->reserved = 0;
        c->section = SECTION_ANSWER;
        c->name_count = 0;
        c->ttl_count = 0;
        memset(out, 0, HEADER_LEN);
        store_u16(out, id);
        store_u16(out + 2, flags);
}

/* A writer that stands at the end of the message and keeps what is reserved free. */
static struct writer writer_at_end(const struct compose *c)
{
        size_t limit = c->max > c->reserved ? c->max - c->reserved : 0;
        size_t end = limit > c->len ? limit : c->len;
        return (struct writer){ .start = c->out, .at = c->out + c->len, .end = c->out + end };
}

/* The node of this label below this parent, or NO_PARENT. */
static unsigned find_label(const struct compose *c, unsigned parent, const uint8_t *label)
{
        for (unsigned i = parent == NO_PARENT ? 0 : parent + 1; i < c->name_count; i++) {
                if (c->names[i].parent == parent && name_label_equal(c->out + c->names[i].offset, label))
                        return i;
        }
        return NO_PARENT;
}

/*
 * Add the first `count` labels of a name that was written at `start`, the one nearest the root first; below `parent`
 * the name goes on with a pointer. A node whose parent is not in the tree must not be, so the first that does not fit
 * ends it.
 */
static void remember(struct compose *c, size_t start, const uint8_t *offsets, unsigned count, unsigned parent)
{
        uint16_t pointers = parent == NO_PARENT ? 0 : (uint16_t)(c->names[parent].pointers + 1);

        for (unsigned i = count; i-- > 0;) {
                size_t offset = start + offsets[i];
                if (offset > POINTER_OFFSET_MAX || c->name_count == COMPOSE_NAMES)
                        return;
                c->names[c->name_count].offset = (uint16_t)offset;
                c->names[c->name_count].parent = (uint16_t)parent;
                c->names[c->name_count].pointers = pointers;
                parent = c->name_count++;
        }
}

static uint16_t pointer_to(size_t offset)
{
        return offset > POINTER_OFFSET_MAX ? 0 : (uint16_t)(POINTER | offset);
}

/* Write a name in full. Nothing is remembered but where it stands. */
static uint16_t name_write_full(struct writer *w, const struct name *name)
{
        size_t start = writer_len(w);

        write_bytes(w, name->wire, name->len);
        return name_is_root(name) ? 0 : pointer_to(start);
}

/* Write a name, compressed. Returns a pointer to it for whoever needs the same name again, 0 if there can be none. */
static uint16_t name_write(struct compose *c, struct writer *w, const struct name *name)
{
        uint8_t offsets[NAME_LABEL_MAX];
        unsigned left = name->label_count; /* labels that are not in the tree */
        unsigned parent = NO_PARENT;
        size_t start = writer_len(w);

        name_label_offsets(name, offsets);
        for (; left > 0; left--) {
                unsigned node = find_label(c, parent, name->wire + offsets[left - 1]);
                if (node == NO_PARENT)
                        break;
                parent = node;
        }
        if (parent == NO_PARENT) {
                uint16_t pointer = name_write_full(w, name);
                if (!w->failed)
                        remember(c, start, offsets, left, parent);
                return pointer;
        }
        if (c->names[parent].pointers == POINTERS_MAX - 1)
                return name_write_full(w, name);

        write_bytes(w, name->wire, offsets[left]);
        write_u16(w, pointer_to(c->names[parent].offset));
        if (!w->failed)
                remember(c, start, offsets, left, parent);
        return pointer_to(left == 0 ? c->names[parent].offset : start);
}

enum err compose_question(struct compose *c, const struct question *question)
{
        struct writer w = writer_at_end(c);

        name_write(c, &w, &question->name);
        write_u16(&w, question->type);
        write_u16(&w, question->class);
        if (w.failed) {
                c->name_count = 0;
                return ERR_SPACE;
        }
        c->len = writer_len(&w);
        store_u16(c->out + COUNTS_OFFSET, 1);
        return ERR_OK;
}

void compose_reserve(struct compose *c, size_t len)
{
        c->reserved = len;
}

/* RDATA whose names may be compressed, its length before it. */
static void rdata_write_compressed(struct compose *c, struct writer *w, uint16_t type, const struct rdata *rdata)
{
        uint8_t *length = write_room(w, 2);
        struct rdata_part part;
        size_t at = 0;

        while (!w->failed && rdata_next(type, rdata->bytes, rdata->len, &at, &part)) {
                struct reader r = reader_over(part.bytes, part.len);
                struct name name;
                if (part.may_compress && name_read(&r, &name) == ERR_OK)
                        name_write(c, w, &name);
                else
                        write_bytes(w, part.bytes, part.len);
        }
        if (!w->failed)
                store_u16(length, (uint16_t)(w->at - length - 2));
}

/* What the records of one set have in common. */
struct common {
        const struct name *owner;
        uint16_t pointer; /* to the owner, once it was written; 0 before that */
        uint16_t type, class;
        uint32_t ttl;
        bool compress;
};

static void rr_write(struct compose *c, struct writer *w, struct common *common, const struct rdata *rdata)
{
        if (common->pointer)
                write_u16(w, common->pointer);
        else
                common->pointer = name_write(c, w, common->owner);
        uint8_t *fixed = write_room(w, 8);
        if (!fixed)
                return;
        store_u16(fixed, common->type);
        store_u16(fixed + 2, common->class);
        store_u32(fixed + 4, common->ttl);
        if (c->ttl_count < COMPOSE_TTLS)
                c->ttl_offset[c->ttl_count] = (uint16_t)(fixed + 4 - c->out);
        c->ttl_count++;
        if (common->compress) {
                rdata_write_compressed(c, w, common->type, rdata);
                return;
        }
        write_u16(w, rdata->len);
        write_bytes(w, rdata->bytes, rdata->len);
}

/* The records of a set as the caller wants them. Returns how many were written. */
static unsigned set_write(struct compose *c, struct writer *w, const struct rrset *set, uint32_t ttl,
                          enum compose_what what, unsigned first)
{
        struct common common = { .owner = &set->owner, .type = set->type, .class = set->class, .ttl = ttl,
                                 .compress = rrtype_compresses(set->type) };
        unsigned data_count = what & COMPOSE_DATA ? set->count : 0;
        unsigned sig_count = what & COMPOSE_SIGS ? set->sig_count : 0;

        for (unsigned i = 0, from = data_count ? first % data_count : 0; i < data_count && !w->failed; i++) {
                rr_write(c, w, &common, &set->rdata[from]);
                if (++from == data_count)
                        from = 0;
        }
        common.type = TYPE_RRSIG;
        common.compress = false;
        for (unsigned i = 0; i < sig_count && !w->failed; i++)
                rr_write(c, w, &common, &set->sigs[i]);
        return data_count + sig_count;
}

/* Count the records of a section in the header. */
static void count_add(struct compose *c, enum section section, unsigned count)
{
        uint8_t *field = c->out + COUNTS_OFFSET + 2 * (1 + section);
        store_u16(field, (uint16_t)(load_u16(field) + count));
}

enum err compose_rrset(struct compose *c, enum section section, const struct rrset *set, uint32_t ttl,
                       enum compose_what what, unsigned first)
{
        struct writer w = writer_at_end(c);
        uint16_t name_count = c->name_count, ttl_count = c->ttl_count;

        if (!EXPECT(section >= c->section))
                return ERR_FORM;
        unsigned count = set_write(c, &w, set, ttl, what, first);
        if (w.failed) {
                c->name_count = name_count;
                c->ttl_count = ttl_count;
                return ERR_SPACE;
        }
        c->len = writer_len(&w);
        c->section = section;
        count_add(c, section, count);
        return ERR_OK;
}

enum err compose_opt(struct compose *c, const struct edns *edns)
{
        size_t reserved = c->reserved;

        c->reserved = 0;
        struct writer w = writer_at_end(c);
        edns_write(&w, edns);
        if (w.failed) {
                c->reserved = reserved;
                return ERR_SPACE;
        }
        c->len = writer_len(&w);
        c->section = SECTION_ADDITIONAL;
        count_add(c, SECTION_ADDITIONAL, 1);
        return ERR_OK;
}

void compose_set_flags(struct compose *c, uint16_t flags)
{
        store_u16(c->out + 2, load_u16(c->out + 2) | flags);
}

void compose_set_rcode(struct compose *c, unsigned rcode)
{
        unsigned flags = load_u16(c->out + 2);
        store_u16(c->out + 2, (uint16_t)((flags & ~(unsigned)FLAG_RCODE_MASK) | (rcode & FLAG_RCODE_MASK)));
}
