/*
 * Where resolution and validation begin: root hints and trust anchors, from the settings, from a file, or built in.
 */
#include "config/builtin.h"
#include "config/config.h"
#include "config/reading.h"
#include "wire/rrtype.h"
#include "wire/text.h"
#include <string.h>

enum { HINTS_MAX = 64, ANCHORS_MAX = 64 };

/* Records of a zone file as they come. Those of other types and beyond the maximum are left out. */
struct harvest {
        struct rr rr[HINTS_MAX];
        unsigned count;
        bool (*wanted)(const struct rr *rr);
};

static bool harvest_take(void *context, const struct rr *rr)
{
        struct harvest *harvest = context;

        if (harvest->count < HINTS_MAX && harvest->wanted(rr))
                harvest->rr[harvest->count++] = *rr;
        return true;
}

static bool is_address(const struct rr *rr)
{
        return rr->type == TYPE_A || rr->type == TYPE_AAAA;
}

static bool is_anchor(const struct rr *rr)
{
        return rr->type == TYPE_DS || rr->type == TYPE_DNSKEY;
}

static bool harvest_file(struct harvest *harvest, struct settings *settings, const char *file_name, const char *text,
                         size_t len, struct config_complaints *out)
{
        const char *why = NULL;
        unsigned line = 0;
        enum err err = zone_from_text(text, len, &name_root, &settings->arena, harvest_take, harvest, &line, &why);
        struct place place = {.file_name = file_name, .line = err == ERR_FORM ? line : 0, .column = 1};

        if (err == ERR_OK)
                return true;
        complain(out, place, "%s", why ? why : err_text(err));
        return false;
}

/* --- Hints -------------------------------------------------------------------------------------------------------- */

/* Behind those that settings->hints has already. */
static bool hints_keep(struct settings *settings, const struct harvest *harvest)
{
        struct hint_list hints = {.count = settings->hints.count + harvest->count};
        struct hint *item = arena_alloc(&settings->arena, hints.count * sizeof(*item));

        if (!item)
                return false;
        hints.item = item;
        for (unsigned i = 0; i < settings->hints.count; i++)
                *item++ = settings->hints.item[i];
        for (unsigned i = 0; i < harvest->count; i++) {
                const struct rr *rr = &harvest->rr[i];

                *item++ = (struct hint){rr->owner, address_from(rr->rdata.bytes, rr->rdata.len)};
        }
        settings->hints = hints;
        return true;
}

bool config_load_hints(struct settings *settings, const char *file_name, const char *text, size_t len,
                       struct config_complaints *out)
{
        struct harvest harvest = {.wanted = is_address};
        struct place place = {.file_name = file_name};

        if (!harvest_file(&harvest, settings, file_name, text, len, out))
                return false;
        if (harvest.count == 0) {
                complain(out, place, "no A or AAAA record of a root server");
                return false;
        }
        if (!hints_keep(settings, &harvest)) {
                complain(out, place, "out of memory");
                return false;
        }
        return true;
}

/* --- Anchors ------------------------------------------------------------------------------------------------------ */

/* The same for anchors. What comes from a file has no text of its own: it is never printed. */
static bool anchors_keep(struct settings *settings, const struct harvest *harvest)
{
        struct record_list anchors = {.count = settings->anchors.count + harvest->count};
        struct record *item = arena_alloc(&settings->arena, anchors.count * sizeof(*item));

        if (!item)
                return false;
        anchors.item = item;
        for (unsigned i = 0; i < settings->anchors.count; i++)
                *item++ = settings->anchors.item[i];
        for (unsigned i = 0; i < harvest->count; i++)
                *item++ = (struct record){harvest->rr[i], ""};
        settings->anchors = anchors;
        return true;
}

bool config_load_anchors(struct settings *settings, const char *file_name, const char *text, size_t len,
                         struct config_complaints *out)
{
        struct harvest harvest = {.wanted = is_anchor};
        struct place place = {.file_name = file_name};

        if (!harvest_file(&harvest, settings, file_name, text, len, out))
                return false;
        if (harvest.count == 0) {
                complain(out, place, "no DS or DNSKEY record");
                return false;
        }
        if (settings->anchors.count + harvest.count > ANCHORS_MAX) {
                complain(out, place, "more than %d trust anchors", ANCHORS_MAX);
                return false;
        }
        if (!anchors_keep(settings, &harvest)) {
                complain(out, place, "out of memory");
                return false;
        }
        return true;
}

/* --- At the end of reading the settings --------------------------------------------------------------------------- */

typedef bool load_file(struct settings *settings, const char *file_name, const char *text, size_t len,
                       struct config_complaints *out);

/* A build without zones/ (a test's) begins with nothing. */
static bool load_builtin(struct reading *reading, const char *name, load_file *load)
{
        const struct builtin *builtin = builtin_find(name);

        return !builtin || load(reading->settings, builtin->name, builtin->text, builtin->len, reading->out);
}

bool roots_finish(struct reading *reading)
{
        struct settings *settings = reading->settings;
        bool own_hints = settings->root_hints.count > 0 || settings->root_hints_file[0];
        bool own_anchors = settings->given[OPTION_trust_anchors] || settings->trust_anchor_file[0];

        settings->hints = settings->root_hints;
        settings->anchors = settings->trust_anchors;
        return (own_hints || load_builtin(reading, "root.hints", config_load_hints)) &&
               (own_anchors || load_builtin(reading, "root.anchors", config_load_anchors));
}
