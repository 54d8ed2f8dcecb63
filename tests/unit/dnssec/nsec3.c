/*
 * The matrix of absence by NSEC3: which records prove what, and what hashing may cost. Each record is signed by the
 * zone and verified first, and wildcard expansions are left out, as in the resolver.
 */
#include "config/limits.h"
#include "dnssec/nsec.h"
#include "fixture.h"
#include <stdio.h>

#define PROVEN   DENIAL_PROVEN
#define OPT_OUT  DENIAL_OPT_OUT
#define INSECURE DENIAL_INSECURE
#define MISSING  DENIAL_MISSING

/* What is asked of the records: there is no such name; no such type; nothing closer than a wildcard; no DS at a cut. */
enum question { NAME, TYPE, CLOSER, DS };

/*
 * Records are lines: what is odd, a sign, a name, types.
 *
 *   = name   the record of this name            iN   N iterations          fN   flags
 *   ~ name   a record that covers its hash      sN   N bytes of salt       aN   hash algorithm
 *   < name   one that ends just before it       eN   expanded from a wildcard with N labels
 *   - name   one that ends at it                d    one label deeper than it should be
 *   > name   one that begins just behind it
 *   o        the only record of the zone
 *   l        the last: next is before the owner
 */
struct row {
        const char *what;
        enum question question;
        const char *qname;
        unsigned number; /* type or labels */
        const char *records;
        enum denial expected;
};

struct odd {
        struct signer_nsec3 parameters;
        unsigned expanded; /* 1 more than the labels */
        bool deeper, only, last;
};

static struct odd read_odd(const char **text)
{
        struct odd odd = {.parameters = {.algorithm = 1}};

        memset(odd.parameters.salt, 0xab, sizeof odd.parameters.salt);
        while (!strchr("=~<>-", **text)) {
                char letter = *(*text)++;
                char *end;
                unsigned number = (unsigned)strtoul(*text, &end, 10);

                *text = end;
                odd.parameters.iterations = letter == 'i' ? (uint16_t)number : odd.parameters.iterations;
                odd.parameters.salt_len = letter == 's' ? (uint8_t)number : odd.parameters.salt_len;
                odd.parameters.flags = letter == 'f' ? (uint8_t)number : odd.parameters.flags;
                odd.parameters.algorithm = letter == 'a' ? (uint8_t)number : odd.parameters.algorithm;
                odd.expanded = letter == 'e' ? number + 1 : odd.expanded;
                odd.deeper |= letter == 'd';
                odd.only |= letter == 'o';
                odd.last |= letter == 'l';
        }
        return odd;
}

/* Hashes are numbers of 160 bits; test names are not so unlucky as to have one that ends in 00 or ff throughout. */
static void step(uint8_t hash[SIGNER_HASH_LEN], int by)
{
        for (unsigned i = SIGNER_HASH_LEN; i-- > 0;) {
                hash[i] = (uint8_t)(hash[i] + by);
                if (hash[i] != (by > 0 ? 0x00 : 0xff))
                        return;
        }
}

/* Owner and next hash of a record with this sign at this name. */
static void place(char sign, const struct odd *odd, const struct name *name, uint8_t owner[SIGNER_HASH_LEN],
                  uint8_t next[SIGNER_HASH_LEN])
{
        signer_hash(&odd->parameters, name, owner);
        memcpy(next, owner, SIGNER_HASH_LEN);
        if (sign != '=')
                step(owner, sign == '>' ? 1 : -1);
        if (sign == '<')
                memcpy(next, owner, SIGNER_HASH_LEN), step(owner, -1);
        else if (sign != '-')
                step(next, 1);
        if (sign == '>')
                step(next, 1);
        if (odd->only)
                memcpy(next, owner, SIGNER_HASH_LEN);
        if (odd->last)
                memset(next, 0, SIGNER_HASH_LEN);
}

static struct rrset nsec3_from(struct fixture *f, const char *line, size_t len)
{
        uint8_t owner[SIGNER_HASH_LEN], next[SIGNER_HASH_LEN];
        char name_words[1024], types[256];
        const char *at = line;
        struct odd odd = read_odd(&at);
        int after = 0;

