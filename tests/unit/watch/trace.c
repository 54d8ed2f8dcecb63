/* lib/watch/trace.c: every row of trace.def is recorded, read and put into words, whatever its fields hold. */
#include "watch/trace.h"
#include "json.h"
#include "watch/metrics.h"
#include "watch/words.h"
#include "wire/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { FIELDS_MAX = 12 };

static const struct {
        const char *word, *kinds, *fields, *text;
} rows[STEP_COUNT] = {
#define STEP(name, kinds, fields, text) { #name, kinds, fields, text },
#include "watch/trace.def"
#undef STEP
};

static const struct trace_id id = { .bytes = { 0x7f, 0x3a, 0x9c, 0x21, 0xff, 0x00, 0x22, 0x3c } };
static const struct moment start = { .mono_us = 1000, .wall_s = 1790000000 };

/* --- Values ---------------------------------------------------------------------------------------------------- */

/* One value for each letter of the kinds column. */
struct values {
        struct name name;
        struct address address;
        struct endpoint endpoint;
        struct trace_id id;
        unsigned type, rcode, flags, ede;
        uint64_t count, duration, seconds;
        const char *word, *text;
};

static const uint8_t plain_wire[] = "\3www\7example\3com";
static const uint8_t markup_wire[] = "\23<script>alert(\"1\")<\6'&`\\%\n\4a\0b\r";
static const uint8_t terminal_wire[] = "\10\033[31m\7\b\t\3\xff\x80\x7f\6\xe2\x80\xae" "abc";
static uint8_t long_wire[NAME_WIRE_MAX];

static const struct values ordinary = {
        .name = { .wire = plain_wire, .len = 17, .label_count = 3 },
        .address = { 4, { 192, 0, 2, 1 } },
        .endpoint = { { 4, { 192, 0, 2, 1 } }, 5300 },
        .id = { { 1, 2, 3 } },
        .type = 28, .rcode = RCODE_NXDOMAIN, .flags = FLAG_QR | FLAG_RD, .ede = EDE_NO_AUTHORITY,
        .count = 3, .duration = 12345, .seconds = 3720,
        .word = "a word", .text = "any text",
};

static const struct values markup = {
        .name = { .wire = markup_wire, .len = sizeof markup_wire, .label_count = 3 },
        .address = { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
        .endpoint = { { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } }, 53 },
        .id = { { 0xff, 0xff } },
        .type = 65535, .rcode = 4095, .flags = 0xffff, .ede = 0xfffe,
        .count = UINT64_MAX, .duration = UINT64_MAX, .seconds = UINT64_MAX,
        .word = "<b onload='x'>&amp;\\\"", .text = "</script>\"'`\\",
};

static struct values terminal = {
        .name = { .wire = terminal_wire, .len = sizeof terminal_wire, .label_count = 3 },
        .word = "\033]0;title\007\r\n\t\x7f", .text = "\xe2\x80\xae right to left \xff\xfe \x9b" "31m",
        .ede = EDE_NONE,
};

static struct values longest = {
        .name = { .wire = long_wire, .len = NAME_WIRE_MAX, .label_count = 127 },
        .endpoint = { { 6, { [0 ... 15] = 0xff } }, 65535 },
        .type = 1,
};

static const struct values *const all_values[] = { &ordinary, &markup, &terminal, &longest };
enum { VALUES = sizeof all_values / sizeof all_values[0] };

static int make_longest(void **state)
{
        static char text[600];

        (void)state;
        for (size_t i = 0; i + 1 < NAME_WIRE_MAX; i += 2) {
                long_wire[i] = 1;
                long_wire[i + 1] = 0xff;
        }
        memset(text, 0xff, sizeof text - 1);
        longest.word = longest.text = text;
        return 0;
}

/*
 * Record a row of any kinds. Its arguments cannot be spelled out here; on all machines that we build for, pointers and
 * integers travel through "..." as words of 64 bits each, so a word for each letter stands for what the row wants.
 */
