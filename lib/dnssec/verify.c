#include "dnssec/verify.h"

#include "base/buf.h"
#include "config/limits.h"
#include "watch/trace.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        DNSKEY_ZONE = 0x0100,   /* RFC 4034 2.1.1 */
        DNSKEY_REVOKE = 0x0080, /* RFC 5011 3 */
        DNSKEY_PROTOCOL = 3,
        SIG_HEAD_LEN = 18,
        SKEW_MIN_S = 3600,
        SKEW_MAX_S = 86400,
        MEMO_DIGEST_LEN = 32,
};

/* --- Keys --------------------------------------------------------------------------------------------------------- */

void zone_keys_init(struct zone_keys *keys, const struct crypto_policy *policy, const struct rrset *dnskey)
{
        *keys = (struct zone_keys){ .zone = dnskey->owner };
        for (unsigned i = 0; i < dnskey->count && keys->count < ZONE_KEYS_MAX; i++) {
                const struct rdata *rdata = &dnskey->rdata[i];

                if (rdata->len <= 4)
                        continue;
                uint16_t flags = load_u16(rdata->bytes);
                if (!(flags & DNSKEY_ZONE) || (flags & DNSKEY_REVOKE) || rdata->bytes[2] != DNSKEY_PROTOCOL ||
                    !crypto_algorithm_supported(policy, rdata->bytes[3]))
                        continue;
                keys->item[keys->count].algorithm = rdata->bytes[3];
                keys->item[keys->count].tag = crypto_key_tag(rdata);
                keys->item[keys->count++].rdata = *rdata;
        }
}

void zone_keys_release(struct zone_keys *keys)
{
        for (unsigned i = 0; i < keys->count; i++)
                crypto_key_release(keys->item[i].key);
        keys->count = 0;
}

static struct crypto_key *key_at(struct zone_keys *keys, unsigned i, const struct crypto_policy *policy)
{
        if (!keys->item[i].key && !keys->item[i].unusable) {
                keys->item[i].key = crypto_key_new(policy, &keys->item[i].rdata);
                keys->item[i].unusable = !keys->item[i].key;
        }
        return keys->item[i].key;
}

/* --- Jobs and their memo ------------------------------------------------------------------------------------------ */

struct memo_entry {
        uint8_t digest[MEMO_DIGEST_LEN];
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

bool check_run(const struct check *check)
{
        return crypto_verify(check->key, check->data, check->data_len, check->signature, check->signature_len);
}

void check_free(struct check *check)
{
        if (!check)
                return;
        crypto_key_release(check->key);
        free(check->data);
        free(check->signature);
        free(check);
}

static struct check *check_new(struct crypto_key *key, const uint8_t *data, size_t data_len, const struct rrsig *sig)
{
        struct check *check = calloc(1, sizeof *check);

        if (!check)
                return NULL;
        check->key = crypto_key_hold(key);
        check->data = malloc(data_len);
        check->signature = malloc(sig->signature_len ? sig->signature_len : 1);
        if (!check->data || !check->signature) {
                check_free(check);
                return NULL;
        }
        memcpy(check->data, data, data_len);
        memcpy(check->signature, sig->signature, sig->signature_len);
        check->data_len = data_len;
        check->signature_len = sig->signature_len;
        return check;
}

/* --- What is signed ----------------------------------------------------------------------------------------------- */

static int compare_rdata(const void *a, const void *b)
{
        const struct rdata *x = a, *y = b;
        int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);

        return order ? order : (int)x->len - (int)y->len;
}

/* RFC 4034 6.3: RDATA in canonical form, sorted as bytes. */
static struct rdata *canonical_rdata(const struct rrset *set, struct arena *arena, size_t *total)
{
        struct rdata *sorted = arena_alloc(arena, sizeof *sorted * set->count);

        *total = 0;
        for (unsigned i = 0; sorted && i < set->count; i++) {
                uint8_t *bytes = arena_copy(arena, set->rdata[i].bytes, set->rdata[i].len);

                if (!bytes)
                        return NULL;
                rdata_canonical(set->type, bytes, set->rdata[i].len);
                sorted[i] = (struct rdata){ .bytes = bytes, .len = set->rdata[i].len };
                *total += set->rdata[i].len;
        }
        if (sorted)
                qsort(sorted, set->count, sizeof *sorted, compare_rdata);
        return sorted;
}

/* RFC 4035 5.3.2: the owner as it was signed, with the labels that a wildcard stood for cut away. */
static size_t signed_owner(const struct name *owner, unsigned labels, uint8_t out[NAME_WIRE_MAX])
{
        unsigned own = owner->label_count - (name_is_wildcard(owner) ? 1u : 0u);

        if (labels >= own)
                return name_canonical(owner, out);
        struct name closest = name_ancestor(owner, labels);
        out[0] = 1;
        out[1] = '*';
        return 2 + name_canonical(&closest, out + 2);
}

