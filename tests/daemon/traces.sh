#!/bin/bash
# What a user gets to know of a failure, then and later: every failing name of lab_names.txt is asked of cairnd, which
# walks the lab. Each answer has an extended error and a trace ID; the trace is there at once, whichever worker is asked,
# by dig and by cairn; an answer out of the note of a failure quotes the first trace; all of it is there after kill -9.
# Fifty of these failures, asked for without the cache, become scenarios that replay to the same end. All JSON fits
# trace.schema.json.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
python=/usr/bin/python3
"$python" -c 'import jsonschema' 2>/dev/null || { echo 'SKIP: python3-jsonschema is not installed'; exit 77; }

balancer=127.0.0.9
settings=("workers: 2" "trace-log: $work/trace.jsonl" 'trace-log-format: json' 'trace-messages: all'
        "trace-parents: [$balancer]")

ask() {
        dig @127.0.0.1 -p 5300 +time=12 +tries=1 +noall +comments +answer "$@" 2>/dev/null
}

start_lab
start_cairnd "${settings[@]}"

# --- Each failure explains itself, at once --------------------------------------------------------------------------

awk '!/^#/ && ($3 == "SERVFAIL" || $3 == "bogus") { print $1, $2 }' "$source/tests/daemon/lab_names.txt" >"$work/names"
printf '%s AAAA\n' www.wrongds.bad www.refused.bad www.keynotzone.bad www.stripped.bad >>"$work/names"

# explain NAME TYPE: ask, and twice for the trace that the answer quotes; the second connection may meet another worker.
explain() {
        local answer id tree again
        answer=$(ask "$1" "$2")
        grep -q 'status: SERVFAIL' <<<"$answer" || { echo "$1 $2: no failure: $answer"; return; }
        id=$(grep -o '\[trace [0-9a-f]\{8\}\]' <<<"$answer" | head -1 | tr -dc '0-9a-f' | sed 's/^ace//')
        grep -q '; EDE: ' <<<"$answer" && [ -n "$id" ] || { echo "$1 $2: no reason and trace: $answer"; return; }
        for _ in 1 2 3 4; do
                tree=$(ask +tcp +short CH TXT "$id.trace")
                grep -q "$id" <<<"$tree" || { echo "$1 $2: dig does not find $id: $tree"; return; }
        done
        awk 'length > 80 { exit 1 }' <<<"$tree" || { echo "$1 $2: $id is wider than 80 columns"; return; }
        cairn trace "$id" | grep -q '^[0-9a-f]* .* SERVFAIL' || { echo "$1 $2: cairn does not show $id"; return; }
        again=$(ask "$1" "$2" | grep -o '\[trace [0-9a-f]\{8\}\]' | head -1 | tr -dc '0-9a-f' | sed 's/^ace//')
        # Where the first walk goes on, unheard, there is no note yet, and the second one walks for itself.
        [ "$again" = "$id" ] || cairn trace "$again" | head -1 | grep -q ', [1-9][0-9]* message' ||
                echo "$1 $2: from the note of the failure, $again instead of $id"
        [ "$again" = "$id" ] && echo "$id" >>"$work/quoted"
        echo "$id" >>"$work/ids"
}
while read -r name type; do explain "$name" "$type"; done <"$work/names" >"$work/complaints"
[ -s "$work/complaints" ] && { cat "$work/complaints"; fail 'failures that are not explained'; }
echo "$(wc -l <"$work/ids") failures explained, each at once; $(wc -l <"$work/quoted") quoted from a note"
[ "$(wc -l <"$work/quoted")" -ge 40 ] || fail 'too few failures are noted'

# Traces are for networks in trace-allow, and nothing of the kind is ever sent on.
ask -b 127.0.0.1 CH TXT nonsense.trace | grep -q 'status: NXDOMAIN' || fail 'a trace that nobody kept'
ask CH TXT version.bind | grep -q 'status: REFUSED' || fail 'another question of class CH'
ask +nocookie +ignore +notcp CH TXT last.trace | grep -q 'flags: qr.* tc' || fail 'UDP without a cookie'

# --- A load balancer's trace ---------------------------------------------------------------------------------------

# balanced FROM ID FLAGS NAME: with PowerDNS' option: version, reserved, trace, span, flags.
balanced() {
        ask -b "$1" "+ednsopt=65500:0000$2$(printf '%016x' 7)$3" "$4" >/dev/null
        wait_for "the trace of $4" grep -q "\"qname\":\"$4" "$work/trace.jsonl"
}
shared=0123456789abcdef0123456789abcde
for round in walked cached; do
        ask www.inside.lab >/dev/null
        balanced $balancer "${shared}0" 01 www.inside.lab
        cairn trace "${shared}0" | grep -q "^${shared:0:8} www.inside.lab. A" || fail "$round: not in the balancer's trace"
