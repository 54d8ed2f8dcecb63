#include "resolve/desk.h"

#include <stdlib.h>

enum { ACTIONS_MAX = 65536, ACTIONS_FIRST = 64 };

struct action *desk_act(struct desk *desk, enum action_kind kind)
{
        struct action_queue *queue = &desk->actions;

        if (queue->count == queue->room) {
                size_t room = queue->room ? queue->room * 2 : ACTIONS_FIRST;
                struct action *grown = room <= ACTIONS_MAX ? realloc(queue->item, room * sizeof *grown) : NULL;

                if (!grown)
                        return NULL;
                queue->item = grown;
                queue->room = room;
        }
        struct action *action = &queue->item[queue->count++];
        *action = (struct action){ .kind = kind };
        return action;
}

const uint8_t *desk_outbox(struct desk *desk, const void *bytes, size_t len)
{
        return arena_copy(&desk->outbox, bytes, len);
}
