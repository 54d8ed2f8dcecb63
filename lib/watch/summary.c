#include "watch/summary.h"

#include "wire/codes.h"
#include <string.h>

static uint64_t number_in(const struct step_view *step, const char *field, uint64_t otherwise)
{
        struct step_field value;

        return step_field(step, field, &value) ? value.number : otherwise;
}

static void read_name(const struct step_view *step, const char *field, struct name *out)
{
        struct step_field value;

        if (step_field(step, field, &value))
                *out = value.name;
}

static void read_step(const struct step_view *step, struct summary *out)
{
        if (step->task != 0)
                return;
        if (step->kind == STEP_QUESTION) {
                read_name(step, "qname", &out->qname);
                out->qtype = (uint16_t)number_in(step, "qtype", 0);
        } else if (step->kind == STEP_CUT) {
                read_name(step, "zone", &out->zone);
        } else if (step->kind == STEP_ANSWER) {
                out->answered = true;
                out->rcode = (uint16_t)number_in(step, "rcode", 0);
                out->total_us = number_in(step, "total", 0);
                out->sent = (uint32_t)number_in(step, "sent", 0);
                out->ede = (uint16_t)number_in(step, "ede", EDE_NONE);
        }
}

void summary_of(const struct trace_view *trace, struct summary *out)
{
        struct step_view step;

        *out = (struct summary){
                .id = trace->id,
                .span = trace->span,
                .parent = trace->parent,
                .wall_us = trace->wall_us,
                .qname = name_root,
                .zone = name_root,
                .ede = EDE_NONE,
        };
        for (size_t at = 0; trace_next(trace, &at, &step); out->steps++)
                read_step(&step, out);
}

/* --- Packed ---------------------------------------------------------------------------------------------------- */

/*
 *   id (16) | span (8) | parent (8) | wall, us (8) | qtype (2) | answered (1) | rcode (2) | ede (2) | total, us (8) |
 *   sent (4) | steps (2) | qname | zone
 */
size_t summary_pack(const struct summary *summary, uint8_t out[SUMMARY_MAX])
{
        struct writer w = writer_over(out, SUMMARY_MAX);

        write_bytes(&w, summary->id.bytes, TRACE_ID_LEN);
        write_u64(&w, summary->span);
        write_u64(&w, summary->parent);
        write_u64(&w, summary->wall_us);
        write_u16(&w, summary->qtype);
        write_u8(&w, summary->answered);
        write_u16(&w, summary->rcode);
        write_u16(&w, summary->ede);
        write_u64(&w, summary->total_us);
        write_u32(&w, summary->sent);
        write_u16(&w, summary->steps);
        write_bytes(&w, summary->qname.wire, summary->qname.len);
        write_bytes(&w, summary->zone.wire, summary->zone.len);
        return writer_len(&w);
}

enum err summary_unpack(const uint8_t *bytes, size_t len, struct summary *out)
{
        struct reader r = reader_over(bytes, len);
        struct summary read = { .ede = EDE_NONE };
        const uint8_t *id = read_bytes(&r, TRACE_ID_LEN);

        read.span = read_u64(&r);
        read.parent = read_u64(&r);
        read.wall_us = read_u64(&r);
        read.qtype = read_u16(&r);
        read.answered = read_u8(&r) != 0;
        read.rcode = read_u16(&r);
        read.ede = read_u16(&r);
        read.total_us = read_u64(&r);
        read.sent = read_u32(&r);
        read.steps = read_u16(&r);
        if (r.failed || name_read(&r, &read.qname) || name_read(&r, &read.zone))
                return ERR_FORM;
        memcpy(read.id.bytes, id, TRACE_ID_LEN);
        *out = read;
        return ERR_OK;
}
