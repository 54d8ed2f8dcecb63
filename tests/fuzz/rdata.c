/*
 * Any bytes as a type and its RDATA: what the check lets pass can be walked, put in canonical form, and shown. This is
 * what stands between the network and ldns.
 */
#include "wire/rrtype.h"
#include "wire/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

static void try_walk(uint16_t type, const struct rdata *rdata)
{
        struct rdata_part part;
        size_t at = 0, sum = 0;

        while (rdata_next(type, rdata->bytes, rdata->len, &at, &part)) {
                REQUIRE(part.bytes == rdata->bytes + sum && part.len > 0);
                REQUIRE(part.is_name || !part.may_compress);
                sum += part.len;
        }
        REQUIRE(sum == rdata->len);
        REQUIRE(rdata_field_count(type, rdata->bytes, rdata->len) <= (size_t)rdata->len + 16);
}

static void try_canonical(uint16_t type, const struct rdata *rdata, struct arena *arena)
{
        uint8_t *copy = arena_copy(arena, rdata->bytes, rdata->len);

        rdata_canonical(type, copy, rdata->len);
        REQUIRE(rdata_check(type, copy, rdata->len) == ERR_OK);
        REQUIRE(rdata_compare(type, copy, rdata->len, rdata->bytes, rdata->len) == 0);
}

static void try_text(uint16_t type, const struct rdata *rdata)
{
        char text[RDATA_TEXT_MAX];
        size_t room = 1 + rdata->len % 16;

        rdata_text(type, rdata, text, sizeof text);
        for (const char *c = text; *c; c++)
                REQUIRE(*c >= 0x20 && *c < 0x7f && !strchr("<>&", *c));
        rdata_text(type, rdata, text, room);
        REQUIRE(strlen(text) < room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena arena;

        if (size < 2 || size - 2 > UINT16_MAX)
                return 0;
        uint16_t type = load_u16(data);
        struct rdata rdata = { .bytes = data + 2, .len = (uint16_t)(size - 2) };
        if (rdata_check(type, rdata.bytes, rdata.len))
                return 0;
        arena_init(&arena, ARENA_MAX);
        try_walk(type, &rdata);
        try_canonical(type, &rdata, &arena);
        try_text(type, &rdata);
        arena_fini(&arena);
        return 0;
}
