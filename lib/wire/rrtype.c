/*
 * Walking RDATA along the layout of its type.
 *
 * field_read() steps over one field and is the only place that knows the shapes. All else is a walk: checking, finding
 * the names, lower-casing them, and replacing compressed ones when a record comes out of a message.
 */
#include "wire/rrtype.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *layout_of(uint16_t type)
{
        switch (type) {
#define TYPE(name, number, layout, rfc)                                                                                \
        case number:                                                                                                   \
                return layout;
#include "wire/rrtypes.def"
#undef TYPE
        }
        return "x"; /* RFC 3597 3 */
}

static const char *mnemonic_of(uint16_t type)
{
        switch (type) {
#define TYPE(name, number, layout, rfc)                                                                                \
        case number:                                                                                                   \
                return #name;
#include "wire/rrtypes.def"
#undef TYPE
        }
        return NULL;
}

char *rrtype_text(uint16_t type, char out[RRTYPE_TEXT_MAX])
{
        const char *mnemonic = mnemonic_of(type);

        if (mnemonic)
                memcpy(out, mnemonic, strlen(mnemonic) + 1);
        else
                snprintf(out, RRTYPE_TEXT_MAX, "TYPE%u", type);
        return out;
}

/* RFC 3597 5: TYPE and a decimal number. */
static enum err generic_parse(const char *text, uint16_t *out)
{
        uint32_t value = 0;

        if (strncasecmp(text, "TYPE", 4) != 0 || !text[4])
                return ERR_FORM;
        for (const char *digit = text + 4; *digit; digit++) {
                if (*digit < '0' || *digit > '9')
                        return ERR_FORM;
                value = value * 10 + (uint32_t)(*digit - '0');
                if (value > UINT16_MAX)
                        return ERR_FORM;
        }
        *out = (uint16_t)value;
        return ERR_OK;
}

enum err rrtype_parse(const char *text, uint16_t *out)
{
        static const struct {
                const char *mnemonic;
                uint16_t type;
        } types[] = {
#define TYPE(name, number, layout, rfc) { #name, number },
#include "wire/rrtypes.def"
#undef TYPE
        };

        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
                if (strcasecmp(text, types[i].mnemonic) == 0) {
                        *out = types[i].type;
                        return ERR_OK;
                }
        }
        return generic_parse(text, out);
}

bool rrtype_is_meta(uint16_t type)
{
        return type == TYPE_OPT || (type >= 128 && type <= 255);
}

static bool is_name_field(char field)
{
        return field == 'N' || field == 'n' || field == 'k' || field == 'u';
}

static bool may_arrive_compressed(char field)
{
        return field == 'N' || field == 'n';
}

bool rrtype_compresses(uint16_t type)
{
        return strchr(layout_of(type), 'N');
}

/* RFC 4034 4.1.2: windows ascending, 1..32 bytes each, the last byte of each not zero. */
static enum err bitmap_read(struct reader *r)
{
        int last_window = -1;

        while (reader_left(r) > 0) {
                int window = read_u8(r);
                unsigned len = read_u8(r);
                const uint8_t *bits = read_bytes(r, len);
                if (!bits)
                        return ERR_SHORT;
                if (window <= last_window || len == 0 || len > 32 || bits[len - 1] == 0)
                        return ERR_FORM;
                last_window = window;
        }
        return ERR_OK;
}

/* RFC 3123 4: family, prefix length, negation and length of the address, the address without zeros at its end. */
static enum err prefixes_read(struct reader *r)
{
        while (reader_left(r) > 0) {
                unsigned family = read_u16(r), bits = read_u8(r), len = read_u8(r) & 0x7f;
                const uint8_t *address = read_bytes(r, len);
                unsigned whole = family == 1 ? 4 : family == 2 ? 16 : UINT8_MAX;
                if (!address)
                        return ERR_SHORT;
                if (len > whole || bits > 8 * whole || (len > 0 && address[len - 1] == 0))
                        return ERR_FORM;
        }
        return ERR_OK;
}

