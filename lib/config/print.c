/*
 * A snapshot as a settings file. What was given stands as it must be written, what is at its default is commented out:
 * reading the file again gives the same snapshot, also in which settings count as given.
 */
#include "config/print.h"
#include "base/err.h"
#include "base/unit.h"
#include "config/config.h"
#include "config/utf8.h"
#include "config/value.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 100 };

void write_format(struct writer *out, const char *format, ...)
{
        char text[1024];
        va_list values;

        va_start(values, format);
        vsnprintf(text, sizeof(text), format, values);
        va_end(values);
        write_text(out, text);
}

const char *option_when_text(const struct option *option)
{
        switch (option->when) {
        case OPTION_LIVE: return "A change takes effect with a reload.";
        case OPTION_RESTART: return "A change takes effect with a restart.";
        case OPTION_LATER: return "Not in effect yet: what it is about is not built.";
        }
        return "";
}

/* --- Text --------------------------------------------------------------------------------------------------------- */

/* Sentences as a comment, broken between words. */
static void print_comment(struct writer *out, const char *text)
{
        size_t column = 1;

        write_text(out, "#");
        while (*text) {
                size_t len = strcspn(text, " ");

                if (column + 1 + len > COLUMNS) {
                        write_text(out, "\n#");
                        column = 1;
                }
                write_text(out, " ");
                write_bytes(out, text, len);
                column += 1 + len;
                text += len + strspn(text + len, " ");
        }
        write_text(out, "\n");
}

/* May this stand in YAML as it is, in every place, and mean nothing else? */
static bool is_plain(const char *text)
{
        static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./@_";

        return text[0] && strspn(text, safe) == strlen(text);
}

/* May this code point stand in double quotes as it is? YAML allows no controls, and folds what breaks lines. */
static bool is_quotable(int32_t code)
{
        return !utf8_is_control(code) && code != '"' && code != '\\' && code != 0x2028 && code != 0x2029 &&
               code != 0xfeff && code != 0xfffe && code != 0xffff;
}

/* Text as it is where that is safe, else in double quotes. Valid UTF-8: nothing else becomes a setting. */
static void print_text(struct writer *out, const char *text)
{
        if (is_plain(text)) {
                write_text(out, text);
                return;
        }
        write_text(out, "\"");
        for (const char *at = text; *at; text = at) {
                int32_t code = utf8_next(&at);

                if (!EXPECT(code != UTF8_BAD))
                        break;
                if (is_quotable(code))
                        write_bytes(out, text, (size_t)(at - text));
                else if (code == '"' || code == '\\')
                        write_format(out, "\\%c", (char)code);
                else
                        write_format(out, "\\u%04x", (unsigned)code);
        }
        write_text(out, "\"");
}

/* --- Values ------------------------------------------------------------------------------------------------------- */

/* How each line begins: "" or, for what is at its default, "#". */
struct page {
        struct writer *out;
        const char *before;
};

static void print_item(const struct page *page, const char *text)
{
        write_format(page->out, "%s  - ", page->before);
        print_text(page->out, text);
        write_text(page->out, "\n");
}

static void print_prefix(const struct page *page, const struct prefix *prefix)
{
        char address[ADDRESS_TEXT_MAX], text[ADDRESS_TEXT_MAX + 4];

        snprintf(text, sizeof(text), "%s/%u", address_text(&prefix->address, address), prefix->len);
        print_item(page, text);
}

static void print_hint(const struct page *page, const struct hint *hint)
{
        char name[NAME_TEXT_MAX], address[ADDRESS_TEXT_MAX], text[NAME_TEXT_MAX + ADDRESS_TEXT_MAX];

        snprintf(text, sizeof(text), "%s %s", name_text(&hint->name, name), address_text(&hint->address, address));
        print_item(page, text);
}

