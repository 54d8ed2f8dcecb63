#include "rpl.h"
#include "resolver.h"
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The parser goes line by line. A line's first word says what it is; which words are known depends on where we are: in
 * the config block, between blocks, in a RANGE, in an ENTRY. Anything else in a SECTION is a record. */

enum { ARENA_MAX = 64 << 20, WORDS_MAX = 64, ARRAY_FIRST = 8 };

enum place { PLACE_CONFIG, PLACE_OUTSIDE, PLACE_RANGE, PLACE_ENTRY, PLACE_END };
enum section_place { SECTION_NONE, SECTION_HEX, SECTION_RECORDS };

struct parser {
        struct rpl *rpl;
        const char *at, *end;
        unsigned line;
        enum place place;
        bool titled;             /* SCENARIO_BEGIN was there */
        struct rpl_range *range; /* in a RANGE */
        struct rpl_step *step;   /* the last one; it may still want its ENTRY */
        struct rpl_entry *entry; /* in an ENTRY */
        enum section_place section;
        ldns_pkt_section records; /* SECTION_RECORDS: which */
        char *complaint;
        bool failed;
        char text[65536]; /* the line without its comment */
        char *word[WORDS_MAX];
        unsigned word_count;
        char words[65536]; /* the line, cut into words */
};

static void fail(struct parser *p, const char *format, ...)
{
        va_list args;
        int n;

        if (p->failed)
                return;
        p->failed = true;
        n = snprintf(p->complaint, RPL_COMPLAINT_MAX, "%s:%u: ", p->rpl->path, p->line);
        va_start(args, format);
        vsnprintf(p->complaint + n, (size_t)(RPL_COMPLAINT_MAX - n), format, args);
        va_end(args);
}

static void *keep(struct parser *p, const void *bytes, size_t len)
{
        void *copy = arena_copy(&p->rpl->arena, bytes, len);

        if (!copy)
                fail(p, "the file is too large");
        return copy;
}

static const char *keep_text(struct parser *p, const char *text)
{
        const char *copy = keep(p, text, strlen(text) + 1);

        return copy ? copy : "";
}

/* Room for one more item in an array that doubles when it is full. NULL when out of memory. */
static void *append(struct parser *p, void *array, unsigned *count, size_t item)
{
        void **start = array;

        if (*count == 0 || (*count >= ARRAY_FIRST && (*count & (*count - 1)) == 0)) {
                unsigned room = *count == 0 ? ARRAY_FIRST : *count * 2;
                uint8_t *larger = arena_alloc(&p->rpl->arena, room * item);

                if (!larger) {
                        fail(p, "the file is too large");
                        return NULL;
                }
                if (*count)
                        memcpy(larger, *start, *count * item);
                *start = larger;
        }
        return (uint8_t *)*start + (size_t)(*count)++ * item;
}

static bool number(struct parser *p, const char *text, uint64_t *out)
{
        char *end;

        *out = text ? strtoull(text, &end, 10) : 0;
        if (text && *text && !*end)
                return true;
        fail(p, "a number is wanted, not '%s'", text ? text : "");
        return false;
}

static unsigned small_number(struct parser *p, const char *text)
{
        uint64_t n;

        if (!number(p, text, &n))
                return 0;
        if (n > 1000000)
                fail(p, "%s is too much", text);
        return (unsigned)n;
}

static const char *word_at(const struct parser *p, unsigned i)
{
        return i < p->word_count ? p->word[i] : NULL;
}

static bool is_word(const struct parser *p, unsigned i, const char *word)
{
        return i < p->word_count && !strcmp(p->word[i], word);
}

/* --- Lines -------------------------------------------------------------------------------------------------------- */

/* Copy without the comment that `;` (and `#`, if hash is set) begins outside of quotes, and without blanks around. */
static void strip_comment(const char *from, size_t len, bool hash, bool semicolon, char *out, size_t size)
{
        bool quoted = false;
        size_t n = 0;

        for (size_t i = 0; i < len && n + 1 < size; i++) {
                char c = from[i];

                if (c == '"' && (i == 0 || from[i - 1] != '\\'))
                        quoted = !quoted;
                if (!quoted && ((semicolon && c == ';') || (hash && c == '#')))
                        break;
                if (n || !isspace((unsigned char)c))
                        out[n++] = c;
        }
        while (n && isspace((unsigned char)out[n - 1]))
                n--;
        out[n] = '\0';
}

