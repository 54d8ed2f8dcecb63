/* What stands for dnstap.c in a cairnd that was built without CAIRN_DNSTAP. */
#include "dnstap.h"

enum err dnstap_new(const char *path, unsigned worker_count, struct dnstap **out)
{
        (void)path;
        (void)worker_count;
        (void)out;
        return ERR_MISSING;
}

void dnstap_free(struct dnstap *dnstap)
{
        (void)dnstap;
}

void dnstap_tell(struct dnstap *dnstap, unsigned worker, struct metrics *metrics, const struct dnstap_message *message)
{
        (void)dnstap;
        (void)worker;
        (void)metrics;
        (void)message;
}