        assert_int_equal(sscanf(at + 1, " %1023s%n", name_words, &after), 1);
        snprintf(types, sizeof types, "%.*s", (int)(line + len - (at + 1 + after)), at + 1 + after);
        struct name name = signer_name(&f->arena, name_words);
        place(*at, &odd, &name, owner, next);
        struct rrset set = signer_nsec3_set(&f->arena, odd.deeper ? "x.example." : "example.", &odd.parameters, owner,
                                            next, types);
        struct signer_fields fields = signer_fields(&set, &f->key, &f->zone, INCEPTION, EXPIRATION);
        if (odd.expanded)
                fields.labels = (uint8_t)(odd.expanded - 1);
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
                set[count++] = nsec3_from(f, line, strcspn(line, "\n"));
        prover_next_question(&f->prover);
        return prover_sets(&f->prover, set, count, &f->keys, proven);
}

static enum denial ask(struct fixture *f, const struct rrset *set, unsigned count, const struct row *row,
                       struct reason *why)
{
        struct denial_context context = prover_denial(&f->prover, &f->zone, set, count);
        struct name qname = signer_name(&f->arena, row->qname);

        *why = (struct reason){.ede = EDE_NONE};
        switch (row->question) {
        case NAME: return denial_of_name(&context, &qname, why);
        case TYPE: return denial_of_type(&context, &qname, (uint16_t)row->number, why);
        case CLOSER: return denial_of_closer(&context, &qname, row->number, why);
        case DS: break;
        }
        return denial_of_ds(&context, &qname, why);
}

static void assert_denial(const struct row *row, enum denial got, const struct reason *why)
{
        static const char *const word[] = {"proven", "opt-out", "insecure", "not proven"};
        uint16_t ede = row->expected == MISSING    ? EDE_NSEC_MISSING
                       : row->expected == INSECURE ? EDE_NSEC3_ITERATIONS
                                                   : EDE_NONE;

        (void)fixture_cases(1);
        if (got != row->expected)
                fail_msg("%s (%s): %s, not %s (%s)", row->what, row->qname, word[got], word[row->expected], why->text);
        if (why->ede != ede || (ede != EDE_NONE && !why->text[0]))
                fail_msg("%s (%s): extended error %u (%s)", row->what, row->qname, why->ede, why->text);
}

static void judge(struct fixture *f, const struct row *row)
{
        struct rrset proven[PROVER_SETS];
        unsigned count = prove(f, row->records, proven);
        struct reason why;

        assert_denial(row, ask(f, proven, count, row, &why), &why);
}

/* --- RFC 5155 appendices A and B ---------------------------------------------------------------------------------- */

static const char *const rfc5155_zone[] = {
        "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr "
        "MX DNSKEY NS SOA NSEC3PARAM RRSIG",
        "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG",
        "2vptu5timamqttgl4luu9kg21e0aor3s.example. NSEC3 1 1 12 aabbccdd 35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG",
        "35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG",
        "b4um86eghhds6nea196smvmlo4ors995.example. NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG",
        "gjeqe526plbf1g8mklp59enfd789njgi.example. NSEC3 1 1 12 aabbccdd ji6neoaepv8b5o6k4ev33abha8ht9fgc "
        "A HINFO AAAA RRSIG",
        "ji6neoaepv8b5o6k4ev33abha8ht9fgc.example. NSEC3 1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h",
        "k8udemvp1j2f7eg6jebps17vp3n8i58h.example. NSEC3 1 1 12 aabbccdd kohar7mbb8dc2ce8a9qvl8hon4k53uhi",
        "kohar7mbb8dc2ce8a9qvl8hon4k53uhi.example. NSEC3 1 1 12 aabbccdd q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG",
        "q04jkcevqvmu85r014c7dkba38o0ji5r.example. NSEC3 1 1 12 aabbccdd r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG",
        "r53bq7cc2uvmubfu5ocmm6pers9tk9en.example. NSEC3 1 1 12 aabbccdd t644ebqk9bibcna874givr6joj62mlhv MX RRSIG",
        "t644ebqk9bibcna874givr6joj62mlhv.example. NSEC3 1 1 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom "
        "HINFO AAAA RRSIG",
};