/* RFC 4034 3.1.8.1: RRSIG RDATA without the signature, then each record. NULL when the arena is full. */
static uint8_t *signed_data(const struct rrset *set, const struct rrsig *sig, const struct rdata *sig_rdata, struct arena *arena, size_t *len)
{
        uint8_t owner[NAME_WIRE_MAX], signer[NAME_WIRE_MAX];
        size_t owner_len = signed_owner(&set->owner, sig->labels, owner);
        size_t signer_len = name_canonical(&sig->signer, signer);
        size_t rdata_total;
        struct rdata *sorted = canonical_rdata(set, arena, &rdata_total);
        size_t room = SIG_HEAD_LEN + signer_len + rdata_total + set->count * (owner_len + 10);
        uint8_t *bytes = sorted ? arena_alloc(arena, room) : NULL;
        struct writer w = writer_over(bytes, bytes ? room : 0);

        if (!bytes)
                return NULL;
        write_bytes(&w, sig_rdata->bytes, SIG_HEAD_LEN);
        write_bytes(&w, signer, signer_len);
        for (unsigned i = 0; i < set->count; i++) {
                if (i && !compare_rdata(&sorted[i - 1], &sorted[i]))
                        continue; /* RFC 4034 6.3: duplicates count once */
                write_bytes(&w, owner, owner_len);
                write_u16(&w, set->type);
                write_u16(&w, set->class);
                write_u32(&w, sig->original_ttl);
                write_u16(&w, sorted[i].len);
                write_bytes(&w, sorted[i].bytes, sorted[i].len);
        }
        *len = writer_len(&w);
        return w.failed ? NULL : bytes;
}

/* --- Cheap checks ------------------------------------------------------------------------------------------------- */

/* How much a reason tells; the most telling one of several signatures is reported. */
enum telling { TELLS_NOTHING, TELLS_FOREIGN, TELLS_NO_KEY, TELLS_BROKEN, TELLS_TIME };

struct complaint {
        enum telling telling;
        struct reason *why;
};

static void complain(struct complaint *complaint, enum telling telling, uint16_t ede, const char *format, ...) __attribute__((format(printf, 4, 5)));

static void complain(struct complaint *complaint, enum telling telling, uint16_t ede, const char *format, ...)
{
        va_list args;

        if (telling <= complaint->telling)
                return;
        complaint->telling = telling;
        complaint->why->ede = ede;
        va_start(args, format);
        vsnprintf(complaint->why->text, sizeof complaint->why->text, format, args);
        va_end(args);
}

static bool is_ours(const struct rrset *set, const struct rrsig *sig, const struct name *zone, const char *owner, struct complaint *complaint)
{
        unsigned own = set->owner.label_count - (name_is_wildcard(&set->owner) ? 1u : 0u);

        if (sig->covered != set->type)
                return false;
        if (!name_equal(&sig->signer, zone) || !name_is_at_or_below(&set->owner, &sig->signer)) {
                complain(complaint, TELLS_FOREIGN, EDE_BOGUS, "the signature over %s is by another zone", owner);
                return false;
        }
        if (sig->labels < sig->signer.label_count || sig->labels > own) {
                complain(complaint, TELLS_BROKEN, EDE_BOGUS, "the signature over %s has a wrong label count", owner);
                return false;
        }
        return true;
}

/* RFC 4034 3.1.5: serial arithmetic. Clocks may differ by a tenth of the validity, within an hour and a day. */
static bool is_in_time(const struct rrsig *sig, uint64_t wall_s, const char *owner, struct complaint *complaint)
{
        uint32_t now = (uint32_t)wall_s;
        int32_t validity = (int32_t)(sig->expiration - sig->inception);
        int32_t skew = validity / 10;

        if (validity < 0) {
                complain(complaint, TELLS_TIME, EDE_SIGNATURE_BEFORE, "the signature over %s expires before it begins", owner);
                return false;
        }
        skew = skew < SKEW_MIN_S ? SKEW_MIN_S : skew > SKEW_MAX_S ? SKEW_MAX_S : skew;
        if ((int32_t)(now - sig->expiration) > skew) {
                complain(complaint, TELLS_TIME, EDE_SIGNATURE_EXPIRED, "the signature over %s (key %u) expired %u s ago", owner,
                         (unsigned)sig->key_tag, (unsigned)(now - sig->expiration));
                return false;
        }
        if ((int32_t)(sig->inception - now) > skew) {
                complain(complaint, TELLS_TIME, EDE_SIGNATURE_NOT_YET, "the signature over %s (key %u) begins in %u s", owner,
                         (unsigned)sig->key_tag, (unsigned)(sig->inception - now));
                return false;
        }
        return true;
}

