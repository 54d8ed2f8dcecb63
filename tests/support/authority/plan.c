#include "plan.h"
#include "behaviours.h"
#include "sign.h"
#include "zonefile.h"
#include <errno.h>
#include <string.h>

enum { LINE_MAX_LEN = 1024, WORDS_MAX = 64, PATH_LEN = 1024 };

struct plan {
        struct authority *authority;
        const char *dir;
        char path[PATH_LEN];
        unsigned line;
        char *word[WORDS_MAX];
        unsigned word_count;
        char *complaint;
};

static bool complain(struct plan *plan, const char *what, const char *word)
{
        snprintf(plan->complaint, AUTHORITY_COMPLAINT_MAX, "%.300s:%u: %s: %.100s", plan->path, plan->line, what, word);
        return false;
}

/* zone NAME FILE [KEY=VALUE...]: zones of the same name are versions of it, which servers tell apart by the file. */
static bool zone_line(struct plan *plan)
{
        uint8_t apex[DNAME_MAX];
        char path[PATH_LEN];

        if (plan->word_count < 3 || !dname_from_text(plan->word[1], apex))
                return complain(plan, "zone wants a name and a file", plan->word[0]);
        struct lab_zone *zone = lab_zone_new(&plan->authority->pool, apex);
        servers_add_zone(plan->authority, zone);
        zone->file = lab_copy(&plan->authority->pool, plan->word[2], strlen(plan->word[2]) + 1);
        for (unsigned i = 3; i < plan->word_count; i++)
                if (!sign_option(zone, plan->word[i]))
                        return complain(plan, "unknown zone option", plan->word[i]);
        snprintf(path, sizeof path, "%s/%s", plan->dir, plan->word[2]);
        return zonefile_read(zone, path, plan->complaint);
}

/* A zone by its name, or by its file where one name has several. */
static struct lab_zone *zone_named(const struct plan *plan, const char *word)
{
        uint8_t name[DNAME_MAX];

        for (size_t i = 0; i < plan->authority->zone_count; i++)
                if (strcmp(plan->authority->zones[i]->file, word) == 0)
                        return plan->authority->zones[i];
        return dname_from_text(word, name) ? servers_zone(plan->authority, name) : NULL;
}

/* server ADDRESS [ZONE...] [+BEHAVIOUR...] */
static bool server_line(struct plan *plan)
{
        struct authority_address address;

        if (plan->word_count < 2 || !authority_address_parse(plan->word[1], &address))
                return complain(plan, "server wants an address", plan->word[0]);
        size_t number = servers_add(plan->authority, &address);
        for (unsigned i = 2; i < plan->word_count; i++) {
                const char *word = plan->word[i];
                struct lab_zone *zone = word[0] == '+' ? NULL : zone_named(plan, word);
                if (word[0] == '+' && !behaviour_add(plan->authority, number, word + 1))
                        return complain(plan, "unknown behaviour", word);
                if (word[0] != '+' && !zone)
                        return complain(plan, "unknown zone", word);
                if (zone)
                        servers_assign(zone, number);
        }
        return true;
}

static bool line_read(struct plan *plan, char *line)
{
        char *rest = NULL;

        line[strcspn(line, "#\n")] = '\0';
        plan->word_count = 0;
        for (char *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
                if (plan->word_count == WORDS_MAX)
                        return complain(plan, "too many words", word);
                plan->word[plan->word_count++] = word;
        }
        if (plan->word_count == 0)
                return true;
        if (strcmp(plan->word[0], "zone") == 0)
                return zone_line(plan);
        if (strcmp(plan->word[0], "server") == 0)
                return server_line(plan);
        return complain(plan, "a line is a zone or a server", plan->word[0]);
}

bool plan_read(struct authority *authority, const char *dir, char complaint[AUTHORITY_COMPLAINT_MAX])
{
        struct plan plan = { .authority = authority, .dir = dir, .complaint = complaint };
        char line[LINE_MAX_LEN];
        bool good = true;

        snprintf(plan.path, sizeof plan.path, "%s/lab.conf", dir);
        FILE *file = fopen(plan.path, "r");
        if (!file)
                return complain(&plan, "cannot be read", strerror(errno));
        while (good && fgets(line, sizeof line, file)) {
                plan.line++;
                good = line_read(&plan, line);
        }
        fclose(file);
        return good;
}