static void cut_into_words(struct parser *p)
{
        char *save = NULL;

        memcpy(p->words, p->text, sizeof p->words);
        p->word_count = 0;
        for (char *w = strtok_r(p->words, " \t", &save); w && p->word_count < WORDS_MAX;
             w = strtok_r(NULL, " \t", &save))
                p->word[p->word_count++] = w;
}

static bool next_line(struct parser *p)
{
        const char *newline;
        size_t len;

        if (p->at >= p->end)
                return false;
        newline = memchr(p->at, '\n', (size_t)(p->end - p->at));
        len = (size_t)((newline ? newline : p->end) - p->at);
        p->line++;
        if (len >= sizeof p->text)
                fail(p, "the line is longer than 64 KiB");
        /* `features: a = 1; b = 2` separates by what is a comment elsewhere. */
        bool features = p->place == PLACE_CONFIG && memmem(p->at, len, "features", 8);
        strip_comment(p->at, len, p->place == PLACE_CONFIG, !features, p->text, sizeof p->text);
        p->at = newline ? newline + 1 : p->end;
        cut_into_words(p);
        return !p->failed;
}

/* --- Config block ------------------------------------------------------------------------------------------------- */

static void unquote(char *text)
{
        size_t len = strlen(text);

        if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
                text[len - 1] = '\0';
                memmove(text, text + 1, len - 1);
        }
}

static void parse_config(struct parser *p)
{
        struct rpl *rpl = p->rpl;
        struct rpl_setting *setting;
        char *colon;

        if (is_word(p, 0, "CONFIG_END")) {
                p->place = PLACE_OUTSIDE;
                return;
        }
        colon = strchr(p->text, ':');
        if (!colon) {
                fail(p, "`key: value` or CONFIG_END is wanted, not '%s'", p->text);
                return;
        }
        *colon++ = '\0';
        while (isspace((unsigned char)*colon))
                colon++;
        unquote(colon);
        setting = append(p, &rpl->setting, &rpl->setting_count, sizeof *setting);
        if (setting)
                *setting = (struct rpl_setting){ .line = p->line,
                                                 .key = keep_text(p, p->text),
                                                 .value = keep_text(p, colon) };
}

/* --- Records and questions ---------------------------------------------------------------------------------------- */

static void parse_question(struct parser *p)
{
        ldns_rdf *owner = ldns_dname_new_frm_str(p->word[0]);
        ldns_rr_class class = LDNS_RR_CLASS_IN;
        ldns_rr_type type = 0;
        ldns_rr *rr;

        for (unsigned i = 1; i < p->word_count; i++) {
                ldns_rr_class c = ldns_get_rr_class_by_name(p->word[i]);

                if (i + 1 < p->word_count && c)
                        class = c;
                else
                        type = ldns_get_rr_type_by_name(p->word[i]);
        }
        if (!owner || !type) {
                ldns_rdf_deep_free(owner);
                fail(p, "'%s' is no question (owner [class] type)", p->text);
                return;
        }
        if (ldns_pkt_qdcount(p->entry->message)) {
                ldns_rdf_deep_free(owner);
                fail(p, "a second question");
                return;
        }
        rr = ldns_rr_new();
        ldns_rr_set_question(rr, true);
        ldns_rr_set_owner(rr, owner);
        ldns_rr_set_type(rr, type);
        ldns_rr_set_class(rr, class);
        ldns_pkt_push_rr(p->entry->message, LDNS_SECTION_QUESTION, rr);
}

