/* The first step that differs. */
#include "differ.h"
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 8192, TASKS_MAX = 512 };

/* The steps of a trace that are compared, and for each task what it asks. */
struct side {
        struct step_view *step;
        unsigned count;
        struct step_view task[TASKS_MAX]; /* the TASK step of each; kind STEP_COUNT: none */
        bool seen[TASKS_MAX];
};

#define BIT(kind) (UINT64_C(1) << (kind))

/* Which server and how long are matters of chance and of the network; so is what equal questions shared. */
static const uint64_t by_chance = BIT(STEP_PICK) | BIT(STEP_SKIP) | BIT(STEP_MESSAGE) | BIT(STEP_JOIN) |
                                  BIT(STEP_LACK) | BIT(STEP_CUT) | BIT(STEP_TASK) | BIT(STEP_STORED) |
                                  BIT(STEP_NOTE) | BIT(STEP_PRIME) | BIT(STEP_PREFETCH);

static bool is_compared(enum step_kind kind)
{
        return !(by_chance >> kind & 1);
}

static bool side_read(const struct trace_view *trace, struct side *out)
{
        struct step_view step;

        out->step = calloc(STEPS_MAX, sizeof *out->step);
        out->count = 0;
        for (unsigned i = 0; i < TASKS_MAX; i++) {
                out->task[i].kind = STEP_COUNT;
                out->seen[i] = false;
        }
        for (size_t at = 0; out->step && out->count < STEPS_MAX && trace_next(trace, &at, &step);) {
                if (step.kind == STEP_TASK && step.task < TASKS_MAX)
                        out->task[step.task] = step;
                if (is_compared(step.kind))
                        out->step[out->count++] = step;
        }
        return out->step != NULL;
}

static bool same_text(const struct step_field *a, const struct step_field *b)
{
        return a->text_len == b->text_len && memcmp(a->text, b->text, a->text_len) == 0;
}

/* Names, types, rcodes, extended errors and words have to be equal; numbers, addresses and IDs need not. */
static bool same_field(const struct step_field *a, const struct step_field *b)
{
        switch (a->kind) {
        case 'n':
                return name_equal(&a->name, &b->name);
        case 't': case 'r': case 'x':
                return a->number == b->number;
        case 'w': case 'q':
                return same_text(a, b);
        }
        return true;
}

/* The fields in which two steps of a kind may not differ. Why a server was picked is left out as the server is. */
static bool same_step(const struct step_view *a, const struct step_view *b)
{
        static const char *const fields[] = { "qname", "qtype", "transport", "class", "rcode", "zone", "shown", "name",
                                              "owner", "type", "target", "verdict", "outcome", "ede", "found", "what",
                                              "rule", "limit" };

        if (a->kind != b->kind)
                return false;
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
                struct step_field x, y;

                if (step_field(a, fields[i], &x) && step_field(b, fields[i], &y) && !same_field(&x, &y))
                        return false;
        }
        return true;
}

/* The next step of a task from *at on; kind STEP_COUNT at the end. */
static struct step_view next_of(const struct side *side, uint16_t task, unsigned *at)
{
        while (*at < side->count && side->step[*at].task != task)
                ++*at;
        return *at < side->count ? side->step[(*at)++] : (struct step_view){ .kind = STEP_COUNT };
}

/* Do two tasks part? Then *out says where. */
static bool tasks_part(const struct side *left, uint16_t left_task, const struct side *right, uint16_t right_task,
                       struct difference *out)
{
        unsigned i = 0, k = 0;

        for (;;) {
                struct step_view a = next_of(left, left_task, &i), b = next_of(right, right_task, &k);

                if (a.kind == STEP_COUNT && b.kind == STEP_COUNT)
                        return false;
                if (a.kind == STEP_COUNT || b.kind == STEP_COUNT || !same_step(&a, &b)) {
                        *out = (struct difference){ true, a, b, left_task, right_task };
                        return true;
                }
        }
}

/* The task of this side that asks the same, not taken yet; 0: there is none. */
static uint16_t find_task(struct side *side, const struct step_view *task)
{
        for (uint16_t i = 1; i < TASKS_MAX; i++) {
                if (side->task[i].kind == STEP_TASK && !side->seen[i] && same_step(&side->task[i], task)) {
                        side->seen[i] = true;
                        return i;
                }
        }
        return 0;
}

static void compare(struct side *left, struct side *right, struct difference *out)
{
        *out = (struct difference){ .found = false };
        if (tasks_part(left, 0, right, 0, out))
                return;
        for (uint16_t i = 1; i < TASKS_MAX; i++) {
                uint16_t other = left->task[i].kind == STEP_TASK ? find_task(right, &left->task[i]) : 0;

                if (other && tasks_part(left, i, right, other, out))
                        return;
        }
}

enum err differ_compare(const struct trace_view *left, const struct trace_view *right, struct difference *out)
{
        struct side *sides = calloc(2, sizeof *sides);
        bool read = sides && side_read(left, &sides[0]) && side_read(right, &sides[1]);

        if (read)
                compare(&sides[0], &sides[1], out);
        if (sides) {
                free(sides[0].step);
                free(sides[1].step);
        }
        free(sides);
        return read ? ERR_OK : ERR_MEMORY;
}
