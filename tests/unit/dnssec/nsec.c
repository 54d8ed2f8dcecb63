/*
 * The matrix of absence by NSEC: which records prove what. Each record is signed by the zone and verified first, and
 * wildcard expansions are left out, as in the resolver.
 */
#include "dnssec/nsec.h"
#include "fixture.h"
#include <stdio.h>

#define PROVEN  DENIAL_PROVEN
#define MISSING DENIAL_MISSING

/* What is asked of the records: there is no such name; no such type; nothing closer than a wildcard; no DS at a cut. */
enum question { NAME, TYPE, CLOSER, DS };

/* Records are lines: owner, next name, types. "@1 " before one: it was expanded from a wildcard with so many labels. */
struct row {
        const char *what;
        enum question question;
        const char *qname;
        unsigned number; /* type or labels */
        const char *records;
        enum denial expected;
};

/* --- The zone of RFC 4035 appendix A ------------------------------------------------------------------------------ */

#define APEX  "example. a.example. NS SOA MX RRSIG NSEC DNSKEY\n"
#define A_CUT "a.example. ai.example. NS DS RRSIG NSEC\n"
#define AI    "ai.example. b.example. A HINFO AAAA RRSIG NSEC\n"
#define B_CUT "b.example. ns1.example. NS RRSIG NSEC\n"
#define NS1   "ns1.example. ns2.example. A RRSIG NSEC\n"
#define NS2   "ns2.example. *.w.example. A RRSIG NSEC\n"
#define STAR  "*.w.example. x.w.example. MX RRSIG NSEC\n"
#define XW    "x.w.example. x.y.w.example. MX RRSIG NSEC\n"
#define XYW   "x.y.w.example. xx.example. MX RRSIG NSEC\n"
#define XX    "xx.example. example. A HINFO AAAA RRSIG NSEC\n"
#define ALL   APEX A_CUT AI B_CUT NS1 NS2 STAR XW XYW XX

static const struct row rfc4035[] = {
        {"B.2 name error", NAME, "ml.example.", 0, B_CUT APEX, PROVEN},
        {"its records the other way round", NAME, "ml.example.", 0, APEX B_CUT, PROVEN},
        {"with all records of the zone", NAME, "ml.example.", 0, ALL, PROVEN},
        {"without the wildcard's", NAME, "ml.example.", 0, B_CUT, MISSING},
        {"without the name's", NAME, "ml.example.", 0, APEX, MISSING},
        {"with nothing", NAME, "ml.example.", 0, "", MISSING},
        {"B.3 no data", TYPE, "ns1.example.", TYPE_MX, NS1, PROVEN},
        {"another type that is there", TYPE, "ns1.example.", TYPE_A, NS1, MISSING},
        {"another record", TYPE, "ns1.example.", TYPE_MX, NS2, MISSING},
        {"B.4 a signed delegation", DS, "a.example.", 0, A_CUT, MISSING},
        {"B.5 an unsigned delegation", DS, "b.example.", 0, B_CUT, PROVEN},
        {"of another name", DS, "a.example.", 0, B_CUT, MISSING},
        {"by the apex", DS, "example.", 0, APEX, MISSING},
        {"at a name that is no cut", DS, "ns1.example.", 0, NS1, MISSING},
        {"at a name that does not exist", DS, "ml.example.", 0, B_CUT APEX, MISSING},
        {"B.6 wildcard expansion", CLOSER, "a.z.w.example.", 2, XYW, PROVEN},
        {"by a record that ends before", CLOSER, "a.z.w.example.", 2, XW, MISSING},
        {"without a record", CLOSER, "a.z.w.example.", 2, "", MISSING},
        {"of a wildcard that is not the closest", CLOSER, "a.z.w.example.", 1, XYW, MISSING},
        {"of a wildcard above what exists", CLOSER, "a.x.w.example.", 2, XW, MISSING},
        {"of a name that exists", CLOSER, "x.w.example.", 2, ALL, MISSING},
        {"of an empty non-terminal", CLOSER, "y.w.example.", 2, XW, MISSING},
        {"B.7 wildcard no data", TYPE, "a.z.w.example.", TYPE_AAAA, XYW STAR, PROVEN},
        {"without the name's record", TYPE, "a.z.w.example.", TYPE_AAAA, STAR, MISSING},
        {"without the wildcard's record", TYPE, "a.z.w.example.", TYPE_AAAA, XYW, MISSING},
        {"of a type that the wildcard has", TYPE, "a.z.w.example.", TYPE_MX, XYW STAR, MISSING},
        {"of DS", TYPE, "a.z.w.example.", TYPE_DS, XYW STAR, PROVEN},
        {"B.8 DS of the apex from the child", TYPE, "example.", TYPE_DS, APEX, MISSING},
        {"an empty non-terminal", TYPE, "w.example.", TYPE_A, NS2, PROVEN},
        {"another one", TYPE, "y.w.example.", TYPE_A, XW, PROVEN},
        {"no such name, though it is one", NAME, "y.w.example.", 0, ALL, MISSING},
        {"no such name, though it exists", NAME, "ns1.example.", 0, ALL, MISSING},
        {"no such name, though a wildcard fits", NAME, "a.z.w.example.", 0, ALL, MISSING},
        {"the wildcard itself", NAME, "*.w.example.", 0, ALL, MISSING},
        {"no such name below a cut", NAME, "x.a.example.", 0, ALL, MISSING},
        {"no such name below an unsigned cut", NAME, "x.b.example.", 0, ALL, MISSING},
        {"after the last", NAME, "zz.example.", 0, XX APEX, PROVEN},
        {"the child's types at a cut", TYPE, "a.example.", TYPE_A, A_CUT, MISSING},
        {"NS at a cut", TYPE, "a.example.", TYPE_NS, A_CUT, MISSING},
        {"DS at a signed cut", TYPE, "a.example.", TYPE_DS, A_CUT, MISSING},
        {"DS at an unsigned cut", TYPE, "b.example.", TYPE_DS, B_CUT, PROVEN},
        {"no data at the apex", TYPE, "example.", TYPE_AAAA, APEX, PROVEN},
        {"in capitals", NAME, "ML.Example.", 0, B_CUT APEX, PROVEN},
};

