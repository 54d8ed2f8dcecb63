#pragma once
/*
 * The functions of the states, one each, made from states.def. LOOKUP is in lookup.c; CUT and CHOOSE, which find out
 * whom to ask, in walk.c; FLIGHT and REPLY in exchange.c; PROVE in prove.c; KEEP in keep.c; DONE in task.c.
 */
#include "resolve/task.h"

#define STATE(name, function, text, ways) enum task_state task_##function(struct task *task);
#include "resolve/states.def"
#undef STATE
