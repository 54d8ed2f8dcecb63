#include "resolve/desk.h"

#include "resolve/request.h"
#include "resolve/task.h"

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

/* Numbers are given in turn: lists are short. */
static struct task **checking_list(struct desk *desk, uint64_t number)
{
        return &desk->checking[number % CHECKING_LISTS];
}

void desk_await_check(struct desk *desk, struct task *task, uint64_t number)
{
        struct task **list = checking_list(desk, number);

        desk_forget_check(desk, task);
        task->awaited_check = number;
        task->checking_next = *list;
        *list = task;
}

void desk_forget_check(struct desk *desk, struct task *task)
{
        if (!task->awaited_check)
                return;
        for (struct task **at = checking_list(desk, task->awaited_check); *at; at = &(*at)->checking_next)
                if (*at == task) {
                        *at = task->checking_next;
                        break;
                }
        task->awaited_check = 0;
}

void desk_checked(struct desk *desk, uint64_t number, bool good)
{
        if (!check_memo_done(&desk->memo, number, good))
                return;
        for (struct task **at = checking_list(desk, number); *at;) {
                struct task *task = *at;

                if (task->awaited_check != number) {
                        at = &task->checking_next;
                        continue;
                }
                *at = task->checking_next;
                task->awaited_check = 0;
                task->request->verify_budget.failed += !good;
                task_wake(task);
        }
}

const uint8_t *desk_outbox(struct desk *desk, const void *bytes, size_t len)
{
        return arena_copy(&desk->outbox, bytes, len);
}
