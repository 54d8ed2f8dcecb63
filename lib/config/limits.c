#include "config/limits.h"

const struct limit limit_table[] = {
#define LIMIT(name, value, scope, what, why) {#name, value, LIMIT_SCOPE_##scope, what, why},
#include "config/limits.def"
#undef LIMIT
};

const unsigned limit_count = sizeof(limit_table) / sizeof(limit_table[0]);

const char *limit_scope_text(enum limit_scope scope)
{
        static const char *const text[LIMIT_SCOPE_COUNT] = {
                [LIMIT_SCOPE_REQUEST] = "REQUEST",       [LIMIT_SCOPE_MESSAGE] = "MESSAGE",
                [LIMIT_SCOPE_ENTRY] = "ENTRY",           [LIMIT_SCOPE_CLIENT] = "CLIENT",
                [LIMIT_SCOPE_WORKER] = "WORKER",         [LIMIT_SCOPE_PROCESS] = "PROCESS",
                [LIMIT_SCOPE_CONNECTION] = "CONNECTION",
        };

        return (unsigned)scope < LIMIT_SCOPE_COUNT ? text[scope] : "UNKNOWN";
}
