#pragma once
/*
 * The scrubbing matrix: one record too many in a reply, for each section, type and relation of its owner to the
 * question `www.zone.test. A` at the servers of `zone.test.`. All that it would bring, if believed, can be
 * recognised: addresses are 203.0.113.66, names lead to evil.example., digests hold the same bytes.
 */
#include "wire/message.h"
#include "wire/rrtype.h"
#include <stdio.h>

enum matrix_owner { AT_QNAME, BELOW_QNAME, SIBLING, APEX, PARENT, ROOT, FOREIGN, MATRIX_OWNERS };

static const char *const matrix_owner[MATRIX_OWNERS] = {
        [AT_QNAME] = "www.zone.test.",
        [BELOW_QNAME] = "a.www.zone.test.",
        [SIBLING] = "mail.zone.test.",
        [APEX] = "zone.test.",
        [PARENT] = "test.",
        [ROOT] = ".",
        [FOREIGN] = "victim.example.",
};

static const struct {
        uint16_t type;
        const char *text;
} matrix_record[] = {
        { TYPE_A, "A 203.0.113.66" },
        { TYPE_AAAA, "AAAA 2001:db8:cb00:7142:cb00:7142:cb00:7142" },
        { TYPE_NS, "NS ns.evil.example." },
        { TYPE_CNAME, "CNAME evil.example." },
        { TYPE_DNAME, "DNAME evil.example." },
        { TYPE_SOA, "SOA ns.evil.example. evil.example. 1 3600 600 86400 300" },
        { TYPE_DS, "DS 1 13 2 CB007142CB007142CB007142CB007142CB007142CB007142CB007142CB007142" },
        { TYPE_MX, "MX 10 evil.example." },
        { TYPE_TXT, "TXT \"evil\"" },
};

enum { MATRIX_TYPES = sizeof(matrix_record) / sizeof(matrix_record[0]), MATRIX_LINE = 600 };

/* What the reply says beside the record too many. */
enum matrix_base { SAYS_ANSWER, SAYS_NOTHING, SAYS_NXDOMAIN, MATRIX_BASES };

#define MATRIX_SOA "zone.test. SOA ns.zone.test. hostmaster.zone.test. 1 3600 600 86400 300"

static const struct {
        uint16_t rcode;
        const char *section[SECTION_COUNT];
} matrix_base[MATRIX_BASES] = {
        [SAYS_ANSWER] = { RCODE_NOERROR, { "www.zone.test. A 192.0.2.80" } },
        [SAYS_NOTHING] = { RCODE_NOERROR, { NULL } },
        [SAYS_NXDOMAIN] = { RCODE_NXDOMAIN, { NULL, MATRIX_SOA } },
};

/* One cell. */
struct cell {
        enum matrix_base base;
        enum section section;
        unsigned type; /* index of matrix_record */
        enum matrix_owner owner;
        bool aa;
        char line[SECTION_COUNT][MATRIX_LINE];
};

/* Cell number n: 0.. ; false: there are no more. */
static inline bool matrix_cell(unsigned n, struct cell *cell)
{
        cell->aa = n % 2;
        n /= 2;
        cell->owner = n % MATRIX_OWNERS;
        n /= MATRIX_OWNERS;
        cell->type = n % MATRIX_TYPES;
        n /= MATRIX_TYPES;
        cell->section = n % SECTION_COUNT;
        n /= SECTION_COUNT;
        cell->base = n;
        if (n >= MATRIX_BASES)
                return false;
        for (enum section s = 0; s < SECTION_COUNT; s++) {
                const char *said = matrix_base[cell->base].section[s];

                snprintf(cell->line[s], MATRIX_LINE, "%s", said ? said : "");
                if (s == cell->section)
                        snprintf(cell->line[s], MATRIX_LINE, "%s\n%s %s", said ? said : "", matrix_owner[cell->owner],
                                 matrix_record[cell->type].text);
        }
        return true;
}

/* Flags and rcode of the cell's reply. */
static inline uint16_t matrix_flags(const struct cell *cell)
{
        return (uint16_t)(FLAG_QR | (cell->aa ? FLAG_AA : 0) | matrix_base[cell->base].rcode);
}

