/* A trace as a scenario. */
#include "scenario.h"
#include "config/config.h"
#include "config/option.h"
#include "watch/summary.h"
#include "watch/words.h"
#include "wire/codes.h"
#include "wire/message.h"
#include "wire/rrtype.h"
#include "wire/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_MAX = 1024, MESSAGE_MEMORY = 8 << 20, CONFIG_TEXT_MAX = 1 << 18, US_PER_S = 1000000 };

/* --- The settings ------------------------------------------------------------------------------------------------- */

/* Those that change what is answered, or how servers are asked. */
static const enum option_id replayed[] = {
        OPTION_udp_size, OPTION_max_udp_answer, OPTION_minimal_responses, OPTION_do_ip4, OPTION_do_ip6,
        OPTION_do_not_query_localhost, OPTION_do_not_query, OPTION_query_minimization, OPTION_query_case_randomization,
        OPTION_harden_glue, OPTION_root_priming, OPTION_stub_zones, OPTION_forward_zones, OPTION_validation,
        OPTION_negative_trust_anchors, OPTION_aggressive_nsec, OPTION_rsa_min_bits, OPTION_nsec3_max_iterations,
        OPTION_allow_sha1, OPTION_special_use_zones, OPTION_local_data, OPTION_private_address, OPTION_private_domain,
        OPTION_serve_expired,
};

/* Is this line of --print-config the beginning of a setting that counts? Its key and value, or NULL. */
static const char *replayed_key(const char *line)
{
        line += *line == '#'; /* a default */
        for (size_t i = 0; i < sizeof replayed / sizeof replayed[0]; i++) {
                char key[OPTION_KEY_MAX];
                size_t len = strlen(option_key(replayed[i], key));

                if (strncmp(line, key, len) == 0 && line[len] == ':')
                        return line;
        }
        return NULL;
}

/* An item of a list: "  - x". */
static const char *list_item(const char *line)
{
        line += *line == '#';
        line += strspn(line, " ");
        return line[0] == '-' && line[1] == ' ' ? line + 2 : NULL;
}

/* The settings file with each setting on a line of its own, lists in brackets. */
static void write_lines(struct writer *w, char *config)
{
        bool open = false;
        unsigned items = 0;
        char *save = NULL;

        for (const char *line = strtok_r(config, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                const char *item = open ? list_item(line) : NULL;

                if (item) {
                        write_text(w, items++ ? ", " : " [");
                        write_text(w, item);
                        continue;
                }
                if (open)
                        write_text(w, items ? "]\n" : "\n");
                const char *key = replayed_key(line);
                open = key != NULL;
                items = 0;
                if (!open)
                        continue;
                write_text(w, "settings: ");
                write_text(w, key);
        }
        if (open)
                write_text(w, items ? "]\n" : "\n");
}

static void write_hints(struct writer *w, const struct settings *settings)
{
        char name[NAME_TEXT_MAX], address[ADDRESS_TEXT_MAX];

        write_text(w, "settings: root-hints: [");
        for (unsigned i = 0; i < settings->hints.count; i++) {
                write_text(w, i ? ", \"" : "\"");
                write_text(w, name_text(&settings->hints.item[i].name, name));
                write_text(w, " ");
                write_text(w, address_text(&settings->hints.item[i].address, address));
                write_text(w, "\"");
        }
        write_text(w, "]\n");
}

void scenario_settings(struct writer *w, const struct settings *settings)
{
        char *config = calloc(1, CONFIG_TEXT_MAX);
        struct writer page = writer_over(config, config ? CONFIG_TEXT_MAX - 1 : 0);

        config_print(settings, &page);
        if (page.failed) {
                free(config);
                w->failed = true;
                return;
        }
        write_hints(w, settings);
        for (unsigned i = 0; i < settings->anchors.count; i++) {
                const struct rr *rr = &settings->anchors.item[i].rr;
                char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], rdata[RDATA_TEXT_MAX];

                write_text(w, "trust-anchor: ");
                write_text(w, name_text(&rr->owner, owner));
                write_text(w, " IN ");
                write_text(w, rrtype_text(rr->type, type));
                write_text(w, " ");
                write_text(w, rdata_text(rr->type, &rr->rdata, rdata, sizeof rdata));
                write_text(w, "\n");
        }
        write_lines(w, config);
        free(config);
}

/* --- What servers said -------------------------------------------------------------------------------------------- */

/* A question that was put to a server, and what came of it. */
struct seen {
        struct endpoint server;
        struct name qname;
        uint16_t qtype;
        bool tcp;
        const char *failure;  /* a word of FAIL; NULL: none */
        const uint8_t *bytes; /* the reply; NULL: silence */
        size_t len;
};

struct sight {
        struct seen *seen;
        unsigned count;
        bool from_cache; /* something was known before */
        unsigned messages, received;
        struct step_view question;
};