static void record(struct trace *trace, uint16_t task, uint64_t now_us, enum step_kind kind, const struct values *v)
{
        uintptr_t word[FIELDS_MAX] = { 0 };
        const char *kinds = rows[kind].kinds;

        assert_true(strlen(kinds) <= FIELDS_MAX);
        if (kind == STEP_MESSAGE) { /* the one that has a function of its own */
                trace_message(trace, task, now_us, &v->endpoint, v->name.wire, v->name.len);
                return;
        }
        for (size_t i = 0; kinds[i]; i++) {
                switch (kinds[i]) {
                case 'n': word[i] = (uintptr_t)&v->name; break;
                case 'a': word[i] = (uintptr_t)&v->address; break;
                case 'e': word[i] = (uintptr_t)&v->endpoint; break;
                case 'i': word[i] = (uintptr_t)&v->id; break;
                case 't': word[i] = v->type; break;
                case 'r': word[i] = v->rcode; break;
                case 'f': word[i] = v->flags; break;
                case 'x': word[i] = v->ede; break;
                case 'u': word[i] = v->count; break;
                case 'd': word[i] = v->duration; break;
                case 's': word[i] = v->seconds; break;
                case 'w': word[i] = (uintptr_t)v->word; break;
                case 'q': word[i] = (uintptr_t)v->text; break;
                default: fail_msg("%s: unknown letter %c", rows[kind].word, kinds[i]);
                }
        }
        trace_step(trace, task, now_us, kind, word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7],
                   word[8], word[9], word[10], word[11]);
}

static uint64_t capped(uint64_t number)
{
        return number < UINT32_MAX ? number : UINT32_MAX;
}

static void expect_text(const struct step_field *field, const char *text, size_t max)
{
        assert_int_equal(field->text_len, strnlen(text, max));
        assert_memory_equal(field->text, text, field->text_len);
}

static void expect_field(const struct step_field *field, const struct values *v)
{
        switch (field->kind) {
        case 'n': assert_true(name_equal_case(&field->name, &v->name)); break;
        case 'a': assert_true(address_equal(&field->address, &v->address)); break;
        case 'e':
                assert_true(address_equal(&field->address, &v->endpoint.address));
                assert_int_equal(field->port, v->endpoint.port);
                break;
        case 'i': assert_memory_equal(&field->id, &v->id, sizeof v->id); break;
        case 't': assert_int_equal(field->number, v->type); break;
        case 'r': assert_int_equal(field->number, v->rcode); break;
        case 'f': assert_int_equal(field->number, v->flags); break;
        case 'x': assert_int_equal(field->number, v->ede); break;
        case 'u': assert_int_equal(field->number, capped(v->count)); break;
        case 'd': assert_int_equal(field->number, capped(v->duration)); break;
        case 's': assert_int_equal(field->number, capped(v->seconds)); break;
        case 'w': expect_text(field, v->word ? v->word : "", 255); break;
        case 'q': expect_text(field, v->text ? v->text : "", 240); break;
        case 'b':
                assert_int_equal(field->text_len, v->name.len);
                assert_memory_equal(field->text, v->name.wire, v->name.len);
                break;
        default: fail();
        }
}

static void expect_harmless(const char *text, size_t len, const char *forbidden)
{
        assert_int_equal(strlen(text), len);
        for (size_t i = 0; i < len; i++) {
                if (text[i] < ' ' || text[i] > '~' || strchr(forbidden, text[i]))
                        fail_msg("byte %02x in: %s", (unsigned char)text[i], text);
        }
}

/* --- The table ------------------------------------------------------------------------------------------------- */

/* Field number i of a row, copied out of its list. */
static bool field_name(const char *fields, size_t i, char out[64])
{
        while (i-- && fields) {
                fields = strchr(fields, ',');
                fields = fields ? fields + 1 : NULL;
        }
        if (!fields || !*fields)
                return false;
        snprintf(out, 64, "%.*s", (int)strcspn(fields, ","), fields);
        return true;
}

