/*
 * The fence around ldns in this room.
 *
 * Outwards, ldns sees one record at a time, made by us from RDATA that rdata_check() has passed, and nothing long: it
 * allocates RDLENGTH bytes for each field of a record, so a TXT of 65,000 empty strings would cost it 4 GB of address
 * space. What is not for ldns is written in the form of RFC 3597 5 (\# length hex). Inwards, ldns reads text of
 * trusted files; it accepts records that lack fields, so what it read is checked like anything from the network.
 */
#include "wire/text.h"
#include "base/buf.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

enum {
        FIELDS_MAX = 256,        /* in a record shown to ldns */
        FIELD_BYTES_MAX = 65536, /* fields times RDLENGTH: what ldns allocates to take the record apart */
        RR_HEADER_LEN = 11,      /* root owner, type, class, TTL, RDLENGTH */
        TTL_MAX = 0x7fffffff,
};

/* --- to text ---------------------------------------------------------------------------------------------------- */

/* Text under way, never longer than its room; when it does not fit, it will end in "...". */
struct text {
        char *out;
        size_t size, len; /* len < size: room for the NUL */
        bool cut;
};

static void text_put(struct text *t, const char *bytes, size_t len)
{
        if (t->cut || t->size - t->len <= len) {
                t->cut = true;
                return;
        }
        memcpy(t->out + t->len, bytes, len);
        t->len += len;
}

/* One byte; safe for terminals, logs and HTML. An escape goes in whole or not at all. */
static void text_put_byte(struct text *t, uint8_t byte)
{
        char escape[5];

        if (byte >= 0x20 && byte < 0x7f && byte != '<' && byte != '>' && byte != '&') {
                text_put(t, (const char *)&byte, 1);
                return;
        }
        snprintf(escape, sizeof escape, "\\%03u", byte);
        text_put(t, escape, 4);
}

static char *text_end(struct text *t)
{
        static const char dots[] = "...";
        size_t dots_len = sizeof dots - 1;

        if (t->cut) {
                if (dots_len > t->size - 1)
                        dots_len = t->size - 1;
                if (t->len > t->size - 1 - dots_len)
                        t->len = t->size - 1 - dots_len;
                memcpy(t->out + t->len, dots, dots_len);
                t->len += dots_len;
        }
        t->out[t->len] = '\0';
        return t->out;
}

/* RFC 3597 5. */
static void put_generic(struct text *t, const struct rdata *rdata)
{
        char word[16];

        text_put(t, word, (size_t)snprintf(word, sizeof word, "\\# %u%s", rdata->len, rdata->len ? " " : ""));
        for (unsigned i = 0; i < rdata->len && !t->cut; i++) {
                snprintf(word, sizeof word, "%02x", rdata->bytes[i]);
                text_put(t, word, 2);
        }
}

static bool is_for_ldns(uint16_t type, const struct rdata *rdata)
{
        if (rdata->len == 0 || rdata->len > RDATA_TEXT_MAX || rdata_check(type, rdata->bytes, rdata->len))
                return false;
        size_t fields = rdata_field_count(type, rdata->bytes, rdata->len);
        return fields <= FIELDS_MAX && fields * rdata->len <= FIELD_BYTES_MAX;
}