/* --- One thing changed -------------------------------------------------------------------------------------------- */

static const struct row changed[] = {
        /* The next name: outside the zone it would deny other people's names (BIND CVE-2026-13321). */
        {"next outside, after", NAME, "b.example.", 0, "a.example. zone. A\nexample. a.example. SOA NS\n", MISSING},
        {"next outside, the root", NAME, "b.example.", 0, "a.example. . A\nexample. a.example. SOA NS\n", MISSING},
        {"next outside, a sibling", NAME, "b.example.", 0, "a.example. c.example2. A\nexample. a.example. SOA NS\n",
         MISSING},
        {"next outside, the parent's", NAME, "b.example.", 0, "a.example. example.net. A\nexample. a.example. SOA NS\n",
         MISSING},
        {"next is the name itself", NAME, "b.example.", 0, "a.example. b.example. A\nexample. a.example. SOA NS\n",
         MISSING},
        {"next before the owner, not the apex", NAME, "c.example.", 0,
         "b.example. a.example. A\nexample. a.example. SOA NS\n", MISSING},
        {"next is the owner, not the apex", NAME, "c.example.", 0,
         "b.example. b.example. A\nexample. a.example. SOA NS\n", MISSING},
        {"next is the owner, the apex", NAME, "c.example.", 0, "example. example. SOA NS\n", PROVEN},
        {"the last record", NAME, "c.example.", 0, "b.example. example. A\nexample. b.example. SOA NS\n", PROVEN},
        {"the last record, a name before it", NAME, "a.example.", 0,
         "b.example. example. A\nexample. b.example. SOA NS\n", PROVEN},
        {"the last record alone, a name before it", NAME, "a.example.", 0, "b.example. example. A\n", MISSING},
        /* The owner. */
        {"owner outside", NAME, "b.example.", 0, "a.other. c.other. A\n", MISSING},
        {"owner below the name", NAME, "b.example.", 0, "a.b.example. c.example. A\nexample. a.example. SOA NS\n",
         MISSING},
        {"an expanded record", NAME, "b.example.", 0, "@1 a.example. c.example. A\nexample. a.example. SOA NS\n",
         MISSING},
        {"an expanded record, no data", TYPE, "a.example.", TYPE_MX, "@1 a.example. c.example. A\n", MISSING},
        {"the wildcard's own record", TYPE, "*.example.", TYPE_MX, "*.example. c.example. A\n", PROVEN},
        /* Ancestors that do not speak of what is below (RFC 6840 4.1). */
        {"below a cut", NAME, "x.b.example.", 0, "b.example. c.example. NS\nexample. b.example. SOA NS\n", MISSING},
        {"below a signed cut", NAME, "x.b.example.", 0, "b.example. c.example. NS DS\nexample. b.example. SOA NS\n",
         MISSING},
        {"below a DNAME", NAME, "x.b.example.", 0, "b.example. c.example. DNAME\nexample. b.example. SOA NS\n",
         MISSING},
        {"far below a DNAME", NAME, "x.y.z.b.example.", 0, "b.example. c.example. DNAME\nexample. b.example. SOA NS\n",
         MISSING},
        {"below an ordinary name", NAME, "x.b.example.", 0, "b.example. c.example. A\n", PROVEN},
        {"below the apex of the zone", NAME, "x.example.", 0, "example. z.example. SOA NS\n", PROVEN},
        {"below a DNAME at the apex", NAME, "x.example.", 0, "example. z.example. SOA NS DNAME\n", MISSING},
        {"beside a cut", NAME, "bb.example.", 0, "b.example. c.example. NS\nexample. b.example. SOA NS\n", PROVEN},
        {"beside a DNAME", NAME, "bb.example.", 0, "b.example. c.example. DNAME\nexample. b.example. SOA NS\n", PROVEN},
        {"no type below a cut", TYPE, "x.b.example.", TYPE_A, "b.example. c.example. NS\nexample. b.example. SOA NS\n",
         MISSING},
        {"wildcard answer below a cut", CLOSER, "x.b.example.", 1, "b.example. c.example. NS\n", MISSING},
        {"wildcard answer below a DNAME", CLOSER, "x.b.example.", 1, "b.example. c.example. DNAME\n", MISSING},
        {"a wildcard covered by a cut beside it", NAME, "x.b.example.", 0,
         "a.example. c.example. A\n!.example. a.example. NS\n", PROVEN},
        /* The wildcard. */
        {"the wildcard exists", NAME, "b.example.", 0, "a.example. c.example. A\n*.example. a.example. A\n", MISSING},
        {"the wildcard exists, its next is shown", NAME, "b.example.", 0,
         "a.example. c.example. A\nexample. *.example. SOA NS\n", MISSING},
        {"the wildcard is an empty non-terminal", NAME, "b.example.", 0,
         "a.example. c.example. A\nexample. x.*.example. SOA NS\n", MISSING},
        {"one record denies both", NAME, "b.example.", 0, "example. c.example. SOA NS\n", PROVEN},
        {"the wildcard of another branch", NAME, "x.b.example.", 0, "b.example. c.example. A\n", PROVEN},
        {"the wildcard of the owner's branch is not denied", NAME, "x.y.b.example.", 0,
         "a.b.example. z.b.example. A\nexample. a.example. SOA NS\n", MISSING},
        {"it is", NAME, "x.y.b.example.", 0, "a.b.example. z.b.example. A\nb.example. a.b.example. A\n", PROVEN},
        {"the next name's branch counts too", NAME, "x.b.example.", 0, "a.example. z.b.example. A\n", PROVEN},
        /* Bitmaps. */
        {"the type is there", TYPE, "b.example.", TYPE_A, "b.example. c.example. A RRSIG NSEC\n", MISSING},
        {"no type at all, but there is one", TYPE, "b.example.", TYPE_ANY, "b.example. c.example. A RRSIG NSEC\n",
         MISSING},
        {"nor in another window", TYPE, "b.example.", TYPE_ANY, "b.example. c.example. RRSIG NSEC TYPE65280\n", MISSING},
        {"no type at all", TYPE, "b.example.", TYPE_ANY, "b.example. c.example. RRSIG NSEC\n", PROVEN},
        {"an alias is there", TYPE, "b.example.", TYPE_A, "b.example. c.example. CNAME RRSIG NSEC\n", MISSING},
        {"an alias is asked for", TYPE, "b.example.", TYPE_CNAME, "b.example. c.example. A RRSIG NSEC\n", PROVEN},
        {"an alias is asked for and there", TYPE, "b.example.", TYPE_CNAME, "b.example. c.example. CNAME\n", MISSING},
        {"DNAME is asked for", TYPE, "b.example.", TYPE_DNAME, "b.example. c.example. A\n", PROVEN},
        {"a DNAME is there, not an alias for itself", TYPE, "b.example.", TYPE_A, "b.example. c.example. DNAME\n",
         PROVEN},
        {"a high type is there", TYPE, "b.example.", 65280, "b.example. c.example. A TYPE65280\n", MISSING},
        {"a high type is not there", TYPE, "b.example.", 65280, "b.example. c.example. A TYPE65281\n", PROVEN},
        {"type 256, not type 0", TYPE, "b.example.", 256, "b.example. c.example. TYPE1\n", PROVEN},
        {"type 257 is there", TYPE, "b.example.", 257, "b.example. c.example. CAA\n", MISSING},
        {"the wildcard has an alias", TYPE, "b.example.", TYPE_A,
         "a.example. c.example. A\n*.example. a.example. CNAME\n", MISSING},
        {"the wildcard has not the type", TYPE, "b.example.", TYPE_AAAA,
         "a.example. c.example. A\n*.example. a.example. A\n", PROVEN},
        {"the wildcard is a cut", TYPE, "b.example.", TYPE_AAAA, "a.example. c.example. A\n*.example. a.example. NS\n",
         MISSING},
        {"the wildcard is empty, so it has no type", TYPE, "b.example.", TYPE_A,
         "a.example. c.example. A\nexample. x.*.example. SOA NS\n", PROVEN},
        {"the wildcard is empty, and of another branch", TYPE, "x.b.example.", TYPE_A,
         "b.example. c.example. A\nexample. x.*.example. SOA NS\n", MISSING},
        {"something beside the wildcard", TYPE, "b.example.", TYPE_A,
         "a.example. c.example. A\nexample. x.*a.example. SOA NS\n", MISSING},
        {"the wildcard of a higher branch", TYPE, "x.b.example.", TYPE_A,
         "b.example. c.example. MX\n*.example. a.example. MX\n", MISSING},
        {"no such name is no proof of no such type", TYPE, "b.example.", TYPE_A,
         "a.example. c.example. A\nexample. a.example. SOA NS\n", MISSING},
        /* Sides of a cut (RFC 4035 5.2, RFC 6840 4.4). */
        {"DS from the child", TYPE, "b.example.", TYPE_DS, "b.example. c.b.example. SOA NS DNSKEY\n", MISSING},
        {"DS from the parent", TYPE, "b.example.", TYPE_DS, "b.example. c.example. NS\n", PROVEN},
        {"DS at an ordinary name", TYPE, "b.example.", TYPE_DS, "b.example. c.example. A\n", PROVEN},
        {"DS where there is one", TYPE, "b.example.", TYPE_DS, "b.example. c.example. NS DS\n", MISSING},
        {"DS at an alias", TYPE, "b.example.", TYPE_DS, "b.example. c.example. CNAME\n", MISSING},
        {"DS of the zone itself without SOA", TYPE, "example.", TYPE_DS, "example. c.example. NS\n", MISSING},
        {"DS of an empty non-terminal", TYPE, "b.example.", TYPE_DS, "a.example. x.b.example. A\n", PROVEN},
        {"referral by the child", DS, "b.example.", 0, "b.example. c.b.example. SOA NS\n", MISSING},
        {"referral without NS", DS, "b.example.", 0, "b.example. c.example. A\n", MISSING},
        {"referral with DS", DS, "b.example.", 0, "b.example. c.example. NS DS\n", MISSING},
        {"referral covered, not matched", DS, "b.example.", 0, "a.example. c.example. NS\n", MISSING},
        {"referral by the name above", DS, "x.b.example.", 0, "b.example. c.example. NS\n", MISSING},
        /* Empty non-terminals. */
        {"an empty non-terminal is there", NAME, "b.example.", 0,
         "a.example. x.b.example. A\nexample. a.example. SOA NS\n", MISSING},
        {"and has no types", TYPE, "b.example.", TYPE_A, "a.example. x.b.example. A\n", PROVEN},
        {"below it", NAME, "w.b.example.", 0, "a.example. x.b.example. A\n", PROVEN},
        {"a name whose labels only look like it", NAME, "b.example.", 0,
         "a.example. x.bb.example. A\nexample. a.example. SOA\n", PROVEN},
        {"wildcard answer at one", CLOSER, "b.example.", 1, "a.example. x.b.example. A\n", MISSING},
        /* Wildcard answers. */
        {"the labels of the zone", CLOSER, "b.example.", 1, "a.example. c.example. A\n", PROVEN},
        {"fewer labels than the zone", CLOSER, "b.example.", 0, "a.example. c.example. A\n", MISSING},
        {"as many as the name", CLOSER, "b.example.", 2, "a.example. c.example. A\n", MISSING},
        {"more than the name", CLOSER, "b.example.", 9, "a.example. c.example. A\n", MISSING},
        {"a closer name exists beside", CLOSER, "x.y.example.", 1, "a.y.example. z.example. A\n", MISSING},
        {"and the wildcard is its child", CLOSER, "x.y.example.", 2, "a.y.example. z.example. A\n", PROVEN},
        {"the wildcard's parent does not exist", CLOSER, "x.y.example.", 2, "a.example. z.example. A\n", MISSING},
        {"what follows exists closer", CLOSER, "x.y.example.", 1, "a.example. z.y.example. A\n", MISSING},
        /* Compact denial (RFC 9824): a record for the name itself; TYPE128 is NXNAME. */
        {"compact: no such name", NAME, "b.example.", 0, "b.example. \\000.b.example. RRSIG NSEC TYPE128\n", PROVEN},
        {"compact: no such type", TYPE, "b.example.", TYPE_A, "b.example. \\000.b.example. RRSIG NSEC TYPE128\n",
         PROVEN},
        {"compact: no such type of a name that exists", TYPE, "b.example.", TYPE_MX,
         "b.example. \\000.b.example. A RRSIG NSEC\n", PROVEN},
        {"compact: a name that exists", NAME, "b.example.", 0, "b.example. \\000.b.example. A RRSIG NSEC\n", MISSING},
        {"compact: for another name", NAME, "c.example.", 0, "b.example. \\000.b.example. RRSIG NSEC TYPE128\n",
         MISSING},
        {"compact: no wildcard answer", CLOSER, "b.example.", 1, "b.example. \\000.b.example. RRSIG NSEC TYPE128\n",
         MISSING},
        {"compact: no DS", TYPE, "b.example.", TYPE_DS, "b.example. \\000.b.example. RRSIG NSEC TYPE128\n", PROVEN},
        {"compact: expanded", NAME, "b.example.", 0, "@1 b.example. \\000.b.example. RRSIG NSEC TYPE128\n", MISSING},
        /* A zone speaks of its own names, though its last record seems to cover all that follow it. */
        {"a sibling after the zone", NAME, "zone.", 0, "example. example. SOA NS\n", MISSING},
        {"a sibling's type", TYPE, "zone.", TYPE_A, "example. example. SOA NS\n", MISSING},
        {"the parent", NAME, ".", 0, "example. example. SOA NS\n", MISSING},
        {"a referral of a sibling", DS, "zone.", 0, "zone. example. NS\nexample. example. SOA NS\n", MISSING},
        {"a wildcard answer of a sibling", CLOSER, "x.zone.", 1, "example. example. SOA NS\n", MISSING},
};