static void parse_record(struct parser *p)
{
        const char *complaint;
        char text[sizeof p->text];

        if (!rpl_write_record(p->text, rpl_start_time(p->rpl, 0), text, sizeof text)) {
                fail(p, "'%.100s' cannot be made (is there a val-override-date?)", p->text);
                return;
        }
        ldns_rr *rr = rpl_read_record(text, &complaint);
        if (!rr) {
                fail(p, "'%.100s' is no record: %s", p->text, complaint);
                return;
        }
        ldns_pkt_push_rr(p->entry->message, p->records, rr);
}

static void parse_hex(struct parser *p)
{
        struct rpl_entry *entry = p->entry;
        size_t len = strlen(p->text) / 2;
        uint8_t *bytes = arena_alloc(&p->rpl->arena, entry->raw_len + len);

        if (!bytes || strlen(p->text) % 2 || strspn(p->text, "0123456789abcdefABCDEF") != len * 2) {
                fail(p, "an even number of hex digits is wanted");
                return;
        }
        if (entry->raw_len)
                memcpy(bytes, entry->raw, entry->raw_len);
        for (size_t i = 0; i < len; i++) {
                char pair[3] = { p->text[2 * i], p->text[2 * i + 1], '\0' };

                bytes[entry->raw_len + i] = (uint8_t)strtoul(pair, NULL, 16);
        }
        entry->raw = bytes;
        entry->raw_len += len;
}

/* --- Words of MATCH, ADJUST and REPLY ----------------------------------------------------------------------------- */

struct bit {
        const char *word;
        uint32_t bits;
};

#define QUESTION_BITS (RPL_MATCH_QTYPE | RPL_MATCH_QNAME)
#define SECTION_BITS  (RPL_MATCH_ANSWER | RPL_MATCH_AUTHORITY | RPL_MATCH_ADDITIONAL)

static const struct bit match_words[] = {
        { "opcode", RPL_MATCH_OPCODE },
        { "qtype", RPL_MATCH_QTYPE },
        { "qname", RPL_MATCH_QNAME },
        { "qcase", RPL_MATCH_QNAME | RPL_MATCH_QCASE },
        { "subdomain", RPL_MATCH_SUBDOMAIN },
        { "question", QUESTION_BITS },
        { "flags", RPL_MATCH_FLAGS },
        { "rcode", RPL_MATCH_RCODE },
        { "answer", RPL_MATCH_ANSWER },
        { "authority", RPL_MATCH_AUTHORITY },
        { "additional", RPL_MATCH_ADDITIONAL },
        { "edns", RPL_MATCH_EDNS },
        { "all", RPL_MATCH_OPCODE | QUESTION_BITS | RPL_MATCH_FLAGS | RPL_MATCH_RCODE | SECTION_BITS },
        { "ttl", RPL_MATCH_TTL },
        { "order", RPL_MATCH_ORDER },
        { "udp", RPL_MATCH_UDP },
        { "tcp", RPL_MATCH_TCP },
        { "has_edns", RPL_MATCH_HAS_EDNS },
        { "no_edns", RPL_MATCH_NO_EDNS },
        { "has_cookie", RPL_MATCH_HAS_COOKIE },
        { "no_cookie", RPL_MATCH_NO_COOKIE },
        { "rd", RPL_MATCH_RD },
        { "no_rd", RPL_MATCH_NO_RD },
        { "no_question", RPL_MATCH_NO_QUESTION },
        { "qclass", RPL_MATCH_CLASS },
        { NULL, 0 },
};

static const struct bit adjust_words[] = {
        { "copy_id", RPL_ADJUST_COPY_ID },
        { "copy_query", RPL_ADJUST_COPY_QUERY },
        { "raw_id", RPL_ADJUST_RAW_ID },
        { "do_not_answer", RPL_ADJUST_DO_NOT_ANSWER },
        { "no_edns", RPL_ADJUST_NO_EDNS },
        { "lower_case", RPL_ADJUST_LOWER_CASE },
        { "cookie", RPL_ADJUST_COOKIE },
        { "bad_cookie", RPL_ADJUST_BAD_COOKIE },
        { "cut", RPL_ADJUST_CUT },
        { "trailing", RPL_ADJUST_TRAILING },
        { "copy_owner", RPL_ADJUST_COPY_OWNER },
        { NULL, 0 },
};

