#!/bin/bash
# What validation costs: messages, for names that are well; signature checks, for zones that are made to cost many.
#
# A signed name of which nothing is known costs the round trips of the walk and none more, as each DNSKEY set is asked
# for together with the next step of the walk, and each DS set comes with a referral. For www.inside.lab these are:
#
#   1  lab. NS               . DNSKEY          . NS (priming)
#   2  inside.lab. NS        lab. DNSKEY
#   3  www.inside.lab. A     inside.lab. DNSKEY
#
# Traps are zones with many keys of one tag, many false signatures or many DS (KeyTrap, CVE-2023-50387), or with costly
# hashes (CVE-2023-50868). Each is asked for names that no cache knows; no message may cost more than 16 checks, no
# question more than 48 (limits.def).
#
# VERBOSE=1 prints the traces.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
most_a_message=16
most_a_question=48

# sent NAME TYPE: what went to servers for this question, in order. A message that was sent again, because its answer
# was slow, counts once.
sent() {
        cairn trace "$1" "$2" >"$work/trace"
        [ -n "${VERBOSE:-}" ] && cat "$work/trace" >&2
        sed -n 's/.* sent \([^ ]*\) \([^ ]*\) to .*/\1 \2/p' "$work/trace" | tr '[:upper:]' '[:lower:]' |
                awk '!seen[$0]++'
}

# expect NAME TYPE MESSAGES: these and no others, in this order.
expect() {
        local got
        got=$(sent "$1" "$2" | paste -sd, | sed 's/,/, /g')
        if [ "$got" = "$3" ]; then
                echo "ok $1 $2: $got"
        else
                printf 'BAD %s %s: %s\n    wanted: %s\n' "$1" "$2" "$got" "$3"
                failures=$((failures + 1))
        fi
}

counter() {
        cairn metrics | awk -v name="cairn_$1" '$1 == name { print $2 }'
}

# spring NAME TYPE: walk into a trap, and look at what it cost.
spring() {
        local before cost most rcode verdict=ok
        before=$(counter checks_total)
        rcode=$(ask +tcp +time=12 "$1" "$2" | grep -o 'status: [A-Z]*')
        cost=$(($(counter checks_total) - before))
        most=$(counter message_checks_high_water)
        if [ -z "$rcode" ] || [ $cost -gt $most_a_question ] || [ "$most" -gt $most_a_message ]; then
                verdict=BAD
                failures=$((failures + 1))
        fi
        echo "$verdict $1 $2: ${rcode:-silence}, $cost checks; at most $most for one message so far"
}

failures=0
start_lab
start_cairnd 'workers: 1'
expect www.inside.lab a 'lab. ns, . dnskey, . ns, inside.lab. ns, lab. dnskey, www.inside.lab. a, inside.lab. dnskey'
expect www.inside.lab aaaa 'www.inside.lab. aaaa'
expect nowhere.inside.lab a 'nowhere.inside.lab. a'
for zone in keytrap.bad sigjam.bad lockcram.bad dstrap.bad iterations.bad; do
        spring $zone A
        spring one.$zone A
        spring two.$zone TXT
        spring x.wild.$zone A
        spring a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.$zone A
        spring $zone DNSKEY
        spring $zone ANY
done
[ "$(counter message_checks_high_water)" -gt 1 ] || { echo 'BAD nothing was checked'; failures=$((failures + 1)); }
[ $failures -eq 0 ]
