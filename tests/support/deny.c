/*
 * Records made up, put and asked.
 */
#include "deny.h"
#include "cache/batch.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WALL_S = 1700000000 };

static const uint8_t secret[SIPHASH_KEY_LEN] = "0123456789abcde";

const struct settings deny_settings = { .cache_max_ttl = 86400, .cache_max_negative_ttl = 3600 };

int deny_up(void **state)
{
        struct deny *bench = calloc(1, sizeof(*bench));

        bench->store = store_ram_new(1 << 20, secret);
        bench->cache = cache_new(bench->store, NULL, &deny_settings);
        bench->other = cache_new(bench->store, NULL, &deny_settings);
        arena_init(&bench->arena, 1 << 22);
        bench->now = (struct moment){ .cache_s = 1000000, .wall_s = WALL_S };
        cache_begin(bench->cache, &bench->now);
        cache_begin(bench->other, &bench->now);
        *state = bench;
        return 0;
}

int deny_down(void **state)
{
        struct deny *bench = *state;

        cache_free(bench->cache);
        cache_free(bench->other);
        store_close(bench->store);
        arena_fini(&bench->arena);
        free(bench);
        return 0;
}

void deny_pass(struct deny *bench, uint64_t seconds)
{
        bench->now.cache_s += seconds;
        bench->now.wall_s += seconds;
        cache_end(bench->cache);
        cache_end(bench->other);
        cache_begin(bench->cache, &bench->now);
        cache_begin(bench->other, &bench->now);
}

struct settled deny_settle(struct deny *bench)
{
        struct batch *batch = cache_take_batch(bench->cache);
        struct settled settled = { 0 };

        if (batch)
                settled = settle_apply(bench->store, NULL, &batch, 1, bench->now.cache_s);
        cache_tend(bench->cache);
        deny_pass(bench, 0);
        return settled;
}

/* --- Records ---------------------------------------------------------------------------------------------------- */

struct name deny_name(struct deny *bench, const char *text)
{
        uint8_t *room = arena_alloc(&bench->arena, NAME_WIRE_MAX);
        struct name name;

        assert_int_equal(name_from_text(text, room, &name), ERR_OK);
        return name;
}

static const struct rdata *rdata_of(struct deny *bench, const uint8_t *bytes, size_t len)
{
        struct rdata *rdata = arena_alloc(&bench->arena, sizeof(*rdata));

        *rdata = (struct rdata){ .bytes = arena_copy(&bench->arena, bytes, len), .len = (uint16_t)len };
        return rdata;
}

void deny_sign(struct deny *bench, const char *zone, struct rrset *set, uint32_t life, unsigned missing)
{
        struct name signer = deny_name(bench, zone);
        uint8_t bytes[512];
        struct writer writer = writer_over(bytes, sizeof(bytes));

        write_u16(&writer, set->type);
        write_u8(&writer, 13);
        write_u8(&writer, (uint8_t)(set->owner.label_count - name_is_wildcard(&set->owner) - missing));
        write_u32(&writer, 86400);
        write_u32(&writer, (uint32_t)bench->now.wall_s + life);
        write_u32(&writer, WALL_S - 1000);
        write_u16(&writer, 4711);
        write_bytes(&writer, signer.wire, signer.len);
        write_bytes(&writer, "signature", 9);
        set->sigs = rdata_of(bench, bytes, writer_len(&writer));
        set->sig_count = 1;
}

void deny_sign_for(struct deny *bench, struct rrset *set, uint32_t ttl)
{
        uint8_t bytes[512];

        memcpy(bytes, set->sigs[0].bytes, set->sigs[0].len);
        store_u32(bytes + 4, ttl);
        set->sigs = rdata_of(bench, bytes, set->sigs[0].len);
}

static struct rrset set_of(struct deny *bench, const char *zone, const char *owner, uint16_t type,
                           const struct writer *rdata)
{
        struct rrset set = {
                .owner = deny_name(bench, owner), .type = type, .class = CLASS_IN, .ttl = DENY_TTL, .count = 1,
                .rdata = rdata_of(bench, rdata->start, writer_len(rdata)),
        };

        deny_sign(bench, zone, &set, 86400, 0);
        return set;
}

/* Types up to 255, ended by 0, in one window. */
static void write_types(struct writer *writer, const uint16_t types[DENY_TYPES_MAX])
{
        uint8_t map[32] = { 0 };
        uint8_t len = 0;

        for (unsigned i = 0; i < DENY_TYPES_MAX && types[i]; i++) {
                map[types[i] / 8] |= 0x80 >> types[i] % 8;
                if (len <= types[i] / 8)
                        len = (uint8_t)(types[i] / 8 + 1);
        }
        if (len == 0)
                return; /* an empty non-terminal */
        write_u8(writer, 0);
        write_u8(writer, len);
        write_bytes(writer, map, len);
}