static void parse_bits(struct parser *p, const struct bit *known, uint32_t *out)
{
        for (unsigned i = 1; i < p->word_count; i++) {
                const struct bit *bit = known;

                while (bit->word && strcmp(bit->word, p->word[i]))
                        bit++;
                if (!bit->word)
                        fail(p, "%s does not know '%s'", p->word[0], p->word[i]);
                *out |= bit->bits;
        }
}

static void parse_match(struct parser *p)
{
        parse_bits(p, match_words, &p->entry->match);
}

static void parse_adjust(struct parser *p)
{
        parse_bits(p, adjust_words, &p->entry->adjust);
}

static bool set_flag(ldns_pkt *message, const char *word)
{
        static const struct {
                const char *word;
                void (*set)(ldns_pkt *, bool);
        } flags[] = {
                { "QR", ldns_pkt_set_qr }, { "AA", ldns_pkt_set_aa }, { "TC", ldns_pkt_set_tc },
                { "RD", ldns_pkt_set_rd }, { "RA", ldns_pkt_set_ra }, { "AD", ldns_pkt_set_ad },
                { "CD", ldns_pkt_set_cd },
        };

        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
                if (!strcmp(flags[i].word, word)) {
                        flags[i].set(message, true);
                        return true;
                }
        }
        return false;
}

static const struct bit rcode_words[] = {
        { "NOERROR", 0 },  { "FORMERR", 1 },  { "SERVFAIL", 2 },   { "NXDOMAIN", 3 }, { "NOTIMP", 4 },
        { "REFUSED", 5 },  { "YXDOMAIN", 6 }, { "YXRRSET", 7 },    { "NXRRSET", 8 },  { "NOTAUTH", 9 },
        { "NOTZONE", 10 }, { "BADVERS", 16 }, { "BADCOOKIE", 23 }, { NULL, 0 },
};

static const struct bit opcode_words[] = {
        { "IQUERY", 1 }, { "STATUS", 2 }, { "NOTIFY", 4 }, { "UPDATE", 5 }, { "DSO", 6 }, { NULL, 0 },
};

static const struct bit *find_bit(const struct bit *known, const char *word)
{
        for (; known->word; known++)
                if (!strcmp(known->word, word))
                        return known;
        return NULL;
}

static void parse_reply(struct parser *p)
{
        struct rpl_entry *entry = p->entry;

        for (unsigned i = 1; i < p->word_count; i++) {
                const char *word = p->word[i];
                const struct bit *rcode = find_bit(rcode_words, word), *opcode = find_bit(opcode_words, word);

                if (rcode) {
                        entry->rcode = (uint16_t)rcode->bits;
                        ldns_pkt_set_rcode(entry->message, (uint8_t)(rcode->bits & 15));
                } else if (opcode) {
                        ldns_pkt_set_opcode(entry->message, (ldns_pkt_opcode)opcode->bits);
                } else if (!strcmp(word, "DO")) {
                        entry->dnssec_ok = true;
                } else if (!set_flag(entry->message, word)) {
                        fail(p, "REPLY does not know '%s'", word);
                }
        }
}

/* --- The other lines of an ENTRY ---------------------------------------------------------------------------------- */

static void parse_section(struct parser *p)
{
        static const struct bit sections[] = {
                { "QUESTION", LDNS_SECTION_QUESTION },
                { "ANSWER", LDNS_SECTION_ANSWER },
                { "AUTHORITY", LDNS_SECTION_AUTHORITY },
                { "ADDITIONAL", LDNS_SECTION_ADDITIONAL },
                { NULL, 0 },
        };
        const struct bit *section = p->word_count == 2 ? find_bit(sections, p->word[1]) : NULL;

        if (!section) {
                fail(p, "SECTION is QUESTION, ANSWER, AUTHORITY or ADDITIONAL");
                return;
        }
        p->section = SECTION_RECORDS;
        p->records = (ldns_pkt_section)section->bits;
}

static void parse_raw(struct parser *p)
{
        p->section = SECTION_HEX;
        p->entry->raw = p->entry->raw ? p->entry->raw : (const uint8_t *)"";
}