/* RFC 9460 2.2: key, length, value; keys strictly ascending. What the values mean is the client's affair. */
static enum err parameters_read(struct reader *r)
{
        int last_key = -1;

        while (reader_left(r) > 0) {
                int key = read_u16(r);
                if (!read_bytes(r, read_u16(r)))
                        return ERR_SHORT;
                if (key <= last_key)
                        return ERR_FORM;
                last_key = key;
        }
        return ERR_OK;
}

static enum err name_skip(struct reader *r)
{
        struct name name;
        return name_read(r, &name);
}

static enum err names_read(struct reader *r)
{
        while (reader_left(r) > 0) {
                enum err err = name_skip(r);
                if (err)
                        return err;
        }
        return ERR_OK;
}

static enum err bytes_skip(struct reader *r, size_t len)
{
        return read_bytes(r, len) ? ERR_OK : ERR_SHORT;
}

static enum err strings_read(struct reader *r)
{
        do {
                if (bytes_skip(r, read_u8(r)))
                        return ERR_SHORT;
        } while (reader_left(r) > 0);
        return ERR_OK;
}

/* None, an IPv4 or IPv6 address, or a name; what follows a type that is not defined yet is not ours to judge. */
static enum err gateway_read(struct reader *r, unsigned type)
{
        switch (type) {
        case 0:
                return ERR_OK;
        case 1:
                return bytes_skip(r, 4);
        case 2:
                return bytes_skip(r, 16);
        case 3:
                return name_skip(r);
        }
        return bytes_skip(r, reader_left(r));
}

/* RFC 8005 5: HIT length, algorithm, public key length, HIT, public key. */
static enum err hip_read(struct reader *r)
{
        size_t hit_len = read_u8(r);
        read_u8(r);
        size_t key_len = read_u16(r);

        return bytes_skip(r, hit_len + key_len);
}

/* Step over one field. ERR_SHORT, ERR_FORM. */
static enum err field_read(char field, struct reader *r)
{
        unsigned len = 0;

        switch (field) {
        case '1':
        case '2':
        case '4':
        case '6':
        case '8':
                return bytes_skip(r, (size_t)(field - '0'));
        case 'N':
        case 'n':
        case 'k':
        case 'u':
                return name_skip(r);
        case 'U':
                return names_read(r);
        case 's':
                return bytes_skip(r, read_u8(r));
        case 'h':
                len = read_u8(r);
                return bytes_skip(r, len) ? ERR_SHORT : len ? ERR_OK : ERR_FORM;
        case 'o':
                return reader_left(r) ? bytes_skip(r, read_u8(r)) : ERR_OK;
        case 'S':
                return strings_read(r);
        case 'd':
                return bytes_skip(r, read_u16(r));
        case 'b':
                return bitmap_read(r);
        case 'l':
                return prefixes_read(r);
        case 'g': /* the layout has three bytes before it, */
                return gateway_read(r, r->at[-2]);
        case 'r': /* and two before this */
                return gateway_read(r, r->at[-1] & 0x7f);
        case 'H':
                return hip_read(r);
        case 'v':
                return read_u8(r) ? ERR_FORM : bytes_skip(r, 15);
        case 'p':
                return parameters_read(r);
        case 'X':
                return reader_left(r) ? bytes_skip(r, reader_left(r)) : ERR_SHORT;
        }
        return bytes_skip(r, reader_left(r)); /* 'x' */
}

enum err rdata_check(uint16_t type, const uint8_t *rdata, size_t rdlen)
{
        struct reader r = reader_over(rdata, rdlen);

        if (rdlen > UINT16_MAX)
                return ERR_LIMIT;
        for (const char *field = layout_of(type); *field; field++) {
                enum err err = field_read(*field, &r);
                if (err)
                        return err;
        }
        return reader_left(&r) ? ERR_TRAILING : ERR_OK;
}

