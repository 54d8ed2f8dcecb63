/*
 * A map from address to note, and a list of the notes that changed.
 */
#include "cache/peers.h"
#include <stdlib.h>

struct peer {
        struct address address; /* the map's key */
        struct server_note note;
        uint64_t changed_at;          /* 0: the store has it */
        struct peer *before, *behind; /* in the list of changes */
};

static void change_unlink(struct peers *peers, struct peer *peer)
{
        if (!peer->changed_at)
                return;
        if (peer->before)
                peer->before->behind = peer->behind;
        else
                peers->oldest_change = peer->behind;
        if (peer->behind)
                peer->behind->before = peer->before;
        else
                peers->newest_change = peer->before;
        peer->before = peer->behind = NULL;
        peer->changed_at = 0;
}

/* A note that changes again keeps its place: it is written PEERS_WRITE_S after the first change. */
static void change_link(struct peers *peers, struct peer *peer, uint64_t now_s)
{
        if (peer->changed_at)
                return;
        peer->changed_at = now_s ? now_s : 1;
        peer->before = peers->newest_change;
        if (peers->newest_change)
                peers->newest_change->behind = peer;
        else
                peers->oldest_change = peer;
        peers->newest_change = peer;
}

static void peer_write(struct peers *peers, struct peer *peer)
{
        change_unlink(peers, peer);
        peers->write(peers->context, &peer->address, &peer->note);
}

/* The map is full. */
static void peer_evict(void *context, void *value)
{
        struct peers *peers = context;
        struct peer *peer = value;

        if (peer->changed_at)
                peer_write(peers, peer);
        free(peer);
}

enum err peers_init(struct peers *peers, const uint8_t secret[SIPHASH_KEY_LEN], peers_write *write, void *context)
{
        *peers = (struct peers){ .write = write, .context = context };
        return map_init(&peers->map, PEERS_MAX, secret, peer_evict, peers);
}

static bool peer_forget(void *context, void *value)
{
        struct peers *peers = context;
        struct peer *peer = value;

        change_unlink(peers, peer);
        map_take(&peers->map, &peer->address, sizeof(peer->address));
        free(peer);
        return true;
}

void peers_clear(struct peers *peers)
{
        map_each(&peers->map, peer_forget, peers);
}

void peers_fini(struct peers *peers)
{
        peers_clear(peers);
        map_fini(&peers->map);
}

bool peers_get(struct peers *peers, const struct address *address, struct server_note *out)
{
        const struct peer *peer = map_get(&peers->map, address, sizeof(*address));

        if (!peer)
                return false;
        *out = peer->note;
        return true;
}

static struct peer *peer_add(struct peers *peers, const struct address *address)
{
        struct peer *peer = calloc(1, sizeof(*peer));

        if (!peer)
                return NULL;
        peer->address = *address;
        if (map_put(&peers->map, &peer->address, sizeof(peer->address), peer) != ERR_OK) {
                free(peer);
                return NULL;
        }
        return peer;
}

void peers_put(struct peers *peers, const struct address *address, const struct server_note *note, bool changed,
               uint64_t now_s)
{
        struct peer *peer = map_get(&peers->map, address, sizeof(*address));

        if (!peer)
                peer = peer_add(peers, address);
        if (!peer) {
                if (changed)
                        peers->write(peers->context, address, note);
                return;
        }
        peer->note = *note;
        if (changed)
                change_link(peers, peer, now_s);
}

void peers_flush(struct peers *peers, uint64_t now_s)
{
        for (unsigned i = 0; i < PEERS_WRITE_MAX; i++) {
                struct peer *peer = peers->oldest_change;

                if (!peer || peer->changed_at + PEERS_WRITE_S > now_s)
                        return;
                peer_write(peers, peer);
        }
}