static void parse_mandatory(struct parser *p)
{
        p->entry->mandatory = true;
}

static void parse_delay(struct parser *p)
{
        p->entry->delay_ms = small_number(p, word_at(p, 1));
}

static void parse_repeat(struct parser *p)
{
        p->entry->repeat = small_number(p, word_at(p, 1));
}

static void parse_copies(struct parser *p)
{
        p->entry->copies = small_number(p, word_at(p, 1));
}

static void parse_fail(struct parser *p)
{
        static const struct bit failures[] = {
                { "unreachable", FAILURE_UNREACHABLE }, { "refused", FAILURE_REFUSED }, { "closed", FAILURE_CLOSED },
                { "connect", FAILURE_CONNECT },         { "local", FAILURE_LOCAL },     { NULL, 0 },
        };
        const struct bit *failure = p->word_count == 2 ? find_bit(failures, p->word[1]) : NULL;

        if (failure)
                p->entry->failure = (int)failure->bits;
        else
                fail(p, "FAIL is unreachable, refused, closed, connect or local");
}

static void parse_client(struct parser *p)
{
        struct rpl_client *client = &p->entry->client;
        const char *what = word_at(p, 1), *value = word_at(p, 2);

        if (is_word(p, 1, "tcp")) {
                client->tcp = true;
        } else if (is_word(p, 1, "noedns")) {
                client->no_edns = true;
        } else if (is_word(p, 1, "size")) {
                client->udp_size = (uint16_t)small_number(p, value);
        } else if (is_word(p, 1, "version")) {
                client->version = (uint8_t)small_number(p, value);
        } else if (is_word(p, 1, "cookie")) {
                client->cookie = true;
        } else if (is_word(p, 1, "nsid")) {
                client->nsid = true;
        } else if (is_word(p, 1, "from")) {
                client->has_address = value && address_parse(value, &client->address) == ERR_OK;
                if (!client->has_address)
                        fail(p, "CLIENT from wants an address");
        } else {
                fail(p, "CLIENT does not know '%s'", what ? what : "");
        }
}

static void parse_times(struct parser *p)
{
        p->entry->client.times = small_number(p, word_at(p, 1));
}

static void parse_no_wait(struct parser *p)
{
        p->entry->client.no_wait = true;
}

static void parse_ede(struct parser *p)
{
        struct rpl_demand *demand = &p->entry->demand;
        char *quote = strchr(p->text, '"');

        demand->ede = is_word(p, 1, "none") ? RPL_EDE_NONE : (int)small_number(p, word_at(p, 1));
        if (quote) {
                unquote(quote);
                demand->ede_text = keep_text(p, quote);
        }
}

static void parse_size(struct parser *p)
{
        p->entry->demand.max_bytes = small_number(p, word_at(p, 1));
}

static void parse_max_ttl(struct parser *p)
{
        p->entry->demand.max_ttl = small_number(p, word_at(p, 1));
}

static void parse_option(struct parser *p)
{
        struct rpl_demand *demand = &p->entry->demand;

        if (is_word(p, 1, "cookie"))
                demand->cookie = true;
        else if (is_word(p, 1, "nsid"))
                demand->nsid = true;
        else if (is_word(p, 1, "opt"))
                demand->opt = true;
        else if (is_word(p, 1, "none"))
                demand->no_opt = true;
        else
                fail(p, "OPTION is cookie, nsid, opt or none");
}

static void parse_entry_end(struct parser *p)
{
        struct rpl_entry *entry = p->entry;

        if (!rpl_sign(entry))
                fail(p, "there is nothing to sign in this ENTRY");
        entry->any_type = (entry->match & RPL_MATCH_SUBDOMAIN) && !(entry->match & RPL_MATCH_QTYPE);
        p->entry = NULL;
        p->place = p->range ? PLACE_RANGE : PLACE_OUTSIDE;
}

/* --- Blocks and steps --------------------------------------------------------------------------------------------- */

