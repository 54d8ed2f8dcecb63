#include "zonefile.h"
#include <errno.h>
#include <ldns/ldns.h>
#include <string.h>

enum { DEFAULT_TTL = 3600, RDATA_MAX = 65535 };

/* $TTL, $ORIGIN and empty lines are no records and no mistakes. */
static bool is_directive(ldns_status status)
{
        return status == LDNS_STATUS_SYNTAX_TTL || status == LDNS_STATUS_SYNTAX_ORIGIN ||
               status == LDNS_STATUS_SYNTAX_EMPTY;
}

static bool record_add(struct lab_zone *zone, const ldns_rr *rr)
{
        ldns_buffer *data = ldns_buffer_new(512);
        bool good = data && ldns_rr_rdata2buffer_wire(data, rr) == LDNS_STATUS_OK &&
                    ldns_buffer_position(data) <= RDATA_MAX && ldns_rdf_size(ldns_rr_owner(rr)) <= DNAME_MAX;

        good = good && lab_zone_add(zone, ldns_rdf_data(ldns_rr_owner(rr)), (uint16_t)ldns_rr_get_type(rr),
                                    ldns_rr_ttl(rr), ldns_buffer_begin(data), ldns_buffer_position(data));
        ldns_buffer_free(data);
        return good;
}

static bool records_read(struct lab_zone *zone, FILE *file, int *line, const char **why)
{
        ldns_rdf *origin = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, dname_len(zone->apex), zone->apex);
        ldns_rdf *previous = NULL;
        uint32_t ttl = DEFAULT_TTL;
        bool good = true;

        while (good && !feof(file)) {
                ldns_rr *rr = NULL;
                ldns_status status = ldns_rr_new_frm_fp_l(&rr, file, &ttl, &origin, &previous, line);
                if (status == LDNS_STATUS_OK) {
                        good = record_add(zone, rr);
                        *why = "record outside the zone, or too long";
                        ldns_rr_free(rr);
                } else if (!is_directive(status)) {
                        good = false;
                        *why = ldns_get_errorstr_by_id(status);
                }
        }
        ldns_rdf_deep_free(origin);
        ldns_rdf_deep_free(previous);
        return good;
}

bool zonefile_read(struct lab_zone *zone, const char *path, char complaint[COMPLAINT_MAX])
{
        FILE *file = fopen(path, "r");
        const char *why = "";
        int line = 1;

        if (!file) {
                snprintf(complaint, COMPLAINT_MAX, "%s: %s", path, strerror(errno));
                return false;
        }
        bool good = records_read(zone, file, &line, &why);
        fclose(file);
        if (!good)
                snprintf(complaint, COMPLAINT_MAX, "%s:%d: %s", path, line, why);
        return good;
}

static void record_write(FILE *out, const uint8_t *owner, const struct lab_set *set, const struct lab_rdata *rdata)
{
        static uint8_t wire[DNAME_MAX + 10 + RDATA_MAX];
        size_t n = dname_len(owner), used = 0;
        ldns_rr *rr = NULL;

        memcpy(wire, owner, n);
        ldns_write_uint16(wire + n, set->type);
        ldns_write_uint16(wire + n + 2, LDNS_RR_CLASS_IN);
        ldns_write_uint32(wire + n + 4, set->ttl);
        ldns_write_uint16(wire + n + 8, rdata->len);
        memcpy(wire + n + 10, rdata->bytes, rdata->len);
        if (ldns_wire2rr(&rr, wire, n + 10 + rdata->len, &used, LDNS_SECTION_ANSWER) == LDNS_STATUS_OK) {
                ldns_rr_print(out, rr);
                ldns_rr_free(rr);
        }
}

void zonefile_write_set(FILE *out, const uint8_t *owner, const struct lab_set *set)
{
        for (uint16_t i = 0; i < set->count; i++)
                record_write(out, owner, set, &set->data[i]);
}
