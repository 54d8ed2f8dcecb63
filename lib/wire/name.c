/*
 * Names in wire form: length byte, label, length byte, label, ... 0.
 *
 * A length byte is at most 63 and therefore never a letter, so a whole name can be folded to lower case and compared
 * without looking at where its labels begin.
 */
#include "wire/name.h"
#include <string.h>

enum { LABEL_LEN_MAX = 63, POINTER_BITS = 0xc0, POINTERS_MAX = 16, MESSAGE_HEADER_LEN = 12 };

static const uint8_t root_wire[1] = { 0 };
const struct name name_root = { .wire = root_wire, .len = 1 };

static uint8_t fold(uint8_t byte)
{
        return (uint8_t)(byte - 'A') < 26 ? byte | 0x20 : byte;
}

/*
 * fold() for eight bytes at once. Adding to the low seven bits of each byte carries into its top bit just if the byte
 * reached 'A', or passed 'Z'; the two differ for capitals only. Bit 0x20 is two places below that top bit.
 */
static uint64_t fold_word(uint64_t word)
{
        const uint64_t ones = 0x0101010101010101;
        uint64_t low = word & 0x7f * ones;
        uint64_t from_a = low + (0x80 - 'A') * ones;
        uint64_t past_z = low + (0x7f - 'Z') * ones;

        return word | ((from_a ^ past_z) & ~word & 0x80 * ones) >> 2;
}

static bool bytes_equal_folded(const uint8_t *a, const uint8_t *b, size_t len)
{
        for (; len >= 8; a += 8, b += 8, len -= 8) {
                uint64_t x, y;
                memcpy(&x, a, 8);
                memcpy(&y, b, 8);
                if (x != y && fold_word(x) != fold_word(y))
                        return false;
        }
        for (; len > 0; a++, b++, len--) {
                if (fold(*a) != fold(*b))
                        return false;
        }
        return true;
}

enum err name_read(struct reader *reader, struct name *out)
{
        const uint8_t *start = reader->at;
        size_t left = reader_left(reader), len = 0;
        unsigned label_count = 0;

        for (;;) {
                if (len >= left)
                        return ERR_SHORT;
                unsigned label_len = start[len];
                if (label_len > LABEL_LEN_MAX)
                        return ERR_FORM;
                len += 1 + label_len;
                if (len > NAME_WIRE_MAX) /* RFC 1035 3.1 */
                        return ERR_FORM;
                if (label_len == 0)
                        break;
                label_count++;
        }
        reader->at = start + len;
        *out = (struct name){ .wire = start, .len = (uint8_t)len, .label_count = (uint8_t)label_count };
        return ERR_OK;
}

/* Where we are while we follow a compressed name. */
struct follow {
        const uint8_t *at;
        const uint8_t *end;
        const uint8_t *behind; /* where the name's own bytes end: behind its first pointer, NULL before that */
        size_t lowest;         /* pointers must lead to offsets below this */
        unsigned pointers;
};

/* Jump to where the pointer under the cursor leads. RFC 1035 4.1.4: "a prior occurrence". */
static enum err follow_pointer(struct follow *f, const uint8_t *message, size_t len, size_t *hops)
{
        if (f->end - f->at < 2)
                return ERR_SHORT;
        size_t target = load_u16(f->at) & 0x3fff;
        if (target >= f->lowest || target < MESSAGE_HEADER_LEN)
                return ERR_FORM;
        if (f->pointers == POINTERS_MAX || *hops == 0)
                return ERR_LIMIT;
        f->pointers++;
        --*hops;
        if (!f->behind)
                f->behind = f->at + 2;
        f->lowest = target;
        f->at = message + target;
        f->end = message + len;
        return ERR_OK;
}

