#include "base/unit.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
        const char *name;
        uint64_t size;
};

static const struct unit time_units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };

/* As they are written; "K" and "KB" are read as well. */
static const struct unit size_units[] = {
        { "B", 1 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { "TiB", UINT64_C(1) << 40 },
};

enum {
        TIME_UNITS = sizeof time_units / sizeof *time_units,
        SIZE_UNITS = sizeof size_units / sizeof *size_units,
};

/* What stands behind the digits, or NULL if they are no number, or one beyond the maximum. */
static const char *read_digits(const char *at, uint64_t max, uint64_t *out)
{
        uint64_t number = 0;

        if (*at < '0' || *at > '9' || (at[0] == '0' && at[1] >= '0' && at[1] <= '9'))
                return NULL;
        for (; *at >= '0' && *at <= '9'; at++) {
                uint64_t digit = (uint64_t)(*at - '0');

                if (number > max / 10 || (number == max / 10 && digit > max % 10))
                        return NULL;
                number = number * 10 + digit;
        }
        *out = number;
        return at;
}

static bool multiply(uint64_t number, uint64_t size, uint64_t max, uint64_t *out)
{
        if (number > max / size)
                return false;
        *out = number * size;
        return true;
}

bool unit_read_number(const char *text, uint64_t max, uint64_t *out)
{
        uint64_t number;
        const char *behind = read_digits(text, max, &number);

        if (!behind || *behind)
                return false;
        *out = number;
        return true;
}

bool unit_read_time(const char *text, uint64_t max, uint64_t *seconds)
{
        uint64_t number;
        const char *behind = read_digits(text, max, &number);

        for (unsigned i = 0; behind && i < TIME_UNITS; i++)
                if (strcmp(behind, time_units[i].name) == 0)
                        return multiply(number, time_units[i].size, max, seconds);
        return false;
}

/* "", "B"; "K", "KB", "Ki", "KiB" */
static bool is_unit(const char *text, const struct unit *unit)
{
        if (unit->size == 1)
                return !*text || strcasecmp(text, unit->name) == 0;
        if (strncasecmp(text, unit->name, 1) != 0)
                return false;
        text += 1;
        text += *text == 'i' || *text == 'I';
        return !*text || strcasecmp(text, "B") == 0;
}

bool unit_read_size(const char *text, uint64_t max, uint64_t *bytes)
{
        uint64_t number;
        const char *behind = read_digits(text, max, &number);

        for (unsigned i = 0; behind && i < SIZE_UNITS; i++)
                if (is_unit(behind, &size_units[i]))
                        return multiply(number, size_units[i].size, max, bytes);
        return false;
}

char *unit_size_text(uint64_t bytes, char room[SIZE_TEXT_MAX])
{
        unsigned unit = 0;

        for (unsigned i = 0; i < SIZE_UNITS; i++)
                if (bytes % size_units[i].size == 0 && bytes >= size_units[i].size)
                        unit = i;
        snprintf(room, SIZE_TEXT_MAX, "%" PRIu64 "%s", bytes / size_units[unit].size, size_units[unit].name);
        return room;
}
