# Sourced by tests that want a cairnd that walks the lab, in a network namespace of its own where all ports are free.
#
#   . "$(dirname "$0")/../support/lab_daemon.sh"    re-executes the script inside the namespace
#   start_lab                                       the lab's server
#   start_cairnd 'more: settings'...                cairnd on 127.0.0.1 port 5300, its web port 8053, its files in $work
#   stop_cairnd

if [ "${LAB_INSIDE:-}" != yes ]; then
        user=()
        [ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
        if ! unshare "${user[@]}" --net true 2>/dev/null; then
                echo 'SKIP: no namespaces can be made here'
                exit 77
        fi
        LAB_INSIDE=yes exec unshare "${user[@]}" --net --mount --pid --fork --mount-proc --kill-child "$0" "$@"
fi
ip link set lo up

source=${CAIRN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${CAIRN_BUILD:-$source/build/release}
work=$(mktemp -d)
lab=
cairnd=
others= # what else is to be ended with the test
trap finish EXIT

finish() {
        for pid in $cairnd $lab $others; do
                kill "$pid" 2>/dev/null
        done
        wait
        rm -rf "$work"
}

fail() {
        echo "FAIL $*"
        tail -n 20 "$work"/*.log
        exit 1
}

# wait_for WHAT COMMAND...: until the command succeeds; 20 s at most.
wait_for() {
        local what=$1
        shift
        for _ in $(seq 200); do
                "$@" >/dev/null 2>&1 && return 0
                sleep 0.1
        done
        fail "$what did not come"
}

start_lab() {
        "$build/authority" --zones "$source/zones/lab" --port 5301 --hints "$work/hints" --anchor "$work/anchor" \
                >"$work/lab.log" 2>&1 &
        lab=$!
        wait_for 'the lab' grep -q ready "$work/lab.log"
}

start_cairnd() {
        mkdir -p "$work/cache" "$work/state"
        cat >"$work/cairn.yaml" <<EOF
listen: [127.0.0.1]
port: 5300
cache-dir: $work/cache
state-dir: $work/state
control-socket: $work/control
root-hints-file: $work/hints
trust-anchor-file: $work/anchor
upstream-port: 5301
do-not-query-localhost: no
EOF
        [[ $* == *trace-log:* ]] || echo 'trace-log: off' >>"$work/cairn.yaml"
        printf '%s\n' "$@" >>"$work/cairn.yaml"
        "$build/cairnd" --config "$work/cairn.yaml" >>"$work/cairnd.log" 2>&1 &
        cairnd=$!
        wait_for cairnd dig +time=1 +tries=1 @127.0.0.1 -p 5300 localhost
}

stop_cairnd() {
        kill "$cairnd"
        wait "$cairnd" || fail "cairnd ended with $?"
        cairnd=
}

# ask NAME [TYPE]...: the answer's records and rcode, as dig says them.
ask() {
        dig +time=5 +tries=1 @127.0.0.1 -p 5300 "$@"
}