/* The records of the zone by their first letters. */
static const struct row rfc5155[] = {
        {"B.1 name error", NAME, "a.c.x.w.example.", 0, "0b3", OPT_OUT},
        {"without the closest encloser", NAME, "a.c.x.w.example.", 0, "03", MISSING},
        {"without the next closer name", NAME, "a.c.x.w.example.", 0, "b3", MISSING},
        {"without the wildcard", NAME, "a.c.x.w.example.", 0, "0b", MISSING},
        {"B.2 no data", TYPE, "ns1.example.", TYPE_MX, "2", PROVEN},
        {"a type that is there", TYPE, "ns1.example.", TYPE_A, "2", MISSING},
        {"B.2.1 no data, empty non-terminal", TYPE, "y.w.example.", TYPE_A, "j", PROVEN},
        {"B.3 an opt-out referral", DS, "c.example.", 0, "30", OPT_OUT},
        {"without the closest encloser", DS, "c.example.", 0, "3", MISSING},
        {"to a signed delegation", DS, "a.example.", 0, "30", MISSING},
        {"B.4 wildcard expansion", CLOSER, "a.z.w.example.", 2, "q", OPT_OUT},
        {"of a name that exists", CLOSER, "x.w.example.", 2, "0bgq", MISSING},
        {"B.5 wildcard no data", TYPE, "a.z.w.example.", TYPE_AAAA, "kqr", OPT_OUT},
        {"a type that it has, past opt-out", TYPE, "a.z.w.example.", TYPE_MX, "kqr", MISSING},
        {"B.6 DS of the apex from the child", TYPE, "example.", TYPE_DS, "0", MISSING},
        {"no data at the apex", TYPE, "example.", TYPE_AAAA, "0", PROVEN},
};

static void test_the_zone_of_rfc5155(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(rfc5155); i++) {
                struct rrset set[PROVER_SETS], proven[PROVER_SETS];
                struct reason why;
                unsigned count = 0;

                for (const char *letter = rfc5155[i].records; *letter; letter++)
                        for (size_t r = 0; r < COUNT(rfc5155_zone); r++)
                                if (rfc5155_zone[r][0] == *letter)
                                        set[count++] = signed_set(f, rfc5155_zone[r]);
                prover_next_question(&f->prover);
                assert_int_equal(prover_sets(&f->prover, set, count, &f->keys, proven), count);
                assert_denial(&rfc5155[i], ask(f, proven, count, &rfc5155[i], &why), &why);
        }
}

/* --- One thing changed -------------------------------------------------------------------------------------------- */

#define NO_B "= example. NS SOA\n~ b.example. A\n~ *.example. A\n"

