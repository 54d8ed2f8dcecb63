/*
 * Values of the store: written, weighed, read.
 *
 * All numbers are in network byte order. A value begins with its head:
 *
 *    0  hash       8  SipHash of all that follows, under the store's secret and the key: a value that was moved under
 *                     another key is no value
 *    8  schema     1  ENTRY_SCHEMA; another one is a miss, never migrated
 *    9  kind       1  enum entry_kind, and above its four bits the verdict
 *   10  rank       1  and above its four bits how many proof sets there are
 *   11  family     1  of the server that brought it: 4, 6 or 0
 *   12  stored at  5  seconds of cache time
 *   17  life       4  seconds from then to its end
 *   21  anchors    4  fingerprint of the trust anchors it was judged by
 *   25  trace     16  the trace that learned it
 *   41  server     0, 4 or 16 bytes
 *
 * and goes on by kind:
 *
 *   set            set, why if the verdict is bogus or insecure, proofs
 *   no data, no such name   why if the verdict is bogus or insecure, proofs
 *   failure        rcode (2), failures in a row (4), why; proofs (none)
 *   delegation     cut (name), DS state (1), the DS set if there is one, proofs,
 *                  servers (1), each: name, addresses (1), each: family (1), 4 or 16 bytes
 *   server         the fields of struct server_note in their order; the cookie in full length
 *   zone           chain (8), since (8), by NSEC3 (1), salt's length (1), salt, name, proofs (the SOA set, or none)
 *
 *   why            1 + extended error (number), its text's length (1), text; or 0 (number): nothing to say
 *
 * Numbers, names and sets are packed, see packed.h. Nothing follows the last field.
 */
#include "cache/entry.h"
#include "base/buf.h"
#include "cache/packed.h"
#include "wire/codes.h"
#include "wire/rrtype.h"
#include <string.h>

enum {
        ENTRY_SCHEMA = 5,
        HASHED_FROM = 8,
        HEAD_LEN = 41,
        HALF = 4, /* bits: two small numbers in a byte */
        HALF_MASK = 15,
        SERVER_LIFE_S = 86400, /* how long we remember a server that we do not meet */
};

/* --- Writing ---------------------------------------------------------------------------------------------------- */

/* What the head says beside the struct entry_head. */
struct origin {
        const struct trace_id *trace;
        const struct address *server;
        uint8_t proof_count;
};

static void write_head(struct writer *writer, const struct entry_head *head, const struct origin *origin)
{
        uint64_t life_s = head->ends_at - head->stored_at;

        if (head->ends_at < head->stored_at || life_s > UINT32_MAX || head->stored_at >> 40)
                writer->failed = true;
        write_room(writer, HASHED_FROM); /* the hash: entry_finish() */
        write_u8(writer, ENTRY_SCHEMA);
        write_u8(writer, (uint8_t)(head->kind | (unsigned)head->verdict << HALF));
        write_u8(writer, (uint8_t)(head->rank | (unsigned)origin->proof_count << HALF));
        write_u8(writer, origin->server->family);
        write_u8(writer, (uint8_t)(head->stored_at >> 32));
        write_u32(writer, (uint32_t)head->stored_at);
        write_u32(writer, (uint32_t)life_s);
        write_u32(writer, head->anchors);
        write_bytes(writer, origin->trace->bytes, TRACE_ID_LEN);
        write_bytes(writer, origin->server->bytes, address_len(origin->server));
}

static void write_proofs(struct writer *writer, const struct name *base, const struct rrset *proof, uint8_t count)
{
        for (uint8_t i = 0; i < count; i++)
                packed_write_set(writer, base, &proof[i]);
}

/* Bogus data always says why it is; what counts as unsigned although it is signed, too. */
static bool has_why(enum verdict verdict)
{
        return verdict == VERDICT_BOGUS || verdict == VERDICT_INSECURE;
}

static void write_why(struct writer *writer, const struct ede *ede)
{
        packed_write_number(writer, (uint16_t)(ede->code + 1)); /* EDE_NONE: 0 */
        if (ede->code == EDE_NONE)
                return;
        write_u8(writer, ede->text_len);
        write_bytes(writer, ede->text, ede->text_len);
}

