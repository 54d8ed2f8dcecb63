#!/bin/bash
# The first command of the README: where no root server answers it walks the lab, it prints lines to try and they work,
# and Ctrl-C leaves no process and no file.
#
# In a network namespace of its own, so it has no Internet and its ports are free.
set -eu

if [ "${1:-}" != inside ]; then
        [ -z "${CAIRN_SANITIZE:-}" ] || { echo 'SKIP: quickstart makes its own build; it is tried once, beside the release'; exit 77; }
        user=()
        [ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
        if ! unshare "${user[@]}" --net true 2>/dev/null; then
                echo "SKIP: no namespaces can be made here"
                exit 77
        fi
        exec unshare "${user[@]}" --net --mount --pid --fork --mount-proc --kill-child "$0" inside
fi

ip link set lo up
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"
: >"$scratch/output"

fail() {
        echo "$*"
        cat "$scratch/output"
        exit 1
}

# As a terminal would: a group of its own, so that the interrupt reaches all of it. (A shell starts what is in the
# background deaf to interrupts.)
env --default-signal=INT setsid "$CAIRN_SOURCE/daemon/quickstart" >"$scratch/output" 2>&1 </dev/null &
quickstart=$!
tail -f --pid=$quickstart -n +1 "$scratch/output" | grep -q -m 1 'Ctrl-C ends it' || fail 'quickstart ended early'
grep -q 'walks the lab' "$scratch/output" || fail 'there should be no Internet here'

# Each line it offers works as it stands.
grep -E '^    (dig|.*/cairn) ' "$scratch/output" >"$scratch/lines"
[ "$(wc -l <"$scratch/lines")" -ge 3 ] || fail 'too few lines to try'
while read -r line; do
        sh -c "$line" >"$scratch/said" 2>&1 || fail "'$line' failed: $(cat "$scratch/said")"
        case $line in
        dig*) grep -qE 'status: (NOERROR|NXDOMAIN)|EDE: 22.*trace' "$scratch/said" || fail "'$line': $(cat "$scratch/said")" ;;
        *) grep -q '127\.53\.' "$scratch/said" || fail "'$line' shows no server of the lab: $(cat "$scratch/said")" ;;
        esac
done <"$scratch/lines"

kill -INT -- -$quickstart
wait $quickstart && status=0 || status=$?
[ $status -eq 130 ] || fail "ended with $status"
[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
if pgrep -x cairnd || pgrep -x authority; then
        fail 'a process is left'
fi
