#include "resolve/notes.h"

/* A request asks at most a hundred questions upstream, and few names are equally long: a list will do. */
static bool note_is_about(const struct note *note, cache_partition partition, const struct name *name)
{
        return note->partition == partition && name_equal(&note->name, name);
}

static struct note *notes_add(struct notes *notes, struct arena *arena, cache_partition partition,
                              const struct name *name)
{
        struct note *note = arena_alloc(arena, sizeof *note);

        if (!note)
                return NULL;
        note->name = name_copy(arena, name);
        if (!note->name.wire)
                return NULL;
        note->partition = partition;
        note->next = notes->first;
        notes->first = note;
        notes->count++;
        return note;
}

const struct finding *notes_get(const struct notes *notes, cache_partition partition, const struct name *name,
                                uint16_t type)
{
        for (const struct note *note = notes->first; note; note = note->next) {
                if (!note->finding || !note_is_about(note, partition, name))
                        continue;
                if (note->type == type || note->finding->kind == FINDING_NXDOMAIN)
                        return note->finding;
        }
        return NULL;
}

bool notes_put(struct notes *notes, struct arena *arena, cache_partition partition, const struct name *name,
               uint16_t type, const struct finding *finding)
{
        struct note *note = notes_add(notes, arena, partition, name);

        if (!note)
                return false;
        note->type = type;
        note->finding = finding;
        return true;
}

struct delegation *notes_get_delegation(const struct notes *notes, cache_partition partition, const struct name *cut)
{
        for (const struct note *note = notes->first; note; note = note->next)
                if (note->delegation && note_is_about(note, partition, cut))
                        return note->delegation;
        return NULL;
}

bool notes_put_delegation(struct notes *notes, struct arena *arena, cache_partition partition,
                          struct delegation *delegation)
{
        struct note *note = notes_add(notes, arena, partition, &delegation->cut);

        if (note)
                note->delegation = delegation;
        return note != NULL;
}

bool notes_no_cut(const struct notes *notes, cache_partition partition, const struct name *name)
{
        for (const struct note *note = notes->first; note; note = note->next)
                if (note->no_cut && note_is_about(note, partition, name))
                        return true;
        return false;
}

bool notes_put_no_cut(struct notes *notes, struct arena *arena, cache_partition partition, const struct name *name)
{
        struct note *note = notes_add(notes, arena, partition, name);

        if (note)
                note->no_cut = true;
        return note != NULL;
}