/* The cells in which the record is not too many: it is on the way from the question. */
static const struct {
        enum matrix_base base;
        enum section section;
        uint16_t type;
        enum matrix_owner owner;
        int aa;             /* -1: with and without */
        const char *claim;  /* as claim_text() puts it */
        const char *stored; /* beside what every cell may store; "" if nothing */
} matrix_exception[] = {
        { SAYS_ANSWER, SECTION_ANSWER, TYPE_A, AT_QNAME, -1, "answer: 2 records", "R www.zone.test. A;" },

        { SAYS_NOTHING, SECTION_ANSWER, TYPE_A, AT_QNAME, -1, "answer: 1 records", "R www.zone.test. A;" },
        { SAYS_NOTHING, SECTION_ANSWER, TYPE_CNAME, AT_QNAME, -1, "alias: CNAME www.zone.test.",
          "R www.zone.test. CNAME;R evil.example. TYPE0;" },
        { SAYS_NOTHING, SECTION_ANSWER, TYPE_DNAME, APEX, -1, "alias: DNAME zone.test.",
          "R zone.test. DNAME;R www.evil.example. TYPE0;" },
        { SAYS_NOTHING, SECTION_AUTHORITY, TYPE_NS, AT_QNAME, -1, "referral: www.zone.test. 1 servers 0 addresses",
          "D www.zone.test.;R ns.evil.example. TYPE0;" },
        { SAYS_NOTHING, SECTION_AUTHORITY, TYPE_NS, BELOW_QNAME, 0, "lame", "" },
        { SAYS_NOTHING, SECTION_AUTHORITY, TYPE_NS, SIBLING, 0, "lame", "" },
        { SAYS_NOTHING, SECTION_AUTHORITY, TYPE_NS, FOREIGN, 0, "lame", "" },
        { SAYS_NOTHING, SECTION_AUTHORITY, TYPE_NS, APEX, 0, "lame", "" },
        { SAYS_NOTHING, SECTION_AUTHORITY, TYPE_NS, PARENT, -1, "lame", "" },
        { SAYS_NOTHING, SECTION_AUTHORITY, TYPE_NS, ROOT, -1, "lame", "" },
        { SAYS_NOTHING, SECTION_AUTHORITY, TYPE_SOA, AT_QNAME, -1, "answer: no such type, SOA www.zone.test.",
          "R www.zone.test. A;" },
        { SAYS_NOTHING, SECTION_AUTHORITY, TYPE_SOA, APEX, -1, "answer: no such type, SOA zone.test.",
          "R www.zone.test. A;" },

        { SAYS_NXDOMAIN, SECTION_ANSWER, TYPE_A, AT_QNAME, -1, "answer: 1 records", "R www.zone.test. A;" },
        { SAYS_NXDOMAIN, SECTION_ANSWER, TYPE_CNAME, AT_QNAME, -1, "alias: CNAME www.zone.test.",
          "R www.zone.test. CNAME;R evil.example. TYPE0;" },
        { SAYS_NXDOMAIN, SECTION_ANSWER, TYPE_DNAME, APEX, -1, "alias: DNAME zone.test.",
          "R zone.test. DNAME;R www.evil.example. TYPE0;" },
        { SAYS_NXDOMAIN, SECTION_AUTHORITY, TYPE_SOA, AT_QNAME, -1, "answer: no such name, SOA www.zone.test.",
          "R www.zone.test. TYPE0;" },
        { SAYS_NXDOMAIN, SECTION_AUTHORITY, TYPE_SOA, APEX, -1, "answer: no such name, SOA zone.test.",
          "R www.zone.test. TYPE0;" },
};

/* The number of the cell's exception; -1: it is none. */
static inline int matrix_exception_of(const struct cell *cell)
{
        for (unsigned i = 0; i < sizeof(matrix_exception) / sizeof(matrix_exception[0]); i++)
                if (matrix_exception[i].base == cell->base && matrix_exception[i].section == cell->section &&
                    matrix_exception[i].type == matrix_record[cell->type].type &&
                    matrix_exception[i].owner == cell->owner &&
                    (matrix_exception[i].aa < 0 || matrix_exception[i].aa == cell->aa))
                        return (int)i;
        return -1;
}