static bool step_wants_entry(const struct rpl_step *step)
{
        switch (step->kind) {
        case RPL_QUERY:
        case RPL_CHECK_ANSWER:
        case RPL_REPLY:
        case RPL_CHECK_OUT_QUERY: return !step->entry;
        case RPL_TIME_PASSES:
        case RPL_CHECK_SILENCE:
        case RPL_CHECK_TRACE:
        case RPL_CHECK_UPSTREAM:
        case RPL_WAIT: return false;
        }
        return false;
}

static void parse_entry_begin(struct parser *p)
{
        struct rpl *rpl = p->rpl;
        struct rpl_entry **slot = append(p, &rpl->entry, &rpl->entry_count, sizeof *slot);
        struct rpl_entry *entry = arena_alloc(&rpl->arena, sizeof *entry);

        if (!slot || !entry)
                return;
        *slot = entry;
        *entry = (struct rpl_entry){
                .line = p->line,
                .failure = -1,
                .copies = 1,
                .message = ldns_pkt_new(),
                .client = { .udp_size = 4096, .times = 1 },
                .demand = { .ede = RPL_EDE_ANY },
        };
        p->entry = entry;
        p->section = SECTION_NONE;
        p->place = PLACE_ENTRY;
        if (p->range) {
                slot = append(p, &p->range->entry, &p->range->entry_count, sizeof *slot);
                if (slot)
                        *slot = entry;
        } else if (p->step && step_wants_entry(p->step)) {
                p->step->entry = entry;
        } else {
                fail(p, "an ENTRY that belongs to no RANGE and no STEP");
        }
}

static void add_address(struct parser *p, const char *text)
{
        struct address *slot = append(p, &p->range->address, &p->range->address_count, sizeof *slot);

        if (slot && (!text || address_parse(text, slot) != ERR_OK))
                fail(p, "'%s' is no address", text ? text : "");
}

static void parse_range_begin(struct parser *p)
{
        struct rpl *rpl = p->rpl;

        p->range = append(p, &rpl->range, &rpl->range_count, sizeof *p->range);
        if (!p->range)
                return;
        *p->range = (struct rpl_range){ .line = p->line };
        p->step = NULL;
        p->place = PLACE_RANGE;
        if (number(p, word_at(p, 1), &p->range->from) && number(p, word_at(p, 2), &p->range->to) && word_at(p, 3))
                add_address(p, word_at(p, 3));
}

static void parse_address(struct parser *p)
{
        add_address(p, word_at(p, 1));
}

static void parse_range_end(struct parser *p)
{
        p->range = NULL;
        p->place = PLACE_OUTSIDE;
}

static void parse_upstream(struct parser *p, struct rpl_step *step)
{
        unsigned i = 3;

        step->at_most = is_word(p, i, "AT_MOST");
        i += step->at_most;
        number(p, word_at(p, i++), &step->amount);
        if (is_word(p, i, "TO") && (!word_at(p, i + 1) || address_parse(p->word[i + 1], &step->address) != ERR_OK))
                fail(p, "CHECK_UPSTREAM [AT_MOST] <n> [TO <address>]");
}

static void parse_elapse(struct parser *p, struct rpl_step *step)
{
        if (is_word(p, 3, "ELAPSE"))
                number(p, word_at(p, 4), &step->amount);
        else
                fail(p, "TIME_PASSES ELAPSE <seconds>");
}