static bool row_has_field(enum step_kind kind, const char *name, size_t len)
{
        char field[64];

        for (size_t i = 0; field_name(rows[kind].fields, i, field); i++) {
                if (strlen(field) == len && !memcmp(field, name, len))
                        return true;
        }
        return false;
}

static void test_rows_name_each_field_once(void **state)
{
        char field[64], other[64];

        (void)state;
        for (enum step_kind kind = 0; kind < STEP_COUNT; kind++) {
                size_t count = 0;

                for (; field_name(rows[kind].fields, count, field); count++) {
                        assert_int_not_equal(strcmp(field, "at_us"), 0);
                        assert_int_not_equal(strcmp(field, "task"), 0);
                        assert_int_not_equal(strcmp(field, "step"), 0);
                        assert_int_equal(strspn(field, "abcdefghijklmnopqrstuvwxyz_"), strlen(field));
                        for (size_t i = 0; i < count; i++) {
                                field_name(rows[kind].fields, i, other);
                                assert_string_not_equal(field, other);
                        }
                }
                if (count != strlen(rows[kind].kinds))
                        fail_msg("%s has %zu fields for %s", rows[kind].word, count, rows[kind].kinds);
                assert_int_equal(strspn(rows[kind].kinds, "naeitrfxudswqb"), count);
        }
}

static void test_sentences_use_fields_of_their_row(void **state)
{
        (void)state;
        for (enum step_kind kind = 0; kind < STEP_COUNT; kind++) {
                for (const char *at = strchr(rows[kind].text, '{'); at; at = strchr(at + 1, '{')) {
                        size_t len = strcspn(at + 1, ":{}");

                        if (at[1 + strcspn(at + 1, "{}")] != '}' || !row_has_field(kind, at + 1, len))
                                fail_msg("%s: no field for %s", rows[kind].word, at);
                }
        }
}

static void test_words_are_the_kinds_in_lower_case(void **state)
{
        (void)state;
        for (enum step_kind kind = 0; kind < STEP_COUNT; kind++) {
                assert_true(strlen(rows[kind].word) < WORD_MAX);
                assert_int_equal(strcasecmp(step_word(kind), rows[kind].word), 0);
                assert_int_equal(strspn(step_word(kind), "abcdefghijklmnopqrstuvwxyz_"), strlen(step_word(kind)));
        }
        assert_string_equal(step_word(STEP_SEND), "send");
        assert_string_equal(step_word(STEP_COUNT), "unknown");
}

/* --- Recording and reading ------------------------------------------------------------------------------------- */

static void test_what_is_recorded_is_read_back(void **state)
{
        struct arena arena;
        struct trace trace;

        (void)state;
        for (size_t v = 0; v < VALUES; v++) {
                struct trace_view view;
                struct step_view step;
                size_t at = 0;

                arena_init(&arena, 1 << 20);
                trace_begin(&trace, &arena, &id, 7, &start);
                for (enum step_kind kind = 0; kind < STEP_COUNT; kind++)
                        record(&trace, (uint16_t)(kind * 7), start.mono_us + kind * 10, kind, all_values[v]);
                assert_int_equal(trace.lost, 0);
                assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
                assert_memory_equal(&view.id, &id, sizeof id);
                assert_int_equal(view.wall_us, start.wall_s * 1000000);
                assert_int_equal(view.span, 7);
                for (enum step_kind kind = 0; kind < STEP_COUNT; kind++) {
                        assert_true(trace_next(&view, &at, &step));
                        assert_int_equal(step.kind, kind);
                        assert_int_equal(step.task, kind * 7);
                        assert_int_equal(step.at_us, kind * 10);
                        struct step_field field;
                        char name[64];

                        for (size_t i = 0; field_name(rows[kind].fields, i, name); i++) {
                                assert_true(step_field(&step, name, &field));
                                assert_int_equal(field.kind, rows[kind].kinds[i]);
                                expect_field(&field, all_values[v]);
                        }
                        assert_false(step_field(&step, "no such field", &field));
                }
                assert_false(trace_next(&view, &at, &step));
                assert_int_equal(at, trace.len);
                arena_fini(&arena);
        }
}

