#include "base/date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const uint64_t last_second = UINT64_C(253402300799); /* of the year 9999 */

char *date_text(uint64_t seconds, char room[DATE_TEXT_MAX])
{
        time_t moment = (time_t)(seconds < last_second ? seconds : last_second);
        struct tm date;

        room[0] = '\0';
        if (gmtime_r(&moment, &date))
                (void)strftime(room, DATE_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &date);
        return room;
}

/* Such a text that is written back differently is none: 30 February, or a date before 1970. */
bool date_parse(const char *text, uint64_t *seconds)
{
        char again[DATE_TEXT_MAX];
        struct tm date = { 0 };
        const char *end = strptime(text, strchr(text, 'T') ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d", &date);

        if (!end || *end)
                return false;
        time_t moment = timegm(&date);
        if (moment < 0 || strncmp(date_text((uint64_t)moment, again), text, strlen(text)) != 0)
                return false;
        *seconds = (uint64_t)moment;
        return true;
}