done
balanced $balancer "${shared}1" 00 www.far.lab
cairn trace "${shared}1" >/dev/null || fail 'a walk is kept, in the trace that it belongs to'
balanced 127.0.0.1 "${shared}2" 01 www.differ.lab
cairn trace "${shared}2" 2>/dev/null && fail 'anybody may say to which trace a question belongs'
balanced $balancer "${shared}3" 00 www.far.lab
cairn trace "${shared}3" 2>/dev/null && fail 'a cached answer is kept although the balancer does not want it'

# --- Lists, and the log ---------------------------------------------------------------------------------------------

cairn trace --failed --max 1000 | grep -c SERVFAIL >"$work/count"
[ "$(cat "$work/count")" -ge "$(wc -l <"$work/names")" ] || fail 'a list of the failed'
[ "$(cairn trace --failed --name bad --max 1000 | grep -vc '\.bad\. ')" = 0 ] || fail 'a list by name'
[ -z "$(cairn trace --failed --since 0s)" ] || fail 'a list of this second'
cairn trace "$(head -1 "$work/ids")" --messages | grep -q ';; NOERROR' || fail 'messages as they came'
cairn trace "$(head -1 "$work/ids")" --dot | grep -q '^strict digraph' || fail 'a chain of trust'
cairn trace --diff --no-qmin www.example.com | grep -q 'first step that differs' || fail 'a difference'
cairn trace --diff --cold www.example.com | grep -q 'cold  *cache: nothing about www.example.com' || fail 'warm and cold'
{
        cairn trace --failed --json --max 1000
        cairn trace --last --json
        cairn trace "$(head -1 "$work/ids")" --messages --json
        cairn trace --json www.example.com
        cat "$work/trace.jsonl"
} >"$work/all.jsonl"
"$python" - "$source/daemon/trace.schema.json" "$source/lib/watch/keep.def" "$work/all.jsonl" <<'EOP' || fail 'JSON'
import json, re, sys
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
reasons = schema["definitions"]["head"]["properties"]["kept"]["items"]["enum"]
assert reasons == re.findall(r'^KEEP\(\w+,\s*"(\w+)"', open(sys.argv[2]).read(), re.M), reasons
lines = [json.loads(line) for line in open(sys.argv[3])]
validator = Draft7Validator(schema)
for line in lines:
    for error in validator.iter_errors(line):
        sys.exit(f"{error.message[:300]}\n{json.dumps(line)[:600]}")
assert not validator.is_valid({"v": 2, "trace": "0" * 32, "span": "0" * 16, "time": "2026-01-01T00:00:00.000000Z"})
print(len(lines), "lines of JSON fit the schema")
EOP

# --- After kill -9 --------------------------------------------------------------------------------------------------

# Traces are written in the order they came, each run of them first to the log: what is in the log before the last question
# is asked is on disk when that question is in the log.
for name in first.localhost last.localhost; do
        ask $name >/dev/null
        wait_for "the trace of $name" grep -q "\"$name" "$work/trace.jsonl"
done
kill -9 $cairnd
wait $cairnd 2>/dev/null
start_cairnd "${settings[@]}"
while read -r id; do
        cairn trace "$id" >"$work/tree" && grep -q SERVFAIL "$work/tree" || fail "$id is gone"
done <"$work/ids"
echo "$(wc -l <"$work/ids") traces are there after kill -9"
mv "$work/trace.jsonl" "$work/trace.old"
kill -HUP $cairnd
wait_for 'a new trace log' test -e "$work/trace.jsonl"

# --- Scenarios ------------------------------------------------------------------------------------------------------

cairn trace --last --rpl "$work/nowhere/x.rpl" 2>"$work/said"
grep -q "^cairn: $work/nowhere/x.rpl: No such file" "$work/said" || fail "where a scenario cannot go: $(cat "$work/said")"

# Two are left out: of the many names of their servers each walk picks others, of which the trace knows nothing.
mkdir "$work/scenarios"
record() {
        while read -r name type; do
                cairn trace --cold --rpl "$work/scenarios/$name.$type.rpl" "$name" "$type" || fail "no scenario of $name"
        done
}
grep -v '^www\.\(nxns\|fanout\)\.bad ' "$work/names" | record
# On a busy machine an answer may come after its time. In the scenario that server is silent, and what follows may be
# another story: then it is recorded again.
for _ in 1 2 3; do
        "$build/tests/replay" "$work/scenarios" >"$work/replayed.log" && break
        sed -n 's,^FAIL *scenarios/\(.*\)\.\([A-Z0-9]*\): .*,\1 \2,p' "$work/replayed.log" | record
done
grep '^FAIL' "$work/replayed.log" && fail 'scenarios'
[ "$(grep -c ^PASS "$work/replayed.log")" -ge 50 ] || fail 'fewer than 50 scenarios'
echo "$(grep -c ^PASS "$work/replayed.log") failures became scenarios that fail alike"
