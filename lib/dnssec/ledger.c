#include "dnssec/ledger.h"

#include "base/date.h"
#include "dnssec/crypto.h"
#include "wire/rrtype.h"
#include "wire/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEAL_TEXT_LEN = 2 * SHA256_LEN, LINE_BYTES_MAX = RDATA_TEXT_MAX + 64 };

static const char heading[] = "; What cairnd has learned to trust (RFC 5011), and not to (RFC 7646). It is sealed:\n"
                              "; do not edit it. To begin anew with the anchors that are built in or set, stop the\n"
                              "; daemon and delete this file.\n";
static const char version[] = "cairn-trust-anchors 1";
static const char seal_word[] = "seal ";

/* --- The seal ----------------------------------------------------------------------------------------------------- */

static bool seal(const char *text, size_t len, char out[SEAL_TEXT_LEN + 1])
{
        const struct crypto_piece piece = { .bytes = text, .len = len };
        uint8_t digest[SHA256_LEN];

        if (!crypto_sha256(&piece, 1, digest))
                return false;
        for (unsigned i = 0; i < SHA256_LEN; i++)
                (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
        return true;
}

/* --- Writing ------------------------------------------------------------------------------------------------------ */

static void write_number(struct writer *w, const char *word, uint64_t number)
{
        char text[48];

        (void)snprintf(text, sizeof text, "%s %" PRIu64 "\n", word, number);
        write_text(w, text);
}

static void write_date(struct writer *w, const char *word, uint64_t seconds)
{
        char date[DATE_TEXT_MAX];

        write_text(w, word);
        write_text(w, " ");
        write_text(w, date_text(seconds, date));
        write_text(w, "\n");
}

static void write_rdata_line(struct writer *w, const char *word, uint16_t type, const uint8_t *bytes, uint16_t len)
{
        const struct rdata rdata = { .bytes = bytes, .len = len };
        char text[RDATA_TEXT_MAX];

        if (!len)
                return;
        write_text(w, word);
        write_text(w, " ");
        write_text(w, rdata_text(type, &rdata, text, sizeof text));
        write_text(w, "\n");
}

static void write_key(struct writer *w, const struct followed_key *key)
{
        char date[DATE_TEXT_MAX], text[128];

        (void)snprintf(text, sizeof text, "key %s since %s held %" PRIu64 "\n", anchor_state_word(key->state),
                       date_text(key->since_s, date), key->held_s);
        write_text(w, text);
        write_rdata_line(w, "DS", TYPE_DS, key->ds, key->ds_len);
        write_rdata_line(w, "DNSKEY", TYPE_DNSKEY, key->dnskey, key->dnskey_len);
}

static void write_zone(struct writer *w, const struct followed_zone *zone)
{
        char name[NAME_TEXT_MAX];

        write_text(w, "zone ");
        write_text(w, name_text(&zone->name, name));
        write_text(w, "\n");
        write_date(w, "checked", zone->checked_s);
        write_date(w, "next", zone->next_s);
        write_number(w, "ttl", zone->ttl_s);
        write_number(w, "validity", zone->validity_s);
        for (unsigned i = 0; i < zone->key_count; i++)
                write_key(w, &zone->key[i]);
}

static void write_negative(struct writer *w, const struct negative *negative)
{
        char name[NAME_TEXT_MAX], since[DATE_TEXT_MAX], until[DATE_TEXT_MAX];

        write_text(w, "negative ");
        write_text(w, name_text(&negative->name, name));
        write_text(w, " since ");
        write_text(w, date_text(negative->since_s, since));
        write_text(w, " until ");
        write_text(w, date_text(negative->ends_s, until));
        write_text(w, " reason ");
        write_text(w, negative->reason);
        write_text(w, "\n");
}

void ledger_write(struct writer *w, const struct follower *follower, const struct negatives *negatives)
{
        char text[SEAL_TEXT_LEN + 1];

        write_text(w, heading);
        write_text(w, version);
        write_text(w, "\n");
        for (unsigned i = 0; i < follower->zone_count; i++)
                write_zone(w, &follower->zone[i]);
        for (unsigned i = 0; i < negatives->count; i++)
                write_negative(w, &negatives->item[i]);
        if (w->failed || !seal((const char *)w->start, writer_len(w), text)) {
                w->failed = true;
                return;
        }
        write_text(w, seal_word);
        write_text(w, text);
        write_text(w, "\n");
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

struct ledger_reading {
        struct follower *follower;
        struct negatives *negatives;
        struct followed_zone *zone; /* the one whose lines are being read */
        struct followed_key *key;
        struct arena arena;
};

static bool read_number(const char *text, uint64_t *out)
{
        char *end;

        *out = strtoull(text, &end, 10);
        return *text >= '0' && *text <= '9' && !*end;
}

static bool read_number32(const char *text, uint32_t *out)
{
        uint64_t number;

        if (!read_number(text, &number) || number > UINT32_MAX)
                return false;
        *out = (uint32_t)number;
        return true;
}

/* Cut the next word off; NULL when there is none. */
static char *take_word(char **text)
{
        char *word = *text;

        if (!word || !*word)
                return NULL;
        *text = strchr(word, ' ');
        if (*text)
                *(*text)++ = '\0';
        return word;
}

/* "valid since DATE held N" */
static bool read_key(struct ledger_reading *reading, char *text)
{
        char *word = take_word(&text), *since = take_word(&text), *date = take_word(&text), *held = take_word(&text);
        enum anchor_state state;
        uint64_t since_s;

        if (!reading->zone || !text || strcmp(since, "since") != 0 || strcmp(held, "held") != 0 ||
            !anchor_state_from_word(word, &state) || !date_parse(date, &since_s))
                return false;
        reading->key = follow_key(reading->zone, state, since_s);
        return reading->key && read_number(text, &reading->key->held_s);
}

static bool read_rdata_line(struct ledger_reading *reading, const char *word, const char *text)
{
        char line[LINE_BYTES_MAX];
        struct rr rr;

        (void)snprintf(line, sizeof line, ". %s %s", word, text);
        if (!reading->key || rr_from_text(line, 0, &reading->arena, &rr, NULL) != ERR_OK)
                return false;
        return rr.type == TYPE_DS ? follow_key_ds(reading->key, &rr.rdata) : follow_key_dnskey(reading->key, &rr.rdata);
}

static bool read_zone(struct ledger_reading *reading, const char *text)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        reading->key = NULL;
        reading->zone = name_from_text(text, room, &name) == ERR_OK ? follow_zone(reading->follower, &name) : NULL;
        return reading->zone != NULL;
}

/* "NAME since DATE until DATE reason TEXT" */
static bool read_negative(struct ledger_reading *reading, char *text)
{
        char *word = take_word(&text), *since = take_word(&text), *from = take_word(&text);
        char *until = take_word(&text), *to = take_word(&text), *reason = take_word(&text);
        uint8_t room[NAME_WIRE_MAX];
        uint64_t since_s, ends_s;
        struct name name;

        if (!text || strcmp(since, "since") != 0 || strcmp(until, "until") != 0 || strcmp(reason, "reason") != 0)
                return false;
        return name_from_text(word, room, &name) == ERR_OK && date_parse(from, &since_s) && date_parse(to, &ends_s) &&
               negatives_add(reading->negatives, &name, since_s, ends_s, text);
}

/* A line without its end. */
static bool read_line(struct ledger_reading *reading, char *line)
{
        char *word = take_word(&line);

        if (!word || !line)
                return false;
        if (!strcmp(word, "negative"))
                return read_negative(reading, line);
        if (!strcmp(word, "zone"))
                return read_zone(reading, line);
        if (!strcmp(word, "key"))
                return read_key(reading, line);
        if (!strcmp(word, "DS") || !strcmp(word, "DNSKEY"))
                return read_rdata_line(reading, word, line);
        if (!reading->zone)
                return false;
        if (!strcmp(word, "checked"))
                return date_parse(line, &reading->zone->checked_s);
        if (!strcmp(word, "next"))
                return date_parse(line, &reading->zone->next_s);
        if (!strcmp(word, "ttl"))
                return read_number32(line, &reading->zone->ttl_s);
        return !strcmp(word, "validity") && read_number32(line, &reading->zone->validity_s);
}

/* Does the last line seal the rest? *body is the length of the rest. */
static bool is_sealed(const char *text, size_t len, size_t *body)
{
        const size_t line = sizeof seal_word - 1 + SEAL_TEXT_LEN + 1;
        char right[SEAL_TEXT_LEN + 1];

        if (len < line || memcmp(text + len - line, seal_word, sizeof seal_word - 1) != 0 || text[len - 1] != '\n')
                return false;
        *body = len - line;
        return seal(text, *body, right) &&
               !memcmp(right, text + *body + sizeof seal_word - 1, SEAL_TEXT_LEN);
}

/* Line by line; the number of the first that is wrong, 0 if none is. Comments and the version stand at the top. */
static unsigned read_lines(struct ledger_reading *reading, const char *text, size_t len)
{
        bool versioned = false;
        unsigned number = 0;

        for (const char *at = text, *end = text + len; at < end; number++) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                size_t line_len = newline ? (size_t)(newline - at) : 0;
                char line[LINE_BYTES_MAX];

                if (!newline || line_len >= sizeof line)
                        return number + 1;
                memcpy(line, at, line_len);
                line[line_len] = '\0';
                at = newline + 1;
                if (line[0] == ';')
                        continue;
                if (versioned ? !read_line(reading, line) : strcmp(line, version) != 0)
                        return number + 1;
                versioned = true;
        }
        return versioned ? 0 : number + 1;
}

enum err ledger_read(const char *text, size_t len, struct follower *follower, struct negatives *negatives,
                     char why[LEDGER_WHY_MAX])
{
        struct ledger_reading reading = { .follower = follower, .negatives = negatives };
        unsigned wrong = 0;
        size_t body;

        follower->zone_count = negatives->count = 0;
        if (!is_sealed(text, len, &body)) {
                (void)snprintf(why, LEDGER_WHY_MAX, "its seal is %s",
                               len ? "broken: it was cut off, or changed" : "missing: it is empty");
                return ERR_DAMAGED;
        }
        arena_init(&reading.arena, LEDGER_BYTES_MAX);
        wrong = read_lines(&reading, text, body);
        arena_fini(&reading.arena);
        if (!wrong)
                return ERR_OK;
        (void)snprintf(why, LEDGER_WHY_MAX, "line %u cannot be understood", wrong);
        follower->zone_count = negatives->count = 0;
        return ERR_DAMAGED;
}
