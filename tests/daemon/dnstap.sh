#!/bin/bash
# A receiver of dnstap gets each message of clients and servers with the ID of its trace, the same that cairn knows; it may
# come late, go away and stall, and every question is answered meanwhile. tests/support/dnstap.py reads what it got.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
python=/usr/bin/python3

[ -x $python ] || { echo 'SKIP: python3 is not installed'; exit 77; }
command -v fstrm_capture >/dev/null || { echo 'SKIP: fstrm_capture (package fstrm-bin) is not installed'; exit 77; }
case ${CAIRN_SANITIZE:-} in *thread*) echo 'SKIP: libfstrm was built without the thread sanitizer'; exit 77 ;; esac

receive() {
        fstrm_capture -t protobuf:dnstap.Dnstap -u "$work/dnstap" -w "$1" >>"$work/capture.log" 2>&1 &
        others=$!
        wait_for 'the receiver' test -S "$work/dnstap"
}

metric() {
        "$build/cairn" --socket "$work/control" metrics | sed -n "s/^cairn_dnstap_$1_total //p"
}

start_lab
if ! grep -q 'CAIRN_DNSTAP:BOOL=ON' "$build/CMakeCache.txt"; then
        printf 'listen: [127.0.0.1]\nport: 5300\ncache-dir: %s\ndnstap-socket: /nowhere\n' "$work" >"$work/cairn.yaml"
        "$build/cairnd" --config "$work/cairn.yaml" >"$work/cairnd.log" 2>&1 && fail 'it starts without dnstap'
        grep -q 'built without dnstap' "$work/cairnd.log" || fail 'it does not say what is wrong'
        echo 'built without dnstap, and says so'
        exit 0
fi

# --- Every message, with its trace ----------------------------------------------------------------------------------

receive "$work/first"
start_cairnd "dnstap-socket: $work/dnstap"
for round in walked cached front front; do
        ask www.inside.lab >/dev/null || fail "$round"
done
ask +tcp www.bogus.bad >"$work/bogus" || fail 'the bogus one'
trace=$(grep -o '\[trace [0-9a-f]*' "$work/bogus" | cut -d' ' -f2)
stop_cairnd
kill $others && wait $others
"$source/tests/support/dnstap.py" "$work/first" >"$work/lines.log" || fail 'the frames'

# expect PATTERN AT_LEAST
expect() {
        [ "$(grep -cE "$1" "$work/lines.log")" -ge "$2" ] || fail "fewer than $2 of $1 in $(cat "$work/lines.log")"
}
id='[0-9a-f]{32}'
expect "^client-query udp 127.0.0.1 127.0.0.1 [0-9]+ $id www.inside.lab.\$" 2
expect "^client-response udp 127.0.0.1 127.0.0.1 [0-9]+ $id www.inside.lab.\$" 2
expect '^client-query udp .* www.inside.lab.$' 4
expect '^client-response udp .* www.inside.lab.$' 4
expect "^resolver-query udp - 127.53.* 5301 $id .*lab.\$" 1
expect "^resolver-response udp - 127.53.* 5301 $id .*lab.\$" 1
expect "^client-response tcp 127.0.0.1 127.0.0.1 [0-9]+ $trace[0-9a-f]{24} www.bogus.bad.\$" 1
expect "^client-query tcp 127.0.0.1 127.0.0.1 [0-9]+ $trace[0-9a-f]{24} www.bogus.bad.\$" 1
expect "^resolver-query udp - 127.53.* 5301 $trace[0-9a-f]{24} www.bogus.bad.\$" 1
echo "$(wc -l <"$work/lines.log") messages, $(awk '{ print $6 }' "$work/lines.log" | sort -u | grep -vc -- -) traces"

# --- A receiver that stalls -----------------------------------------------------------------------------------------

rm -f "$work/dnstap"
start_cairnd "dnstap-socket: $work/dnstap"
receive "$work/second"
wait_for 'a receiver that came late' sh -c "dig +time=1 +tries=1 @127.0.0.1 -p 5300 localhost >/dev/null; test -s $work/second"
kill -STOP $others
read -r answered longest p99 < <("$source/tests/support/ask_many.py" 5300 10000 site.plain stalled)
[ "$answered" -eq 10000 ] || fail "only $answered of 10000 were answered"
# How many are dropped depends on the speed: each second the library gives up, and with it what is in its queues.
echo "10000 answered while it stalled, the longest took $longest us; $(metric dropped) messages dropped"
stop_cairnd # which does not wait for it
kill -9 $others
wait $others 2>/dev/null
exit 0