/* The sentence and the JSON of one step hold each field and nothing that could harm a terminal, a log or a page. */
static void expect_words(const struct step_view *step)
{
        char text[STEP_TEXT_MAX], json[STEP_JSON_MAX], member[80], name[64];
        size_t len = step_text(step, text, sizeof text);

        assert_true(len > 0);
        expect_harmless(text, len, "\"'<>&`{}");
        len = step_json(step, json, sizeof json);
        assert_true(len > 0);
        expect_harmless(json, len, "'<>&`");
        assert_true(json_is_valid(json, len));
        assert_true(json_has_member(json, len, "at_us"));
        assert_true(json_has_member(json, len, "task"));
        assert_true(json_has_member(json, len, "step"));
        for (size_t i = 0; field_name(rows[step->kind].fields, i, name); i++) {
                char letter = rows[step->kind].kinds[i];

                snprintf(member, sizeof member, "%s%s", name, letter == 'd' ? "_us" : letter == 's' ? "_s" : "");
                if (!json_has_member(json, len, member))
                        fail_msg("no %s in %s", member, json);
        }
        for (size_t size = 0; size <= len; size++)
                assert_int_equal(step_json(step, json, size), 0);
}

static void test_hostile_values_become_harmless_words(void **state)
{
        struct arena arena;

        (void)state;
        for (size_t v = 0; v < VALUES; v++) {
                for (enum step_kind kind = 0; kind < STEP_COUNT; kind++) {
                        struct trace trace;
                        struct trace_view view;
                        struct step_view step;
                        size_t at = 0;

                        arena_init(&arena, 1 << 20);
                        trace_begin(&trace, &arena, &id, 7, &start);
                        record(&trace, 0, start.mono_us, kind, all_values[v]);
                        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
                        assert_true(trace_next(&view, &at, &step));
                        expect_words(&step);
                        arena_fini(&arena);
                }
        }
}

static void test_sentences_read_well(void **state)
{
        struct arena arena;
        struct trace trace;
        struct trace_view view;
        struct step_view step;
        char text[STEP_TEXT_MAX], json[STEP_JSON_MAX];
        size_t at = 0;

        (void)state;
        arena_init(&arena, 1 << 20);
        trace_begin(&trace, &arena, &id, 7, &start);
        trace_step(&trace, 3, start.mono_us + 700, STEP_ALIAS, "CNAME", &ordinary.name, &name_root);
        trace_step(&trace, 0, start.mono_us + 900, STEP_TIMEOUT, &ordinary.endpoint, (uint64_t)1500000);
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        assert_true(trace_next(&view, &at, &step));
        step_text(&step, text, sizeof text);
        assert_string_equal(text, "CNAME: www.example.com. is an alias of .");
        step_json(&step, json, sizeof json);
        assert_string_equal(json, "{\"at_us\":700,\"task\":3,\"step\":\"alias\",\"kind\":\"CNAME\","
                                  "\"owner\":\"www.example.com.\",\"target\":\".\"}");
        assert_true(trace_next(&view, &at, &step));
        step_text(&step, text, sizeof text);
        assert_string_equal(text, "192.0.2.1@5300 was silent for 1.50 s");
        step_json(&step, json, sizeof json);
        assert_string_equal(json, "{\"at_us\":900,\"task\":0,\"step\":\"timeout\",\"server\":\"192.0.2.1@5300\","
                                  "\"waited_us\":1500000}");
        arena_fini(&arena);
}