static void write_failure(struct writer *writer, const struct finding *finding)
{
        write_u16(writer, finding->rcode);
        write_u32(writer, finding->failures);
        write_why(writer, &finding->ede);
}

/* Fill in what only the end can know. Returns the length, 0 if the value did not fit. */
static size_t entry_finish(const struct entry_seal *seal, struct store_bytes key, struct writer *writer)
{
        size_t len = writer_len(writer);

        if (writer->failed)
                return 0;
        store_u64(writer->start, store_check(seal->secret, key, writer->start + HASHED_FROM, len - HASHED_FROM));
        return len;
}

size_t entry_write_finding(const struct entry_seal *seal, struct store_bytes key, const struct name *name,
                           const struct finding *finding, uint8_t out[STORE_VALUE_MAX])
{
        struct name_store room;
        struct name base = packed_base(name, room.bytes);
        struct writer writer = writer_over(out, STORE_VALUE_MAX);
        struct entry_head head = {
                .kind = (enum entry_kind)finding->kind, /* both enums begin alike */
                .verdict = finding->verdict,
                .rank = finding->rank,
                .stored_at = finding->stored_at,
                .ends_at = finding->ends_at,
                .anchors = seal->anchors,
        };
        struct origin origin = {
                .trace = &finding->trace, .server = &finding->server, .proof_count = finding->proof_count
        };

        if (finding->kind == FINDING_NONE || finding->proof_count > PROOF_MAX)
                return 0;
        write_head(&writer, &head, &origin);
        if (finding->kind == FINDING_SET)
                packed_write_set(&writer, &base, &finding->set);
        if (finding->kind == FINDING_FAILURE)
                write_failure(&writer, finding);
        else if (has_why(finding->verdict))
                write_why(&writer, &finding->ede);
        write_proofs(&writer, &base, finding->proof, finding->proof_count);
        return entry_finish(seal, key, &writer);
}

static void write_delegation_server(struct writer *writer, const struct name *base,
                                    const struct delegation_server *server)
{
        packed_write_name(writer, base, &server->name);
        write_u8(writer, server->address_count);
        for (uint8_t i = 0; i < server->address_count; i++) {
                write_u8(writer, server->address[i].family);
                write_bytes(writer, server->address[i].bytes, address_len(&server->address[i]));
        }
}

size_t entry_write_delegation(const struct entry_seal *seal, struct store_bytes key,
                              const struct delegation *delegation, uint8_t out[STORE_VALUE_MAX])
{
        struct name_store room;
        struct name base = packed_base(&delegation->cut, room.bytes);
        struct writer writer = writer_over(out, STORE_VALUE_MAX);
        struct entry_head head = {
                .kind = ENTRY_DELEGATION,
                .verdict = delegation->verdict,
                .rank = RANK_REFERRAL,
                .stored_at = delegation->stored_at,
                .ends_at = delegation->ends_at,
                .anchors = seal->anchors,
        };
        struct origin origin = {
                .trace = &delegation->trace, .server = &delegation->from, .proof_count = delegation->proof_count
        };

        if (delegation->proof_count > PROOF_MAX || delegation->server_count > DELEGATION_SERVERS)
                return 0;
        write_head(&writer, &head, &origin);
        packed_write_name(&writer, &base, &delegation->cut);
        write_u8(&writer, (uint8_t)delegation->ds_state);
        if (delegation->ds_state == DS_PRESENT)
                packed_write_set(&writer, &base, &delegation->ds);
        write_proofs(&writer, &base, delegation->proof, delegation->proof_count);
        write_u8(&writer, delegation->server_count);
        for (uint8_t i = 0; i < delegation->server_count; i++)
                write_delegation_server(&writer, &base, &delegation->server[i]);
        return entry_finish(seal, key, &writer);
}

