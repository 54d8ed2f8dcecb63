/* Questions asked through the control channel. */
#include "asking.h"
#include "clients.h"
#include "resolver.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include "worker.h"
#include <stdlib.h>
#include <string.h>

size_t asking_write_query(uint8_t room[ASKING_QUERY_MAX], const struct name *name, uint16_t type, bool check_disabled)
{
        struct writer w = writer_over(room, ASKING_QUERY_MAX);

        write_u16(&w, 0); /* ID */
        write_u16(&w, (uint16_t)(FLAG_RD | (check_disabled ? FLAG_CD : 0)));
        write_u16(&w, 1); /* a question */
        write_u32(&w, 0);
        write_u16(&w, 1); /* and an OPT record */
        write_bytes(&w, name->wire, name->len);
        write_u16(&w, type);
        write_u16(&w, CLASS_IN);
        write_u8(&w, 0);
        write_u16(&w, TYPE_OPT);
        write_u16(&w, ASKING_UDP_SIZE);
        write_u32(&w, 0);
        write_u16(&w, 0);
        return writer_len(&w);
}

static struct told *told_new(const struct asking *asking, enum told_what what, const uint8_t *bytes, size_t len)
{
        struct told *told = malloc(sizeof *told + len);

        if (!told)
                return NULL;
        *told = (struct told){ .letter.open = asking->tell, .number = asking->number, .what = what, .len = len };
        if (len)
                memcpy(told->bytes, bytes, len);
        return told;
}

static void asking_free(struct asking *asking)
{
        list_remove(&asking->link);
        free(asking->answer);
        free(asking);
}

/* Opened by the worker. */
static void asking_begin(struct letter *letter, void *reader)
{
        struct asking *asking = holder_of(letter, struct asking, letter);
        struct worker *worker = reader;
        struct client *client = clients_take(&worker->listen.clients, CLIENT_CONTROL);
        struct event event = { .kind = EVENT_QUESTION };

        list_add(&worker->askings, &asking->link);
        if (!client) {
                asking_answer(asking, NULL, 0);
                askings_settle(worker);
                return;
        }
        client->asking = asking;
        asking->client = client_token(client);
        worker_tick(worker);
        event.question.client = asking->client;
        event.question.transport = TRANSPORT_CONTROL;
        event.question.watched = true;
        event.question.ways = asking->ways;
        event.question.arrived_us = worker->clock.now.mono_us;
        event.question.bytes = asking->query;
        event.question.len = asking->len;
        worker_take(worker, &event);
}

enum err asking_post(struct worker *worker, struct mailbox *home,
                     void (*tell_there)(struct letter *told, void *reader), uint64_t number,
                     const struct ways *ways, const uint8_t *query, size_t len)
{
        struct asking *asking = malloc(sizeof *asking + len);

        if (!asking)
                return ERR_MEMORY;
        *asking = (struct asking){ .letter.open = asking_begin, .home = home, .tell = tell_there, .number = number,
                                   .ways = *ways, .len = len };
        memcpy(asking->query, query, len);
        enum err err = mailbox_post(&worker->mailbox, &asking->letter);
        if (err)
                free(asking);
        return err;
}

struct hang_up {
        struct letter letter;
        uint64_t number;
};

static struct asking *asking_find(const struct worker *worker, uint64_t number)
{
        for (struct link *at = worker->askings; at; at = at->next) {
                struct asking *asking = holder_of(at, struct asking, link);

                if (asking->number == number)
                        return asking;
        }
        return NULL;
}

static void hang_up_open(struct letter *letter, void *reader)
{
        struct hang_up *hang_up = holder_of(letter, struct hang_up, letter);
        struct worker *worker = reader;
        struct asking *asking = asking_find(worker, hang_up->number);

        worker_tick(worker);
        free(hang_up);
        if (!asking)
                return;
        uint64_t token = asking->client;
        struct client *client = clients_find(&worker->listen.clients, token);
        asking_free(asking);
        if (!EXPECT(client))
                return;
        clients_give_back(&worker->listen.clients, client);
        worker_take(worker, &(struct event){ .kind = EVENT_GONE, .gone.client = token });
}

void asking_hang_up(struct worker *worker, uint64_t number)
{
        struct hang_up *hang_up = malloc(sizeof *hang_up);

        if (!hang_up)
                return; /* then it is answered to nobody */
        *hang_up = (struct hang_up){ .letter.open = hang_up_open, .number = number };
        if (mailbox_post(&worker->mailbox, &hang_up->letter))
                free(hang_up);
}

/* A trace that finds no room in the control thread's mailbox is followed by one that holds more. */
void asking_trace(struct asking *asking, const uint8_t *bytes, size_t len)
{
        struct told *told = told_new(asking, TOLD_TRACE, bytes, len);

        if (told && mailbox_post(asking->home, &told->letter))
                free(told);
}

void asking_answer(struct asking *asking, const uint8_t *bytes, size_t len)
{
        asking->answered = true;
        asking->answer = told_new(asking, bytes ? TOLD_ANSWER : TOLD_NOTHING, bytes, len);
}

static void asking_settle(struct worker *worker, struct asking *asking)
{
        struct client *client = clients_find(&worker->listen.clients, asking->client);

        if (client)
                clients_give_back(&worker->listen.clients, client);
        if (asking->answer && mailbox_post_anyway(asking->home, &asking->answer->letter) == ERR_OK)
                asking->answer = NULL; /* the control thread's now */
        asking_free(asking);
}

void askings_settle(struct worker *worker)
{
        struct link *next;

        for (struct link *at = worker->askings; at; at = next) {
                struct asking *asking = holder_of(at, struct asking, link);

                next = at->next;
                if (asking->answered)
                        asking_settle(worker, asking);
        }
}

void askings_forget(struct worker *worker)
{
        while (worker->askings)
                asking_free(holder_of(worker->askings, struct asking, link));
}