/* --- Judging ------------------------------------------------------------------------------------------------------ */

static enum denial ask(const struct denial_context *context, const struct row *row, const struct name *qname,
                       struct reason *why)
{
        switch (row->question) {
        case NAME: return denial_of_name(context, qname, why);
        case TYPE: return denial_of_type(context, qname, (uint16_t)row->number, why);
        case CLOSER: return denial_of_closer(context, qname, row->number, why);
        case DS: break;
        }
        return denial_of_ds(context, qname, why);
}

/* One line: a record, signed. */
static struct rrset nsec_from(struct fixture *f, const char *line, size_t len)
{
        bool expanded = line[0] == '@';
        char owner[256], text[600];
        int after = 0;

        assert_int_equal(sscanf(line + (expanded ? 3 : 0), "%255s %n", owner, &after), 1);
        const char *rest = line + (expanded ? 3 : 0) + after;
        snprintf(text, sizeof text, "%s NSEC %.*s", owner, (int)(line + len - rest), rest);
        struct rrset set = signer_set(&f->arena, text);
        struct signer_fields fields = signer_fields(&set, &f->key, &f->zone, INCEPTION, EXPIRATION);
        if (expanded)
                fields.labels = (uint8_t)(line[1] - '0');
        struct rdata signature = signer_sign(&f->arena, &set, &fields, &f->key);
        struct rdata rrsig = signer_rrsig(&f->arena, &fields, &signature);
        signer_add(&f->arena, &set, &rrsig);
        return set;
}