static const struct row changed[] = {
        {"no such name", NAME, "b.example.", 0, NO_B, PROVEN},
        {"far below", NAME, "x.y.b.example.", 0, NO_B, PROVEN},
        {"in capitals", NAME, "X.B.EXAMPLE.", 0, NO_B, PROVEN},
        {"another name", NAME, "c.example.", 0, NO_B, MISSING},
        {"the wildcard is there", NAME, "b.example.", 0, "= example. NS SOA\n~ b.example. A\n= *.example. A\n",
         MISSING},
        {"the name is there too", NAME, "b.example.", 0, NO_B "= b.example. A\n", MISSING},
        {"just before the name", NAME, "b.example.", 0, "= example. NS SOA\n< b.example. A\n~ *.example. A\n", MISSING},
        {"that ends at the name", NAME, "b.example.", 0, "= example. NS SOA\n- b.example. A\n~ *.example. A\n",
         MISSING},
        {"just behind the name", NAME, "b.example.", 0, "= example. NS SOA\n> b.example. A\n~ *.example. A\n", MISSING},
        {"the only record covers all but itself", NAME, "b.example.", 0, "o= example. NS SOA\n", PROVEN},
        {"the last record covers what is behind it", NAME, "b.example.", 0,
         "= example. NS SOA\nl~ b.example. A\n~ *.example. A\n", PROVEN},
        {"and nothing before it", NAME, "b.example.", 0, "= example. NS SOA\nl> b.example. A\n~ *.example. A\n",
         MISSING},
        /* Closest encloser (RFC 5155 8.3). */
        {"at a cut", NAME, "x.b.example.", 0, "= b.example. NS\n~ x.b.example. A\n~ *.b.example. A\n", MISSING},
        {"at a signed cut", NAME, "x.b.example.", 0, "= b.example. NS DS\n~ x.b.example. A\n~ *.b.example. A\n",
         MISSING},
        {"at a DNAME", NAME, "x.b.example.", 0, "= b.example. DNAME\n~ x.b.example. A\n~ *.b.example. A\n", MISSING},
        {"at a DNAME at the apex", NAME, "b.example.", 0, "= example. NS SOA DNAME\n~ b.example. A\n~ *.example. A\n",
         MISSING},
        {"at an ordinary name", NAME, "x.b.example.", 0, "= b.example. A\n~ x.b.example. A\n~ *.b.example. A\n",
         PROVEN},
        {"at an empty non-terminal", NAME, "x.b.example.", 0, "= b.example.\n~ x.b.example. A\n~ *.b.example. A\n",
         PROVEN},
        {"not the closest that exists", NAME, "x.b.example.", 0,
         "= example. NS SOA\n= b.example. A\n~ x.b.example. A\n~ *.example. A\n~ b.example. A\n", MISSING},
        {"the next closer name of another one", NAME, "x.b.example.", 0,
         "= example. NS SOA\n~ x.b.example. A\n~ *.example. A\n", MISSING},
        {"the wildcard of another one", NAME, "x.b.example.", 0, "= b.example. A\n~ x.b.example. A\n~ *.example. A\n",
         MISSING},
        {"none", NAME, "b.example.", 0, "~ b.example. A\n~ *.example. A\n~ example. A\n", MISSING},
        /* Opt-out (RFC 5155 6, 9.2). */
        {"opt-out over the name", NAME, "b.example.", 0, "= example. NS SOA\nf1~ b.example. A\n~ *.example. A\n",
         OPT_OUT},
        {"opt-out over the wildcard alone", NAME, "b.example.", 0,
         "= example. NS SOA\n~ b.example. A\nf1~ *.example. A\n", PROVEN},
        {"opt-out at the encloser alone", NAME, "b.example.", 0,
         "f1= example. NS SOA\n~ b.example. A\n~ *.example. A\n", PROVEN},
        /* What NSD says of x.b.example, with y.b.example an unsigned delegation: b.example has no record. */
        {"opt-out, an empty name, no apex", NAME, "x.b.example.", 0,
         "f1~ x.b.example. A\nf1~ b.example. A\n~ *.example. A\n", OPT_OUT},
        {"opt-out, no apex, nothing of the empty name", NAME, "x.b.example.", 0,
         "f1~ x.b.example. A\nf1~ *.b.example. A\n~ *.example. A\n", MISSING},
        {"opt-out, no apex, nothing of the wildcard", NAME, "x.b.example.", 0,
         "f1~ x.b.example. A\nf1~ b.example. A\n", MISSING},
        {"opt-out of the name alone, no apex", NAME, "x.b.example.", 0,
         "f1~ x.b.example. A\n~ b.example. A\n~ *.example. A\n", MISSING},
        {"opt-out, no apex, an alias above", NAME, "x.b.example.", 0,
         "f1~ x.b.example. A\nf1= b.example. DNAME\nf1~ *.example. A\n", MISSING},
        {"opt-out, a type, no apex", TYPE, "x.b.example.", TYPE_A, "f1~ b.example. A\n", OPT_OUT},
        {"opt-out, a type at the apex itself", TYPE, "example.", TYPE_A, "f1~ example. A\n", MISSING},
        {"opt-out, a delegation, no apex", TYPE, "x.b.example.", TYPE_DS, "f1~ b.example. A\n", MISSING},
        /* Fields of the record (RFC 5155 8.1, 8.2). */
        {"unknown flags", NAME, "b.example.", 0, "= example. NS SOA\nf2~ b.example. A\n~ *.example. A\n", MISSING},
        {"unknown flags beside opt-out", NAME, "b.example.", 0, "= example. NS SOA\nf3~ b.example. A\n~ *.example. A\n",
         MISSING},
        {"unknown flags everywhere", NAME, "b.example.", 0,
         "f128= example. NS SOA\nf128~ b.example. A\nf128~ *.example. A\n", MISSING},
        {"hash algorithm 0", NAME, "b.example.", 0, "a0= example. NS SOA\na0~ b.example. A\na0~ *.example. A\n",
         MISSING},
        {"hash algorithm 2", NAME, "b.example.", 0, "a2= example. NS SOA\na2~ b.example. A\na2~ *.example. A\n",
         MISSING},
        {"hash algorithm 7 in one", NAME, "b.example.", 0, "= example. NS SOA\na7~ b.example. A\n~ *.example. A\n",
         MISSING},
        {"too deep an owner", NAME, "b.example.", 0, "= example. NS SOA\nd~ b.example. A\n~ *.example. A\n", MISSING},
        {"expanded from a wildcard", NAME, "b.example.", 0, "= example. NS SOA\ne1~ b.example. A\n~ *.example. A\n",
         MISSING},
        {"salt", NAME, "b.example.", 0, "s8= example. NS SOA\ns8~ b.example. A\ns8~ *.example. A\n", PROVEN},
        {"another salt in one", NAME, "b.example.", 0, "s8= example. NS SOA\ns8~ b.example. A\ns7~ *.example. A\n",
         MISSING},
        {"no salt in one", NAME, "b.example.", 0, "s8= example. NS SOA\n~ b.example. A\ns8~ *.example. A\n", MISSING},
        {"another count in one", NAME, "b.example.", 0, "i2= example. NS SOA\ni3~ b.example. A\ni2~ *.example. A\n",
         MISSING},
        {"a record of another chain covers all", NAME, "b.example.", 0, "i2= example. NS SOA\ni3o= example. NS SOA\n",
         MISSING},
        {"a record of another chain beside them", NAME, "b.example.", 0, NO_B "i7= example. NS SOA\n", PROVEN},
        {"a record of a dear chain before them", NAME, "b.example.", 0, "i999= example. NS SOA\n" NO_B, PROVEN},
        /* What hashing may cost (RFC 9276 3.2): 50 iterations, 51 blocks. */
        {"50 iterations", NAME, "b.example.", 0, "i50= example. NS SOA\ni50~ b.example. A\ni50~ *.example. A\n",
         PROVEN},
        {"51 iterations", NAME, "b.example.", 0, "i51= example. NS SOA\ni51~ b.example. A\ni51~ *.example. A\n",
         INSECURE},
        {"65535 iterations", NAME, "b.example.", 0, "i65535= example. NS SOA\n", INSECURE},
        {"50 iterations, 35 bytes of salt", TYPE, "b.example.", TYPE_A, "i50s35= b.example. MX\n", PROVEN},
        {"50 iterations, 36 bytes of salt", TYPE, "b.example.", TYPE_A, "i50s36= b.example. MX\n", INSECURE},
        {"24 iterations, 36 bytes of salt", TYPE, "b.example.", TYPE_A, "i24s36= b.example. MX\n", PROVEN},
        {"no iterations, 255 bytes of salt", TYPE, "b.example.", TYPE_A, "s255= b.example. MX\n", PROVEN},
        {"too dear, no such type", TYPE, "b.example.", TYPE_A, "i51= b.example. MX\n", INSECURE},
        {"too dear, wildcard answer", CLOSER, "b.example.", 1, "i51~ b.example. MX\n", INSECURE},
        {"too dear, referral", DS, "b.example.", 0, "i51= b.example. NS\n", INSECURE},
        /* No such type. */
        {"no such type", TYPE, "b.example.", TYPE_A, "= b.example. MX RRSIG\n", PROVEN},
        {"the type is there", TYPE, "b.example.", TYPE_MX, "= b.example. MX RRSIG\n", MISSING},
        {"an alias is there", TYPE, "b.example.", TYPE_A, "= b.example. CNAME RRSIG\n", MISSING},
        {"an alias is asked for", TYPE, "b.example.", TYPE_CNAME, "= b.example. CNAME RRSIG\n", MISSING},
        {"an empty non-terminal", TYPE, "b.example.", TYPE_A, "= b.example.\n", PROVEN},
        {"the child's type at a cut", TYPE, "b.example.", TYPE_A, "= b.example. NS RRSIG\n", MISSING},
        {"the child's type at the apex", TYPE, "example.", TYPE_A, "= example. NS SOA RRSIG\n", PROVEN},
        {"DS from the parent", TYPE, "b.example.", TYPE_DS, "= b.example. NS\n", PROVEN},
        {"DS from the child", TYPE, "b.example.", TYPE_DS, "= b.example. NS SOA\n", MISSING},
        {"DS of the zone itself without SOA", TYPE, "example.", TYPE_DS, "= example. NS\n", MISSING},
        {"DS where there is one", TYPE, "b.example.", TYPE_DS, "= b.example. NS DS\n", MISSING},
        {"DS by opt-out", TYPE, "b.example.", TYPE_DS, "= example. NS SOA\nf1~ b.example. A\n", OPT_OUT},
        {"DS covered without opt-out", TYPE, "b.example.", TYPE_DS, "= example. NS SOA\n~ b.example. A\n", MISSING},
        {"another type by opt-out", TYPE, "b.example.", TYPE_A, "= example. NS SOA\nf1~ b.example. A\n", OPT_OUT},
        {"another type covered without opt-out", TYPE, "b.example.", TYPE_A, "= example. NS SOA\n~ b.example. A\n",
         MISSING},
        /* Wildcards (RFC 5155 8.7, 8.8). */
        {"wildcard no data", TYPE, "b.example.", TYPE_A, "= example. NS SOA\n~ b.example. A\n= *.example. MX\n",
         PROVEN},
        {"wildcard no DS", TYPE, "b.example.", TYPE_DS, "= example. NS SOA\n~ b.example. A\n= *.example. MX\n", PROVEN},
        {"wildcard with the type", TYPE, "b.example.", TYPE_MX, "= example. NS SOA\n~ b.example. A\n= *.example. MX\n",
         MISSING},
        {"wildcard with an alias", TYPE, "b.example.", TYPE_A,
         "= example. NS SOA\n~ b.example. A\n= *.example. CNAME\n", MISSING},
        {"wildcard with an alias, opt-out", TYPE, "b.example.", TYPE_A,
         "= example. NS SOA\nf1~ b.example. A\n= *.example. CNAME\n", MISSING},
        {"wildcard no data, opt-out", TYPE, "b.example.", TYPE_A,
         "= example. NS SOA\nf1~ b.example. A\n= *.example. MX\n", OPT_OUT},
        {"wildcard that is a cut", TYPE, "b.example.", TYPE_A, "= example. NS SOA\n~ b.example. A\n= *.example. NS\n",
         MISSING},
        {"wildcard without the closest encloser", TYPE, "b.example.", TYPE_A, "~ b.example. A\n= *.example. MX\n",
         MISSING},
        {"wildcard without the name's cover", TYPE, "b.example.", TYPE_A, "= example. NS SOA\n= *.example. MX\n",
         MISSING},
        {"wildcard answer", CLOSER, "x.y.b.example.", 1, "~ b.example. A\n", PROVEN},
        {"wildcard answer, opt-out", CLOSER, "x.y.b.example.", 1, "f1~ b.example. A\n", OPT_OUT},
        {"wildcard answer, the name covered but not the next closer", CLOSER, "x.y.b.example.", 1,
         "~ x.y.b.example. A\n", MISSING},
        {"wildcard answer, closer", CLOSER, "x.y.b.example.", 2, "~ y.b.example. A\n", PROVEN},
        {"wildcard answer, fewer labels than the zone", CLOSER, "b.example.", 0, "~ example. A\n", MISSING},
        {"wildcard answer, as many labels as the name", CLOSER, "b.example.", 2, "~ b.example. A\n", MISSING},
        {"wildcard answer, more labels than the name", CLOSER, "b.example.", 200, "~ b.example. A\n", MISSING},
        /* Referrals (RFC 5155 8.9). */
        {"unsigned", DS, "b.example.", 0, "= b.example. NS\n", PROVEN},
        {"signed", DS, "b.example.", 0, "= b.example. NS DS\n", MISSING},
        {"by the child (BIND CVE-2026-10723)", DS, "b.example.", 0, "= b.example. NS SOA\n", MISSING},
        {"no cut", DS, "b.example.", 0, "= b.example. A\n", MISSING},
        {"opt-out", DS, "b.example.", 0, "= example. NS SOA\nf1~ b.example. NS\n", OPT_OUT},
        {"opt-out far above", DS, "x.y.b.example.", 0, "= example. NS SOA\nf1~ b.example. NS\n", OPT_OUT},
        {"opt-out without closest encloser", DS, "b.example.", 0, "f1~ b.example. NS\n", MISSING},
        {"opt-out below a cut", DS, "x.b.example.", 0, "= b.example. NS\nf1~ x.b.example. NS\n", MISSING},
        {"covered without opt-out", DS, "b.example.", 0, "= example. NS SOA\n~ b.example. NS\n", MISSING},
        {"of the zone itself", DS, "example.", 0, "= example. NS\n", MISSING},
        /* Compact denial (RFC 9824); TYPE128 is NXNAME. */
        {"compact: no such name", NAME, "b.example.", 0, "= b.example. TYPE128\n", PROVEN},
        {"compact: no such type", TYPE, "b.example.", TYPE_A, "= b.example. TYPE128\n", PROVEN},
        {"compact: the name is there", NAME, "b.example.", 0, "= b.example. A\n", MISSING},
        /* A zone speaks of its own names; these have as many labels as the zone, fewer, more. */
        {"a sibling", NAME, "zone.", 0, "o= example. NS SOA\n", MISSING},
        {"a sibling's type", TYPE, "zone.", TYPE_A, "o= example. NS SOA\n= zone. MX\n", MISSING},
        {"the parent", NAME, ".", 0, "o= example. NS SOA\n", MISSING},
        {"below a sibling", NAME, "a.b.zone.", 0, "o= example. NS SOA\n", MISSING},
        {"a referral of a sibling", DS, "zone.", 0, "o= example. NS SOA\n= zone. NS\n", MISSING},
        {"a wildcard answer of a sibling", CLOSER, "x.zone.", 1, "o= example. NS SOA\n", MISSING},
        {"a sibling deeper than the zone", TYPE, "a.zone.", TYPE_A, "o= example. NS SOA\n", MISSING},
};

