#include "witness.h"

#include "resolver.h"
#include "wire/codes.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_TEXT = 2000, LINE_MAX_LEN = 600 };

struct record {
        uint8_t *bytes;
        size_t len;
};

void witness_fini(struct witness *witness)
{
        for (unsigned i = 0; i < witness->record_count; i++)
                free(witness->record[i].bytes);
        free(witness->record);
}

void witness_record(struct witness *witness, const struct action *action)
{
        struct record *record;

        if (!action->record.len) /* answered out of the cache, and nothing to keep */
                return;
        witness->record = realloc(witness->record, (witness->record_count + 1) * sizeof *witness->record);
        if (!witness->record)
                abort();
        record = &witness->record[witness->record_count++];
        record->len = action->record.len;
        record->bytes = malloc(record->len + 1);
        if (!record->bytes)
                abort();
        memcpy(record->bytes, action->record.bytes, record->len);
}

/* The newest record of the trace that is quoted: it is recorded once more when work went on unheard. */
static bool find_trace(const struct witness *witness, const char *quoted, struct trace_view *out)
{
        for (unsigned i = witness->record_count; i-- > 0;) {
                const struct record *record = &witness->record[i];
                char id[TRACE_SHORT_TEXT];

                if (trace_open(record->bytes, record->len, out) == ERR_OK &&
                    !strcmp(trace_id_short(&out->id, id), quoted))
                        return true;
        }
        return false;
}

/* The first step that says this sentence; a verdict leaves out whose answer it is about. */
static const char *deciding_step(const struct trace_view *trace, const char *told)
{
        char sentence[sizeof ((struct rpl_reason *)NULL)->text];
        struct step_view step;
        size_t at = 0;
        char text[STEP_TEXT], *from;

        from = strstr(strcpy(sentence, told), ", from ");
        if (from)
                *from = 0;
        while (trace_next(trace, &at, &step)) {
                step_text(&step, text, sizeof text);
                if (strstr(text, sentence))
                        return step_word(step.kind);
        }
        return NULL;
}

/* Take "[trace 7f3a9c21]" off the end of the text; the digits, or NULL. */
static const char *split_quote(char *text, char digits[16])
{
        char *quote = strstr(text, "[trace ");
        int end = 0;

        if (!quote || sscanf(quote, "[trace %15[0-9a-f]]%n", digits, &end) != 1 || !end || quote[end])
                return NULL;
        while (quote > text && quote[-1] == ' ')
                quote--;
        *quote = 0;
        return digits;
}

/* A SERVFAIL, or what did not validate, or was not validated for a reason. */
static bool is_failure(const struct rpl_reason *reason)
{
        switch (reason->ede) {
        case EDE_DNSKEY_ALGORITHM:
        case EDE_DS_DIGEST:
        case EDE_INDETERMINATE:
        case EDE_BOGUS:
        case EDE_SIGNATURE_EXPIRED:
        case EDE_SIGNATURE_NOT_YET:
        case EDE_DNSKEY_MISSING:
        case EDE_RRSIGS_MISSING:
        case EDE_NO_ZONE_KEY:
        case EDE_NSEC_MISSING:
        case EDE_NSEC3_ITERATIONS:
        case EDE_NEGATIVE_ANCHOR: return true;
        }
        return reason->rcode == RCODE_SERVFAIL;
}

bool witness_response(struct witness *witness, const struct rpl_received *response, bool edns,
                      char why[WITNESS_WHY_MAX])
{
        struct trace_view trace;
        struct rpl_reason reason;
        char digits[16];

        witness->last = (struct testimony){ .failed = false };
        if (!edns || !rpl_read_reason(response, &reason) || !is_failure(&reason))
                return true;
        const char *quoted = split_quote(reason.text, digits);
        if (reason.ede == RPL_EDE_NONE)
                snprintf(why, WITNESS_WHY_MAX, "SERVFAIL without an extended error");
        else if (!quoted)
                snprintf(why, WITNESS_WHY_MAX, "extended error %d, %s, quotes no trace", reason.ede, reason.text);
        else if (!find_trace(witness, quoted, &trace))
                snprintf(why, WITNESS_WHY_MAX, "there is no trace %s yet", quoted);
        else {
                witness->last = (struct testimony){ .failed = true, .ede = reason.ede };
                strcpy(witness->last.sentence, reason.text);
                witness->last.step = deciding_step(&trace, reason.text);
                return true;
        }
        return false;
}

/* --- The table ---------------------------------------------------------------------------------------------------- */

/* Is it a line about this scenario, and does it have this end? */
static bool line_is_about(char *line, const char *name, const struct testimony *last, bool *agrees)
{
        char *rest = line, *word[3];

        for (unsigned i = 0; i < 3; i++) {
                word[i] = strtok_r(NULL, " \t\n", &rest);
                if (!word[i])
                        return false;
        }
        if (*line == '#' || strcmp(word[0], name) != 0)
                return false;
        rest += strspn(rest, " ");
        rest[strcspn(rest, "\n")] = 0;
        *agrees |= last->failed && last->step && atoi(word[1]) == last->ede && !strcmp(word[2], last->step) &&
                   !fnmatch(rest, last->sentence, FNM_NOESCAPE);
        return true;
}

bool witness_agrees(const struct witness *witness, const char *table, const char *name, char why[WITNESS_WHY_MAX])
{
        const struct testimony *last = &witness->last;
        bool listed = false, agrees = false;
        char line[LINE_MAX_LEN];
        FILE *file = fopen(table, "r");

        while (file && fgets(line, sizeof line, file))
                listed |= line_is_about(line, name, last, &agrees);
        if (file)
                fclose(file);
        if (last->failed ? agrees : !listed)
                return true;
        snprintf(why, WITNESS_WHY_MAX, last->failed ? "%s lacks: %s %d %s %s" : "%s has a line for %s, which ends well",
                 table, name, last->ede, last->step ? last->step : "(no step says so:)", last->sentence);
        return false;
}