static unsigned prove(struct fixture *f, const char *records, struct rrset proven[PROVER_SETS])
{
        struct rrset set[PROVER_SETS];
        unsigned count = 0;

        for (const char *line = records; *line; line = strchr(line, '\n') + 1)
                set[count++] = nsec_from(f, line, strcspn(line, "\n"));
        prover_next_question(&f->prover);
        return prover_sets(&f->prover, set, count, &f->keys, proven);
}

static void judge(struct fixture *f, const struct row *row)
{
        struct rrset proven[PROVER_SETS];
        unsigned count = prove(f, row->records, proven);
        struct denial_context context = prover_denial(&f->prover, &f->zone, proven, count);
        struct name qname = signer_name(&f->arena, row->qname);
        struct reason why = {.ede = EDE_NONE};
        enum denial denial = ask(&context, row, &qname, &why);

        (void)fixture_cases(1);
        if (denial != row->expected)
                fail_msg("%s (%s): %s (%s)", row->what, row->qname, denial == PROVEN ? "proven" : "not proven",
                         why.text);
        if (why.ede != (denial == MISSING ? EDE_NSEC_MISSING : EDE_NONE) || (denial == MISSING && !why.text[0]))
                fail_msg("%s (%s): extended error %u (%s)", row->what, row->qname, why.ede, why.text);
}