static void test_nouns_follow_their_number(void **state)
{
        static const char *const sentences[] = {
                "closest known zone cut is www.example.com. (from cache): 0 servers, 1 address",
                "closest known zone cut is www.example.com. (from cache): 1 server, 2 addresses",
        };
        struct arena arena;

        (void)state;
        for (uint64_t i = 0; i < 2; i++) {
                struct trace trace;
                struct trace_view view;
                struct step_view step;
                char text[STEP_TEXT_MAX];
                size_t at = 0;

                arena_init(&arena, 1 << 20);
                trace_begin(&trace, &arena, &id, 7, &start);
                trace_step(&trace, 0, start.mono_us, STEP_CUT, &ordinary.name, "cache", i, i + 1);
                assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
                assert_true(trace_next(&view, &at, &step));
                step_text(&step, text, sizeof text);
                assert_string_equal(text, sentences[i]);
                arena_fini(&arena);
        }
}

static void test_sentence_is_cut_to_size(void **state)
{
        struct arena arena;
        struct trace trace;
        struct trace_view view;
        struct step_view step;
        char whole[STEP_TEXT_MAX], text[STEP_TEXT_MAX];
        size_t at = 0;

        (void)state;
        arena_init(&arena, 1 << 20);
        trace_begin(&trace, &arena, &id, 7, &start);
        record(&trace, 0, start.mono_us, STEP_GAVE_UP, &markup);
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        assert_true(trace_next(&view, &at, &step));
        step_text(&step, whole, sizeof whole);
        assert_int_equal(step_text(&step, text, 0), 0);
        for (size_t size = 1; size <= strlen(whole) + 1; size++) {
                size_t len = step_text(&step, text, size);

                assert_true(len < size);
                assert_int_equal(text[len], 0);
                assert_memory_equal(text, whole, len);
        }
        assert_string_equal(text, whole);
        arena_fini(&arena);
}

/* --- Room ------------------------------------------------------------------------------------------------------ */

static void test_steps_without_room_are_counted(void **state)
{
        struct arena arena;
        struct trace trace;
        struct trace_view view;
        struct step_view step;
        size_t at = 0;
        uint32_t written = 0;
        struct metrics metrics = { 0 };

        (void)state;
        arena_init(&arena, 1 << 20);
        trace_begin(&trace, &arena, &id, 7, &start);
        trace.counts = metrics.steps;
        for (int i = 0; i < 10000; i++)
                trace_step(&trace, 0, start.mono_us, STEP_MISS, &ordinary.name, 1U);
        assert_true(trace.len <= TRACE_MAX);
        assert_true(trace.len > TRACE_MAX - 1024); /* the longest step of that kind did not fit any more */
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        while (trace_next(&view, &at, &step))
                written++;
        assert_int_equal(written + trace.lost, 10000);
        assert_true(trace.lost > 0);
        assert_int_equal(metrics.steps[STEP_MISS], written);
        assert_int_equal(metrics.steps[STEP_SLOT_LOST], trace.lost);
        arena_fini(&arena);
}

static void test_a_full_arena_loses_steps_only(void **state)
{
        struct arena arena;
        struct trace trace;
        struct trace_view view;

        (void)state;
        for (size_t max = 0; max < 100000; max += 997) {
                arena_init(&arena, max);
                trace_begin(&trace, &arena, &id, 7, &start);
                for (int i = 0; i < 1000; i++)
                        trace_step(&trace, 0, start.mono_us, STEP_MISS, &ordinary.name, 1U);
                if (trace.bytes)
                        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
                else
                        assert_int_equal(trace.lost, 1000);
                arena_fini(&arena);
        }
        trace_step(NULL, 0, 0, STEP_MISS, &ordinary.name, 1U);
}

static void test_time_before_the_start_is_the_start(void **state)
{
        struct arena arena;
        struct trace trace;
        struct trace_view view;
        struct step_view step;
        size_t at = 0;

        (void)state;
        arena_init(&arena, 1 << 20);
        trace_begin(&trace, &arena, &id, 7, &start);
        trace_step(&trace, 0, start.mono_us - 5, STEP_NO_CUT, &ordinary.name);
        trace_step(&trace, 0, UINT64_MAX, STEP_NO_CUT, &ordinary.name);
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        assert_true(trace_next(&view, &at, &step));
        assert_int_equal(step.at_us, 0);
        assert_true(trace_next(&view, &at, &step));
        assert_int_equal(step.at_us, UINT32_MAX);
        arena_fini(&arena);
}

