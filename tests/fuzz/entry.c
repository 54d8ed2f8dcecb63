/*
 * Any bytes as a stored value, and as a key: refused, or read within their bounds; and what was read is written again
 * to be read as the same.
 */
#include "cache/entry.h"
#include "cache/key.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

static const uint8_t secret[SIPHASH_KEY_LEN];
static const struct store_bytes key = { .bytes = (const uint8_t *)"key", .len = 3 };

static const struct name name = { .wire = (const uint8_t *)"\3www\7example", .len = 13, .label_count = 2 };

static struct store_bytes bytes_of(const uint8_t *bytes, size_t len)
{
        return (struct store_bytes){ .bytes = bytes, .len = len };
}

static void require_same(struct store_bytes value, struct store_bytes again)
{
        REQUIRE(value.len > 0 && again.len == value.len);
        REQUIRE(memcmp(value.bytes, again.bytes, value.len) == 0);
        REQUIRE(entry_intact(secret, key, value));
}

/* A name can be written in two ways, of which we write one: so what is compared was written once already. */
static void write_finding(const struct entry_seal *seal, const struct finding *finding, struct arena *arena)
{
        static uint8_t once[STORE_VALUE_MAX], twice[STORE_VALUE_MAX];
        struct store_bytes value = bytes_of(once, entry_write_finding(seal, key, &name, finding, once));
        struct finding back;

        REQUIRE(entry_read_finding(value, &name, arena, &back) == ERR_OK);
        require_same(value, bytes_of(twice, entry_write_finding(seal, key, &name, &back, twice)));
}

/* Its own name is what others are written below: that may take more room than the value had. */
static void write_delegation(const struct entry_seal *seal, const struct delegation *delegation, struct arena *arena)
{
        static uint8_t once[STORE_VALUE_MAX], twice[STORE_VALUE_MAX];
        struct store_bytes value = bytes_of(once, entry_write_delegation(seal, key, delegation, once));
        struct delegation back;

        if (!value.len)
                return;
        REQUIRE(entry_read_delegation(value, &delegation->cut, arena, &back) == ERR_OK);
        require_same(value, bytes_of(twice, entry_write_delegation(seal, key, &back, twice)));
}

static void write_zone(const struct entry_seal *seal, const struct denying_zone *zone, struct arena *arena)
{
        static uint8_t once[STORE_VALUE_MAX], twice[STORE_VALUE_MAX];
        struct store_bytes value = bytes_of(once, entry_write_zone(seal, key, zone, once));
        struct denying_zone back;

        if (!value.len)
                return;
        REQUIRE(entry_read_zone(value, &zone->soa.owner, arena, &back) == ERR_OK);
        require_same(value, bytes_of(twice, entry_write_zone(seal, key, &back, twice)));
}

static void read_value(struct store_bytes value, struct arena *arena)
{
        struct entry_head head;
        struct finding finding;
        struct delegation delegation;
        struct server_note note;
        struct denying_zone zone;

        if (!entry_peek(value, &head))
                return;
        struct entry_seal seal = { .secret = secret, .anchors = head.anchors };
        if (entry_read_finding(value, &name, arena, &finding) == ERR_OK)
                write_finding(&seal, &finding, arena);
        if (entry_read_delegation(value, &name, arena, &delegation) == ERR_OK)
                write_delegation(&seal, &delegation, arena);
        if (entry_read_zone(value, &name, arena, &zone) == ERR_OK)
                write_zone(&seal, &zone, arena);
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
