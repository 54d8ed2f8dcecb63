#include "signed_root.h"
#include "wire/codes.h"
#include "wire/compose.h"
#include "wire/message.h"
#include "wire/rrtype.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { TTL = 2 * 86400, GOOD_S = 10 * 86400, ROOM = 4096, ARENA = 1 << 20 };

/* The set as it is shown: a key that is revoked has another tag, and signs with that. */
static void make_keys(struct signed_root *root, struct arena *arena, struct rrset *set)
{
        const struct signer_key *shown[SIGNED_ROOT_KEYS];
        struct signer_key copy[SIGNED_ROOT_KEYS];
        unsigned count = 0;

        for (unsigned i = 0; i < SIGNED_ROOT_KEYS; i++) {
                copy[i] = root->key[i];
                if (root->part[i] == ROOT_KEY_REVOKED)
                        store_u16(copy[i].rdata, SIGNER_ZONE | SIGNER_SEP | SIGNER_REVOKE);
                if (root->part[i] != ROOT_KEY_ABSENT)
                        shown[count++] = &copy[i];
        }
        *set = signer_dnskey(arena, ".", shown, count);
        set->ttl = TTL;
        for (unsigned i = 0; i < SIGNED_ROOT_KEYS; i++)
                if (root->part[i] == ROOT_KEY_SIGNS || root->part[i] == ROOT_KEY_REVOKED)
                        signer_sign_set(arena, set, &copy[i], &name_root, root->inception, root->expiration);
}

static void make_record(struct signed_root *root, struct arena *arena, const struct question *question,
                        struct rrset *set)
{
        const char *rdata = question->type == TYPE_A ? "A 192.0.2.1" : "SOA ns. host. 1 3600 600 86400 300";
        char name[NAME_TEXT_MAX], text[NAME_TEXT_MAX + 64];

        snprintf(text, sizeof text, "%s 300 %s", name_text(&question->name, name), rdata);
        *set = signer_set(arena, text);
        for (unsigned i = 0; i < SIGNED_ROOT_KEYS; i++)
                if (root->part[i] == ROOT_KEY_SIGNS && !root->forgets_to_sign)
                        signer_sign_set(arena, set, &root->key[i], &name_root, root->inception, root->expiration);
}

/* Types that nobody has here are denied without proof: nothing that the tests ask for depends on them. */
static size_t write_answer(struct signed_root *root, const struct query *query, uint8_t *out)
{
        const struct question *question = &query->question;
        const struct edns edns = { .present = true, .dnssec_ok = true, .udp_size = ROOM };
        struct arena arena;
        struct rrset set;
        struct compose c;

        arena_init(&arena, ARENA);
        compose_begin(&c, out, ROOM, query->id, FLAG_QR | FLAG_RA | FLAG_AA);
        assert_int_equal(compose_question(&c, question), ERR_OK);
        bool keys = question->type == TYPE_DNSKEY, record = question->type == TYPE_A || question->type == TYPE_SOA;
        if (keys)
                make_keys(root, &arena, &set);
        else if (record)
                make_record(root, &arena, question, &set);
        if (keys || record)
                assert_int_equal(compose_rrset(&c, SECTION_ANSWER, &set, set.ttl, COMPOSE_BOTH, 0), ERR_OK);
        assert_int_equal(compose_opt(&c, &edns), ERR_OK);
        root->asked_for_keys += question->type == TYPE_DNSKEY;
        arena_fini(&arena);
        return c.len;
}

size_t signed_root_answer(struct signed_root *root, const uint8_t *bytes, size_t len, uint8_t *out)
{
        struct query query;

        if (query_read(bytes, len, &query) != ERR_OK)
                return 0;
        pthread_mutex_lock(&root->lock);
        size_t out_len = write_answer(root, &query, out);
        pthread_mutex_unlock(&root->lock);
        return out_len;
}

static void take_question(struct signed_root *root)
{
        uint8_t bytes[ROOM], out[ROOM];
        struct sockaddr_in from;
        socklen_t from_len = sizeof from;
        ssize_t len = recvfrom(root->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &from_len);
        size_t out_len = len < 0 ? 0 : signed_root_answer(root, bytes, (size_t)len, out);

        if (out_len)
                sendto(root->fd, out, out_len, 0, (struct sockaddr *)&from, from_len);
}

static void *serve(void *argument)
{
        struct signed_root *root = argument;
        struct pollfd wait[2] = { { .fd = root->fd, .events = POLLIN }, { .fd = root->quit[0], .events = POLLIN } };

        while (poll(wait, 2, -1) >= 0 && !wait[1].revents)
                if (wait[0].revents)
                        take_question(root);
        return NULL;
}

void signed_root_init(struct signed_root *root, uint32_t inception, uint32_t expiration)
{
        *root = (struct signed_root){ .inception = inception, .expiration = expiration };
        for (unsigned i = 0; i < SIGNED_ROOT_KEYS; i++) {
                signer_key_make(&root->key[i], SIGNER_ED25519, 0, (uint8_t)(70 + i));
                store_u16(root->key[i].rdata, SIGNER_ZONE | SIGNER_SEP);
        }
        root->part[0] = ROOT_KEY_SIGNS;
        pthread_mutex_init(&root->lock, NULL);
}

void signed_root_fini(struct signed_root *root)
{
        for (unsigned i = 0; i < SIGNED_ROOT_KEYS; i++)
                signer_key_fini(&root->key[i]);
}

void signed_root_start(struct signed_root *root)
{
        uint32_t now = (uint32_t)time(NULL);
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t len = sizeof address;

        signed_root_init(root, now - GOOD_S, now + GOOD_S);
        root->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(root->fd, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(getsockname(root->fd, (struct sockaddr *)&address, &len), 0);
        root->port = ntohs(address.sin_port);
        assert_int_equal(pipe2(root->quit, O_CLOEXEC), 0);
        assert_int_equal(pthread_create(&root->thread, NULL, serve, root), 0);
}

void signed_root_stop(struct signed_root *root)
{
        close(root->quit[1]);
        pthread_join(root->thread, NULL);
        close(root->quit[0]);
        close(root->fd);
        signed_root_fini(root);
}

void signed_root_let(struct signed_root *root, unsigned key, enum signed_root_part part)
{
        pthread_mutex_lock(&root->lock);
        root->part[key] = part;
        pthread_mutex_unlock(&root->lock);
}

char *signed_root_setting(const struct signed_root *root, char room[SIGNED_ROOT_SETTING_MAX])
{
        struct arena arena;

        arena_init(&arena, ARENA);
        struct rdata ds = signer_ds(&arena, ".", &root->key[0], 2);
        int len = snprintf(room, SIGNED_ROOT_SETTING_MAX, "trust-anchors: [\". DS %u %u %u ", load_u16(ds.bytes),
                           ds.bytes[2], ds.bytes[3]);
        for (unsigned i = 4; i < ds.len; i++)
                len += snprintf(room + len, SIGNED_ROOT_SETTING_MAX - (size_t)len, "%02x", ds.bytes[i]);
        snprintf(room + len, SIGNED_ROOT_SETTING_MAX - (size_t)len, "\"]\n");
        arena_fini(&arena);
        return room;
}