/* --- One signature ------------------------------------------------------------------------------------------------ */

static enum verify_result look_up_or_start(const struct verify_context *context, struct crypto_key *key, const struct rdata *dnskey,
                                           const uint8_t *data, size_t len, const struct rrsig *sig, struct verify_jobs *jobs)
{
        const struct crypto_piece pieces[] = {
                { .bytes = data, .len = len },
                { .bytes = sig->signature, .len = sig->signature_len },
                { .bytes = dnskey->bytes, .len = dnskey->len },
        };
        struct verify_budget *budget = context->budget;
        struct memo_entry *entry;
        uint8_t digest[MEMO_DIGEST_LEN];

        crypto_sha256(pieces, 3, digest);
        entry = map_get(&context->memo->table, digest, sizeof digest);
        if (entry && entry->state != CHECK_RUNNING)
                return entry->state == CHECK_GOOD ? VERIFY_GOOD : VERIFY_BAD;
        if (entry) {
                jobs->awaited = entry->number;
                return VERIFY_WAIT;
        }
        if (budget->checks >= LIMIT_CHECKS || budget->failed >= LIMIT_CHECKS_FAILED || budget->in_message >= LIMIT_CHECKS_PER_MESSAGE)
                return VERIFY_BUDGET;
        entry = calloc(1, sizeof *entry);
        struct check *check = entry ? check_new(key, data, len, sig) : NULL;
        if (!check) {
                free(entry);
                return VERIFY_BUDGET;
        }
        memcpy(entry->digest, digest, sizeof digest);
        entry->state = CHECK_RUNNING;
        entry->memo = context->memo;
        entry->number = check->number = ++context->memo->last_number;
        if (map_put(&context->memo->table, entry->digest, sizeof entry->digest, entry) != ERR_OK ||
            map_put(&context->memo->running, &entry->number, sizeof entry->number, entry) != ERR_OK) {
                map_take(&context->memo->table, entry->digest, sizeof entry->digest);
                free(entry);
                check_free(check);
                return VERIFY_BUDGET;
        }
        budget->checks++;
        budget->in_message++;
        jobs->awaited = check->number;
        jobs->job[jobs->count++] = check;
        return VERIFY_WAIT;
}

static void tell(const struct verify_context *context, const struct rrset *set, const struct rrsig *sig, const char *verdict)
{
        trace_step(context->trace, context->task, context->now_us, STEP_SIGNATURE, &set->owner, (unsigned)set->type, &sig->signer,
                   (uint64_t)sig->key_tag, (uint64_t)sig->algorithm, (uint64_t)sig->inception, (uint64_t)sig->expiration, verdict);
}

/* One signature against the keys with its tag and algorithm. A bad result of an earlier run costs nothing again. */
static enum verify_result try_signature(const struct verify_context *context, const struct rrset *set, const struct rrsig *sig,
                                        const struct rdata *sig_rdata, struct zone_keys *keys, struct verify_jobs *jobs,
                                        const char *owner, struct complaint *complaint)
{
        struct arena_mark mark = arena_mark(context->arena);
        enum verify_result result = VERIFY_BAD;
        const uint8_t *data = NULL;
        unsigned tried = 0;
        size_t len = 0;

        for (unsigned i = 0; i < keys->count && tried < LIMIT_KEYS_PER_TAG && result == VERIFY_BAD; i++) {
                if (keys->item[i].tag != sig->key_tag || keys->item[i].algorithm != sig->algorithm)
                        continue;
                struct crypto_key *key = key_at(keys, i, context->policy);
                tried++;
                if (!key)
                        continue;
                if (!data)
                        data = signed_data(set, sig, sig_rdata, context->arena, &len);
                result = data ? look_up_or_start(context, key, &keys->item[i].rdata, data, len, sig, jobs) : VERIFY_BUDGET;
        }
        arena_reset(context->arena, mark);
        if (!tried)
                complain(complaint, TELLS_NO_KEY, EDE_DNSKEY_MISSING, "no usable key with tag %u for the signature over %s", (unsigned)sig->key_tag, owner);
        else if (result == VERIFY_BAD)
                complain(complaint, TELLS_BROKEN, EDE_BOGUS, "the signature over %s by key %u does not hold", owner, (unsigned)sig->key_tag);
        if (result == VERIFY_GOOD || result == VERIFY_BAD)
                tell(context, set, sig, result == VERIFY_GOOD ? "good" : tried ? "does not hold" : "no such key");
        return result;
}

static uint32_t bounded_ttl(const struct rrset *set, const struct rrsig *sig, uint64_t wall_s)
{
        uint32_t left = sig->expiration - (uint32_t)wall_s;
        uint32_t ttl = set->ttl < sig->original_ttl ? set->ttl : sig->original_ttl;

        if ((int32_t)left < 0)
                left = 0; /* expired within the skew: good for this once */
        return ttl < left ? ttl : left;
}

