#include "watch/trace.h"

#include "watch/metrics.h"
#include "watch/words.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <stdatomic.h>

/*
 * The payload of a step is its fields one after the other, by their letters:
 *
 *   n      the name in wire form, which ends itself
 *   a      family (1: 0, 4 or 6) | address (0, 4 or 16)
 *   e      as a | port (2)
 *   i      trace ID (16)
 *   t r f x  the number (2)
 *   u d s  the number (4), the largest standing for all beyond it
 *   w q    length (1) | bytes
 *   b      length (2) | bytes
 */

static const uint8_t magic[4] = { 'C', 'T', 'R', '2' };

enum {
        OFFSET_LENGTH = 4,
        OFFSET_ID = 8,
        OFFSET_SPAN = 24,
        OFFSET_PARENT = 32,
        OFFSET_WALL = 40,
        US_PER_SECOND = 1000000,
        TRACE_FIRST_ROOM = 1024, /* holds what a cache hit leaves */
        TEXT_MAX = 240,
        WORD_LEN_MAX = 255,
        ADDRESS_MAX = 1 + 16,
        FIELDS_MAX = 12,
        MESSAGE_LEN_MAX = UINT16_MAX - ADDRESS_MAX - 4, /* a payload's length has two bytes */
};

/* The most bytes that a field can take, by its letter, and the fields of a row together. */
#define FIELD_MAX(kind) \
        ((kind) == 'n' ? NAME_WIRE_MAX : (kind) == 'a' ? ADDRESS_MAX : (kind) == 'e' ? ADDRESS_MAX + 2 : \
         (kind) == 'i' ? TRACE_ID_LEN : (kind) == 'w' ? 1 + WORD_LEN_MAX : (kind) == 'q' ? 1 + TEXT_MAX : \
         (kind) == 'b' ? 2 : (kind) == '\0' ? 0 : 4)
#define FIELDS_MAX_4(kinds, i) \
        FIELD_MAX(WORD_BYTE(kinds, i)) + FIELD_MAX(WORD_BYTE(kinds, i + 1)) + \
        FIELD_MAX(WORD_BYTE(kinds, i + 2)) + FIELD_MAX(WORD_BYTE(kinds, i + 3))
#define PAYLOAD_MAX(kinds) (FIELDS_MAX_4(kinds, 0) + FIELDS_MAX_4(kinds, 4) + FIELDS_MAX_4(kinds, 8))

struct step_row {
        char word[WORD_MAX];
        uint16_t step_max; /* bytes, header included */
        const char *kinds;
        const char *fields;
        const char *text;
};