static void parse_step(struct parser *p)
{
        static const char *const kinds[] = {
                [RPL_QUERY] = "QUERY",
                [RPL_CHECK_ANSWER] = "CHECK_ANSWER",
                [RPL_TIME_PASSES] = "TIME_PASSES",
                [RPL_REPLY] = "REPLY",
                [RPL_CHECK_OUT_QUERY] = "CHECK_OUT_QUERY",
                [RPL_CHECK_SILENCE] = "CHECK_SILENCE",
                [RPL_CHECK_TRACE] = "CHECK_TRACE",
                [RPL_CHECK_UPSTREAM] = "CHECK_UPSTREAM",
                [RPL_WAIT] = "WAIT",
        };
        struct rpl_step *step;
        unsigned kind = 0;

        while (kind < sizeof kinds / sizeof *kinds && !is_word(p, 2, kinds[kind]))
                kind++;
        if (kind == sizeof kinds / sizeof *kinds) {
                fail(p, "no such kind of STEP: '%s'", word_at(p, 2) ? p->word[2] : "");
                return;
        }
        step = append(p, &p->rpl->step, &p->rpl->step_count, sizeof *step);
        if (!step)
                return;
        *step = (struct rpl_step){ .line = p->line, .kind = (enum rpl_step_kind)kind };
        number(p, p->word[1], &step->id);
        if (p->rpl->step_count > 1 && step->id <= step[-1].id)
                fail(p, "STEP %s comes after STEP %llu", p->word[1], (unsigned long long)step[-1].id);
        if (p->rpl->step_count > 1 && step_wants_entry(&step[-1]))
                fail(p, "the STEP before this one has no ENTRY");
        p->step = step;
        if (step->kind == RPL_TIME_PASSES)
                parse_elapse(p, step);
        else if (step->kind == RPL_WAIT)
                number(p, word_at(p, 3), &step->amount);
        else if (step->kind == RPL_CHECK_UPSTREAM)
                parse_upstream(p, step);
}

/* HAS word text..., HASNOT word text... */
static void parse_trace_line(struct parser *p)
{
        struct rpl_trace_line *line;
        const char *fragment;

        if (!p->step || p->step->kind != RPL_CHECK_TRACE || p->word_count < 2) {
                fail(p, "HAS and HASNOT follow a CHECK_TRACE and name a step");
                return;
        }
        line = append(p, &p->step->trace, &p->step->trace_count, sizeof *line);
        if (!line)
                return;
        fragment = p->text + (p->word[1] - p->words) + strlen(p->word[1]);
        while (isspace((unsigned char)*fragment))
                fragment++;
        *line = (struct rpl_trace_line){
                .line = p->line,
                .wanted = is_word(p, 0, "HAS"),
                .word = keep_text(p, p->word[1]),
                .fragment = keep_text(p, fragment),
        };
}

static void parse_title(struct parser *p)
{
        p->titled = true;
        p->rpl->title = keep_text(p, p->text + strlen("SCENARIO_BEGIN"));
        while (isspace((unsigned char)*p->rpl->title))
                p->rpl->title++;
}

static void parse_scenario_end(struct parser *p)
{
        if (p->step && step_wants_entry(p->step))
                fail(p, "the last STEP has no ENTRY");
        p->place = PLACE_END;
}

/* --- Which line is it? -------------------------------------------------------------------------------------------- */

static const struct keyword {
        const char *word;
        enum place place;
        void (*parse)(struct parser *);
} keywords[] = {
        { "SCENARIO_BEGIN", PLACE_OUTSIDE, parse_title },
        { "SCENARIO_END", PLACE_OUTSIDE, parse_scenario_end },
        { "RANGE_BEGIN", PLACE_OUTSIDE, parse_range_begin },
        { "STEP", PLACE_OUTSIDE, parse_step },
        { "HAS", PLACE_OUTSIDE, parse_trace_line },
        { "HASNOT", PLACE_OUTSIDE, parse_trace_line },
        { "ENTRY_BEGIN", PLACE_OUTSIDE, parse_entry_begin },
        { "ADDRESS", PLACE_RANGE, parse_address },
        { "RANGE_END", PLACE_RANGE, parse_range_end },
        { "ENTRY_BEGIN", PLACE_RANGE, parse_entry_begin },
        { "ENTRY_END", PLACE_ENTRY, parse_entry_end },
        { "MATCH", PLACE_ENTRY, parse_match },
        { "ADJUST", PLACE_ENTRY, parse_adjust },
        { "REPLY", PLACE_ENTRY, parse_reply },
        { "FLAGS", PLACE_ENTRY, parse_reply },
        { "SECTION", PLACE_ENTRY, parse_section },
        { "RAW", PLACE_ENTRY, parse_raw },
        { "MANDATORY", PLACE_ENTRY, parse_mandatory },
        { "DELAY", PLACE_ENTRY, parse_delay },
        { "REPEAT", PLACE_ENTRY, parse_repeat },
        { "COPIES", PLACE_ENTRY, parse_copies },
        { "FAIL", PLACE_ENTRY, parse_fail },
        { "CLIENT", PLACE_ENTRY, parse_client },
        { "TIMES", PLACE_ENTRY, parse_times },
        { "NOWAIT", PLACE_ENTRY, parse_no_wait },
        { "EDE", PLACE_ENTRY, parse_ede },
        { "SIZE", PLACE_ENTRY, parse_size },
        { "MAXTTL", PLACE_ENTRY, parse_max_ttl },
        { "OPTION", PLACE_ENTRY, parse_option },
};