size_t entry_write_server(const struct entry_seal *seal, struct store_bytes key, const struct server_note *note,
                          uint8_t out[STORE_VALUE_MAX])
{
        struct writer writer = writer_over(out, STORE_VALUE_MAX);
        struct entry_head head = {
                .kind = ENTRY_SERVER, .stored_at = note->seen_at, .ends_at = note->seen_at + SERVER_LIFE_S
        };
        struct trace_id no_trace = { { 0 } };
        struct address nobody = { 0 };

        write_head(&writer, &head, &(struct origin){ .trace = &no_trace, .server = &nobody });
        write_u32(&writer, note->srtt_us);
        write_u32(&writer, note->rttvar_us);
        write_u64(&writer, note->seen_at);
        write_u64(&writer, note->epoch);
        write_u16(&writer, note->timeouts);
        write_u64(&writer, note->dead_until);
        write_u64(&writer, note->no_edns_until);
        write_u64(&writer, note->tcp_only_until);
        write_u8(&writer, note->cookie_len);
        write_bytes(&writer, note->cookie, sizeof(note->cookie));
        write_bytes(&writer, note->cookie_client, sizeof(note->cookie_client));
        return entry_finish(seal, key, &writer);
}

size_t entry_write_zone(const struct entry_seal *seal, struct store_bytes key, const struct denying_zone *zone,
                        uint8_t out[STORE_VALUE_MAX])
{
        struct name_store room;
        struct name base = packed_base(&zone->soa.owner, room.bytes);
        struct writer writer = writer_over(out, STORE_VALUE_MAX);
        struct entry_head head = {
                .kind = ENTRY_ZONE,
                .verdict = VERDICT_SECURE,
                .rank = RANK_SECURE,
                .stored_at = zone->stored_at,
                .ends_at = zone->ends_at,
                .anchors = seal->anchors,
        };
        const struct origin origin = {
                .trace = &zone->trace, .server = &zone->from, .proof_count = zone->soa.count > 0
        };

        if (zone->salt_len > DENYING_SALT_MAX)
                return 0;
        write_head(&writer, &head, &origin);
        write_u64(&writer, zone->chain);
        write_u64(&writer, zone->since);
        write_u8(&writer, zone->nsec3);
        write_u8(&writer, zone->salt_len);
        write_bytes(&writer, zone->salt, zone->salt_len);
        packed_write_name(&writer, &base, &zone->soa.owner);
        write_proofs(&writer, &base, &zone->soa, origin.proof_count);
        return entry_finish(seal, key, &writer);
}

/* --- Weighing --------------------------------------------------------------------------------------------------- */

bool entry_intact(const uint8_t secret[SIPHASH_KEY_LEN], struct store_bytes key, struct store_bytes value)
{
        struct entry_head head;

        return entry_peek(value, &head) && load_u64(value.bytes) == store_check(secret, key, value.bytes + HASHED_FROM,
                                                                                value.len - HASHED_FROM);
}

bool entry_peek(struct store_bytes value, struct entry_head *out)
{
        const uint8_t *bytes = value.bytes;

        if (value.len < HEAD_LEN || value.len > STORE_VALUE_MAX || bytes[8] != ENTRY_SCHEMA)
                return false;
        *out = (struct entry_head){
                .kind = (enum entry_kind)(bytes[9] & HALF_MASK),
                .verdict = (enum verdict)(bytes[9] >> HALF),
                .rank = (enum rank)(bytes[10] & HALF_MASK),
                .stored_at = (uint64_t)bytes[12] << 32 | load_u32(bytes + 13),
                .anchors = load_u32(bytes + 21),
        };
        out->ends_at = out->stored_at + load_u32(bytes + 17);
        return out->kind >= ENTRY_SET && out->kind <= ENTRY_ZONE && out->verdict <= VERDICT_INDETERMINATE &&
               out->rank <= RANK_SECURE;
}

/* The type of the set in a value of kind ENTRY_SET; 0 if it cannot be read. */
static uint16_t entry_set_type(struct store_bytes value)
{
        struct reader reader = reader_over(value.bytes, value.len);

        (void)read_bytes(&reader, HEAD_LEN);
        (void)read_bytes(&reader, value.bytes[11] == 4 ? 4 : value.bytes[11] == 6 ? 16 : 0);
        return read_u16(&reader);
}