size_t rdata_field_count(uint16_t type, const uint8_t *rdata, size_t rdlen)
{
        struct reader r = reader_over(rdata, rdlen);
        size_t count = 0;

        for (const char *field = layout_of(type); *field; field++) {
                char element = *field == 'S' ? 's' : *field == 'U' ? 'u' : *field; /* of a list: one after the other */
                do {
                        count++;
                        if (field_read(element, &r))
                                return count;
                } while (element != *field && reader_left(&r) > 0);
        }
        return count;
}

/*
 * RDATA with compressed names, taken apart. No type has more than two such names, so there are at most five pieces:
 * plain, name, plain, name, plain.
 */
enum { EXPAND_NAMES = 2, EXPAND_PIECES = 2 * EXPAND_NAMES + 1 };

struct expansion {
        struct rdata_part piece[EXPAND_PIECES];
        unsigned piece_count;
        uint8_t room[EXPAND_NAMES][NAME_WIRE_MAX];
        unsigned name_count;
        size_t len; /* of all pieces */
};

static void expansion_add(struct expansion *e, const uint8_t *bytes, size_t len)
{
        if (len == 0)
                return;
        e->piece[e->piece_count++] = (struct rdata_part){ .bytes = bytes, .len = (uint16_t)len };
        e->len += len;
}

/* Take RDATA apart; `r` stands at its begin within the message. */
static enum err expansion_read(struct expansion *e, const char *layout, struct reader *r, const uint8_t *message,
                               size_t len, size_t *hops)
{
        const uint8_t *plain = r->at;

        for (const char *field = layout; *field; field++) {
                if (!may_arrive_compressed(*field)) {
                        enum err err = field_read(*field, r);
                        if (err)
                                return err;
                        continue;
                }
                struct name name;
                expansion_add(e, plain, (size_t)(r->at - plain));
                enum err err = name_read_compressed(r, message, len, hops, e->room[e->name_count++], &name);
                if (err)
                        return err;
                expansion_add(e, name.wire, name.len);
                plain = r->at;
        }
        expansion_add(e, plain, (size_t)(r->at - plain));
        return reader_left(r) ? ERR_TRAILING : ERR_OK;
}

static enum err rdata_expand(uint16_t type, const uint8_t *message, size_t len, struct reader r, size_t *hops,
                             struct arena *arena, const uint8_t **out, uint16_t *out_len)
{
        struct expansion e;

        e.piece_count = e.name_count = 0;
        e.len = 0;
        enum err err = expansion_read(&e, layout_of(type), &r, message, len, hops);
        if (err)
                return err;
        if (e.len > UINT16_MAX)
                return ERR_LIMIT;
        uint8_t *copy = arena_alloc(arena, e.len);
        if (!copy)
                return ERR_MEMORY;

        struct writer w = writer_over(copy, e.len);
        for (unsigned i = 0; i < e.piece_count; i++)
                write_bytes(&w, e.piece[i].bytes, e.piece[i].len);
        *out = copy;
        *out_len = (uint16_t)e.len;
        return ERR_OK;
}

enum err rdata_read(uint16_t type, const uint8_t *message, size_t len, const uint8_t *rdata, uint16_t rdlen,
                    size_t *hops, struct arena *arena, const uint8_t **out, uint16_t *out_len)
{
        enum err err = rdata_check(type, rdata, rdlen);

        if (!err) {
                *out = rdata;
                *out_len = rdlen;
                return ERR_OK;
        }
        if (!strpbrk(layout_of(type), "Nn"))
                return err;
        return rdata_expand(type, message, len, reader_over(rdata, rdlen), hops, arena, out, out_len);
}

/* Is this field lower case in canonical form? RFC 4034 6.2 (3), RFC 6840 5.1. */
static bool is_folded(char field)
{
        return field == 'N' || field == 'n' || field == 'k';
}

