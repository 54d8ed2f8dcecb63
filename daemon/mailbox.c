/* Letters between threads. */
#include "mailbox.h"

static struct letter *take_all(struct mailbox *box)
{
        pthread_mutex_lock(&box->lock);
        struct letter *first = box->first;
        box->first = NULL;
        box->last = &box->first;
        box->count = 0;
        pthread_mutex_unlock(&box->lock);
        return first;
}

static void open_all(struct mailbox *box)
{
        struct letter *letter = take_all(box);

        while (letter) {
                struct letter *next = letter->next;

                letter->open(letter, box->reader);
                letter = next;
        }
}

static void bell_rang(uv_async_t *bell)
{
        open_all(bell->data);
}

enum err mailbox_init(struct mailbox *box, uv_loop_t *loop, void *reader, unsigned max)
{
        *box = (struct mailbox){ .max = max, .reader = reader };
        box->last = &box->first;
        box->bell.data = box;
        pthread_mutex_init(&box->lock, NULL);
        return uv_async_init(loop, &box->bell, bell_rang) ? ERR_IO : ERR_OK;
}

static enum err post(struct mailbox *box, struct letter *letter, bool anyway)
{
        enum err err = ERR_FULL;

        letter->next = NULL;
        pthread_mutex_lock(&box->lock);
        if (!box->closed && (anyway || box->count < box->max)) {
                *box->last = letter;
                box->last = &letter->next;
                box->count++;
                uv_async_send(&box->bell);
                err = ERR_OK;
        }
        pthread_mutex_unlock(&box->lock);
        return err;
}

enum err mailbox_post(struct mailbox *box, struct letter *letter)
{
        return post(box, letter, false);
}

enum err mailbox_post_anyway(struct mailbox *box, struct letter *letter)
{
        return post(box, letter, true);
}

void mailbox_close(struct mailbox *box)
{
        pthread_mutex_lock(&box->lock);
        bool open = !box->closed;
        box->closed = true;
        pthread_mutex_unlock(&box->lock);
        if (!open)
                return;
        open_all(box);
        uv_close((uv_handle_t *)&box->bell, NULL);
}

void mailbox_fini(struct mailbox *box)
{
        pthread_mutex_destroy(&box->lock);
}
