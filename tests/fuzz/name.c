/*
 * Any bytes as names: the readers, text there and back, order, and the key that has the same order.
 */
#include "wire/name.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 12, TEXT_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

static void try_text(const struct name *name)
{
        char text[NAME_TEXT_MAX];
        uint8_t room[NAME_WIRE_MAX];
        struct name again;

        name_text(name, text);
        REQUIRE(strlen(text) < NAME_TEXT_MAX && !strpbrk(text, "<>&\"'\x1b\n"));
        REQUIRE(name_from_text(text, room, &again) == ERR_OK);
        REQUIRE(name_equal_case(name, &again) && name->label_count == again.label_count);
}

static int sign(int n)
{
        return (n > 0) - (n < 0);
}

static void try_pair(const struct name *a, const struct name *b)
{
        uint8_t key_a[NAME_KEY_MAX], key_b[NAME_KEY_MAX], room[NAME_WIRE_MAX];
        size_t len_a = name_sort_key(a, key_a), len_b = name_sort_key(b, key_b);
        size_t len = len_a < len_b ? len_a : len_b;
        int by_key = memcmp(key_a, key_b, len);
        struct name out;

        REQUIRE(len_a < NAME_KEY_MAX && len_b < NAME_KEY_MAX);
        if (by_key == 0)
                by_key = (len_a > len_b) - (len_a < len_b);
        REQUIRE(sign(by_key) == sign(name_compare(a, b)));
        REQUIRE(name_equal(a, b) == (name_compare(a, b) == 0));

        struct name tail = name_ancestor(a, name_common_labels(a, b));
        REQUIRE(name_is_at_or_below(a, &tail) && name_is_at_or_below(b, &tail));
        if (name_is_below(a, &tail) && name_replace_suffix(a, &tail, b, room, &out) == ERR_OK)
                REQUIRE(name_is_below(&out, b) && out.len == a->len - tail.len + b->len);
        if (!name_is_root(a) && name_prepend(a->wire + 1, a->wire[0], b, room, &out) == ERR_OK)
                REQUIRE(name_is_below(&out, b));
}

static void try_from_text(const uint8_t *data, size_t size)
{
        char text[TEXT_MAX + 1];
        uint8_t room[NAME_WIRE_MAX];
        struct name name;
        size_t len = size < TEXT_MAX ? size : TEXT_MAX;

        memcpy(text, data, len);
        text[len] = '\0';
        if (name_from_text(text, room, &name) == ERR_OK)
                try_text(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name first, second;
        size_t hops = size;

        if (size > 0)
                try_from_text(data, size);
        if (size < HEADER)
                return 0;
        struct reader r = reader_over(data + HEADER, size - HEADER);
        if (name_read(&r, &first))
                return 0;
        try_text(&first);
        if (name_read_compressed(&r, data, size, &hops, room, &second))
                return 0;
        try_text(&second);
        try_pair(&first, &second);
        try_pair(&second, &first);
        return 0;
}
