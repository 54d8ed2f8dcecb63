/*
 * Values' names and sets: written, and read again.
 */
#include "cache/packed.h"
#include "config/limits.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <string.h>

enum {
        OF_BASE = 0x80,
        MORE = 0x80,
        NUMBER_BYTES = 5,     /* at most */
        RRSIG_COVERED = 2,    /* bytes of RDATA: the type covered */
        RRSIG_FIXED = 16,     /* and from there to the signer */
};

struct name packed_base(const struct name *name, uint8_t *room)
{
        return (struct name){
                .wire = room, .len = (uint8_t)name_canonical(name, room), .label_count = name->label_count
        };
}

/* --- Writing ---------------------------------------------------------------------------------------------------- */

void packed_write_number(struct writer *writer, uint32_t number)
{
        uint8_t bytes[NUMBER_BYTES];
        unsigned at = NUMBER_BYTES;

        bytes[--at] = number & (MORE - 1);
        while (number >>= 7)
                bytes[--at] = (uint8_t)(MORE | (number & (MORE - 1)));
        write_bytes(writer, bytes + at, NUMBER_BYTES - at);
}

static bool is_of_base(const struct name *base, const struct name *name)
{
        if (name->label_count > base->label_count)
                return false;
        struct name ancestor = name_ancestor(base, name->label_count);
        return name_equal_case(&ancestor, name);
}

void packed_write_name(struct writer *writer, const struct name *base, const struct name *name)
{
        if (is_of_base(base, name))
                write_u8(writer, (uint8_t)(OF_BASE | name->label_count));
        else
                write_bytes(writer, name->wire, name->len);
}

static void write_record(struct writer *writer, const struct rdata *rdata)
{
        packed_write_number(writer, rdata->len);
        write_bytes(writer, rdata->bytes, rdata->len);
}

static void write_signature(struct writer *writer, const struct name *base, uint16_t type, const struct rdata *rdata)
{
        struct rrsig sig;

        if (!rrsig_read(rdata, &sig) || sig.covered != type) {
                writer->failed = true;
                return;
        }
        write_bytes(writer, rdata->bytes + RRSIG_COVERED, RRSIG_FIXED);
        packed_write_name(writer, base, &sig.signer);
        packed_write_number(writer, sig.signature_len);
        write_bytes(writer, sig.signature, sig.signature_len);
}

void packed_write_set(struct writer *writer, const struct name *base, const struct rrset *set)
{
        if (set->class != CLASS_IN || set->count > LIMIT_RECORDS_PER_SET || set->sig_count > LIMIT_SIGNATURES_PER_SET) {
                writer->failed = true;
                return;
        }
        write_u16(writer, set->type);
        packed_write_name(writer, base, &set->owner);
        packed_write_number(writer, set->ttl);
        packed_write_number(writer, set->count);
        write_u8(writer, (uint8_t)set->sig_count);
        for (unsigned i = 0; i < set->count; i++)
                write_record(writer, &set->rdata[i]);
        for (unsigned i = 0; i < set->sig_count; i++)
                write_signature(writer, base, set->type, &set->sigs[i]);
}

/* --- Reading ---------------------------------------------------------------------------------------------------- */

uint32_t packed_read_number(struct reader *reader)
{
        uint64_t number = 0;

        if (reader_left(reader) > 0 && *reader->at < MORE)
                return *reader->at++; /* most of them */
        for (unsigned i = 0; i < NUMBER_BYTES; i++) {
                uint8_t byte = read_u8(reader);

                number = number << 7 | (byte & (MORE - 1));
                if (!(byte & MORE) && number <= UINT32_MAX)
                        return reader->failed ? 0 : (uint32_t)number;
        }
        reader->failed = true;
        return 0;
}

enum err packed_read_name(struct reader *reader, const struct name *base, struct name *out)
{
        if (reader_left(reader) == 0 || !(*reader->at & OF_BASE))
                return name_read(reader, out);

        unsigned labels = read_u8(reader) & ~(unsigned)OF_BASE;
        if (labels > base->label_count)
                return ERR_FORM;
        *out = name_ancestor(base, labels);
        return ERR_OK;
}

static enum err read_record(struct reader *reader, uint16_t type, struct rdata *out)
{
        uint32_t len = packed_read_number(reader);

        if (len > UINT16_MAX)
                return ERR_FORM;
        out->len = (uint16_t)len;
        out->bytes = read_bytes(reader, len);
        return out->bytes ? rdata_check(type, out->bytes, len) : ERR_SHORT;
}

/* What is read of a signature, before it is put together. */
struct loose_signature {
        const uint8_t *fixed;
        struct name signer;
        const uint8_t *bytes;
        uint32_t len;
};

static enum err join_signature(const struct loose_signature *loose, uint16_t type, struct arena *arena,
                               struct rdata *out)
{
        size_t len = RRSIG_COVERED + RRSIG_FIXED + loose->signer.len + loose->len;
        uint8_t *bytes = len <= UINT16_MAX ? arena_alloc(arena, len) : NULL;

        if (!bytes)
                return len > UINT16_MAX ? ERR_FORM : ERR_MEMORY;
        struct writer writer = writer_over(bytes, len);
        write_u16(&writer, type);
        write_bytes(&writer, loose->fixed, RRSIG_FIXED);
        write_bytes(&writer, loose->signer.wire, loose->signer.len);
        write_bytes(&writer, loose->bytes, loose->len);
        *out = (struct rdata){ .bytes = bytes, .len = (uint16_t)len };
        return ERR_OK;
}

static enum err read_signature(struct reader *reader, const struct name *base, uint16_t type, struct arena *arena,
                               struct rdata *out)
{
        struct loose_signature loose = { .fixed = read_bytes(reader, RRSIG_FIXED) };
        enum err err = loose.fixed ? packed_read_name(reader, base, &loose.signer) : ERR_SHORT;

        if (err)
                return err;
        loose.len = packed_read_number(reader);
        loose.bytes = read_bytes(reader, loose.len);
        if (!loose.bytes)
                return ERR_SHORT;
        return loose.len ? join_signature(&loose, type, arena, out) : ERR_FORM;
}

static enum err read_all(struct reader *reader, const struct name *base, struct arena *arena, struct rrset *set)
{
        struct rdata *rdata = arena_alloc(arena, ((size_t)set->count + set->sig_count) * sizeof(*rdata));
        enum err err = ERR_OK;

        if (!rdata)
                return ERR_MEMORY;
        set->rdata = rdata;
        set->sigs = rdata + set->count;
        for (unsigned i = 0; i < set->count && !err; i++)
                err = read_record(reader, set->type, rdata++);
        for (unsigned i = 0; i < set->sig_count && !err; i++)
                err = read_signature(reader, base, set->type, arena, rdata++);
        return err;
}

enum err packed_read_set(struct reader *reader, const struct name *base, struct arena *arena, struct rrset *out)
{
        out->type = read_u16(reader);
        out->class = CLASS_IN;
        enum err err = packed_read_name(reader, base, &out->owner);
        if (err)
                return err;
        out->ttl = packed_read_number(reader);
        uint32_t count = packed_read_number(reader);
        out->sig_count = read_u8(reader);
        if (reader->failed)
                return ERR_SHORT;
        if (count == 0 || count > LIMIT_RECORDS_PER_SET || out->sig_count > LIMIT_SIGNATURES_PER_SET)
                return ERR_LIMIT;
        if (out->type == 0 || rrtype_is_meta(out->type))
                return ERR_FORM;
        out->count = (uint16_t)count;
        return read_all(reader, base, arena, out);
}
