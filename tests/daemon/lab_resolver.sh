#!/bin/bash
# cairnd walks the lab: every name of lab_questions.txt and lab_names.txt, good and bad, against what the lab's server
# of truth says, twice: the first answer comes from a walk, the second from the cache. NSD and Knot DNS have judged the
# authority itself in lab_authority.sh.
#
# VALIDATES=no says that cairnd does not check signatures; VERBOSE=1 prints every answer.
#
# In a network namespace of its own, where all ports are free.
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
truth=127.53.255.53
validates=${VALIDATES:-yes}
command -v dig >/dev/null || { echo "SKIP: dig is not installed"; exit 77; }

work=$(mktemp -d)
pids=()
finish() {
        for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
        wait
        rm -rf "$work"
}
trap finish EXIT

# wait_for WHAT COMMAND...: until the command succeeds; 10 s at most.
wait_for() {
        local what=$1
        shift
        for _ in $(seq 100); do
                "$@" >/dev/null 2>&1 && return 0
                sleep 0.1
        done
        echo "$what did not start"
        cat "$work"/*.log
        exit 1
}

start() {
        "$build/authority" --zones "$source/zones/lab" --port "$lab_port" --hints "$work/hints" \
                --anchor "$work/anchor" >"$work/lab.log" 2>&1 &
        pids+=($!)
        wait_for 'the lab' grep -q ready "$work/lab.log"
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
        wait_for cairnd dig +time=1 +tries=1 -p "$port" @127.0.0.1 localhost
}

# answer SERVER PORT NAME TYPE: rcode, AD and answer section on one line, without times to live, case and order.
answer() {
        dig "@$1" -p "$2" +time=12 +tries=1 +noall +comments +answer "$3" "$4" 2>/dev/null |
                awk -v validates="$validates" '
                        /->>HEADER<<-/ { match($0, /status: [A-Z]+/); status = substr($0, RSTART + 8, RLENGTH - 8) }
                        /^;; flags:/ { ad = validates == "yes" && / ad[ ;]/ }
                        /^[^;]/ { $2 = ""; print "record " tolower($0) }
                        END { print "0 " (status ? status : "SILENCE") (ad ? " ad" : "") }
                ' | sort | tr '\n' '|'
}

# judge NUMBER NAME TYPE EXPECTATION: one line, beginning with ok or BAD.
judge() {
        local got want expected=$4 verdict=BAD
        got=$(answer 127.0.0.1 "$port" "$2" "$3")
        want=$(answer "$truth" "$lab_port" "$2" "$3")
        [ "$expected" = bogus ] && { [ "$validates" = yes ] && expected=SERVFAIL || expected=truth; }
        case $expected in
        truth) [ "$got" = "$want" ] && verdict=ok ;;
        end) [ "$got" != '0 SILENCE|' ] && verdict=ok ;;
        *) want="0 $expected|"; [ "${got%%|*}|" = "$want" ] && verdict=ok ;;
        esac
        echo "$verdict $2 $3 ($4): $got"
        [ $verdict = ok ] || echo "     wanted: $want"
}

# One pass over all names, eight at a time.
pass() {
        awk '{ print NR, $0 }' "$work/names" | xargs -P 8 -L 1 bash -c 'judge "$@"' judge >"$work/verdicts"
        [ -n "${VERBOSE:-}" ] && cat "$work/verdicts"
        grep -A1 '^BAD' "$work/verdicts" | grep -v '^--'
        bad=$((bad + $(grep -c '^BAD' "$work/verdicts")))
        echo "$1: $(grep -c '^ok' "$work/verdicts") of $(wc -l <"$work/names") names as they should be"
}

port=5300
lab_port=5354
bad=0
export port lab_port truth validates
export -f answer judge
start
{
        grep -v '^#' "$source/tests/daemon/lab_names.txt" | awk 'NF == 3'
        grep -v '^#' "$source/tests/daemon/lab_questions.txt" | awk 'NF == 3 { print $2, $3, "truth" }'
} | awk '!seen[$1, $2]++' | sed 's/\\/\\\\/g' >"$work/names"
pass walked
pass cached
[ "$bad" -eq 0 ]