enum err name_read_compressed(struct reader *reader, const uint8_t *message, size_t len, size_t *hops,
                              uint8_t room[NAME_WIRE_MAX], struct name *out)
{
        struct follow f = { .at = reader->at, .end = reader->at + reader_left(reader),
                            .lowest = (size_t)(reader->at - message) };
        size_t written = 0;
        unsigned label_count = 0;

        for (;;) {
                if (f.at >= f.end)
                        return ERR_SHORT;
                size_t label_len = *f.at;
                if (label_len >= POINTER_BITS) {
                        enum err err = follow_pointer(&f, message, len, hops);
                        if (err)
                                return err;
                        continue;
                }
                if (label_len > LABEL_LEN_MAX) /* RFC 6891 5: the extended label types are gone */
                        return ERR_FORM;
                if ((size_t)(f.end - f.at) < 1 + label_len)
                        return ERR_SHORT;
                if (written + 1 + label_len > NAME_WIRE_MAX)
                        return ERR_FORM;
                memcpy(room + written, f.at, 1 + label_len);
                f.at += 1 + label_len;
                written += 1 + label_len;
                if (label_len == 0)
                        break;
                label_count++;
        }
        reader->at = f.behind ? f.behind : f.at;
        *out = (struct name){ .wire = room, .len = (uint8_t)written, .label_count = (uint8_t)label_count };
        return ERR_OK;
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* One byte of a label, after a backslash also \DDD or any character (RFC 1035 5.1). Moves *text behind it. */
static enum err text_byte(const char **text, uint8_t *out)
{
        const char *t = *text;

        if (*t != '\\') {
                *out = (uint8_t)*t;
                *text = t + 1;
                return ERR_OK;
        }
        t++;
        if (!is_digit(*t)) {
                if (!*t)
                        return ERR_FORM;
                *out = (uint8_t)*t;
                *text = t + 1;
                return ERR_OK;
        }
        if (!is_digit(t[1]) || !is_digit(t[2]))
                return ERR_FORM;
        int value = (t[0] - '0') * 100 + (t[1] - '0') * 10 + (t[2] - '0');
        if (value > UINT8_MAX)
                return ERR_FORM;
        *out = (uint8_t)value;
        *text = t + 3;
        return ERR_OK;
}

/* One label at room[at], length byte first, a byte for the root left; *text ends at the dot or NUL behind the label. */
static enum err text_label(const char **text, uint8_t room[NAME_WIRE_MAX], size_t at)
{
        size_t len = 0;

        while (**text && **text != '.') {
                uint8_t byte = 0;
                if (text_byte(text, &byte))
                        return ERR_FORM;
                if (len == LABEL_LEN_MAX || at + 1 + len + 1 >= NAME_WIRE_MAX)
                        return ERR_LIMIT;
                room[at + 1 + len++] = byte;
        }
        if (len == 0)
                return ERR_FORM;
        room[at] = (uint8_t)len;
        return ERR_OK;
}

enum err name_from_text(const char *text, uint8_t room[NAME_WIRE_MAX], struct name *out)
{
        size_t at = 0;
        unsigned label_count = 0;

        if (strcmp(text, ".") == 0)
                text++;
        else if (!*text)
                return ERR_FORM;
        while (*text) {
                enum err err = text_label(&text, room, at);
                if (err)
                        return err;
                at += 1 + (size_t)room[at];
                label_count++;
                if (*text == '.')
                        text++;
        }
        room[at++] = 0;
        *out = (struct name){ .wire = room, .len = (uint8_t)at, .label_count = (uint8_t)label_count };
        return ERR_OK;
}

static bool is_plain(uint8_t byte)
{
        return (uint8_t)(fold(byte) - 'a') < 26 || (uint8_t)(byte - '0') < 10 ||
               (byte && strchr("-_*/+=@", byte));
}

char *name_text(const struct name *name, char out[NAME_TEXT_MAX])
{
        char *to = out;

        for (const uint8_t *label = name->wire; *label; label += 1 + *label) {
                for (unsigned i = 1; i <= *label; i++) {
                        uint8_t byte = label[i];
                        if (is_plain(byte)) {
                                *to++ = (char)byte;
                                continue;
                        }
                        *to++ = '\\';
                        *to++ = (char)('0' + byte / 100);
                        *to++ = (char)('0' + byte / 10 % 10);
                        *to++ = (char)('0' + byte % 10);
                }
                *to++ = '.';
        }
        if (to == out)
                *to++ = '.';
        *to = '\0';
        return out;
}

struct name name_copy(struct arena *arena, const struct name *name)
{
        struct name copy = *name;

        copy.wire = arena_copy(arena, name->wire, name->len);
        return copy;
}

struct name name_hold(struct name_store *store, const struct name *name)
{
        struct name copy = *name;

        copy.wire = memmove(store->bytes, name->wire, name->len);
        return copy;
}

bool name_is_root(const struct name *name)
{
        return name->len == 1;
}

bool name_equal(const struct name *a, const struct name *b)
{
        return a->len == b->len && a->label_count == b->label_count && bytes_equal_folded(a->wire, b->wire, a->len);
}

bool name_equal_case(const struct name *a, const struct name *b)
{
        return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

bool name_is_at_or_below(const struct name *child, const struct name *parent)
{
        if (child->label_count < parent->label_count || child->len < parent->len)
                return false;
        struct name tail = name_ancestor(child, parent->label_count);
        return name_equal(&tail, parent);
}

bool name_is_below(const struct name *child, const struct name *parent)
{
        return child->label_count > parent->label_count && name_is_at_or_below(child, parent);
}

struct name name_strip(const struct name *name, unsigned count)
{
        const uint8_t *at = name->wire;

        for (unsigned i = 0; i < count; i++)
                at += 1 + *at;
        return (struct name){ .wire = at, .len = (uint8_t)(name->len - (at - name->wire)),
                              .label_count = (uint8_t)(name->label_count - count) };
}

struct name name_ancestor(const struct name *name, unsigned label_count)
{
        return name_strip(name, name->label_count - label_count);
}

bool name_label_equal(const uint8_t *a, const uint8_t *b)
{
        return *a == *b && bytes_equal_folded(a + 1, b + 1, *a);
}

void name_label_offsets(const struct name *name, uint8_t offsets[NAME_LABEL_MAX])
{
        unsigned at = 0;

        for (unsigned i = 0; i < name->label_count; i++) {
                offsets[i] = (uint8_t)at;
                at += 1U + name->wire[at];
        }
}

/* Label number `depth` from the root, counted from 1. */
static const uint8_t *label_at_depth(const struct name *name, const uint8_t offsets[NAME_LABEL_MAX], unsigned depth)
{
        return name->wire + offsets[name->label_count - depth];
}

unsigned name_common_labels(const struct name *a, const struct name *b)
{
        uint8_t offsets_a[NAME_LABEL_MAX], offsets_b[NAME_LABEL_MAX];
        unsigned count = a->label_count < b->label_count ? a->label_count : b->label_count;

        name_label_offsets(a, offsets_a);
        name_label_offsets(b, offsets_b);
        for (unsigned i = 1; i <= count; i++) {
                if (!name_label_equal(label_at_depth(a, offsets_a, i), label_at_depth(b, offsets_b, i)))
                        return i - 1;
        }
        return count;
}

bool name_is_wildcard(const struct name *name)
{
        return name->len >= 3 && name->wire[0] == 1 && name->wire[1] == '*';
}

enum err name_prepend(const uint8_t *label, uint8_t label_len, const struct name *parent, uint8_t room[NAME_WIRE_MAX],
                      struct name *out)
{
        size_t len = 1U + label_len + parent->len;

        if (len > NAME_WIRE_MAX)
                return ERR_LIMIT;
        memmove(room + 1 + label_len, parent->wire, parent->len);
        memcpy(room + 1, label, label_len);
        room[0] = label_len;
        *out = (struct name){ .wire = room, .len = (uint8_t)len, .label_count = (uint8_t)(parent->label_count + 1) };
        return ERR_OK;
}

enum err name_replace_suffix(const struct name *name, const struct name *from, const struct name *to,
                             uint8_t room[NAME_WIRE_MAX], struct name *out)
{
        size_t kept = (size_t)(name->len - from->len);

        if (kept + to->len > NAME_WIRE_MAX) /* RFC 6672 2.2: the answer to this is YXDOMAIN */
                return ERR_LIMIT;
        memmove(room, name->wire, kept);
        memcpy(room + kept, to->wire, to->len);
        *out = (struct name){ .wire = room, .len = (uint8_t)(kept + to->len),
                              .label_count = (uint8_t)(name->label_count - from->label_count + to->label_count) };
        return ERR_OK;
}

static void copy_word_folded(const uint8_t *from, uint8_t *to)
{
        uint64_t word;

        memcpy(&word, from, sizeof word);
        word = fold_word(word);
        memcpy(to, &word, sizeof word);
}

size_t name_canonical(const struct name *name, uint8_t *out)
{
        size_t len = name->len;

        if (len < 8) {
                for (size_t i = 0; i < len; i++)
                        out[i] = fold(name->wire[i]);
                return len;
        }
        for (size_t i = 0; i + 8 < len; i += 8)
                copy_word_folded(name->wire + i, out + i);
        copy_word_folded(name->wire + len - 8, out + len - 8); /* reaches back over what is folded already */
        return len;
}

/* RFC 4034 6.1: labels as left-justified byte strings; a missing byte sorts before a zero byte. */
static int label_compare(const uint8_t *a, const uint8_t *b)
{
        unsigned len = *a < *b ? *a : *b;

        for (unsigned i = 1; i <= len; i++) {
                int difference = fold(a[i]) - fold(b[i]);
                if (difference)
                        return difference;
        }
        return *a - *b;
}

int name_compare(const struct name *a, const struct name *b)
{
        uint8_t offsets_a[NAME_LABEL_MAX], offsets_b[NAME_LABEL_MAX];
        unsigned count = a->label_count < b->label_count ? a->label_count : b->label_count;

        name_label_offsets(a, offsets_a);
        name_label_offsets(b, offsets_b);
        for (unsigned i = 1; i <= count; i++) {
                int difference = label_compare(label_at_depth(a, offsets_a, i), label_at_depth(b, offsets_b, i));
                if (difference)
                        return difference;
        }
        return a->label_count - b->label_count;
}

size_t name_sort_key(const struct name *name, uint8_t out[NAME_KEY_MAX])
{
        uint8_t offsets[NAME_LABEL_MAX];
        uint8_t *to = out;

        name_label_offsets(name, offsets);
        for (unsigned depth = 1; depth <= name->label_count; depth++) {
                const uint8_t *label = label_at_depth(name, offsets, depth);
                for (unsigned j = 1; j <= *label; j++) {
                        uint8_t byte = fold(label[j]);
                        if (byte <= 1) {
                                *to++ = 1;
                                byte++;
                        }
                        *to++ = byte;
                }
                *to++ = 0;
        }
        return (size_t)(to - out);
}
