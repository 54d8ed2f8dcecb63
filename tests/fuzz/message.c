/*
 * Any bytes as a message: both readers, the limit on memory, and that what compose writes back reads the same.
 */
#include "wire/compose.h"
#include "wire/message.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX = 64 << 20, MEMORY_FACTOR = 8, MEMORY_BASE = 4096, SETS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond) ((cond) ? (void)0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond), abort()))

static void require_same_rr(const struct rr *a, const struct rr *b)
{
        REQUIRE(name_equal(&a->owner, &b->owner));
        REQUIRE(a->type == b->type && a->class == b->class && a->ttl == b->ttl);
        REQUIRE(rdata_compare(a->type, a->rdata.bytes, a->rdata.len, b->rdata.bytes, b->rdata.len) == 0);
}

static void require_same(const struct message *a, const struct message *b)
{
        REQUIRE(a->id == b->id && a->flags == b->flags && a->rcode == b->rcode);
        REQUIRE(a->has_question == b->has_question);
        if (a->has_question)
                REQUIRE(name_equal_case(&a->question.name, &b->question.name));
        for (unsigned section = 0; section < SECTION_COUNT; section++) {
                REQUIRE(a->rr_count[section] == b->rr_count[section]);
                for (unsigned i = 0; i < a->rr_count[section]; i++)
                        require_same_rr(&a->rr[section][i], &b->rr[section][i]);
        }
        REQUIRE(a->edns.present == b->edns.present && a->edns.ede_count == b->edns.ede_count);
}

static enum err write_back(struct compose *c, const struct message *message)
{
        if (message->edns.present)
                compose_reserve(c, edns_len(&message->edns));
        enum err err = message->has_question ? compose_question(c, &message->question) : ERR_OK;
        for (unsigned section = 0; section < SECTION_COUNT; section++) {
                for (unsigned i = 0; !err && i < message->rr_count[section]; i++) {
                        const struct rr *rr = &message->rr[section][i];
                        struct rrset set = { .owner = rr->owner, .type = rr->type, .class = rr->class, .count = 1,
                                             .rdata = &rr->rdata };
                        err = compose_rrset(c, section, &set, rr->ttl, COMPOSE_BOTH, 0);
                }
        }
        if (!err && message->edns.present)
                err = compose_opt(c, &message->edns);
        return err;
}

/* The copy is shorter than the original and may therefore need more memory than its length allows: ERR_LIMIT. */
static void try_write_back(const struct message *message, struct arena *arena)
{
        static uint8_t out[MESSAGE_MAX];
        struct compose c;
        struct message again;

        compose_begin(&c, out, sizeof out, message->id, message->flags);
        if (write_back(&c, message))
                return;
        uint8_t *exact = arena_copy(arena, out, c.len);
        REQUIRE(exact);
        enum err err = message_read(exact, c.len, arena, &again);
        REQUIRE(err == ERR_OK || err == ERR_LIMIT);
        if (!err)
                require_same(message, &again);
}

static void try_sets(const struct message *message, struct arena *arena)
{
        uint16_t class = message->has_question ? message->question.class : CLASS_IN;

        for (enum section section = 0; section < SECTION_COUNT; section++) {
                for (unsigned i = 0; i < message->rr_count[section] && i < SETS_MAX; i++) {
                        const struct rr *rr = &message->rr[section][i];
                        const struct rrset *set = message_rrset(message, section, &rr->owner, rr->type, arena);
                        struct rrset copy;
                        if (rr->class != class)
                                continue;
                        REQUIRE(set && set->count > 0 && set->ttl <= rr->ttl);
                        REQUIRE(rrset_copy(arena, set, &copy) == ERR_OK && rrset_equal(set, &copy));
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena arena;
        struct message message;
        struct query query;

        if (query_read(data, size, &query) == ERR_OK)
                REQUIRE(query.question_end <= size && size <= QUERY_MAX);
        arena_init(&arena, ARENA_MAX);
        enum err err = message_read(data, size, &arena, &message);
        REQUIRE(arena_used(&arena) <= MEMORY_FACTOR * size + MEMORY_BASE);
        REQUIRE(err != ERR_MEMORY);
        if (!err) {
                try_write_back(&message, &arena);
                try_sets(&message, &arena);
        }
        arena_fini(&arena);
        return 0;
}
