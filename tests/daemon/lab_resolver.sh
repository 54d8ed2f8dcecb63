#!/bin/bash
# cairnd walks the lab: every name of lab_questions.txt and lab_names.txt, good and bad, against what the lab's server
# of truth says, twice: the first answer comes from a walk, the second from the cache. NSD and Knot DNS have judged the
# authority itself in lab_authority.sh.
#
# VALIDATES=no says that cairnd does not check signatures; VERBOSE=1 prints every answer.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
validates=${VALIDATES:-yes}

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
        got=$(answer 127.0.0.1 5300 "$2" "$3")
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

bad=0
export lab_port truth validates
export -f answer judge
start_lab
start_cairnd
lab_questions | awk '!seen[$1, $2]++' | sed 's/\\/\\\\/g' >"$work/names"
pass walked
pass cached
[ "$bad" -eq 0 ]