static void print_zone(const struct page *page, const struct zone_setting *zone, bool with_first)
{
        char name[NAME_TEXT_MAX], address[ENDPOINT_TEXT_MAX];

        write_format(page->out, "%s  - name: ", page->before);
        print_text(page->out, name_text(&zone->name, name));
        write_format(page->out, "\n%s    addresses:\n", page->before);
        for (unsigned i = 0; i < zone->addresses.count; i++) {
                write_format(page->out, "%s      - ", page->before);
                print_text(page->out, endpoint_text(&zone->addresses.item[i], address));
                write_text(page->out, "\n");
        }
        if (with_first)
                write_format(page->out, "%s    first: %s\n", page->before, zone->first ? "yes" : "no");
}

/* Item number i of the list in this field. */
static void print_list_item(const struct page *page, enum option_id id, const void *field, unsigned i)
{
        char text[NAME_TEXT_MAX];

        switch (option_row(id)->kind) {
        case OPTION_ENDPOINTS:
                print_item(page, endpoint_text(&((const struct endpoint_list *)field)->item[i], text));
                break;
        case OPTION_ADDRESSES:
                print_item(page, address_text(&((const struct address_list *)field)->item[i], text));
                break;
        case OPTION_PREFIXES: print_prefix(page, &((const struct prefix_list *)field)->item[i]); break;
        case OPTION_NAMES: print_item(page, name_text(&((const struct name_list *)field)->item[i], text)); break;
        case OPTION_HINTS: print_hint(page, &((const struct hint_list *)field)->item[i]); break;
        case OPTION_RECORDS: print_item(page, ((const struct record_list *)field)->item[i].text); break;
        case OPTION_ZONES:
                print_zone(page, &((const struct zone_list *)field)->item[i], id == OPTION_forward_zones);
                break;
        case OPTION_BOOL:
        case OPTION_NUMBER:
        case OPTION_SECONDS:
        case OPTION_BYTES:
        case OPTION_TEXT:
        case OPTION_PATH:
        case OPTION_WORD: break;
        }
}

/* All lists begin with their count. */
static void print_list(const struct page *page, enum option_id id, const void *field)
{
        unsigned count = *(const unsigned *)field;

        write_text(page->out, count ? "\n" : " []\n");
        for (unsigned i = 0; i < count; i++)
                print_list_item(page, id, field, i);
}

static void print_scalar(const struct page *page, enum option_id id, const void *field)
{
        char size[SIZE_TEXT_MAX];

        write_text(page->out, " ");
        switch (option_row(id)->kind) {
        case OPTION_BOOL: write_text(page->out, *(const bool *)field ? "yes" : "no"); break;
        case OPTION_NUMBER:
        case OPTION_SECONDS: write_format(page->out, "%" PRIu32, *(const uint32_t *)field); break;
        case OPTION_BYTES: write_text(page->out, unit_size_text(*(const uint64_t *)field, size)); break;
        case OPTION_TEXT:
        case OPTION_PATH: print_text(page->out, *(const char *const *)field); break;
        case OPTION_WORD: write_text(page->out, option_word(id, *(const unsigned *)field)->word); break;
        case OPTION_ENDPOINTS:
        case OPTION_ADDRESSES:
        case OPTION_PREFIXES:
        case OPTION_NAMES:
        case OPTION_HINTS:
        case OPTION_RECORDS:
        case OPTION_ZONES: break;
        }
        write_text(page->out, "\n");
}

/* --- The file ----------------------------------------------------------------------------------------------------- */

static void print_setting(const struct settings *settings, enum option_id id, struct writer *out)
{
        const struct option *option = option_row(id);
        const void *field = (const char *)settings + option->offset;
        struct page page = {.out = out, .before = settings->given[id] ? "" : "#"};
        char key[OPTION_KEY_MAX];

        write_text(out, "\n");
        print_comment(out, option->help);
        print_comment(out, option_when_text(option));
        write_format(out, "%s%s:", page.before, option_key(id, key));
        if (option_is_list(option->kind))
                print_list(&page, id, field);
        else
                print_scalar(&page, id, field);
}

void config_print(const struct settings *settings, struct writer *out)
{
        for (unsigned i = 0; i < option_line_count; i++) {
                if (option_contents[i].chapter)
                        write_format(out, "%s### %s\n", i ? "\n" : "", option_contents[i].chapter);
                else
                        print_setting(settings, option_contents[i].id, out);
        }
}