static bool is_same_ns(struct store_bytes old, const struct entry_head *was, struct store_bytes new,
                       const struct entry_head *is)
{
        return was->kind == ENTRY_SET && is->kind == ENTRY_SET && was->rank == is->rank &&
               was->verdict == is->verdict && entry_set_type(old) == TYPE_NS && entry_set_type(new) == TYPE_NS;
}

bool entry_replaces(struct store_bytes old, struct store_bytes new, uint64_t now_s)
{
        struct entry_head was, is;

        if (!entry_peek(new, &is))
                return false;
        if (!entry_peek(old, &was) || was.ends_at <= now_s)
                return true;
        if (is.kind == ENTRY_FAILURE && was.kind != ENTRY_FAILURE)
                return false;
        if (was.anchors != is.anchors)
                return true;
        if (is.rank < was.rank || (was.verdict == VERDICT_SECURE && is.verdict != VERDICT_SECURE))
                return false;
        if (is_same_ns(old, &was, new, &is))
                return false;
        return is.rank > was.rank || is.stored_at >= was.stored_at;
}

/* --- Reading ---------------------------------------------------------------------------------------------------- */

/* A reader that stands behind the head, and what the head says. */
struct open_entry {
        struct reader reader;
        struct name base; /* not of a server */
        struct entry_head head;
        uint8_t proof_count;
        struct trace_id trace;
        struct address server;
};

static enum err read_address(struct reader *reader, uint8_t family, struct address *out)
{
        size_t len = family == 4 ? 4 : family == 6 ? 16 : 0;
        const uint8_t *bytes = read_bytes(reader, len);

        if (!bytes)
                return ERR_SHORT;
        if (family != 0 && len == 0)
                return ERR_FORM;
        *out = len ? address_from(bytes, len) : (struct address){ 0 };
        return ERR_OK;
}

static enum err entry_open(struct store_bytes value, struct open_entry *out)
{
        if (!entry_peek(value, &out->head))
                return ERR_FORM;
        out->proof_count = value.bytes[10] >> HALF;
        if (out->proof_count > PROOF_MAX)
                return ERR_LIMIT;
        memcpy(out->trace.bytes, value.bytes + HEAD_LEN - TRACE_ID_LEN, TRACE_ID_LEN);
        out->reader = reader_over(value.bytes, value.len);
        (void)read_bytes(&out->reader, HEAD_LEN);
        return read_address(&out->reader, value.bytes[11], &out->server);
}

/* The same for a value with names in it, kept under this one. */
static enum err entry_open_named(struct store_bytes value, const struct name *name, struct arena *arena,
                                 struct open_entry *out)
{
        enum err err = entry_open(value, out);

        if (err)
                return err;
        uint8_t *room = arena_alloc(arena, name->len);
        if (!room)
                return ERR_MEMORY;
        out->base = packed_base(name, room);
        return ERR_OK;
}

/* Nothing may be missing, nothing may follow. */
static enum err entry_end(const struct reader *reader)
{
        if (reader->failed)
                return ERR_SHORT;
        return reader_left(reader) > 0 ? ERR_TRAILING : ERR_OK;
}

static enum err read_proofs(struct open_entry *entry, struct arena *arena, struct rrset proof[PROOF_MAX])
{
        for (uint8_t i = 0; i < entry->proof_count; i++) {
                enum err err = packed_read_set(&entry->reader, &entry->base, arena, &proof[i]);

                if (err)
                        return err;
        }
        return ERR_OK;
}

static enum err read_why(struct reader *reader, struct ede *ede)
{
        uint32_t code = packed_read_number(reader);

        if (reader->failed)
                return ERR_SHORT;
        if (code > UINT16_MAX)
                return ERR_FORM;
        ede->code = (uint16_t)(code - 1);
        if (code == 0)
                return ERR_OK;
        ede->text_len = read_u8(reader);
        if (ede->text_len > EDE_TEXT_MAX)
                return ERR_LIMIT;
        const uint8_t *text = read_bytes(reader, ede->text_len);
        if (!text)
                return ERR_SHORT;
        memcpy(ede->text, text, ede->text_len);
        return ERR_OK;
}