enum verify_result verify_set(const struct verify_context *context, const struct rrset *set, struct zone_keys *keys,
                              struct verified *out, struct verify_jobs *jobs, struct reason *why)
{
        char owner[NAME_TEXT_MAX];
        struct complaint complaint = { .why = why };
        unsigned failed = 0;

        name_text(&set->owner, owner);
        if (!set->sig_count)
                complain(&complaint, TELLS_BROKEN, EDE_RRSIGS_MISSING, "%.120s has no signature", owner);
        for (unsigned i = 0; i < set->sig_count && failed < LIMIT_CHECKS_FAILED_PER_SET; i++) {
                struct rrsig sig;

                if (!rrsig_read(&set->sigs[i], &sig) || !is_ours(set, &sig, &keys->zone, owner, &complaint))
                        continue;
                if (!is_in_time(&sig, context->wall_s, owner, &complaint)) {
                        tell(context, set, &sig, "out of its time");
                        continue;
                }
                enum verify_result result = try_signature(context, set, &sig, &set->sigs[i], keys, jobs, owner, &complaint);
                if (result == VERIFY_GOOD) {
                        unsigned own = set->owner.label_count - (name_is_wildcard(&set->owner) ? 1u : 0u);

                        *out = (struct verified){ .sig = sig, .ttl = bounded_ttl(set, &sig, context->wall_s), .wildcard = sig.labels < own };
                        return VERIFY_GOOD;
                }
                if (result != VERIFY_BAD)
                        return result;
                failed++;
        }
        return VERIFY_BAD;
}

/* --- Key sets ----------------------------------------------------------------------------------------------------- */

enum { DS_SHA1 = 1, DS_HEAD_LEN = 4 };

static bool ds_is_supported(const struct crypto_policy *policy, const struct rdata *ds)
{
        return ds->len > DS_HEAD_LEN && crypto_algorithm_supported(policy, ds->bytes[2]) && crypto_digest_supported(policy, ds->bytes[3]);
}

/* RFC 4509 3: where there is a stronger digest, SHA-1 counts no more. */
static bool has_better_than_sha1(const struct crypto_policy *policy, const struct rrset *ds)
{
        for (unsigned i = 0; i < ds->count; i++)
                if (ds_is_supported(policy, &ds->rdata[i]) && ds->rdata[i].bytes[3] != DS_SHA1)
                        return true;
        return false;
}

/* The keys of the set that this DS names, added to those to try. */
static void add_named_keys(const struct verify_context *context, const struct rrset *dnskey, const struct rdata *ds, struct zone_keys *named,
                           unsigned *mismatches)
{
        for (unsigned i = 0; i < dnskey->count && *mismatches < LIMIT_DS_MISMATCHES && named->count < ZONE_KEYS_MAX; i++) {
                const struct rdata *key = &dnskey->rdata[i];
                struct rrset one = *dnskey;

                if (key->len <= 4 || key->bytes[3] != ds->bytes[2] || crypto_key_tag(key) != load_u16(ds->bytes))
                        continue;
                if (!crypto_ds_matches(context->policy, &dnskey->owner, ds, key)) {
                        ++*mismatches;
                        continue;
                }
                struct zone_keys single;
                one.rdata = key;
                one.count = 1;
                zone_keys_init(&single, context->policy, &one);
                if (single.count)
                        named->item[named->count++] = single.item[0];
        }
}

enum verify_result verify_keys(const struct verify_context *context, const struct rrset *dnskey, const struct rrset *ds,
                               struct verified *out, struct verify_jobs *jobs, bool *unsupported, struct reason *why)
{
        struct zone_keys named = { .zone = dnskey->owner };
        bool without_sha1 = has_better_than_sha1(context->policy, ds);
        unsigned considered = 0, mismatches = 0;
        char owner[NAME_TEXT_MAX];

        for (unsigned i = 0; i < ds->count && considered < LIMIT_DS_TRIED; i++) {
                const struct rdata *one = &ds->rdata[i];

                if (!ds_is_supported(context->policy, one) || (without_sha1 && one->bytes[3] == DS_SHA1))
                        continue;
                considered++;
                add_named_keys(context, dnskey, one, &named, &mismatches);
        }
        *unsupported = considered == 0;
        if (!named.count) {
                struct complaint complaint = { .why = why };

                complain(&complaint, TELLS_NO_KEY, EDE_DNSKEY_MISSING, "no key of %.120s is named by its DS records", name_text(&dnskey->owner, owner));
                return VERIFY_BAD;
        }
        enum verify_result result = verify_set(context, dnskey, &named, out, jobs, why);
        zone_keys_release(&named);
        return result;
}