static bool same_question(const struct seen *a, const struct seen *b)
{
        return a->qtype == b->qtype && a->tcp == b->tcp && name_equal(&a->qname, &b->qname);
}

static bool same_server(const struct seen *a, const struct seen *b)
{
        return address_equal(&a->server.address, &b->server.address);
}

static bool read_endpoint(const struct step_view *step, struct endpoint *out)
{
        struct step_field field;

        if (!step_field(step, "server", &field))
                return false;
        *out = (struct endpoint){ field.address, field.port };
        return true;
}

static void see_send(struct sight *sight, const struct step_view *step)
{
        struct seen *seen = &sight->seen[sight->count];
        struct step_field qname, qtype, transport;

        if (sight->count == SEEN_MAX || !read_endpoint(step, &seen->server) || !step_field(step, "qname", &qname) ||
            !step_field(step, "qtype", &qtype) || !step_field(step, "transport", &transport))
                return;
        *seen = (struct seen){ .server = seen->server, .qname = qname.name, .qtype = (uint16_t)qtype.number,
                               .tcp = transport.text_len && transport.text[0] == 't' };
        sight->count++;
}

/* The question of a message, which is never compressed. */
static bool read_question(const uint8_t *bytes, size_t len, struct seen *out)
{
        struct reader r = reader_over(bytes, len);

        (void)read_bytes(&r, HEADER_LEN);
        if (r.failed || name_read(&r, &out->qname))
                return false;
        out->qtype = read_u16(&r);
        return !r.failed;
}

/* The last time that this was sent; NULL if that is not in the trace. */
static struct seen *find_sent(struct sight *sight, const struct seen *reply)
{
        for (unsigned i = sight->count; i-- > 0;) {
                struct seen *seen = &sight->seen[i];

                if (same_server(seen, reply) && seen->qtype == reply->qtype && name_equal(&seen->qname, &reply->qname))
                        return seen;
        }
        return NULL;
}

static void see_message(struct sight *sight, const struct step_view *step)
{
        struct seen reply = { .tcp = false };
        struct step_field bytes;

        if (!read_endpoint(step, &reply.server) || !step_field(step, "bytes", &bytes) ||
            !read_question((const uint8_t *)bytes.text, bytes.text_len, &reply))
                return;
        struct seen *sent = find_sent(sight, &reply);
        if (!sent)
                return;
        sent->bytes = (const uint8_t *)bytes.text;
        sent->len = bytes.text_len;
        sight->messages++;
}

/* The word of FAIL for what a FAILED step says; NULL if it is no failure of the network. */
static const char *failure_word(const struct step_field *why)
{
        static const struct {
                const char *part, *word;
        } words[] = {
                { "no route", "unreachable" }, { "refused", "refused" }, { "ended before", "closed" },
                { "could not be made", "connect" }, { "no socket", "local" },
        };

        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                if (memmem(why->text, why->text_len, words[i].part, strlen(words[i].part)))
                        return words[i].word;
        }
        return NULL;
}

static void see_failure(struct sight *sight, const struct step_view *step)
{
        struct endpoint server;
        struct step_field why;

        if (!read_endpoint(step, &server) || !step_field(step, "why", &why))
                return;
        for (unsigned i = sight->count; i-- > 0;) {
                struct seen *seen = &sight->seen[i];

                if (!seen->bytes && address_equal(&seen->server.address, &server.address)) {
                        seen->failure = failure_word(&why);
                        return;
                }
        }
}

static void see_cut(struct sight *sight, const struct step_view *step)
{
        struct step_field source;

        if (step_field(step, "source", &source) && source.text_len == 5 && memcmp(source.text, "cache", 5) == 0)
                sight->from_cache = true;
}

static bool look(const struct trace_view *trace, struct sight *out)
{
        struct step_view step;

        *out = (struct sight){ .seen = calloc(SEEN_MAX + 1, sizeof *out->seen), .question = { .kind = STEP_COUNT } };
        for (size_t at = 0; out->seen && trace_next(trace, &at, &step);) {
                if (step.kind == STEP_QUESTION)
                        out->question = step;
                else if (step.kind == STEP_SEND)
                        see_send(out, &step);
                else if (step.kind == STEP_MESSAGE)
                        see_message(out, &step);
                else if (step.kind == STEP_FAILED)
                        see_failure(out, &step);
                else if (step.kind == STEP_CUT)
                        see_cut(out, &step);
                out->received += step.kind == STEP_RECEIVED;
                out->from_cache |= step.kind == STEP_HIT || step.kind == STEP_DENIED;
        }
        return out->seen && out->question.kind == STEP_QUESTION;
}

/* --- Entries ------------------------------------------------------------------------------------------------------ */