struct rrset deny_nsec(struct deny *bench, const char *zone, const struct deny_nsec *row)
{
        struct name next = deny_name(bench, row->next);
        uint8_t bytes[512];
        struct writer writer = writer_over(bytes, sizeof(bytes));

        write_bytes(&writer, next.wire, next.len);
        write_types(&writer, row->types);
        return set_of(bench, zone, row->owner, TYPE_NSEC, &writer);
}

struct rrset deny_soa(struct deny *bench, const char *zone, uint32_t minimum)
{
        uint8_t bytes[22] = { 0 };
        struct writer writer = writer_over(bytes, sizeof(bytes));

        write_bytes(&writer, "\0", 2); /* MNAME and RNAME: the root */
        for (unsigned i = 0; i < 4; i++)
                write_u32(&writer, i);
        write_u32(&writer, minimum);
        return set_of(bench, zone, zone, TYPE_SOA, &writer);
}

void deny_hash(struct deny *bench, const char *text, uint8_t salt_len, uint8_t out[NSEC3_HASH_LEN])
{
        struct denying_zone zone = { .nsec3 = true, .salt_len = salt_len, .salt = "salt" };
        struct name name = deny_name(bench, text);
        struct range_point point;

        assert_true(range_place(&zone, &name, &point));
        memcpy(out, point.bytes, NSEC3_HASH_LEN);
}

/* An owner below the zone made of a hash. */
static char *owner_of(struct deny *bench, const uint8_t hash[NSEC3_HASH_LEN], const char *zone)
{
        static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
        char *text = arena_alloc(&bench->arena, 512);

        for (unsigned i = 0; i < 32; i++) {
                unsigned bit = i * 5, pair = (unsigned)hash[bit / 8] << 8 | (bit / 8 < 19 ? hash[bit / 8 + 1] : 0);

                text[i] = letters[pair >> (11 - bit % 8) & 31];
        }
        snprintf(text + 32, 512 - 32, ".%s", strcmp(zone, ".") == 0 ? "" : zone);
        return text;
}

struct rrset deny_nsec3(struct deny *bench, const char *zone, const struct deny_manner *manner,
                        const uint8_t from[NSEC3_HASH_LEN], const uint8_t next[NSEC3_HASH_LEN],
                        const uint16_t types[DENY_TYPES_MAX])
{
        uint8_t bytes[512];
        struct writer writer = writer_over(bytes, sizeof(bytes));
        static const uint8_t salt[256] = "salt";

        write_u8(&writer, manner->algorithm);
        write_u8(&writer, manner->flags);
        write_u16(&writer, manner->iterations);
        write_u8(&writer, manner->salt_len);
        write_bytes(&writer, salt, manner->salt_len);
        write_u8(&writer, NSEC3_HASH_LEN);
        write_bytes(&writer, next, NSEC3_HASH_LEN);
        write_types(&writer, types);
        return set_of(bench, zone, owner_of(bench, from, zone), TYPE_NSEC3, &writer);
}

/* --- Putting and getting ---------------------------------------------------------------------------------------- */

static struct absence_origin origin_of(const struct deny *bench)
{
        return (struct absence_origin){
                .stored_at = bench->now.cache_s,
                .trace = { { 7 } },
                .server = { .family = 4, .bytes = { 192, 0, 2, 1 } },
        };
}

unsigned deny_put_set(struct deny *bench, cache_partition partition, const char *zone, const struct rrset *set,
                      const struct rrset *soa)
{
        const struct rrset sets[] = { soa ? *soa : *set, *set };
        const struct absence_origin origin = origin_of(bench);
        struct name apex = deny_name(bench, zone);
        unsigned kept = absence_put(bench->cache, partition, &apex, sets + !soa, soa ? 2 : 1, &origin, &bench->arena);

        deny_settle(bench);
        return kept;
}

unsigned deny_put_nsec(struct deny *bench, const char *zone, const struct deny_nsec *row)
{
        struct rrset soa = deny_soa(bench, zone, DENY_TTL);
        struct rrset set = deny_nsec(bench, zone, row);

        return deny_put_set(bench, 0, zone, &set, &soa);
}

bool deny_get(struct deny *bench, struct cache *cache, cache_partition partition, const char *zone,
              const char *qname, uint16_t qtype, struct finding *out)
{
        struct name apex = deny_name(bench, zone);
        struct name name = deny_name(bench, qname);

        return absence_get(cache, partition, &apex, &name, qtype, &bench->arena, out);
}

enum finding_kind deny_kind(struct deny *bench, const char *zone, const char *qname, uint16_t qtype)
{
        struct finding out;

        return deny_get(bench, bench->cache, 0, zone, qname, qtype, &out) ? out.kind : FINDING_NONE;
}

void deny_ask(struct deny *bench, const char *zone, const struct deny_question *rows, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                enum finding_kind kind = deny_kind(bench, zone, rows[i].qname, rows[i].qtype);

                if (kind != rows[i].kind)
                        fail_msg("%s type %u: %d, not %d", rows[i].qname, rows[i].qtype, kind, rows[i].kind);
        }
}
