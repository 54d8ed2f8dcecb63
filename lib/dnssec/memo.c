#include "dnssec/memo.h"

#include "base/buf.h"
#include <stdlib.h>
#include <string.h>

/* --- The job ------------------------------------------------------------------------------------------------------ */

static uint8_t *bytes_copy(const uint8_t *bytes, size_t len)
{
        uint8_t *copy = malloc(len ? len : 1);

        if (copy && len)
                memcpy(copy, bytes, len);
        return copy;
}

static struct check *check_new(const struct check_subject *subject, uint64_t number)
{
        struct check *check = calloc(1, sizeof *check);

        if (!check)
                return NULL;
        check->number = number;
        check->key = crypto_key_hold(subject->key);
        check->data = bytes_copy(subject->data, subject->data_len);
        check->data_len = subject->data_len;
        check->signature = bytes_copy(subject->signature, subject->signature_len);
        check->signature_len = subject->signature_len;
        if (check->data && check->signature)
                return check;
        check_free(check);
        return NULL;
}

/* --- The memo ----------------------------------------------------------------------------------------------------- */

struct memo_entry {
        uint8_t digest[SHA256_LEN];
        uint64_t number;
        enum check_state state;
        struct check_memo *memo;
};

static void memo_drop(void *context, void *value)
{
        struct memo_entry *entry = value;

        (void)context;
        if (entry->state == CHECK_RUNNING)
                map_take(&entry->memo->running, &entry->number, sizeof entry->number);
        free(entry);
}

enum err check_memo_init(struct check_memo *memo, size_t max, const uint8_t secret[SIPHASH_KEY_LEN])
{
        enum err err = map_init(&memo->table, max, secret, memo_drop, NULL);

        memo->last_number = 0;
        return err != ERR_OK ? err : map_init(&memo->running, max, secret, NULL, NULL);
}

void check_memo_fini(struct check_memo *memo)
{
        map_fini(&memo->table);
        map_fini(&memo->running);
}

bool check_memo_done(struct check_memo *memo, uint64_t number, bool good)
{
        struct memo_entry *entry = map_take(&memo->running, &number, sizeof number);

        if (!entry)
                return false;
        entry->state = good ? CHECK_GOOD : CHECK_BAD;
        return true;
}

void check_memo_forget(struct check_memo *memo, uint64_t number)
{
        struct memo_entry *entry = map_take(&memo->running, &number, sizeof number);

        if (!entry)
                return;
        map_take(&memo->table, entry->digest, sizeof entry->digest);
        free(entry);
}

/* The lengths are hashed too, or bytes could wander from the data to the signature, and from there to the key. */
static bool make_digest(struct check_subject *subject)
{
        uint8_t lengths[8];
        const struct crypto_piece pieces[] = {
                { .bytes = lengths, .len = sizeof lengths },
                { .bytes = subject->data, .len = subject->data_len },
                { .bytes = subject->signature, .len = subject->signature_len },
                { .bytes = subject->dnskey->bytes, .len = subject->dnskey->len },
        };

        store_u32(lengths, (uint32_t)subject->data_len);
        store_u32(lengths + 4, (uint32_t)subject->signature_len);
        return crypto_sha256(pieces, sizeof pieces / sizeof *pieces, subject->digest);
}

enum err check_memo_ask(struct check_memo *memo, struct check_subject *subject, enum check_state *state,
                        uint64_t *number)
{
        if (!make_digest(subject))
                return ERR_MEMORY;
        const struct memo_entry *entry = map_get(&memo->table, subject->digest, sizeof subject->digest);
        *state = entry ? entry->state : CHECK_UNKNOWN;
        *number = entry ? entry->number : 0;
        return ERR_OK;
}

/* Into both maps, or none. */
static bool memo_add(struct check_memo *memo, struct memo_entry *entry)
{
        if (map_put(&memo->table, entry->digest, sizeof entry->digest, entry) != ERR_OK)
                return false;
        if (map_put(&memo->running, &entry->number, sizeof entry->number, entry) == ERR_OK)
                return true;
        map_take(&memo->table, entry->digest, sizeof entry->digest);
        return false;
}

struct check *check_memo_begin(struct check_memo *memo, const struct check_subject *subject)
{
        struct memo_entry *entry = calloc(1, sizeof *entry);
        struct check *check = check_new(subject, memo->last_number + 1);

        if (entry && check) {
                memcpy(entry->digest, subject->digest, sizeof entry->digest);
                entry->memo = memo;
                entry->state = CHECK_RUNNING;
                entry->number = check->number;
                if (memo_add(memo, entry)) {
                        memo->last_number = check->number;
                        return check;
                }
        }
        check_free(check);
        free(entry);
        return NULL;
}