static void test_the_zone_of_rfc4035(void **state)
{
        for (size_t i = 0; i < COUNT(rfc4035); i++)
                judge(*state, &rfc4035[i]);
}

static void test_one_thing_changed(void **state)
{
        for (size_t i = 0; i < COUNT(changed); i++)
                judge(*state, &changed[i]);
}

/* For a name where DS was denied: is it a zone cut? */
static void test_no_cut(void **state)
{
        static const struct {
                const char *name, *records;
                bool no_cut;
        } row[] = {
                {"b.example.", "b.example. c.example. A\n", true},
                {"b.example.", "b.example. c.example. NS\n", false},
                {"b.example.", "b.example. c.example. NS DS\n", false},
                {"b.example.", "b.example. c.example. NS SOA\n", false},
                {"b.example.", "b.example. c.example. CNAME\n", true},
                {"b.example.", "a.example. c.example. A\n", true},
                {"b.example.", "a.example. x.b.example. A\n", true},
                {"x.b.example.", "b.example. c.example. NS\n", false},
                {"b.example.", "c.example. d.example. A\n", false},
                {"b.example.", "", false},
                {"example.", "example. b.example. A\n", false},
                {"zone.", "example. example. NS SOA\n", false},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(row); i++) {
                struct rrset proven[PROVER_SETS];
                unsigned count = prove(f, row[i].records, proven);
                struct denial_context context = prover_denial(&f->prover, &f->zone, proven, count);
                struct name name = signer_name(&f->arena, row[i].name);

                (void)fixture_cases(1);
                if (denial_shows_no_cut(&context, &name) != row[i].no_cut)
                        fail_msg("%s by %s", row[i].name, row[i].records);
        }
}

