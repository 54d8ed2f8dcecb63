#!/bin/bash
# The first command of the README: where no root server answers it walks the lab, it prints lines to try and they work,
# and Ctrl-C leaves no process and no file.
#
# In a network namespace of its own, so it has no Internet.
[ -z "${CAIRN_SANITIZE:-}" ] || { echo 'SKIP: quickstart makes its own build; it is tried once, beside the release'; exit 77; }
. "$(dirname "$0")/../support/namespace.sh"
set -eu

export TMPDIR=$work/tmp
mkdir "$TMPDIR"
: >"$work/output.log"

# As a terminal would: a group of its own, so that the interrupt reaches all of it. (A shell starts what is in the
# background deaf to interrupts.)
env --default-signal=INT setsid "$source/daemon/quickstart" >"$work/output.log" 2>&1 </dev/null &
quickstart=$!
tail -f --pid=$quickstart -n +1 "$work/output.log" | grep -q -m 1 'Ctrl-C ends it' || fail 'quickstart ended early'
grep -q 'walks the lab' "$work/output.log" || fail 'there should be no Internet here'

# Each line it offers works as it stands.
grep -E '^    (dig|.*/cairn) ' "$work/output.log" >"$work/lines"
[ "$(wc -l <"$work/lines")" -ge 3 ] || fail 'too few lines to try'
while read -r line; do
        sh -c "$line" >"$work/said" 2>&1 || fail "'$line' failed: $(cat "$work/said")"
        case $line in
        dig*) grep -qE 'status: (NOERROR|NXDOMAIN)|EDE: 22.*trace' "$work/said" || fail "'$line': $(cat "$work/said")" ;;
        *) grep -q '127\.53\.' "$work/said" || fail "'$line' shows no server of the lab: $(cat "$work/said")" ;;
        esac
done <"$work/lines"

kill -INT -- -$quickstart
wait $quickstart && status=0 || status=$?
[ $status -eq 130 ] || fail "ended with $status"
[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
if pgrep -x cairnd || pgrep -x authority; then
        fail 'a process is left'
fi
