#!/bin/bash
# cairnd under a mixed load on the lab: good names and bad, names that do not exist, UDP and TCP, traces, reloads and
# flushes. No question is left without an answer, nothing is complained of, and nothing grows: neither memory after the
# first third of the time, nor the number of open files once the load has ended.
#
# CAIRN_SOAK says how many seconds (15; 600 if CAIRN_FULL is set).
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
seconds=${CAIRN_SOAK:-${CAIRN_FULL:+600}}
seconds=${seconds:-15}

failures=0
complain() {
        echo "FAILED: $*"
        failures=$((failures + 1))
}

# comes_true COMMAND...: until the command succeeds; 60 s at most.
comes_true() {
        for _ in $(seq 600); do
                "$@" >/dev/null 2>&1 && return 0
                sleep 0.1
        done
        return 1
}

# The sum of a metric over its labels; nothing if there is none of this name.
metric() {
        cairn metrics | awk -v name="^cairn_$1(_total)?({|\$)" '
                $1 ~ name { sum += $2; seen = 1 }
                END { if (seen) print sum + 0 }'
}

open_files() {
        find "/proc/$cairnd/fd" -mindepth 1 | wc -l
}

memory_kib() {
        awk '$1 == "VmRSS:" { print $2 }' "/proc/$cairnd/status"
}

# use_sockets PREFIX: each worker keeps sockets of a family ready once it has asked a server of that family since the
# last reload: let both ask both, so that open files can be compared. The zones are unsigned, so that each new name has
# to be asked for; one by IPv4, the other by IPv6.
use_sockets() {
        local number
        for number in $(seq 25); do
                echo "$1$number.unsigned.lab A"
                echo "$1$number.v6only.lab A"
        done >"$work/warm"
        dig -p 5300 @127.0.0.1 +time=20 +tries=1 +noall -f "$work/warm" >/dev/null 2>&1
        comes_true sockets_rest || complain 'questions go on without anybody asking'
}

# Whether the number of open files has been the same for a second.
sockets_rest() {
        local before
        before=$(open_files)
        sleep 1
        [ "$(open_files)" -eq "$before" ]
}

# A batch of questions for dig: the lab's names in any order, names that are nowhere, some of all by TCP.
batch() {
        {
                shuf -n 40 "$work/names"
                for _ in $(seq 10); do
                        echo "x$RANDOM.$(shuf -n 1 "$work/parents") A"
                done
        } | awk -v seed="$RANDOM" 'BEGIN { srand(seed) } { print $0, rand() < 0.3 ? "+tcp" : "+notcp" }'
}

# load NUMBER: ask batch after batch until the end. The files asked.NUMBER and answered.NUMBER say how many; what has no
# answer goes into the file lost.
load() {
        local asked=0 answered=0
        while [ "$(date +%s)" -lt "$end" ]; do
                batch >"$work/batch.$1"
                asked=$((asked + $(wc -l <"$work/batch.$1")))
                dig -p 5300 @127.0.0.1 +time=20 +tries=1 +noall +comments -f "$work/batch.$1" >"$work/output.$1" 2>&1
                answered=$((answered + $(grep -c '^;; ->>HEADER<<-' "$work/output.$1")))
                grep -E '^;; (communications error|no servers|[Cc]onnection|Warning)' "$work/output.$1" >>"$work/lost"
        done
        echo "$asked" >"$work/asked.$1"
        echo "$answered" >"$work/answered.$1"
}

# Trace one name after the other until the end; some from the root.
trace() {
        local traced=0 cold=()
        while [ "$(date +%s)" -lt "$end" ]; do
                read -r name type <<<"$(shuf -n 1 "$work/names")"
                cold=()
                [ $((RANDOM % 4)) -eq 0 ] && cold=(--cold)
                cairn trace "$name" "$type" "${cold[@]}" >"$work/trace" 2>&1 ||
                        echo "cairn trace $name $type ${cold[*]}: $(tail -n 3 "$work/trace")" >>"$work/lost"
                [ -s "$work/trace" ] || echo "cairn trace $name $type ${cold[*]}: nothing" >>"$work/lost"
                traced=$((traced + 1))
        done
        echo "$traced" >"$work/traced"
}

# Until the end: every 5 s a reload, every 4 s a flush of one kind or another. Notes how much memory there is after the
# first third, and at most.
disturb() {
        local second now
        for second in $(seq "$seconds"); do
                sleep 1
                [ $((second % 5)) -eq 0 ] && { cairn reload || echo 'cairn reload failed' >>"$work/lost"; }
                case $((second % 12)) in
                3) cairn cache flush www.example.com ;;
                7) cairn cache flush lab. ;;
                11) cairn cache flush --all ;;
                *) true ;;
                esac || echo 'cairn cache flush failed' >>"$work/lost"
                now=$(memory_kib)
                [ "$second" -eq $((seconds / 3 + 1)) ] && third=$now
                [ "$now" -gt "$most" ] && most=$now
        done >"$work/control.log" 2>&1
}

files_are_back() {
        [ "$(open_files)" -le "$files" ]
}

# SIGTERM ends it, soon and well.
stop() {
        local begun took status
        begun=$(date +%s%3N)
        kill -TERM "$cairnd"
        wait "$cairnd"
        status=$?
        took=$(($(date +%s%3N) - begun))
        cairnd=
        [ "$status" -eq 0 ] || complain "it ended with status $status"
        [ "$took" -le 1000 ] || [ -n "${CAIRN_SANITIZE:-}" ] || complain "it took $took ms to end"
        echo "ended after $took ms"
}

start_lab
start_cairnd 'workers: 2' 'cache-size: 4MiB' 'trace-log: /dev/null' # a small cache is full early and goes round
lab_questions | awk '{ print $1, $2 }' | grep -v '\\' | sort -u >"$work/names"
printf '%s\n' com org lab example.com example.org nsec3.lab unsigned.lab bogus.bad >"$work/parents"
use_sockets before
files=$(open_files)
most=0
third=0
end=$(($(date +%s) + seconds))
: >"$work/lost"
for number in 1 2 3 4; do
        load "$number" &
        others="$others $!"
done
trace &
others="$others $!"
disturb
wait $others
others=

asked=$(awk '{ sum += $1 } END { print sum }' "$work"/asked.*)
answered=$(awk '{ sum += $1 } END { print sum }' "$work"/answered.*)
last=$(memory_kib)
use_sockets after
comes_true files_are_back || complain "$(open_files) open files, $files before: $(ls -l "/proc/$cairnd/fd")"
broken=$(metric expect_failures)
echo "$seconds s: $answered of $asked answered, $(cat "$work/traced") traces; memory $third KiB after a third," \
        "$last KiB at the end (most $most KiB); open files $files before, $(open_files) after"
[ "$answered" -eq "$asked" ] || complain 'answers were lost'
[ -s "$work/lost" ] && { complain 'this went wrong:'; head -n 20 "$work/lost"; }
# A sanitizer keeps what was freed, on purpose.
[ -n "${CAIRN_SANITIZE:-}" ] || [ "$last" -le $((third * 120 / 100 + 8192)) ] || complain 'memory grows'
[ "$broken" = 0 ] || complain "expect_failures is '$broken'"
stop
grep -vE 'version .* serves on|settings read again$|ended$' "$work/cairnd.log" &&
        complain 'the log says more than it should'
[ "$failures" -eq 0 ]