static void parse_in_entry(struct parser *p)
{
        if (p->section == SECTION_HEX)
                parse_hex(p);
        else if (p->section == SECTION_RECORDS && p->records == LDNS_SECTION_QUESTION)
                parse_question(p);
        else if (p->section == SECTION_RECORDS)
                parse_record(p);
        else
                fail(p, "'%.60s' is unknown here", p->text);
}

static void parse_line(struct parser *p)
{
        if (!p->word_count || p->place == PLACE_END)
                return;
        if (p->place == PLACE_CONFIG) {
                parse_config(p);
                return;
        }
        for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
                if (keywords[i].place == p->place && is_word(p, 0, keywords[i].word)) {
                        keywords[i].parse(p);
                        return;
                }
        }
        if (p->place == PLACE_ENTRY)
                parse_in_entry(p);
        else
                fail(p, "'%.60s' is unknown here", p->text);
}

struct rpl *rpl_parse(const char *path, const char *text, size_t len, char complaint[RPL_COMPLAINT_MAX])
{
        struct parser *p = calloc(1, sizeof *p);
        struct rpl *rpl = calloc(1, sizeof *rpl);
        bool failed;

        if (!p || !rpl) {
                free(p);
                free(rpl);
                snprintf(complaint, RPL_COMPLAINT_MAX, "%s: out of memory", path);
                return NULL;
        }
        arena_init(&rpl->arena, ARENA_MAX);
        *p = (struct parser){ .rpl = rpl, .at = text, .end = text + len, .complaint = complaint };
        rpl->path = path;
        rpl->path = keep_text(p, path);
        rpl->title = "";
        while (next_line(p))
                parse_line(p);
        if (p->place != PLACE_END || !p->titled)
                fail(p, "the file ends before SCENARIO_END");
        failed = p->failed;
        free(p);
        if (failed) {
                rpl_free(rpl);
                return NULL;
        }
        return rpl;
}

struct rpl *rpl_read(const char *path, char complaint[RPL_COMPLAINT_MAX])
{
        FILE *file = fopen(path, "r");
        struct rpl *rpl = NULL;
        char *text = NULL;
        size_t len = 0;

        if (!file || getdelim(&text, &len, EOF, file) < 0)
                snprintf(complaint, RPL_COMPLAINT_MAX, "%s: cannot be read", path);
        else
                rpl = rpl_parse(path, text, strlen(text), complaint);
        if (file)
                fclose(file);
        free(text);
        return rpl;
}

void rpl_free(struct rpl *rpl)
{
        if (!rpl)
                return;
        for (unsigned i = 0; i < rpl->entry_count; i++)
                ldns_pkt_free(rpl->entry[i]->message);
        arena_fini(&rpl->arena);
        free(rpl);
}

void rpl_rewind(struct rpl *rpl)
{
        for (unsigned i = 0; i < rpl->entry_count; i++)
                rpl->entry[i]->used = 0;
}

const char *rpl_setting(const struct rpl *rpl, const char *key)
{
        for (unsigned i = 0; i < rpl->setting_count; i++)
                if (!strcmp(rpl->setting[i].key, key))
                        return rpl->setting[i].value;
        return NULL;
}

const struct rpl_entry *rpl_unused_mandatory(const struct rpl *rpl)
{
        for (unsigned i = 0; i < rpl->entry_count; i++)
                if (rpl->entry[i]->mandatory && !rpl->entry[i]->used)
                        return rpl->entry[i];
        return NULL;
}
