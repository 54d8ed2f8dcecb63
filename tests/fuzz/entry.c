/*
 * Any bytes as a stored value, and as a key: refused, or read within their bounds; and what was read is written again as
 * the same bytes.
 */
#include "cache/entry.h"
#include "cache/key.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY = 16, MEMORY = 1 << 18 }; /* behind the two hashes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

static const uint8_t secret[SIPHASH_KEY_LEN];
static const struct store_bytes key = { .bytes = (const uint8_t *)"key", .len = 3 };

static void require_same(struct store_bytes value, const uint8_t *again, size_t len)
{
        REQUIRE(len == value.len);
        REQUIRE(memcmp(value.bytes + BODY, again + BODY, len - BODY) == 0);
        REQUIRE(entry_intact(secret, key, (struct store_bytes){ .bytes = again, .len = len }));
}

static void read_value(struct store_bytes value, struct arena *arena)
{
        static uint8_t again[STORE_VALUE_MAX];
        struct entry_head head;
        struct finding finding;
        struct delegation delegation;
        struct server_note note;
        struct denying_zone zone;

        if (!entry_peek(value, &head))
                return;
        struct entry_seal seal = { .secret = secret, .anchors = head.anchors };
        if (entry_read_finding(value, arena, &finding) == ERR_OK)
                require_same(value, again, entry_write_finding(&seal, key, &finding, again));
        if (entry_read_delegation(value, arena, &delegation) == ERR_OK && head.rank == RANK_REFERRAL)
                require_same(value, again, entry_write_delegation(&seal, key, &delegation, again));
        if (entry_read_zone(value, arena, &zone) == ERR_OK)
                require_same(value, again, entry_write_zone(&seal, key, &zone, again));
        if (entry_read_server(value, &note) == ERR_OK)
                REQUIRE(note.cookie_len <= COOKIE_SERVER_MAX);
        REQUIRE(entry_replaces(value, value, 0) || head.kind == ENTRY_SET); /* but for an NS set, which stays */
}

static void read_key(struct store_bytes bytes)
{
        uint8_t room[NAME_WIRE_MAX];
        struct key_parts parts;

        if (key_read(bytes, room, &parts) == ERR_OK)
                REQUIRE(parts.space == SPACE_SERVERS || (parts.name.len >= 1 && parts.name.wire[parts.name.len - 1] == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct store_bytes bytes = { .bytes = data, .len = size };
        struct arena arena;

        arena_init(&arena, MEMORY);
        read_value(bytes, &arena);
        read_key(bytes);
        arena_fini(&arena);
        return 0;
}