/* rdata_next() and what only this room needs to know of the part: the letter of its field, 'x' for plain bytes. */
static bool part_next(uint16_t type, const uint8_t *rdata, size_t rdlen, size_t *at, struct rdata_part *out,
                      char *letter)
{
        struct reader r = reader_over(rdata, rdlen);
        const uint8_t *start = rdata + *at;

        if (*at >= rdlen)
                return false;
        *letter = 'x';
        for (const char *field = layout_of(type); *field; field++) {
                const uint8_t *field_start = r.at;
                if (is_name_field(*field) && field_start > start)
                        break; /* the plain part before a name */
                if (field_read(*field, &r))
                        break; /* RDATA that nobody checked */
                if (is_name_field(*field) && field_start == start) {
                        *letter = *field;
                        break;
                }
        }
        const uint8_t *end = r.at > start ? r.at : rdata + rdlen;
        *out = (struct rdata_part){ .bytes = start, .len = (uint16_t)(end - start), .is_name = *letter != 'x',
                                    .may_compress = *letter == 'N' };
        *at = (size_t)(end - rdata);
        return true;
}

bool rdata_next(uint16_t type, const uint8_t *rdata, size_t rdlen, size_t *at, struct rdata_part *out)
{
        char letter;
        return part_next(type, rdata, rdlen, at, out, &letter);
}

void rdata_canonical(uint16_t type, uint8_t *rdata, size_t rdlen)
{
        struct rdata_part part;
        char letter;
        size_t at = 0;

        if (!strpbrk(layout_of(type), "Nnk"))
                return;
        for (size_t start = 0; part_next(type, rdata, rdlen, &at, &part, &letter); start = at) {
                if (!is_folded(letter))
                        continue;
                struct name name = { .wire = part.bytes, .len = (uint8_t)part.len };
                name_canonical(&name, rdata + start);
        }
}

bool rdata_name(uint16_t type, const uint8_t *rdata, size_t rdlen, struct name *out)
{
        struct rdata_part part;
        size_t at = 0;

        while (rdata_next(type, rdata, rdlen, &at, &part)) {
                struct reader r = reader_over(part.bytes, part.len);
                if (part.is_name)
                        return name_read(&r, out) == ERR_OK;
        }
        return false;
}

/* Compare one part of each; both begin at the same offset, as all before them was equal. */
static int part_compare(const struct rdata_part *a, const struct rdata_part *b, bool folded)
{
        size_t len = a->len < b->len ? a->len : b->len;
        int difference = 0;

        if (!folded) {
                difference = memcmp(a->bytes, b->bytes, len);
                return difference ? difference : a->len - b->len;
        }
        uint8_t lower_a[NAME_WIRE_MAX], lower_b[NAME_WIRE_MAX];
        struct name name_a = { .wire = a->bytes, .len = (uint8_t)a->len };
        struct name name_b = { .wire = b->bytes, .len = (uint8_t)b->len };
        name_canonical(&name_a, lower_a);
        name_canonical(&name_b, lower_b);
        difference = memcmp(lower_a, lower_b, len);
        return difference ? difference : a->len - b->len;
}

static bool is_upper(uint8_t byte)
{
        return byte >= 'A' && byte <= 'Z';
}

/* With names or without: up to where they differ they are the same, and what is no capital stays as it is. */
int rdata_compare(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
        size_t len = a_len < b_len ? a_len : b_len, same = 0;
        size_t at_a = 0, at_b = 0;

        while (same < len && a[same] == b[same])
                same++;
        if (same == len)
                return (a_len > b_len) - (a_len < b_len);
        if ((!is_upper(a[same]) && !is_upper(b[same])) || !strpbrk(layout_of(type), "Nnk"))
                return a[same] - b[same];
        for (;;) {
                struct rdata_part part_a, part_b;
                char letter_a, letter_b;
                bool more_a = part_next(type, a, a_len, &at_a, &part_a, &letter_a);
                bool more_b = part_next(type, b, b_len, &at_b, &part_b, &letter_b);
                if (!more_a || !more_b)
                        return more_a - more_b;
                int difference = part_compare(&part_a, &part_b, is_folded(letter_a) && is_folded(letter_b));
                if (difference)
                        return difference;
        }
}
