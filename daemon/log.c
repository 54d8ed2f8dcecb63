/* Lines about the daemon. */
#include "log.h"
#include "clock.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 2048, DATE_MAX = 32 };

/* One log for the process: whoever has something to say must not need to be handed it first. */
static struct {
        pthread_mutex_t lock;
        FILE *file;
        bool chosen; /* log_open() was called */
        struct {
                uint64_t second;
                unsigned count;
        } kind[LOG_KINDS];
} lines = { .lock = PTHREAD_MUTEX_INITIALIZER };

FILE *log_open_file(const char *path)
{
        errno = 0;
        if (strcmp(path, "off") == 0 || !path[0])
                return NULL;
        if (strcmp(path, "stderr") == 0)
                return stderr;
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        if (fd < 0)
                return NULL;
        FILE *file = fdopen(fd, "a");
        if (!file)
                close(fd);
        return file;
}

void log_close_file(FILE *file)
{
        if (file && file != stderr)
                fclose(file);
}

enum err log_open(const char *path)
{
        FILE *file = log_open_file(path);

        if (!file && errno)
                return ERR_IO;
        pthread_mutex_lock(&lines.lock);
        FILE *before = lines.file;
        lines.file = file;
        lines.chosen = true;
        pthread_mutex_unlock(&lines.lock);
        log_close_file(before);
        return ERR_OK;
}

/* May another line of this kind be written in this second? If a new one began, say what the last one lacked. */
static bool may_write(enum log_kind kind, uint64_t second, FILE *file)
{
        if (lines.kind[kind].second != second) {
                if (lines.kind[kind].count > LOG_LINES_PER_S)
                        fprintf(file, "cairnd: %u lines like the following were left out\n",
                                lines.kind[kind].count - LOG_LINES_PER_S);
                lines.kind[kind].second = second;
                lines.kind[kind].count = 0;
        }
        return ++lines.kind[kind].count <= LOG_LINES_PER_S;
}

/* A log file needs the date; who collects standard error adds it. */
static const char *date_for(const FILE *file, uint64_t wall_s, char room[DATE_MAX])
{
        time_t now = (time_t)wall_s;
        struct tm date;

        if (file == stderr || !gmtime_r(&now, &date) || !strftime(room, DATE_MAX, "%Y-%m-%dT%H:%M:%SZ ", &date))
                return "";
        return room;
}

void log_line(enum log_kind kind, const char *format, ...)
{
        char text[LINE_MAX_LEN];
        struct clock clock;
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        clock_tick(&clock);
        pthread_mutex_lock(&lines.lock);
        FILE *file = lines.chosen ? lines.file : stderr;
        if (file && may_write(kind, clock.now.wall_s, file)) {
                char date[DATE_MAX];

                fprintf(file, "%scairnd: %s\n", date_for(file, clock.now.wall_s, date), text);
                fflush(file);
        }
        pthread_mutex_unlock(&lines.lock);
}