static enum err read_failure(struct reader *reader, struct finding *finding)
{
        finding->rcode = read_u16(reader);
        finding->failures = read_u32(reader);
        return read_why(reader, &finding->ede);
}

static enum err read_finding_body(struct open_entry *entry, struct arena *arena, struct finding *finding)
{
        enum err err = ERR_OK;

        switch (entry->head.kind) {
        case ENTRY_SET:
                err = packed_read_set(&entry->reader, &entry->base, arena, &finding->set);
                break;
        case ENTRY_FAILURE:
                err = read_failure(&entry->reader, finding);
                break;
        case ENTRY_NODATA:
        case ENTRY_NXDOMAIN:
                break;
        case ENTRY_DELEGATION:
        case ENTRY_SERVER:
        case ENTRY_ZONE:
                return ERR_FORM;
        }
        if (!err && entry->head.kind != ENTRY_FAILURE && has_why(entry->head.verdict))
                err = read_why(&entry->reader, &finding->ede);
        if (!err)
                err = read_proofs(entry, arena, finding->proof);
        return err ? err : entry_end(&entry->reader);
}

enum err entry_read_finding(struct store_bytes value, const struct name *name, struct arena *arena,
                            struct finding *out)
{
        struct open_entry entry;
        struct finding finding = { 0 };
        enum err err = entry_open_named(value, name, arena, &entry);

        if (!err)
                err = read_finding_body(&entry, arena, &finding);
        if (err)
                return err;
        finding.kind = (enum finding_kind)entry.head.kind;
        finding.verdict = entry.head.verdict;
        finding.rank = entry.head.rank;
        finding.proof_count = entry.proof_count;
        finding.stored_at = entry.head.stored_at;
        finding.ends_at = entry.head.ends_at;
        finding.trace = entry.trace;
        finding.server = entry.server;
        *out = finding;
        return ERR_OK;
}

static enum err read_delegation_server(struct reader *reader, const struct name *base, struct delegation_server *out)
{
        enum err err = packed_read_name(reader, base, &out->name);

        if (err)
                return err;
        out->address_count = read_u8(reader);
        if (out->address_count > DELEGATION_NAME_ADDRESSES)
                return ERR_LIMIT;
        for (uint8_t i = 0; i < out->address_count; i++) {
                uint8_t family = read_u8(reader);

                if (family == 0)
                        return ERR_FORM;
                err = read_address(reader, family, &out->address[i]);
                if (err)
                        return err;
        }
        return ERR_OK;
}

static enum err read_servers(struct open_entry *entry, struct delegation *delegation)
{
        struct reader *reader = &entry->reader;

        delegation->server_count = read_u8(reader);
        if (delegation->server_count > DELEGATION_SERVERS)
                return ERR_LIMIT;
        for (uint8_t i = 0; i < delegation->server_count; i++) {
                enum err err = read_delegation_server(reader, &entry->base, &delegation->server[i]);

                if (err)
                        return err;
        }
        return entry_end(reader);
}

static enum err read_delegation_body(struct open_entry *entry, struct arena *arena, struct delegation *delegation)
{
        struct reader *reader = &entry->reader;
        enum err err = packed_read_name(reader, &entry->base, &delegation->cut);

        if (err)
                return err;
        uint8_t state = read_u8(reader);
        if (state > DS_PRESENT)
                return ERR_FORM;
        delegation->ds_state = (enum ds_state)state;
        if (delegation->ds_state == DS_PRESENT)
                err = packed_read_set(reader, &entry->base, arena, &delegation->ds);
        if (!err)
                err = read_proofs(entry, arena, delegation->proof);
        return err ? err : read_servers(entry, delegation);
}

enum err entry_read_delegation(struct store_bytes value, const struct name *name, struct arena *arena,
                               struct delegation *out)
{
        struct open_entry entry;
        struct delegation delegation = { 0 };
        enum err err = entry_open_named(value, name, arena, &entry);