static void test_one_thing_changed(void **state)
{
        for (size_t i = 0; i < COUNT(changed); i++)
                judge(*state, &changed[i]);
}

static void test_no_cut(void **state)
{
        static const struct {
                const char *name, *records;
                bool no_cut;
        } row[] = {
                {"b.example.", "= b.example. A\n", true},
                {"b.example.", "= b.example.\n", true},
                {"b.example.", "= b.example. NS\n", false},
                {"b.example.", "= b.example. NS SOA\n", false},
                {"b.example.", "= example. NS SOA\n~ b.example. A\n", true},
                {"b.example.", "= example. NS SOA\nf1~ b.example. A\n", false},
                {"b.example.", "~ b.example. A\n", false},
                {"x.b.example.", "= b.example. NS\n~ x.b.example. A\n", false},
                {"b.example.", "i51= b.example. A\n", false},
                {"b.example.", "a2= b.example. A\n", false},
                {"zone.", "o= example. NS SOA\n", false},
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

/* --- What it costs ------------------------------------------------------------------------------------------------ */

/* A name of 120 labels in the zone. */
static const char *long_name(void)
{
        static char text[512];

        text[0] = '\0';
        for (unsigned i = 0; i < 119; i++)
                strcat(text, "a.");
        return strcat(text, "example.");
}

/*
 * Ask everything that can be asked of these records about a long name; the blocks spent for each question stay bounded.
 */
static unsigned most_blocks(struct fixture *f, const char *records)
{
        const struct row rows[] = {
                {"name", NAME, long_name(), 0, records, MISSING},
                {"type", TYPE, long_name(), TYPE_A, records, MISSING},
                {"closer", CLOSER, long_name(), 1, records, MISSING},
                {"referral", DS, long_name(), 0, records, MISSING},
        };
        unsigned most = 0;

        for (size_t i = 0; i < COUNT(rows); i++) {
                struct rrset proven[PROVER_SETS];
                unsigned count = prove(f, records, proven);
                struct reason why;

                (void)ask(f, proven, count, &rows[i], &why);
                most = f->prover.nsec3_blocks > most ? f->prover.nsec3_blocks : most;
        }
        return most;
}

static void test_hashing_is_bounded(void **state)
{
        static const unsigned iterations[] = {0, 1, 24, 50, 51, 150, 2500, 65535}, salts[] = {0, 8, 35, 36, 255};
        struct fixture *f = *state;

        for (size_t i = 0; i < COUNT(iterations); i++)
                for (size_t s = 0; s < COUNT(salts); s++) {
                        char records[64];

                        snprintf(records, sizeof records, "i%us%u= zz.example. A\n", iterations[i], salts[s]);
                        unsigned price = (iterations[i] + 1) * ((salts[s] + 29 + 63) / 64);
                        unsigned most = most_blocks(f, records);

                        assert_true(most <= LIMIT_NSEC3_BLOCKS);
                        if (price > LIMIT_NSEC3_PRICE)
                                assert_int_equal(most, 0); /* refused before the first hash */
                        else if (price == 1)
                                assert_int_equal(most, 120); /* each ancestor once, and the name */
                }
}

/* The blocks belong to the question: what one proof has used up, the next one lacks. */
static void test_hashing_is_counted_over_a_question(void **state)
{
        struct fixture *f = *state;
        struct rrset proven[PROVER_SETS];
        static const struct row dear = {"dear", NAME, "b.example.", 0, "", MISSING};
        unsigned count = prove(f, "i50= example. NS SOA\ni50~ b.example. A\ni50~ *.example. A\n", proven);
        struct reason why;

        assert_int_equal(ask(f, proven, count, &dear, &why), PROVEN);
        assert_int_equal(f->prover.nsec3_blocks, 3 * 51);
        assert_int_equal(ask(f, proven, count, &dear, &why), MISSING);
        assert_int_equal(why.ede, EDE_NSEC3_ITERATIONS);
        assert_true(f->prover.nsec3_blocks <= LIMIT_NSEC3_BLOCKS);
        prover_next_question(&f->prover);
        assert_int_equal(ask(f, proven, count, &dear, &why), PROVEN);
}

/* A setting that accepts more iterations pays for as many names as before. */
static void test_more_iterations_by_setting(void **state)
{
        struct fixture *f = *state;
        static const struct row rows[] = {
                {"150", NAME, "b.example.", 0, "i150= example. NS SOA\ni150~ b.example. A\ni150~ *.example. A\n",
                 PROVEN},
                {"151", NAME, "b.example.", 0, "i151= example. NS SOA\ni151~ b.example. A\ni151~ *.example. A\n",
                 INSECURE},
        };
        static const struct row none[] = {
                {"0", NAME, "b.example.", 0, NO_B, PROVEN},
                {"0, long salt", TYPE, "b.example.", TYPE_A, "s255= b.example. MX\n", PROVEN},
                {"1", NAME, "b.example.", 0, "i1= example. NS SOA\ni1~ b.example. A\ni1~ *.example. A\n", INSECURE},
        };

        f->prover.max_iterations = 150;
        for (size_t i = 0; i < COUNT(rows); i++)
                judge(f, &rows[i]);
        f->prover.max_iterations = 0;
        for (size_t i = 0; i < COUNT(none); i++)
                judge(f, &none[i]);
}

/* Eight records are looked at. */
static void test_many_records(void **state)
{
        struct fixture *f = *state;
        static const struct row eight = {
                "the eighth",
                TYPE,
                "b.example.",
                TYPE_A,
                "= 1.example.\n= 2.example.\n= 3.example.\n= 4.example.\n= 5.example.\n= 6.example.\n"
                "= 7.example.\n= b.example. MX\n",
                PROVEN};
        static const struct row nine = {
                "the ninth",
                TYPE,
                "b.example.",
                TYPE_A,
                "= 1.example.\n= 2.example.\n= 3.example.\n= 4.example.\n= 5.example.\n= 6.example.\n"
                "= 7.example.\n= 8.example.\n= b.example. MX\n",
                MISSING};

        judge(f, &eight);
        judge(f, &nine);
}

/* The letters of a hash: "@" and "`" stand beside the alphabet, and must not be taken for digits. */
static void test_owners_that_are_no_hash(void **state)
{
        static const char *const owner[] = {
                "0p9mhaveqvm6t7vbl5lop2u3t2rp3tow",   "0p9mhaveqvm6t7vbl5lop2u3t2rp3to\\@",
                "0p9mhaveqvm6t7vbl5lop2u3t2rp3to\\`", "0p9mhaveqvm6t7vbl5lop2u3t2rp3to-",
                "0p9mhaveqvm6t7vbl5lop2u3t2rp3to",    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom0",
        };
        struct fixture *f = *state;
        struct name qname = signer_name(&f->arena, "b.example.");

        for (size_t i = 0; i < COUNT(owner); i++) {
                struct rrset proven[PROVER_SETS];
                struct reason why;
                char text[256];

                snprintf(text, sizeof text, "%s.example. NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A", owner[i]);
                struct rrset set = signed_set(f, text);
                prover_next_question(&f->prover);
                assert_int_equal(prover_sets(&f->prover, &set, 1, &f->keys, proven), 1);
                struct denial_context context = prover_denial(&f->prover, &f->zone, proven, 1);
                assert_int_equal(denial_of_type(&context, &qname, TYPE_A, &why), MISSING);
                assert_int_equal(f->prover.nsec3_blocks, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                fixture_test(test_the_zone_of_rfc5155),
                fixture_test(test_one_thing_changed),
                fixture_test(test_no_cut),
                fixture_test(test_hashing_is_bounded),
                fixture_test(test_hashing_is_counted_over_a_question),
                fixture_test(test_more_iterations_by_setting),
                fixture_test(test_many_records),
                fixture_test(test_owners_that_are_no_hash),
        };

        return cmocka_run_group_tests(tests, NULL, fixture_say_cases);
}
