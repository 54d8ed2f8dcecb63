#!/bin/bash
# A collector receives 10,000 questions as valid OTLP, although it dies and stalls on the way; every question is answered
# meanwhile, and what the collector did not get is counted. tests/support/collector.py judges each request.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
python=/usr/bin/python3
each=2500

[ -x $python ] || { echo 'SKIP: python3 is not installed'; exit 77; }

collector=
# collect [stall]
collect() {
        "$source/tests/support/collector.py" 4318 "$work/received" "$@" >"$work/collector.out" 2>>"$work/collector.log" &
        collector=$!
        others=$collector
        wait_for 'the collector' grep -q ready "$work/collector.out"
}

die() {
        kill -9 $collector
        wait $collector 2>/dev/null
}

# part NAME: ask some more.
part() {
        local answered longest p99
        read -r answered longest p99 < <("$source/tests/support/ask_many.py" 5300 $each site.plain "$1")
        [ "$answered" -eq $each ] || fail "$1: only $answered of $each were answered"
        echo "$1: $answered answered, the longest took $longest us, 99 of 100 at most $p99 us"
}

# metric NAME: its value.
metric() {
        "$build/cairn" --socket "$work/control" metrics | sed -n "s/^cairn_$1_total //p"
}

# What was asked by name is kept as well, and so is cairnd's own first answer.
all_is_told() {
        [ $(($(metric otlp_sent) + $(metric otlp_dropped))) -ge $((4 * each + ${#names[@]})) ]
}

names=(www.inside.lab chain.example.org www.bogus.bad www.refused.bad a60.big.lab www.tcponly.lab www.silent.bad)
start_lab
start_cairnd 'otlp-endpoint: http://127.0.0.1:4318' 'trace-rate: 1000000' 'aggressive-nsec: no'
collect
for name in "${names[@]}"; do
        ask "$name" >/dev/null
done
part alive
die
part dead
collect stall
part stalled
die
collect
part again
wait_for 'the last trace' all_is_told
die

[ ! -s "$work/collector.log" ] || fail "not valid"
sort -u "$work/received" -o "$work/received"
for name in "${names[@]}"; do
        grep -q " $name\.\$" "$work/received" || fail "nothing of $name"
done
received=$(grep -c '\.site\.plain\.$' "$work/received")
dropped=$(metric otlp_dropped)
echo "$received of $((4 * each)) received, $dropped dropped"
[ $((received + dropped)) -ge $((4 * each)) ] || fail 'traces are missing that nobody counted'
[ "$received" -ge $((2 * each)) ] || fail 'too few were received'
stop_cairnd
grep -q 'does not take traces' "$work/cairnd.log" || fail 'the log says nothing of it'
grep -q 'takes traces again' "$work/cairnd.log" || fail 'the log does not say that it was over'
