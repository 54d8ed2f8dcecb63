#!/bin/bash
# What one hostile question costs others: each attack of the lab is asked once of a fresh cairnd, and the queries that
# all servers of the lab got are counted. At most 100 for the question, at most 20 to a zone that only suffers from it.
#
# In a network namespace of its own, where all ports are free. VERBOSE=1 prints every server's counters.
set -u
if [ "${1:-}" != inside ]; then
        user=()
        [ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
        unshare "${user[@]}" --net true 2>/dev/null || { echo 'SKIP: no namespaces can be made here'; exit 77; }
        exec unshare "${user[@]}" --net --pid --fork --kill-child "$0" inside
fi
ip link set lo up

source=${CAIRN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${CAIRN_BUILD:-$source/build/release}
victim=127.53.3.30
most=100
most_to_victim=20
port=5300
lab_port=5354
command -v dig >/dev/null || { echo 'SKIP: dig is not installed'; exit 77; }

work=$(mktemp -d)
pids=()
stop() {
        for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
        for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
        pids=()
}
trap 'stop; rm -rf "$work"' EXIT

# wait_for WHAT COMMAND...: until the command succeeds; 20 s at most.
wait_for() {
        local what=$1
        shift
        for _ in $(seq 200); do
                "$@" >/dev/null 2>&1 && return 0
                sleep 0.1
        done
        echo "$what did not happen"
        cat "$work"/*.log
        exit 1
}

start() {
        "$build/authority" --zones "$source/zones/lab" --port $lab_port --hints "$work/hints" --anchor "$work/anchor" \
                --counters "$work/counters" >"$work/lab.log" 2>&1 &
        pids+=($!)
        wait_for 'the start of the lab' grep -q ready "$work/lab.log"
        rm -rf "$work/cache" "$work/state" "$work/control"
        mkdir "$work/cache" "$work/state"
        cat >"$work/cairn.yaml" <<-EOF
                listen: [127.0.0.1]
                port: $port
                cache-dir: $work/cache
                state-dir: $work/state
                control-socket: $work/control
                root-hints-file: $work/hints
                trust-anchor-file: $work/anchor
                upstream-port: $lab_port
                do-not-query-localhost: no
EOF
        "$build/cairnd" --config "$work/cairn.yaml" >"$work/cairnd.log" 2>&1 &
        pids+=($!)
        wait_for 'the start of cairnd' dig +time=1 +tries=1 -p $port @127.0.0.1 localhost
}

# count ADDRESS-PATTERN: the queries that these servers got so far.
count() {
        rm -f "$work/counters"
        kill -USR1 "${pids[0]}"
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
        start
        rcode=$(dig -p $port @127.0.0.1 +time=12 +tries=1 "$name" "$type" | grep -o 'status: [A-Z]*')
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
        stop
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