static void write_record(FILE *file, const struct rr *rr)
{
        char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], rdata[RDATA_TEXT_MAX];
        size_t len = strlen(rdata_text(rr->type, &rr->rdata, rdata, sizeof rdata));

        fprintf(file, "%s %" PRIu32 " IN %s ", name_text(&rr->owner, owner), rr->ttl, rrtype_text(rr->type, type));
        if (len < 4 || strcmp(rdata + len - 3, "...") != 0) {
                fprintf(file, "%s\n", rdata);
                return;
        }
        fprintf(file, "\\# %u ", rr->rdata.len); /* too long for words: as RFC 3597 writes it */
        for (unsigned i = 0; i < rr->rdata.len; i++)
                fprintf(file, "%02x", rr->rdata.bytes[i]);
        fputc('\n', file);
}

static void write_flags(FILE *file, const struct message *message)
{
        static const struct {
                unsigned bit;
                const char *word;
        } flags[] = { { FLAG_QR, "QR" }, { FLAG_AA, "AA" }, { FLAG_TC, "TC" }, { FLAG_RD, "RD" },
                      { FLAG_RA, "RA" }, { FLAG_AD, "AD" }, { FLAG_CD, "CD" } };
        char rcode[12];

        fputs("REPLY", file);
        for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
                if (message->flags & flags[i].bit)
                        fprintf(file, " %s", flags[i].word);
        }
        fprintf(file, " %s\n", rcode_text(message->rcode, rcode));
}

static void write_question(FILE *file, const struct name *name, uint16_t type)
{
        char text[NAME_TEXT_MAX], word[RRTYPE_TEXT_MAX];

        fprintf(file, "SECTION QUESTION\n%s IN %s\n", name_text(name, text), rrtype_text(type, word));
}

/* A message that the codec reads, as its records. */
static void write_message(FILE *file, const struct seen *seen, const struct message *message)
{
        static const char *const sections[SECTION_COUNT] = { "ANSWER", "AUTHORITY", "ADDITIONAL" };

        fprintf(file, "ADJUST copy_id%s%s\n", message->edns.present ? "" : " no_edns",
                message->edns.has_cookie ? " cookie" : "");
        write_flags(file, message);
        write_question(file, &seen->qname, seen->qtype);
        for (enum section section = 0; section < SECTION_COUNT; section++) {
                if (message->rr_count[section])
                        fprintf(file, "SECTION %s\n", sections[section]);
                for (unsigned i = 0; i < message->rr_count[section]; i++)
                        write_record(file, &message->rr[section][i]);
        }
}

/* One that it does not read, or that the words of a scenario do not cover, byte for byte. */
static void write_raw(FILE *file, const struct seen *seen)
{
        fputs("ADJUST copy_id\nREPLY QR\n", file);
        write_question(file, &seen->qname, seen->qtype);
        fputs("RAW\n", file);
        for (size_t i = 0; i < seen->len; i++)
                fprintf(file, "%02x", seen->bytes[i]);
        fputc('\n', file);
}

static bool has_words(const struct message *message)
{
        char rcode[12];

        rcode_text(message->rcode, rcode);
        return message->has_question && !(message->flags & FLAG_OPCODE_MASK) && strncmp(rcode, "RCODE", 5) != 0;
}

static void write_reply(FILE *file, const struct seen *seen)
{
        struct message message;
        struct arena arena;

        arena_init(&arena, MESSAGE_MEMORY);
        if (message_read(seen->bytes, seen->len, &arena, &message) == ERR_OK && has_words(&message))
                write_message(file, seen, &message);
        else
                write_raw(file, seen);
        arena_fini(&arena);
}

static void write_silence(FILE *file, const struct seen *seen)
{
        fprintf(file, "ADJUST copy_id%s\nREPLY QR\n", seen->failure ? "" : " do_not_answer");
        if (seen->failure)
                fprintf(file, "FAIL %s\n", seen->failure);
        write_question(file, &seen->qname, seen->qtype);
}

static void write_entry(FILE *file, const struct seen *seen, bool once)
{
        fprintf(file, "ENTRY_BEGIN\nMATCH opcode qtype qname %s\n", seen->tcp ? "tcp" : "udp");
        if (once)
                fputs("REPEAT 1\n", file);
        if (seen->bytes)
                write_reply(file, seen);
        else
                write_silence(file, seen);
        fputs("ENTRY_END\n", file);
}

/* --- Ranges ------------------------------------------------------------------------------------------------------- */

/* Was the same asked again with another outcome? Then this one is good once. A reply outweighs silence. */
static bool comes_again(const struct sight *sight, unsigned index, bool of_this_server)
{
        const struct seen *seen = &sight->seen[index];

        for (unsigned i = index + 1; i < sight->count; i++) {
                const struct seen *other = &sight->seen[i];

                if (same_question(seen, other) && (!of_this_server || same_server(seen, other)) && other->bytes)
                        return true;
        }
        return false;
}

