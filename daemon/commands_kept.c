/* Kept traces for those who ask. */
#include "commands_kept.h"
#include "archive.h"
#include "clock.h"
#include "server.h"
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 10000, LIST_DEFAULT = 20, US_PER_S = 1000000 };

static void say_frame(struct caller *caller, const void *bytes, size_t len)
{
        uint8_t prefix[4];

        store_u32(prefix, (uint32_t)len);
        caller_say(caller, prefix, sizeof prefix);
        if (len)
                caller_say(caller, bytes, len);
}

/* kept ID */
void run_kept(const struct command *command)
{
        const char *id = command->count == 1 ? command->argument[0] : "";
        uint8_t *bytes;
        size_t len;
        enum err err = archive_find(command->server->reader, id, &bytes, &len);

        if (err == ERR_MISSING || err == ERR_LIMIT) {
                caller_refuse(command->caller, "no such trace is kept");
        } else if (err) {
                caller_refuse(command->caller, "%s", err_text(err));
        } else {
                caller_accept(command->caller);
                say_frame(command->caller, bytes, len);
                say_frame(command->caller, NULL, 0);
                caller_end(command->caller);
                free(bytes);
        }
}

/* What a list is asked for. */
struct list_call {
        struct vault_filter filter;
        uint8_t room[NAME_WIRE_MAX];
        unsigned max;
};

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
        char *end;
        unsigned long long number = strtoull(text, &end, 10);

        if (end == text || *end || number > max)
                return false;
        *out = number;
        return true;
}

/* The flag at *at, and its value if it has one. */
static bool read_list_flag(const struct command *command, unsigned *at, uint64_t now_us, struct list_call *out)
{
        const char *flag = command->argument[*at];
        uint64_t number;

        if (strcmp(flag, "--failed") == 0)
                return out->filter.failed = true;
        if (strcmp(flag, "--slow") == 0)
                return out->filter.slow = true;
        if (++*at == command->count)
                return false;
        const char *value = command->argument[*at];
        if (strcmp(flag, "--name") == 0)
                return out->filter.below = name_from_text(value, out->room, &out->filter.suffix) == ERR_OK;
        if (strcmp(flag, "--since") == 0 && read_number(value, now_us / US_PER_S, &number)) {
                out->filter.since_us = now_us - number * US_PER_S;
                return true;
        }
        if (strcmp(flag, "--max") == 0 && read_number(value, LIST_MAX, &number)) {
                out->max = (unsigned)number;
                return true;
        }
        return false;
}

static bool say_item(void *context, const struct vault_item *item)
{
        struct caller *caller = context;
        uint8_t bytes[2 + SUMMARY_MAX];

        store_u16(bytes, (uint16_t)item->reasons);
        say_frame(caller, bytes, 2 + summary_pack(&item->summary, bytes + 2));
        return true;
}

/* kept-list [--failed] [--slow] [--since SECONDS] [--name SUFFIX] [--max NUMBER] */
void run_kept_list(const struct command *command)
{
        struct list_call call = { .max = LIST_DEFAULT };
        struct clock clock;

        clock_tick(&clock);
        for (unsigned i = 0; i < command->count; i++) {
                if (!read_list_flag(command, &i, clock.wall_us, &call)) {
                        caller_refuse(command->caller, "a list of traces cannot be asked for like this");
                        return;
                }
        }
        caller_accept(command->caller);
        /* What the disk does not give is not listed: those in memory are there, and the log says what is wrong. */
        (void)!archive_list(command->server->reader, &call.filter, call.max, say_item, command->caller);
        say_frame(command->caller, NULL, 0);
        caller_end(command->caller);
}