/* The root has no parent: it speaks of its own DS. Names of all zones are its own. */
static void test_the_root(void **state)
{
        struct fixture *f = *state;
        static const struct row rows[] = {
                {"DS of the root", TYPE, ".", TYPE_DS, ". a. NS SOA\n", PROVEN},
                {"no such top", NAME, "b.", 0, "a. c. NS\n. a. NS SOA\n", PROVEN},
                {"no such top, far below", NAME, "x.y.b.", 0, "a. c. NS\n. a. NS SOA\n", PROVEN},
                {"an unsigned top", DS, "b.", 0, "b. c. NS\n", PROVEN},
        };

        f->zone = f->keys.zone = name_root;
        for (size_t i = 0; i < COUNT(rows); i++)
                judge(f, &rows[i]);
}

/* Without the check of signatures before it: a zone may sign anything, and still speaks of nothing but itself. */
static void test_liars(void **state)
{
        static const struct {
                const char *zone, *record, *qname;
        } row[] = {
                {"example.", "a. NSEC c.example. A", "b.example."},
                {"example.", "example. NSEC zone. NS SOA", "b.example."},
                {"!x.", "!x. NSEC !x. NS SOA", "b."}, /* sorts before the wildcard of the root */
                {"!x.", "!x. NSEC !x. NS SOA", "x.y.b."},
                {"example.", "b.example. NSEC c. NS", "b.example."},
                {"example.", "b. NSEC c.example. NS", "b."},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(row); i++) {
                struct name zone = signer_name(&f->arena, row[i].zone), qname = signer_name(&f->arena, row[i].qname);
                struct rrset set = signer_set(&f->arena, row[i].record);
                struct denial_context context = prover_denial(&f->prover, &zone, &set, 1);
                struct reason why;

                assert_int_equal(denial_of_name(&context, &qname, &why), MISSING);
                assert_int_equal(denial_of_type(&context, &qname, TYPE_A, &why), MISSING);
                assert_int_equal(denial_of_closer(&context, &qname, zone.label_count, &why), MISSING);
                assert_int_equal(denial_of_ds(&context, &qname, &why), MISSING);
                assert_false(denial_shows_no_cut(&context, &qname));
        }
}

