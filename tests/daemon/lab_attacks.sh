#!/bin/bash
# What one hostile question costs others: each attack of the lab is asked once of a fresh cairnd, and the queries that
# all servers of the lab got are counted. At most 100 for the question, at most 20 to a zone that only suffers from it.
#
# VERBOSE=1 prints every server's counters.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
victim=127.53.3.30
most=100
most_to_victim=20

# count ADDRESS-PATTERN: the queries that these servers got so far.
count() {
        rm -f "$work/counters"
        kill -USR1 "$lab"
        wait_for 'the counting' grep -q "^$victim " "$work/counters"
        awk -v "address=$1" '
                $1 ~ address { split($2, udp, "="); split($3, tcp, "="); n += udp[2] + tcp[2] }
                END { print n + 0 }
        ' "$work/counters"
}

# Work goes on unheard for up to 10 s after the question. Its end is when the count stays the same for two seconds, the
# longest that cairnd waits for a server.
settle() {
        local before=-1 now
        for _ in $(seq 10); do
                now=$(count '.')
                [ "$now" = "$before" ] && return
                before=$now
                sleep 2
        done
}

failures=0
while read -r name type; do
        start_lab --counters "$work/counters"
        rm -rf "$work/cache" "$work/state"
        start_cairnd
        rcode=$(ask +time=12 "$name" "$type" | grep -o 'status: [A-Z]*')
        settle
        total=$(count '.')
        suffered=$(count "^$victim\$")
        verdict=ok
        if [ "$total" -gt $most ] || [ "$suffered" -gt $most_to_victim ] || [ -z "$rcode" ]; then
                verdict=BAD
                failures=$((failures + 1))
        fi
        echo "$verdict $name $type: ${rcode:-silence}, $total queries, $suffered to the victim"
        [ -n "${VERBOSE:-}" ] && grep -v 'udp=0 tcp=0' "$work/counters"
        stop_cairnd
        stop_lab
done <<-EOF
        www.nxns.bad A
        www.fanout.bad A
        www.endless.bad A
        www.loop.bad A
        www.cnames.bad A
        www.composed.bad A
        www.worst.bad A
        www.cycle1.bad A
        a.b.c.d.e.f.g.h.i.j.nxns.bad AAAA
        a.b.c.d.e.f.g.h.i.j.silent.bad A
        www.malformed.bad A
        www.truncated.bad A
        www.wrongid.bad A
        www.spoofed.lab A
EOF
[ $failures -eq 0 ]
