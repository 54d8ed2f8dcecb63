#!/bin/bash
# The trace log in syslog: each step of a walk is a message of its own, whole and harmless; with trace-log-format json a
# trace is one, without its steps where it would be too long.
#
# In a mount namespace of its own with a /dev of its own, so that /dev/log is ours.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
python=/usr/bin/python3

[ -x $python ] || { echo 'SKIP: python3 is not installed'; exit 77; }

mkdir "$work/dev"
mount -t tmpfs tmpfs "$work/dev" || { echo 'SKIP: nothing can be mounted here'; exit 77; }
for node in null zero full random urandom; do
        touch "$work/dev/$node"
        mount --bind "/dev/$node" "$work/dev/$node" || fail "no $node"
done
mount --move "$work/dev" /dev || fail 'no /dev'

$python - "$work/syslog" <<'EOF' &
import socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
with open(sys.argv[1], "ab", buffering=0) as out:
    while True:
        out.write(log.recv(65536).rstrip(b"\0\n") + b"\n")
EOF
others=$!
wait_for '/dev/log' test -S /dev/log

start_lab
start_cairnd 'trace-log: syslog'
ask www.inside.lab >/dev/null || fail 'no answer'
wait_for 'a summary' grep -qE '^<[0-9]+>.* cairnd\[[0-9]+\]: .*[0-9a-f]{8} www\.inside\.lab\. A NOERROR' "$work/syslog"
for step in 'question www.inside.lab. A' 'sent .* over udp' 'validation of www.inside.lab.: secure' 'answered NOERROR'; do
        wait_for "a message of $step" grep -qE "cairnd\[[0-9]+\]: .*$step" "$work/syslog"
done
stop_cairnd
# What it said last may be on its way still; this comes behind it.
$python -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"fence", "/dev/log")'
wait_for 'the end of what it said' grep -q '^fence' "$work/syslog"
: >"$work/syslog"
start_cairnd 'trace-log: syslog' 'trace-log-format: json'
ask www.site.plain >/dev/null || fail 'no answer'
wait_for 'the trace in JSON' grep -q '"qname":"www.site.plain.".*"steps":\[' "$work/syslog"
ask chain.example.org >/dev/null || fail 'no answer'
wait_for 'a long trace in JSON' grep -q '"qname":"chain.example.org."' "$work/syslog"
stop_cairnd
grep 'chain.example.org' "$work/syslog" | grep -q '"steps"' && fail 'a long trace with all its steps'
sed 's/^[^{]*//' "$work/syslog" | $python -c 'import json, sys; [json.loads(line) for line in sys.stdin]' || fail 'no JSON'
LC_ALL=C grep -q '[^ -~]' "$work/syslog" && fail 'something raw'
echo "$(wc -l <"$work/syslog") messages"