static bool was_answered(const struct sight *sight, const struct seen *seen, bool by_this_server)
{
        for (unsigned i = 0; i < sight->count; i++) {
                const struct seen *other = &sight->seen[i];

                if (other->bytes && same_question(seen, other) && (!by_this_server || same_server(seen, other)))
                        return true;
        }
        return false;
}

static void write_own_entries(FILE *file, const struct sight *sight, const struct seen *server)
{
        for (unsigned i = 0; i < sight->count; i++) {
                const struct seen *seen = &sight->seen[i];

                if (same_server(seen, server) && (seen->bytes || !was_answered(sight, seen, true)))
                        write_entry(file, seen, seen->bytes && comes_again(sight, i, true));
        }
}

/* What a server would say to what it was not asked: the last that any of them said; to all else nothing. */
static void write_common_entries(FILE *file, const struct sight *sight)
{
        for (unsigned i = 0; i < sight->count; i++) {
                if (sight->seen[i].bytes && !comes_again(sight, i, false))
                        write_entry(file, &sight->seen[i], false);
        }
        fputs("ENTRY_BEGIN\nMATCH opcode subdomain\nADJUST copy_id do_not_answer\nREPLY QR\n"
              "SECTION QUESTION\n. IN A\nENTRY_END\n", file);
}

static bool is_first_of_server(const struct sight *sight, unsigned index)
{
        for (unsigned i = 0; i < index; i++) {
                if (same_server(&sight->seen[i], &sight->seen[index]))
                        return false;
        }
        return true;
}

static void write_ranges(FILE *file, const struct sight *sight)
{
        char address[ADDRESS_TEXT_MAX];

        for (unsigned i = 0; i < sight->count; i++) {
                if (!is_first_of_server(sight, i))
                        continue;
                fprintf(file, "\nRANGE_BEGIN 0 1000000\nADDRESS %s\n",
                        address_text(&sight->seen[i].server.address, address));
                write_own_entries(file, sight, &sight->seen[i]);
                write_common_entries(file, sight);
                fputs("RANGE_END\n", file);
        }
        fputs("\nRANGE_BEGIN 0 1000000\n", file);
        write_common_entries(file, sight);
        fputs("RANGE_END\n", file);
}

/* --- The whole ---------------------------------------------------------------------------------------------------- */

static void write_steps(FILE *file, const struct sight *sight, const struct summary *summary)
{
        struct step_field flags;
        unsigned bits = step_field(&sight->question, "flags", &flags) ? (unsigned)flags.number : FLAG_RD;
        char rcode[12];

        fprintf(file, "\nSTEP 1 QUERY\nENTRY_BEGIN\nREPLY%s%s%s\n", bits & FLAG_RD ? " RD" : "",
                bits & FLAG_AD ? " AD" : "", bits & FLAG_CD ? " CD" : "");
        write_question(file, &summary->qname, summary->qtype);
        fputs("ENTRY_END\n", file);
        fprintf(file, "\nSTEP 2 CHECK_ANSWER\nENTRY_BEGIN\nMATCH opcode qtype qname rcode\nREPLY QR %s\n",
                rcode_text(summary->rcode, rcode));
        if (summary->ede == EDE_NONE)
                fputs("EDE none\n", file);
        else
                fprintf(file, "EDE %u\n", summary->ede);
        write_question(file, &summary->qname, summary->qtype);
        fputs("ENTRY_END\n\nSCENARIO_END\n", file);
}

static void write_head(FILE *file, const struct trace_view *trace, const struct summary *summary, const char *settings)
{
        char id[TRACE_SHORT_TEXT], name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];

        fprintf(file, "; trace %s\n\n", trace_id_short(&trace->id, id));
        fprintf(file, "%sval-override-timestamp: %" PRIu64 "\nCONFIG_END\n\nSCENARIO_BEGIN %s %s\n", settings,
                trace->wall_us / US_PER_S, name_text(&summary->qname, name), rrtype_text(summary->qtype, type));
}

bool scenario_write(FILE *file, const struct trace_view *trace, const char *settings, const char **lacking)
{
        struct summary summary;
        struct sight sight;
        bool good = look(trace, &sight);

        *lacking = NULL;
        summary_of(trace, &summary);
        if (!good || !summary.answered) {
                *lacking = "this trace does not say what was asked and answered";
                good = false;
        } else if (sight.received && !sight.messages) {
                *lacking = "the servers' messages of this trace were not kept (setting trace-messages)";
                good = false;
        } else {
                if (sight.from_cache)
                        *lacking = "part of the way was known from the cache, which a scenario cannot have; a trace "
                                   "asked for with --cold has all of it";
                write_head(file, trace, &summary, settings);
                write_ranges(file, &sight);
                write_steps(file, &sight, &summary);
        }
        free(sight.seen);
        return good && !ferror(file);
}
