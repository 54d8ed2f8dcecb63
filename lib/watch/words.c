#include "watch/words.h"

#include "wire/codes.h"

enum { US_PER_MS = 1000, US_PER_S = 1000000, S_PER_MINUTE = 60, S_PER_HOUR = 3600, S_PER_DAY = 86400 };

static bool byte_is_safe(uint8_t byte)
{
        return byte >= ' ' && byte < 0x7f && !strchr("\"'`<>&\\", byte);
}

static void write_escaped_byte(struct writer *w, uint8_t byte)
{
        char escape[4] = { '\\', (char)('0' + byte / 100), (char)('0' + byte / 10 % 10), (char)('0' + byte % 10) };

        write_bytes(w, escape, sizeof escape);
}

void words_text(struct writer *w, const char *text, size_t len)
{
        static const char more[] = "...";
        size_t room = WORDS_FIELD_MAX - strlen(more);

        for (size_t i = 0; i < len; i++) {
                uint8_t byte = (uint8_t)text[i];
                size_t width = byte_is_safe(byte) ? 1 : 4;

                if (width > room) {
                        write_text(w, more);
                        return;
                }
                room -= width;
                if (width == 1)
                        write_u8(w, byte);
                else
                        write_escaped_byte(w, byte);
        }
}

void words_name(struct writer *w, const struct name *name)
{
        char text[NAME_TEXT_MAX];
        size_t len = strlen(name_text(name, text));

        if (len <= WORDS_FIELD_MAX) {
                write_bytes(w, text, len);
                return;
        }
        /* Names this long are of nobody's making but an attacker's: the end that says who, and that there was more. */
        const char *tail = text + len - (WORDS_FIELD_MAX - strlen("..."));

        while (*tail && *tail != '.')
                tail++;
        write_text(w, "...");
        write_text(w, *tail ? tail + 1 : tail);
}

void words_server(struct writer *w, const struct address *address, uint16_t port)
{
        char text[ADDRESS_TEXT_MAX];

        write_text(w, address_text(address, text));
        if (port == 0 || port == 53)
                return;
        write_u8(w, '@');
        words_number(w, port);
}

void words_number(struct writer *w, uint64_t number)
{
        char text[20]; /* enough for the largest */
        char *first = text + sizeof text;

        do {
                *--first = (char)('0' + number % 10);
                number /= 10;
        } while (number);
        write_bytes(w, first, (size_t)(text + sizeof text - first));
}

/* value / unit with as many digits behind the point as make three in all. */
static void write_three_digits(struct writer *w, uint64_t value, uint64_t unit, const char *suffix)
{
        uint64_t whole = value / unit;
        uint64_t hundredths = value % unit * 100 / unit;

        words_number(w, whole);
        if (whole < 100) {
                write_u8(w, '.');
                words_number(w, hundredths / 10);
        }
        if (whole < 10)
                words_number(w, hundredths % 10);
        write_text(w, suffix);
}

void words_duration(struct writer *w, uint64_t us)
{
        if (us < US_PER_MS) {
                words_number(w, us);
                write_text(w, " us");
        } else if (us < US_PER_S) {
                write_three_digits(w, us, US_PER_MS, " ms");
        } else {
                write_three_digits(w, us, US_PER_S, " s");
        }
}

static void write_two_units(struct writer *w, uint64_t seconds, uint64_t big, const char *big_unit, uint64_t small,
                            const char *small_unit)
{
        words_number(w, seconds / big);
        write_text(w, big_unit);
        if (seconds % big >= small) {
                write_u8(w, ' ');
                words_number(w, seconds % big / small);
                write_text(w, small_unit);
        }
}

void words_seconds(struct writer *w, uint64_t seconds)
{
        if (seconds < S_PER_MINUTE)
                write_two_units(w, seconds, 1, " s", 1, "");
        else if (seconds < S_PER_HOUR)
                write_two_units(w, seconds, S_PER_MINUTE, " m", 1, " s");
        else if (seconds < S_PER_DAY)
                write_two_units(w, seconds, S_PER_HOUR, " h", S_PER_MINUTE, " m");
        else
                write_two_units(w, seconds, S_PER_DAY, " d", S_PER_HOUR, " h");
}

void words_flags(struct writer *w, unsigned flags)
{
        static const struct {
                unsigned bit;
                const char *word;
        } table[] = {
                { FLAG_QR, "qr" }, { FLAG_AA, "aa" }, { FLAG_TC, "tc" }, { FLAG_RD, "rd" },
                { FLAG_RA, "ra" }, { FLAG_AD, "ad" }, { FLAG_CD, "cd" },
        };
        const char *separator = "";

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                if (!(flags & table[i].bit))
                        continue;
                write_text(w, separator);
                write_text(w, table[i].word);
                separator = " ";
        }
        if (!*separator)
                write_text(w, "none");
}

void words_ede(struct writer *w, unsigned code)
{
        const char *text = code == EDE_NONE ? "no extended error" : ede_text(code);

        if (text) {
                write_text(w, text);
                return;
        }
        write_text(w, "extended error ");
        words_number(w, code);
}

void words_hex(struct writer *w, const uint8_t *bytes, size_t len)
{
        static const char digit[] = "0123456789abcdef";

        for (size_t i = 0; i < len; i++) {
                write_u8(w, (uint8_t)digit[bytes[i] >> 4]);
                write_u8(w, (uint8_t)digit[bytes[i] & 15]);
        }
}

void words_json(struct writer *w, const char *safe, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                if (safe[i] == '\\' || safe[i] == '"')
                        write_u8(w, '\\');
                write_u8(w, (uint8_t)safe[i]);
        }
}