/*
 * What other zones signed, each with a key of its own, is worth nothing for a name of this one; not even with this
 * zone's key, when it is signed in the other's name.
 */
static void test_records_of_other_zones(void **state)
{
        static const struct {
                const char *zone, *record;
        } row[] = {
                {".", "example. NSEC zone. NS DS RRSIG NSEC"},
                {".", ". NSEC zone. NS SOA RRSIG NSEC DNSKEY"},
                {"b.example.", "b.example. NSEC b.example. NS SOA RRSIG NSEC DNSKEY"},
                {"a.example.", "a.example. NSEC c.example. NS SOA RRSIG NSEC DNSKEY"},
                {"sibling.", "sibling. NSEC sibling. NS SOA RRSIG NSEC DNSKEY"},
                {"sibling.", "a.example. NSEC c.example. A RRSIG NSEC"},
        };
        struct fixture *f = *state;
        struct signer_key other;

        signer_key_make(&other, SIGNER_ED25519, 0, 9);
        for (size_t i = 0; i < 2 * COUNT(row); i++) {
                struct name zone = signer_name(&f->arena, row[i / 2].zone);
                struct name qname = signer_name(&f->arena, "b.example.");
                struct rrset set = signer_set(&f->arena, row[i / 2].record), proven[PROVER_SETS];
                struct reason why;

                signer_sign_set(&f->arena, &set, i % 2 ? &f->key : &other, &zone, INCEPTION, EXPIRATION);
                prover_next_question(&f->prover);
                assert_int_equal(prover_set(&f->prover, &set, &f->keys), VERIFY_BAD);
                assert_int_equal(f->prover.why.ede, EDE_BOGUS);
                unsigned count = prover_sets(&f->prover, &set, 1, &f->keys, proven);
                struct denial_context context = prover_denial(&f->prover, &f->zone, proven, count);
                assert_int_equal(count, 0);
                assert_int_equal(denial_of_name(&context, &qname, &why), MISSING);
                assert_int_equal(denial_of_type(&context, &qname, TYPE_A, &why), MISSING);
                assert_int_equal(denial_of_ds(&context, &qname, &why), MISSING);
                assert_int_equal(why.ede, EDE_NSEC_MISSING);
                (void)fixture_cases(1);
        }
        signer_key_fini(&other);
}

/* Two NSEC records at one name cannot both be true: neither counts. */
static void test_two_records_at_a_name(void **state)
{
        struct fixture *f = *state;
        struct rrset set = signed_set(f, "b.example. NSEC c.example. A\nb.example. NSEC z.example. MX");
        struct name qname = signer_name(&f->arena, "b.example.");
        struct rrset proven[PROVER_SETS];
        unsigned count = prover_sets(&f->prover, &set, 1, &f->keys, proven);
        struct denial_context context = prover_denial(&f->prover, &f->zone, proven, count);
        struct reason why;

        assert_int_equal(count, 1);
        assert_int_equal(denial_of_type(&context, &qname, TYPE_AAAA, &why), MISSING);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                fixture_test(test_the_zone_of_rfc4035),
                fixture_test(test_one_thing_changed),
                fixture_test(test_no_cut),
                fixture_test(test_the_root),
                fixture_test(test_liars),
                fixture_test(test_records_of_other_zones),
                fixture_test(test_two_records_at_a_name),
        };

        return cmocka_run_group_tests(tests, NULL, fixture_say_cases);
}