/* A record of this type at the root, as ldns reads it from a message; NULL if it does not like it. */
static ldns_rr *ldns_record(uint16_t type, const struct rdata *rdata)
{
        uint8_t wire[RR_HEADER_LEN + RDATA_TEXT_MAX];
        struct writer w = writer_over(wire, sizeof wire);
        ldns_rr *rr = NULL;
        size_t at = 0;

        write_u8(&w, 0);
        write_u16(&w, type);
        write_u16(&w, CLASS_IN);
        write_u32(&w, 0);
        write_u16(&w, rdata->len);
        write_bytes(&w, rdata->bytes, rdata->len);
        if (w.failed || ldns_wire2rr(&rr, wire, writer_len(&w), &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
                return NULL;
        if (at == writer_len(&w) && ldns_rr_rd_count(rr) > 0)
                return rr;
        ldns_rr_free(rr);
        return NULL;
}

/* ldns ends lists and some numbers with a space. */
static void strip_spaces(ldns_buffer *buffer)
{
        while (ldns_buffer_position(buffer) > 0 && *ldns_buffer_at(buffer, ldns_buffer_position(buffer) - 1) == ' ')
                ldns_buffer_skip(buffer, -1);
}

/* All fields of the record, a space between two. False if ldns has no text for one of them. */
static bool ldns_fields_text(ldns_buffer *buffer, const ldns_rr *rr)
{
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
                if (i > 0)
                        ldns_buffer_printf(buffer, " ");
                if (ldns_rdf2buffer_str(buffer, ldns_rr_rdf(rr, i)) != LDNS_STATUS_OK)
                        return false;
                strip_spaces(buffer);
        }
        return ldns_buffer_status_ok(buffer);
}

static bool put_by_ldns(struct text *t, uint16_t type, const struct rdata *rdata)
{
        ldns_rr *rr = ldns_record(type, rdata);
        ldns_buffer *buffer = rr ? ldns_buffer_new(LDNS_MIN_BUFLEN) : NULL;
        bool done = buffer && ldns_fields_text(buffer, rr);

        for (size_t i = 0; done && i < ldns_buffer_position(buffer) && !t->cut; i++)
                text_put_byte(t, *ldns_buffer_at(buffer, i));
        ldns_buffer_free(buffer);
        ldns_rr_free(rr);
        return done;
}

char *rdata_text(uint16_t type, const struct rdata *rdata, char *out, size_t size)
{
        struct text t = { .out = out, .size = size };

        if (size == 0)
                return out;
        if (!is_for_ldns(type, rdata) || !put_by_ldns(&t, type, rdata))
                put_generic(&t, rdata);
        return text_end(&t);
}

/* --- from text -------------------------------------------------------------------------------------------------- */

static enum err complain(const char **complaint, const char *sentence)
{
        if (complaint)
                *complaint = sentence;
        return ERR_FORM;
}

/* The RDATA of a record of ldns's: its fields one after the other. NULL when the arena is full. */
static uint8_t *rdata_from_ldns(const ldns_rr *rr, size_t len, struct arena *arena)
{
        uint8_t *bytes = arena_alloc(arena, len);

        if (!bytes)
                return NULL;
        struct writer w = writer_over(bytes, len);
        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
                write_bytes(&w, ldns_rdf_data(ldns_rr_rdf(rr, i)), ldns_rdf_size(ldns_rr_rdf(rr, i)));
        return bytes;
}

static enum err owner_from_ldns(const ldns_rr *rr, struct arena *arena, struct name *out)
{
        const ldns_rdf *owner = ldns_rr_owner(rr);
        struct reader r = reader_over(ldns_rdf_data(owner), ldns_rdf_size(owner));
        struct name name;

        if (name_read(&r, &name) || reader_left(&r))
                return ERR_FORM;
        name = name_copy(arena, &name);
        if (!name.wire)
                return ERR_MEMORY;
        *out = name;
        return ERR_OK;
}

/* Copy a record of ldns's to the arena, checked as if it came from the network. */
static enum err rr_from_ldns(const ldns_rr *rr, struct arena *arena, struct rr *out, const char **complaint)
{
        struct rr record = { .type = (uint16_t)ldns_rr_get_type(rr), .class = (uint16_t)ldns_rr_get_class(rr) };
        size_t len = 0;

        for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
                len += ldns_rdf_size(ldns_rr_rdf(rr, i));
        if (len > UINT16_MAX)
                return complain(complaint, "The data of the record is longer than 65535 bytes.");
        if (record.type == 0) /* what ldns makes of an unknown mnemonic with data in the form of RFC 3597 */
                return complain(complaint, "The type is not known.");
        if (rrtype_is_meta(record.type))
                return complain(complaint, "The type is one of queries, not of data.");
        enum err err = owner_from_ldns(rr, arena, &record.owner);
        if (err == ERR_FORM)
                return complain(complaint, "The name of the record is malformed.");
        if (err)
                return err;
        uint8_t *rdata = rdata_from_ldns(rr, len, arena);
        if (!rdata)
                return ERR_MEMORY;
        if (rdata_check(record.type, rdata, len))
                return complain(complaint, "The data of the record does not fit its type.");

        record.ttl = ldns_rr_ttl(rr) > TTL_MAX ? 0 : ldns_rr_ttl(rr); /* RFC 2181 8 */
        record.rdata = (struct rdata){ .bytes = rdata, .len = (uint16_t)len };
        *out = record;
        return ERR_OK;
}

enum err rr_from_text(const char *text, uint32_t default_ttl, struct arena *arena, struct rr *out,
                      const char **complaint)
{
        ldns_rr *rr = NULL;
        ldns_status status = ldns_rr_new_frm_str(&rr, text, default_ttl, NULL, NULL);

        if (status == LDNS_STATUS_MEM_ERR)
                return ERR_MEMORY;
        if (status != LDNS_STATUS_OK)
                return complain(complaint, ldns_get_errorstr_by_id(status));
        enum err err = rr_from_ldns(rr, arena, out, complaint);
        ldns_rr_free(rr);
        return err;
}

/* What ldns carries from one line of a zone file to the next. */
struct zone_state {
        FILE *file;
        ldns_rdf *origin, *owner;
        uint32_t ttl;
};

static bool zone_state_init(struct zone_state *z, const char *text, size_t len, const struct name *origin)
{
        *z = (struct zone_state){ .ttl = LDNS_DEFAULT_TTL };
        z->file = fmemopen((void *)(uintptr_t)text, len, "r"); /* "r": the text is not written to */
        z->origin = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, origin->len, origin->wire);
        z->owner = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, origin->len, origin->wire);
        return z->file && z->origin && z->owner;
}