/* --- Damage ---------------------------------------------------------------------------------------------------- */

enum { PAGE = 4096, GUARDED = 4 * PAGE };

/* Bytes that end where unmapped memory begins: one read too many is a crash. */
static uint8_t *guarded(void)
{
        uint8_t *p = mmap(NULL, GUARDED + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        assert_ptr_not_equal(p, MAP_FAILED);
        assert_int_equal(mprotect(p + GUARDED, PAGE, PROT_NONE), 0);
        return p;
}

/* Read all that can be read of these bytes, in every way. Returns the number of steps. */
static size_t read_all(const uint8_t *bytes, size_t len)
{
        struct trace_view view;
        struct step_view step;
        char text[STEP_TEXT_MAX], json[STEP_JSON_MAX];
        size_t at = 0, count = 0;

        if (trace_open(bytes, len, &view) != ERR_OK)
                return 0;
        while (trace_next(&view, &at, &step)) {
                size_t text_len = step_text(&step, text, sizeof text);
                size_t json_len = step_json(&step, json, sizeof json);

                expect_harmless(text, text_len, "\"'<>&`");
                assert_true(json_is_valid(json, json_len));
                count++;
        }
        return count;
}

/* A trace of one step of each kind, at the end of guarded memory; *len its length. */
static uint8_t *sample_trace(uint8_t *room, size_t *len)
{
        struct arena arena;
        struct trace trace;

        arena_init(&arena, 1 << 20);
        trace_begin(&trace, &arena, &id, 7, &start);
        for (enum step_kind kind = 0; kind < STEP_COUNT; kind++)
                record(&trace, kind, start.mono_us, kind, &ordinary);
        assert_true(trace.len <= GUARDED);
        *len = trace.len;
        memcpy(room + GUARDED - trace.len, trace.bytes, trace.len);
        arena_fini(&arena);
        return room + GUARDED - *len;
}

static void test_every_truncation_is_handled(void **state)
{
        uint8_t *room = guarded();
        size_t whole;
        uint8_t copy[GUARDED];
        size_t last = 0;

        (void)state;
        const uint8_t *sample = sample_trace(room, &whole);

        memcpy(copy, sample, whole);
        for (size_t len = 0; len <= whole; len++) {
                uint8_t *bytes = room + GUARDED - len;

                memcpy(bytes, copy, len);
                if (len < whole)
                        assert_int_equal(read_all(bytes, len), 0); /* its header promises more */
                if (len < TRACE_HEADER_LEN)
                        continue;
                store_u32(bytes + 4, (uint32_t)len);
                size_t count = read_all(bytes, len);

                assert_true(count == last || count == last + 1);
                last = count;
        }
        assert_int_equal(last, STEP_COUNT);
        munmap(room, GUARDED + PAGE);
}

/* The payload alone ends early: fields before the end are read, those behind it are not there. */
static void test_every_short_payload_is_handled(void **state)
{
        uint8_t *room = guarded();
        uint8_t copy[2048];
        struct trace_view view;
        struct step_view step;
        size_t whole, at = 0;

        (void)state;
        const uint8_t *sample = sample_trace(room, &whole);

        assert_int_equal(trace_open(sample, whole, &view), ERR_OK);
        uint8_t *second = guarded();

        while (trace_next(&view, &at, &step)) {
                memcpy(copy, step.payload, step.payload_len);
                for (uint16_t len = 0; len < step.payload_len; len++) {
                        struct step_view cut = step;
                        struct step_field field;
                        char text[STEP_TEXT_MAX], json[STEP_JSON_MAX], name[64];
                        size_t last = strlen(rows[step.kind].kinds) - 1;

                        cut.payload = second + GUARDED - len;
                        cut.payload_len = len;
                        memcpy(second + GUARDED - len, copy, len);
                        assert_true(field_name(rows[step.kind].fields, last, name));
                        assert_false(step_field(&cut, name, &field));
                        assert_true(step_text(&cut, text, sizeof text) > 0);
                        assert_true(json_is_valid(json, step_json(&cut, json, sizeof json)));
                }
        }
        munmap(room, GUARDED + PAGE);
        munmap(second, GUARDED + PAGE);
}

static void test_every_damaged_byte_is_handled(void **state)
{
        static const uint8_t damage[] = { 0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff };
        uint8_t *room = guarded();
        size_t whole;
        uint8_t *bytes = sample_trace(room, &whole);

        (void)state;
        for (size_t i = 0; i < whole; i++) {
                uint8_t sound = bytes[i];

                for (size_t d = 0; d < sizeof damage; d++) {
                        bytes[i] = damage[d];
                        read_all(bytes, whole);
                }
                bytes[i] = sound;
        }
        assert_int_equal(read_all(bytes, whole), STEP_COUNT);
        munmap(room, GUARDED + PAGE);
}

static void test_a_name_without_bytes_is_the_root(void **state)
{
        static const struct name none;
        struct arena arena;
        struct trace trace;
        struct trace_view view;
        struct step_view step;
        struct step_field field;
        size_t at = 0;

        (void)state;
        arena_init(&arena, 1 << 20);
        trace_begin(&trace, &arena, &id, 7, &start);
        trace_step(&trace, 0, start.mono_us, STEP_NO_CUT, &none);
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        assert_true(trace_next(&view, &at, &step));
        assert_true(step_field(&step, "name", &field));
        assert_true(name_is_root(&field.name));
        arena_fini(&arena);
}

/* An arena's memory was somebody else's before. */
static void test_a_trace_has_no_parent_but_one_that_was_said(void **state)
{
        const struct trace_id other = { .bytes = { 9 } };
        struct arena arena;
        struct trace trace;
        struct trace_view view;

        (void)state;
        arena_init(&arena, 1 << 20);
        struct arena_mark mark = arena_mark(&arena);
        memset(arena_room(&arena, 2048), 0xee, 2048);
        arena_reset(&arena, mark);
        trace_begin(&trace, &arena, &id, 5, &start);
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        assert_int_equal(view.parent, 0);
        trace_adopt(&trace, &other, 77);
        assert_int_equal(trace_open(trace.bytes, trace.len, &view), ERR_OK);
        assert_int_equal(view.parent, 77);
        assert_memory_equal(&view.id, &other, sizeof other);
        arena_fini(&arena);
}

static void test_short_id(void **state)
{
        char text[TRACE_SHORT_TEXT];

        (void)state;
        assert_string_equal(trace_id_short(&id, text), "7f3a9c21");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows_name_each_field_once),
                cmocka_unit_test(test_sentences_use_fields_of_their_row),
                cmocka_unit_test(test_words_are_the_kinds_in_lower_case),
                cmocka_unit_test(test_what_is_recorded_is_read_back),
                cmocka_unit_test(test_hostile_values_become_harmless_words),
                cmocka_unit_test(test_sentences_read_well),
                cmocka_unit_test(test_nouns_follow_their_number),
                cmocka_unit_test(test_sentence_is_cut_to_size),
                cmocka_unit_test(test_steps_without_room_are_counted),
                cmocka_unit_test(test_a_full_arena_loses_steps_only),
                cmocka_unit_test(test_time_before_the_start_is_the_start),
                cmocka_unit_test(test_every_truncation_is_handled),
                cmocka_unit_test(test_every_short_payload_is_handled),
                cmocka_unit_test(test_every_damaged_byte_is_handled),
                cmocka_unit_test(test_a_name_without_bytes_is_the_root),
                cmocka_unit_test(test_a_trace_has_no_parent_but_one_that_was_said),
                cmocka_unit_test(test_short_id),
        };

        return cmocka_run_group_tests(tests, make_longest, NULL);
}
