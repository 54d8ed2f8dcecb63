/* Reading the Host field. */
#include "host.h"
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 255 };

/* The host without its port and, for IPv6, without its brackets. False: this is no host. */
static bool without_port(const char *field, char out[HOST_MAX + 1])
{
        bool bracket = field[0] == '[';
        size_t len = strcspn(field + bracket, bracket ? "]" : ":");
        const char *rest = field + bracket + len;

        if (len == 0 || len > HOST_MAX || (bracket && *rest++ != ']'))
                return false;
        if (*rest && (*rest != ':' || rest[1 + strspn(rest + 1, "0123456789")]))
                return false;
        memcpy(out, field + bracket, len);
        out[len] = 0;
        return true;
}

static bool is_named(const char *host, const struct name_list *names)
{
        uint8_t room[NAME_WIRE_MAX];
        struct name name;

        if (name_from_text(host, room, &name))
                return false;
        for (unsigned i = 0; i < names->count; i++) {
                if (name_equal(&name, &names->item[i]))
                        return true;
        }
        return false;
}

bool host_is_ours(const char *host, const struct settings *settings)
{
        char text[HOST_MAX + 1];
        struct address address;

        if (!host || !without_port(host, text))
                return false;
        return !address_parse(text, &address) || strcasecmp(text, "localhost") == 0 ||
               is_named(text, &settings->web_names);
}
