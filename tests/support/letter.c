#include "letter.h"
#include "wire/compose.h"
#include "wire/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LETTER_ARENA = 1 << 20, LINE_MAX_LEN = 1000 };

static void complain(const char *what, const char *text)
{
        fprintf(stderr, "letter: %s: %s\n", what, text);
        abort();
}

static void write_record(struct compose *c, enum section section, const char *line, struct arena *arena)
{
        const char *complaint = NULL;
        struct rr rr;

        if (rr_from_text(line, 300, arena, &rr, &complaint) != ERR_OK)
                complain(complaint ? complaint : "no record", line);
        const struct rrset one = {
                .owner = rr.owner, .type = rr.type, .class = rr.class, .count = 1, .rdata = &rr.rdata
        };
        if (compose_rrset(c, section, &one, rr.ttl, COMPOSE_DATA, 0) != ERR_OK)
                complain("no room", line);
}

static void write_section(struct compose *c, enum section section, const char *text, struct arena *arena)
{
        while (text && *text) {
                size_t len = strcspn(text, "\n");
                char line[LINE_MAX_LEN];

                if (len >= sizeof(line))
                        complain("too long", text);
                memcpy(line, text, len);
                line[len] = 0;
                if (len)
                        write_record(c, section, line, arena);
                text += len + (text[len] == '\n');
        }
}

size_t letter_write(const struct letter *letter, uint8_t *out)
{
        struct question question = { .type = letter->qtype, .class = CLASS_IN };
        uint8_t room[NAME_WIRE_MAX];
        struct compose c;
        struct arena arena;

        arena_init(&arena, LETTER_ARENA);
        compose_begin(&c, out, MESSAGE_MAX, letter->id, letter->flags);
        if (name_from_text(letter->qname, room, &question.name) != ERR_OK || compose_question(&c, &question) != ERR_OK)
                complain("no question", letter->qname);
        for (enum section s = SECTION_ANSWER; s < SECTION_COUNT; s++)
                write_section(&c, s, letter->section[s], &arena);
        if (letter->edns && compose_opt(&c, letter->edns) != ERR_OK)
                complain("no room for the OPT record", letter->qname);
        arena_fini(&arena);
        return c.len;
}

void letter_address(uint8_t *letter, const uint8_t *query)
{
        size_t at = HEADER_LEN;

        memcpy(letter, query, 2);
        while (query[at])
                at += 1u + query[at];
        memcpy(letter + HEADER_LEN, query + HEADER_LEN, at - HEADER_LEN);
}

size_t letter_ask(const char *qname, uint16_t qtype, uint16_t id, uint16_t flags, const struct edns *edns, uint8_t *out)
{
        uint8_t room[MESSAGE_MAX];
        const struct letter letter = {
                .id = id, .flags = FLAG_RD | flags, .qname = qname, .qtype = qtype, .edns = edns
        };
        size_t len = letter_write(&letter, room);

        if (len > QUERY_MAX)
                complain("too long for a query", qname);
        memcpy(out, room, len);
        return len;
}