        if (err)
                return err;
        if (entry.head.kind != ENTRY_DELEGATION)
                return ERR_FORM;
        err = read_delegation_body(&entry, arena, &delegation);
        if (err)
                return err;
        delegation.stored_at = entry.head.stored_at;
        delegation.ends_at = entry.head.ends_at;
        delegation.verdict = entry.head.verdict;
        delegation.proof_count = entry.proof_count;
        delegation.trace = entry.trace;
        delegation.from = entry.server;
        *out = delegation;
        return ERR_OK;
}

static void read_note(struct reader *reader, struct server_note *note)
{
        note->srtt_us = read_u32(reader);
        note->rttvar_us = read_u32(reader);
        note->seen_at = read_u64(reader);
        note->epoch = read_u64(reader);
        note->timeouts = read_u16(reader);
        note->dead_until = read_u64(reader);
        note->no_edns_until = read_u64(reader);
        note->tcp_only_until = read_u64(reader);
        note->cookie_len = read_u8(reader);
}

enum err entry_read_server(struct store_bytes value, struct server_note *out)
{
        struct open_entry entry;
        struct server_note note = { 0 };
        enum err err = entry_open(value, &entry);

        if (err)
                return err;
        if (entry.head.kind != ENTRY_SERVER)
                return ERR_FORM;
        read_note(&entry.reader, &note);
        const uint8_t *cookie = read_bytes(&entry.reader, sizeof(note.cookie));
        const uint8_t *client = read_bytes(&entry.reader, sizeof(note.cookie_client));
        if (!cookie || !client)
                return ERR_SHORT;
        if (note.cookie_len > COOKIE_SERVER_MAX || (note.cookie_len > 0 && note.cookie_len < 8))
                return ERR_FORM;
        memcpy(note.cookie, cookie, sizeof(note.cookie));
        memcpy(note.cookie_client, client, sizeof(note.cookie_client));
        err = entry_end(&entry.reader);
        if (!err)
                *out = note;
        return err;
}

static enum err read_zone_soa(struct open_entry *entry, struct arena *arena, struct denying_zone *zone)
{
        struct rrset soa = { .type = TYPE_SOA, .class = CLASS_IN };
        enum err err = packed_read_name(&entry->reader, &entry->base, &soa.owner);

        if (!err && entry->proof_count == 1)
                err = packed_read_set(&entry->reader, &entry->base, arena, &soa);
        if (err)
                return err;
        zone->soa = soa;
        return entry->proof_count > 1 || soa.type != TYPE_SOA ? ERR_FORM : ERR_OK;
}

static enum err read_zone_body(struct open_entry *entry, struct arena *arena, struct denying_zone *zone)
{
        struct reader *reader = &entry->reader;

        zone->chain = read_u64(reader);
        zone->since = read_u64(reader);
        uint8_t nsec3 = read_u8(reader);
        zone->nsec3 = nsec3 != 0;
        zone->salt_len = read_u8(reader);
        if (nsec3 > 1 || zone->salt_len > DENYING_SALT_MAX)
                return ERR_FORM;
        const uint8_t *salt = read_bytes(reader, zone->salt_len);
        if (!salt)
                return ERR_SHORT;
        memcpy(zone->salt, salt, zone->salt_len);
        enum err err = read_zone_soa(entry, arena, zone);
        return err ? err : entry_end(reader);
}

enum err entry_read_zone(struct store_bytes value, const struct name *name, struct arena *arena,
                         struct denying_zone *out)
{
        struct open_entry entry;
        struct denying_zone zone = { 0 };
        enum err err = entry_open_named(value, name, arena, &entry);

        if (err)
                return err;
        if (entry.head.kind != ENTRY_ZONE || entry.head.verdict != VERDICT_SECURE || entry.head.rank != RANK_SECURE)
                return ERR_FORM;
        err = read_zone_body(&entry, arena, &zone);
        if (err)
                return err;
        zone.stored_at = entry.head.stored_at;
        zone.ends_at = entry.head.ends_at;
        zone.trace = entry.trace;
        zone.from = entry.server;
        *out = zone;
        return ERR_OK;
}