static void zone_state_fini(struct zone_state *z)
{
        if (z->file)
                fclose(z->file);
        ldns_rdf_deep_free(z->origin);
        ldns_rdf_deep_free(z->owner);
}

/* The next record of the file; *rr stays NULL where a line holds none. */
static enum err zone_next(struct zone_state *z, ldns_rr **rr, const char **complaint)
{
        ldns_status status = ldns_rr_new_frm_fp_l(rr, z->file, &z->ttl, &z->origin, &z->owner, NULL);

        switch (status) {
        case LDNS_STATUS_OK:
                return ERR_OK;
        case LDNS_STATUS_SYNTAX_TTL:
        case LDNS_STATUS_SYNTAX_ORIGIN:
        case LDNS_STATUS_SYNTAX_EMPTY: /* no errors: ldns has taken $TTL, $ORIGIN, an empty line */
                *rr = NULL;
                return ERR_OK;
        case LDNS_STATUS_SYNTAX_INCLUDE:
                return complain(complaint, "$INCLUDE is not allowed here.");
        case LDNS_STATUS_MEM_ERR:
                return ERR_MEMORY;
        default: /* a hundred more, of another project's making */
                return complain(complaint, ldns_get_errorstr_by_id(status));
        }
}

/* The number of the first line from `start` on with more than space and a comment: ldns skips the others silently. */
static unsigned line_number(const char *text, size_t len, size_t start)
{
        unsigned line = 1;
        bool in_comment = false;

        for (size_t i = 0; i < len; i++) {
                if (i >= start && !in_comment && !strchr(" \t\r\n;", text[i]))
                        break;
                line += text[i] == '\n';
                in_comment = text[i] != '\n' && (in_comment || (i >= start && text[i] == ';'));
        }
        return line;
}

/* All records, up to the first that is malformed; *start is where the last one read begins in the file. */
static enum err zone_read(struct zone_state *z, struct arena *arena, zone_take *take, void *context, size_t *start,
                          const char **complaint)
{
        enum err err = ERR_OK;
        bool more = true;

        while (!err && more && !feof(z->file)) {
                ldns_rr *record = NULL;
                struct rr rr;
                *start = (size_t)ftell(z->file);
                err = zone_next(z, &record, complaint);
                if (!err && record) {
                        err = rr_from_ldns(record, arena, &rr, complaint);
                        more = !err && take(context, &rr);
                }
                ldns_rr_free(record);
        }
        return err;
}

enum err zone_from_text(const char *text, size_t len, const struct name *origin, struct arena *arena, zone_take *take,
                        void *context, unsigned *line, const char **complaint)
{
        struct zone_state z;
        size_t start = 0;

        if (len == 0)
                return ERR_OK;
        const char *zero = memchr(text, '\0', len);
        if (zero) {
                *line = line_number(text, (size_t)(zero - text), (size_t)(zero - text));
                return complain(complaint, "A zero byte stands in the text.");
        }
        enum err err = zone_state_init(&z, text, len, origin) ? zone_read(&z, arena, take, context, &start, complaint)
                                                             : ERR_MEMORY;
        zone_state_fini(&z);
        if (err == ERR_FORM)
                *line = line_number(text, len, start);
        return err;
}
