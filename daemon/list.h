#pragma once
/*
 * Lists whose links are embedded in what they hold. A list is a pointer to its first link; the newest comes first.
 */
#include <stdbool.h>
#include <stddef.h>

struct link {
        struct link *next;
        struct link **back; /* what points to this one; NULL: in no list */
};

/** The struct that a member is embedded in. */
#define holder_of(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

/** Put in front. Not to be called for a link that is in a list. */
static inline void list_add(struct link **list, struct link *link)
{
        link->next = *list;
        link->back = list;
        if (link->next)
                link->next->back = &link->next;
        *list = link;
}

/** Take out of the list it is in, if it is in one. */
static inline void list_remove(struct link *link)
{
        if (!link->back)
                return;
        *link->back = link->next;
        if (link->next)
                link->next->back = link->back;
        link->back = NULL;
}
