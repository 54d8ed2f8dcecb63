#include "watch/transcript.h"

#include "watch/words.h"
#include "wire/message.h"
#include "wire/rrtype.h"
#include "wire/text.h"

enum { TRANSCRIPT_MEMORY = 1 << 20 }; /* eight times the longest message, and what its sections need */

static const char *const section_words[SECTION_COUNT] = {
        [SECTION_ANSWER] = "answer",
        [SECTION_AUTHORITY] = "authority",
        [SECTION_ADDITIONAL] = "additional",
};

static void write_class(struct writer *w, uint16_t class)
{
        switch (class) {
#define CLASS(name, number) \
        case number: \
                write_text(w, #name); \
                return;
#include "wire/codes.def"
#undef CLASS
        }
        write_text(w, "CLASS");
        words_number(w, class);
}

/* "owner ttl class type rdata" */
static void write_record(struct writer *w, const struct rr *rr)
{
        char type[RRTYPE_TEXT_MAX], rdata[RDATA_TEXT_MAX];

        words_name(w, &rr->owner);
        write_text(w, " ");
        words_number(w, rr->ttl);
        write_text(w, " ");
        write_class(w, rr->class);
        write_text(w, " ");
        write_text(w, rrtype_text(rr->type, type));
        write_text(w, " ");
        write_text(w, rdata_text(rr->type, &rr->rdata, rdata, sizeof rdata));
}

/* "No Reachable Authority: all servers of example.com. were silent" */
static void write_ede(struct writer *w, const struct edns_ede *ede)
{
        words_ede(w, ede->code);
        if (ede->text_len) {
                write_text(w, ": ");
                words_text(w, ede->text, ede->text_len);
        }
}

/* --- For people ------------------------------------------------------------------------------------------------ */

static void write_head(struct writer *w, const struct message *message, size_t len)
{
        char rcode[12];

        write_text(w, ";; ");
        write_text(w, rcode_text(message->rcode, rcode));
        write_text(w, ", flags ");
        words_flags(w, message->flags);
        write_text(w, ", ");
        words_number(w, len);
        write_text(w, " bytes\n");
}

static void write_section(struct writer *w, const struct message *message, enum section section)
{
        if (message->rr_count[section] == 0)
                return;
        write_text(w, ";; ");
        write_text(w, section_words[section]);
        write_text(w, "\n");
        for (unsigned i = 0; i < message->rr_count[section]; i++) {
                write_record(w, &message->rr[section][i]);
                write_text(w, "\n");
        }
}

static void write_message(struct writer *w, const struct message *message, size_t len)
{
        write_head(w, message, len);
        for (unsigned i = 0; i < message->edns.ede_count; i++) {
                write_text(w, ";; because: ");
                write_ede(w, &message->edns.ede[i]);
                write_text(w, "\n");
        }
        for (enum section section = 0; section < SECTION_COUNT; section++)
                write_section(w, message, section);
}

/* A read message, handed on to whoever writes it. */
static enum err with_message(struct writer *w, const uint8_t *bytes, size_t len,
                             void (*write)(struct writer *w, const struct message *message, size_t len))
{
        struct arena arena;
        struct message message;

        arena_init(&arena, TRANSCRIPT_MEMORY);
        enum err err = message_read(bytes, len, &arena, &message);

        if (err == ERR_OK)
                write(w, &message, len);
        arena_fini(&arena);
        return err;
}

enum err transcript_text(struct writer *w, const uint8_t *bytes, size_t len)
{
        return with_message(w, bytes, len, write_message);
}

/* --- For machines ---------------------------------------------------------------------------------------------- */

static void write_json_string(struct writer *w, const char *text, size_t len)
{
        write_text(w, "\"");
        words_json(w, text, len);
        write_text(w, "\"");
}

static void write_json_section(struct writer *w, const struct message *message, enum section section)
{
        char text[WORDS_FIELD_MAX + RDATA_TEXT_MAX + 64];

        write_text(w, ",");
        write_json_string(w, section_words[section], strlen(section_words[section]));
        write_text(w, ":[");
        for (unsigned i = 0; i < message->rr_count[section]; i++) {
                struct writer record = writer_over(text, sizeof text);

                write_record(&record, &message->rr[section][i]);
                write_text(w, i ? "," : "");
                write_json_string(w, text, writer_len(&record));
        }
        write_text(w, "]");
}

static void write_json_edes(struct writer *w, const struct edns *edns)
{
        char text[2 * WORDS_FIELD_MAX];

        write_text(w, ",\"ede\":[");
        for (unsigned i = 0; i < edns->ede_count; i++) {
                struct writer ede = writer_over(text, sizeof text);

                write_ede(&ede, &edns->ede[i]);
                write_text(w, i ? "," : "");
                write_json_string(w, text, writer_len(&ede));
        }
        write_text(w, "]");
}

static void write_json_message(struct writer *w, const struct message *message, size_t len)
{
        char rcode[12];

        write_text(w, "{\"rcode\":\"");
        write_text(w, rcode_text(message->rcode, rcode));
        write_text(w, "\",\"flags\":\"");
        words_flags(w, message->flags);
        write_text(w, "\",\"bytes\":");
        words_number(w, len);
        for (enum section section = 0; section < SECTION_COUNT; section++)
                write_json_section(w, message, section);
        write_json_edes(w, &message->edns);
        write_text(w, "}");
}

enum err transcript_json(struct writer *w, const uint8_t *bytes, size_t len)
{
        return with_message(w, bytes, len, write_json_message);
}