static const struct step_row step_rows[STEP_COUNT] = {
#define STEP(name, kinds, fields, text) \
        { WORD_LOWER(#name), STEP_HEADER_LEN + PAYLOAD_MAX(kinds), kinds, fields, text },
#include "watch/trace.def"
#undef STEP
};

#define STEP(name, kinds, fields, text) _Static_assert(sizeof(kinds) - 1 <= FIELDS_MAX, #name " has too many fields");
#include "watch/trace.def"
#undef STEP

_Static_assert(STEP_COUNT <= 64, "struct trace has a bit for each kind");

const char *step_word(enum step_kind kind)
{
        return kind < STEP_COUNT ? step_rows[kind].word : "unknown";
}

/* --- Recording ------------------------------------------------------------------------------------------------- */

/* Room grows fourfold, so that the blocks left behind in the arena are a third of the last one. */
static bool trace_grow(struct trace *trace)
{
        uint32_t room = trace->room < TRACE_MAX / 4 ? trace->room * 4 : TRACE_MAX;

        if (!trace->bytes || trace->room == TRACE_MAX)
                return false;
        uint8_t *bytes = arena_room(trace->arena, room);

        if (!bytes)
                return false;
        memcpy(bytes, trace->bytes, trace->len);
        trace->bytes = bytes;
        trace->room = room;
        return true;
}

void trace_begin(struct trace *trace, struct arena *arena, const struct trace_id *id, uint64_t span,
                 const struct moment *now)
{
        *trace = (struct trace){ .id = *id, .span = span, .start_us = now->mono_us, .arena = arena };
        trace->bytes = arena_room(arena, TRACE_FIRST_ROOM);
        if (!trace->bytes)
                return;
        trace->room = TRACE_FIRST_ROOM;
        trace->len = TRACE_HEADER_LEN;
        memcpy(trace->bytes, magic, sizeof magic);
        store_u32(trace->bytes + OFFSET_LENGTH, trace->len);
        memcpy(trace->bytes + OFFSET_ID, id->bytes, TRACE_ID_LEN);
        store_u64(trace->bytes + OFFSET_SPAN, span);
        store_u64(trace->bytes + OFFSET_PARENT, 0);
        store_u64(trace->bytes + OFFSET_WALL, now->wall_s * US_PER_SECOND + now->wall_rest_us);
}

void trace_adopt(struct trace *trace, const struct trace_id *id, uint64_t parent)
{
        trace->id = *id;
        if (!trace->bytes)
                return;
        memcpy(trace->bytes + OFFSET_ID, id->bytes, TRACE_ID_LEN);
        store_u64(trace->bytes + OFFSET_PARENT, parent);
}

/* Each put_...() writes a field and returns its end. Room for the longest was made by trace_step(). */

/*
 * Names and addresses are a dozen bytes: to call memcpy() costs more than to copy them here, in words of which the last
 * may overlap the one before.
 */
static inline uint8_t *put_bytes(uint8_t *to, const uint8_t *from, size_t len)
{
        size_t i = 0;

        if (len >= 8) {
                for (; i + 8 < len; i += 8)
                        memcpy(to + i, from + i, 8);
                memcpy(to + len - 8, from + len - 8, 8);
                return to + len;
        }
        for (; i < len; i++)
                to[i] = from[i];
        return to + len;
}

/* A name that found no room in its arena has no bytes; the root stands for it. */
static inline uint8_t *put_name(uint8_t *to, const struct name *name)
{
        return name->wire ? put_bytes(to, name->wire, name->len) : put_bytes(to, name_root.wire, name_root.len);
}

static inline uint8_t *put_address(uint8_t *to, const struct address *address)
{
        *to++ = address->family;
        if (address->family == 4)
                return put_bytes(to, address->bytes, 4);
        if (address->family == 6)
                return put_bytes(to, address->bytes, 16);
        return to;
}

static uint8_t *put_u16(uint8_t *to, unsigned number)
{
        store_u16(to, (uint16_t)number);
        return to + 2;
}

static uint32_t saturate(uint64_t number)
{
        return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static uint8_t *put_u32(uint8_t *to, uint64_t number)
{
        store_u32(to, saturate(number));
        return to + 4;
}

static inline uint8_t *put_text(uint8_t *to, const char *text, size_t max)
{
        size_t len = 0;

        for (; text && len < max && text[len]; len++) /* a word: shorter than the call of strnlen() */
                to[1 + len] = (uint8_t)text[len];
        *to = (uint8_t)len;
        return to + 1 + len;
}

/* One field, whose letter is known when this is compiled: nothing of the switch is left. */
static inline __attribute__((always_inline)) uint8_t *put_field(uint8_t *to, char kind, va_list *arguments)
{
        const struct endpoint *endpoint;

        switch (kind) {
        case 'n':
                return put_name(to, va_arg(*arguments, const struct name *));
        case 'a':
                return put_address(to, va_arg(*arguments, const struct address *));
        case 'e':
                endpoint = va_arg(*arguments, const struct endpoint *);
                return put_u16(put_address(to, &endpoint->address), endpoint->port);
        case 'i':
                return put_bytes(to, va_arg(*arguments, const struct trace_id *)->bytes, TRACE_ID_LEN);
        case 't': case 'r': case 'f': case 'x':
                return put_u16(to, va_arg(*arguments, unsigned));
        case 'u': case 'd': case 's':
                return put_u32(to, va_arg(*arguments, uint64_t));
        case 'w':
                return put_text(to, va_arg(*arguments, const char *), WORD_LEN_MAX);
        case 'q':
                return put_text(to, va_arg(*arguments, const char *), TEXT_MAX);
        }
        return to;
}

/* A function for each kind of step writes its fields one after the other; the arguments are those of trace_step(). */
#define PUT_4(kinds, i) \
        to = put_field(to, WORD_BYTE(kinds, i), arguments); \
        to = put_field(to, WORD_BYTE(kinds, i + 1), arguments); \
        to = put_field(to, WORD_BYTE(kinds, i + 2), arguments); \
        to = put_field(to, WORD_BYTE(kinds, i + 3), arguments)
#define STEP(name, kinds, fields, text) \
        static uint8_t *put_##name(uint8_t *to, va_list *arguments) \
        { \
                PUT_4(kinds, 0); \
                PUT_4(kinds, 4); \
                PUT_4(kinds, 8); \
                return to; \
        }
#include "watch/trace.def"
#undef STEP

static uint8_t *(*const put_payload[STEP_COUNT])(uint8_t *to, va_list *arguments) = {
#define STEP(name, kinds, fields, text) put_##name,
#include "watch/trace.def"
#undef STEP
};

static void count_step(const struct trace *trace, unsigned slot)
{
        if (trace->counts)
                metrics_inc(&trace->counts[slot]);
}

/* Make room for a step of so many bytes; a function of its own because it is hardly ever called. */
static __attribute__((noinline)) bool make_room(struct trace *trace, size_t max)
{
        while (trace->room - trace->len < max) {
                if (!trace_grow(trace)) {
                        trace->lost++;
                        count_step(trace, STEP_SLOT_LOST);
                        return false;
                }
        }
        return true;
}

/* Where the payload of a step of at most so many bytes goes, or NULL. */
static inline uint8_t *step_begin(struct trace *trace, enum step_kind kind, size_t max)
{
        if (trace->room - trace->len < max && !make_room(trace, max))
                return NULL;
        count_step(trace, kind);
        trace->kinds |= UINT64_C(1) << kind;
        return trace->bytes + trace->len + STEP_HEADER_LEN;
}

/* The payload ends here: write the header before it. */
static inline void step_end(struct trace *trace, uint16_t task, uint64_t now_us, enum step_kind kind,
                            const uint8_t *end)
{
        uint8_t *header = trace->bytes + trace->len;

        store_u16(header, (uint16_t)(end - header - STEP_HEADER_LEN));
        header[2] = (uint8_t)kind;
        header[3] = 0;
        store_u16(header + 4, task);
        store_u16(header + 6, 0);
        store_u32(header + 8, now_us > trace->start_us ? saturate(now_us - trace->start_us) : 0);
        trace->len += (uint32_t)(end - header);
        store_u32(trace->bytes + OFFSET_LENGTH, trace->len);
}

void trace_step(struct trace *trace, uint16_t task, uint64_t now_us, enum step_kind kind, ...)
{
        uint8_t *payload = trace ? step_begin(trace, kind, step_rows[kind].step_max) : NULL;
        va_list arguments;

        if (!payload)
                return;
        va_start(arguments, kind);
        step_end(trace, task, now_us, kind, put_payload[kind](payload, &arguments));
        va_end(arguments);
}

void trace_message(struct trace *trace, uint16_t task, uint64_t now_us, const struct endpoint *server,
                   const uint8_t *bytes, size_t len)
{
        if (len > MESSAGE_LEN_MAX || trace->messages + len > TRACE_MESSAGES_MAX)
                return;
        uint8_t *payload = step_begin(trace, STEP_MESSAGE, step_rows[STEP_MESSAGE].step_max + len);

        if (!payload)
                return;
        uint8_t *at = put_u16(put_u16(put_address(payload, &server->address), server->port), (unsigned)len);

        memcpy(at, bytes, len);
        trace->messages += (uint32_t)len;
        step_end(trace, task, now_us, STEP_MESSAGE, at + len);
}

/* --- Reading --------------------------------------------------------------------------------------------------- */

/* FNV-1a over what a reader has to know of the rows: their order, words and fields. Their sentences may change. */
static uint32_t fingerprint(uint32_t hash, const char *text)
{
        enum { FNV_PRIME = 16777619 };

        for (; *text; text++)
                hash = (hash ^ (uint8_t)*text) * FNV_PRIME;
        return (hash ^ '\n') * FNV_PRIME;
}

static uint32_t rows_of_this_version(void)
{
        uint32_t hash = UINT32_C(2166136261);

        for (enum step_kind kind = 0; kind < STEP_COUNT; kind++) {
                hash = fingerprint(hash, step_rows[kind].word);
                hash = fingerprint(hash, step_rows[kind].kinds);
                hash = fingerprint(hash, step_rows[kind].fields);
        }
        return hash;
}

/* Each trace on disk has it: it is found out once, by whichever thread comes first. */
uint32_t trace_rows(void)
{
        static _Atomic uint32_t known;
        uint32_t rows = atomic_load_explicit(&known, memory_order_relaxed);

        if (!rows) {
                rows = rows_of_this_version();
                atomic_store_explicit(&known, rows, memory_order_relaxed);
        }
        return rows;
}

enum err trace_open(const void *bytes, size_t len, struct trace_view *out)
{
        const uint8_t *p = bytes;

        if (len < TRACE_HEADER_LEN || memcmp(p, magic, sizeof magic) != 0)
                return ERR_FORM;
        size_t stated = load_u32(p + OFFSET_LENGTH);

        if (stated < TRACE_HEADER_LEN || stated > len)
                return ERR_FORM;
        *out = (struct trace_view){
                .bytes = p,
                .len = stated,
                .span = load_u64(p + OFFSET_SPAN),
                .parent = load_u64(p + OFFSET_PARENT),
                .wall_us = load_u64(p + OFFSET_WALL),
        };
        memcpy(out->id.bytes, p + OFFSET_ID, TRACE_ID_LEN);
        return ERR_OK;
}

bool trace_next(const struct trace_view *trace, size_t *at, struct step_view *out)
{
        size_t offset = *at < TRACE_HEADER_LEN ? TRACE_HEADER_LEN : *at;

        if (offset > trace->len || trace->len - offset < STEP_HEADER_LEN)
                return false;
        const uint8_t *header = trace->bytes + offset;
        uint16_t payload_len = load_u16(header);

        if (header[2] >= STEP_COUNT || payload_len > trace->len - offset - STEP_HEADER_LEN)
                return false;
        *out = (struct step_view){
                .kind = header[2],
                .task = load_u16(header + 4),
                .at_us = load_u32(header + 8),
                .payload = header + STEP_HEADER_LEN,
                .payload_len = payload_len,
        };
        *at = offset + STEP_HEADER_LEN + payload_len;
        return true;
}

size_t trace_strip(const struct trace_view *trace, uint8_t *out)
{
        size_t len = TRACE_HEADER_LEN, from = TRACE_HEADER_LEN, at = 0;
        struct step_view step;

        memcpy(out, trace->bytes, TRACE_HEADER_LEN);
        for (; trace_next(trace, &at, &step); from = at) {
                if (step.kind == STEP_MESSAGE)
                        continue;
                memcpy(out + len, trace->bytes + from, at - from);
                len += at - from;
        }
        store_u32(out + OFFSET_LENGTH, (uint32_t)len);
        return len;
}

static void read_address(struct reader *r, struct address *out)
{
        uint8_t family = read_u8(r);
        size_t len = family == 4 ? 4 : family == 6 ? 16 : 0;
        const uint8_t *bytes = read_bytes(r, len);

        if (family != 0 && len == 0)
                r->failed = true;
        if (bytes && len)
                *out = address_from(bytes, len);
}

static void read_text(struct reader *r, struct step_field *out)
{
        out->text_len = read_u8(r);
        out->text = (const char *)read_bytes(r, out->text_len);
}

/* One field, whose letter says what it is. False when the payload does not hold it. */
static bool field_read(struct reader *r, char kind, struct step_field *out)
{
        const uint8_t *id;

        *out = (struct step_field){ .kind = kind };
        switch (kind) {
        case 'n':
                return name_read(r, &out->name) == ERR_OK;
        case 'a':
                read_address(r, &out->address);
                break;
        case 'e':
                read_address(r, &out->address);
                out->port = read_u16(r);
                break;
        case 'i':
                id = read_bytes(r, TRACE_ID_LEN);
                if (id)
                        memcpy(out->id.bytes, id, TRACE_ID_LEN);
                break;
        case 't': case 'r': case 'f': case 'x':
                out->number = read_u16(r);
                break;
        case 'u': case 'd': case 's':
                out->number = read_u32(r);
                break;
        case 'w': case 'q':
                read_text(r, out);
                break;
        case 'b':
                out->text_len = read_u16(r);
                out->text = (const char *)read_bytes(r, out->text_len);
                break;
        }
        return !r->failed;
}

/* The fields of a step in the order of its row; `name` is not NUL-terminated. */
struct field_cursor {
        struct reader payload;
        const char *kind;
        const char *name;
        size_t name_len;
};

static struct field_cursor fields_of(const struct step_view *step)
{
        const struct step_row *row = &step_rows[step->kind];

        return (struct field_cursor){
                .payload = reader_over(step->payload, step->payload_len), .kind = row->kinds, .name = row->fields };
}

/* The length of what stands before the first of two marks, or before the end; strcspn() takes longer to begin. */
static size_t word_len(const char *text, char mark, char other)
{
        size_t len = 0;

        while (text[len] && text[len] != mark && text[len] != other)
                len++;
        return len;
}

static bool field_next(struct field_cursor *cursor, struct step_field *out)
{
        if (!*cursor->kind)
                return false;
        cursor->name += cursor->name_len;
        cursor->name += *cursor->name == ',';
        cursor->name_len = word_len(cursor->name, ',', ',');
        return field_read(&cursor->payload, *cursor->kind++, out);
}

static bool field_find(const struct step_view *step, const char *name, size_t name_len, struct step_field *out)
{
        struct field_cursor cursor = fields_of(step);
        struct step_field field;

        while (field_next(&cursor, &field)) {
                if (cursor.name_len == name_len && memcmp(cursor.name, name, name_len) == 0) {
                        *out = field;
                        return true;
                }
        }
        return false;
}

bool step_field(const struct step_view *step, const char *field, struct step_field *out)
{
        return field_find(step, field, strlen(field), out);
}

/* --- Words ----------------------------------------------------------------------------------------------------- */

char *trace_id_short(const struct trace_id *id, char out[TRACE_SHORT_TEXT])
{
        struct writer w = writer_over(out, TRACE_SHORT_TEXT);

        words_hex(&w, id->bytes, (TRACE_SHORT_TEXT - 1) / 2);
        write_u8(&w, 0);
        return out;
}

static void write_short_id(struct writer *w, const struct trace_id *id)
{
        static const struct trace_id none;
        char text[TRACE_SHORT_TEXT];

        write_text(w, memcmp(id, &none, sizeof none) ? trace_id_short(id, text) : "-");
}

/* Bytes are not for reading: their number stands for them, and whoever wants them asks for the field. */
static void write_size(struct writer *w, size_t len)
{
        words_number(w, len);
        write_text(w, len == 1 ? " byte" : " bytes");
}

void step_field_text(struct writer *w, const struct step_field *field)
{
        char room[RRTYPE_TEXT_MAX];

        switch (field->kind) {
        case 'n': words_name(w, &field->name); break;
        case 'a': words_server(w, &field->address, 0); break;
        case 'e': words_server(w, &field->address, field->port); break;
        case 'i': write_short_id(w, &field->id); break;
        case 't': write_text(w, rrtype_text((uint16_t)field->number, room)); break;
        case 'r': write_text(w, rcode_text((unsigned)field->number, room)); break;
        case 'f': words_flags(w, (unsigned)field->number); break;
        case 'x': words_ede(w, (unsigned)field->number); break;
        case 'u': words_number(w, field->number); break;
        case 'd': words_duration(w, field->number); break;
        case 's': words_seconds(w, field->number); break;
        case 'w': case 'q': words_text(w, field->text, field->text_len); break;
        case 'b': write_size(w, field->text_len); break;
        }
}

/* " record" or " records", " address" or " addresses". */
static void write_noun(struct writer *w, uint64_t count, const char *noun, size_t len)
{
        write_u8(w, ' ');
        write_bytes(w, noun, len);
        if (count != 1)
                write_text(w, len && noun[len - 1] == 's' ? "es" : "s");
}

/* All fields of a step, each read once. */
struct step_fields {
        unsigned count;
        struct {
                const char *name;
                size_t name_len;
                struct step_field field;
        } item[FIELDS_MAX];
};

static void fields_read(const struct step_view *step, struct step_fields *out)
{
        struct field_cursor cursor = fields_of(step);

        out->count = 0;
        while (out->count < FIELDS_MAX && field_next(&cursor, &out->item[out->count].field)) {
                out->item[out->count].name = cursor.name;
                out->item[out->count++].name_len = cursor.name_len;
        }
}

static const struct step_field *fields_find(const struct step_fields *fields, const char *name, size_t len)
{
        for (unsigned i = 0; i < fields->count; i++)
                if (fields->item[i].name_len == len && !memcmp(fields->item[i].name, name, len))
                        return &fields->item[i].field;
        return NULL;
}

/* What stands for "{field}" or "{field:noun}" in a sentence; a question mark for a field that damage took away. */
static void write_placeholder(struct writer *w, const struct step_fields *fields, const char *text, size_t len)
{
        size_t name_len = word_len(text, ':', '}');
        const struct step_field *field = fields_find(fields, text, name_len);

        if (!field) {
                write_u8(w, '?');
                return;
        }
        step_field_text(w, field);
        if (name_len < len)
                write_noun(w, field->number, text + name_len + 1, len - name_len - 1);
}

/* The sentence of the row with its fields filled in. */
static void write_sentence(struct writer *w, const struct step_view *step)
{
        const char *text = step_rows[step->kind].text;
        struct step_fields fields;

        fields_read(step, &fields);
        while (*text) {
                size_t plain = word_len(text, '{', '{');

                write_bytes(w, text, plain);
                text += plain;
                if (!*text)
                        return;
                size_t len = word_len(++text, '}', '}');

                write_placeholder(w, &fields, text, len);
                text += len + (text[len] == '}');
        }
}

size_t step_text(const struct step_view *step, char *out, size_t size)
{
        if (size == 0)
                return 0;
        struct writer w = writer_over(out, size - 1);

        write_sentence(&w, step);
        *w.at = 0;
        return writer_len(&w);
}

const char *step_fields(enum step_kind kind)
{
        return kind < STEP_COUNT ? step_rows[kind].fields : "";
}

const char *step_field_unit(char kind)
{
        return kind == 'd' ? "_us" : kind == 's' ? "_s" : "";
}

void step_field_json(struct writer *w, const struct step_field *field)
{
        char text[NAME_TEXT_MAX];
        struct writer words = writer_over(text, sizeof text);

        if (strchr("uds", field->kind)) {
                words_number(w, field->number);
                return;
        }
        if (field->kind == 'b') {
                words_number(w, field->text_len);
                return;
        }
        if (field->kind == 'x' && field->number == EDE_NONE) {
                write_text(w, "null");
                return;
        }
        if (field->kind == 'i')
                words_hex(&words, field->id.bytes, TRACE_ID_LEN);
        else
                step_field_text(&words, field);
        write_u8(w, '"');
        words_json(w, text, writer_len(&words));
        write_u8(w, '"');
}

size_t step_json(const struct step_view *step, char *out, size_t size)
{
        struct writer w = writer_over(out, size);
        struct field_cursor cursor = fields_of(step);
        struct step_field field;

        write_text(&w, "{\"at_us\":");
        words_number(&w, step->at_us);
        write_text(&w, ",\"task\":");
        words_number(&w, step->task);
        write_text(&w, ",\"step\":\"");
        write_text(&w, step_word(step->kind));
        write_u8(&w, '"');
        while (field_next(&cursor, &field)) {
                write_text(&w, ",\"");
                write_bytes(&w, cursor.name, cursor.name_len);
                write_text(&w, step_field_unit(field.kind));
                write_text(&w, "\":");
                step_field_json(&w, &field);
        }
        write_u8(&w, '}');
        write_u8(&w, 0);
        return w.failed ? 0 : writer_len(&w) - 1;
}
