# Sourced by tests that run in a network namespace of their own, where all ports are free; as root or, where the kernel
# lets it, as anybody. It executes the script again inside.
#
#   $source, $build, $work   the source tree, the programs, and a directory that is removed with the test
#   $others                  processes that are to end with it
#   fail, wait_for

if [ "${INSIDE:-}" != yes ]; then
        user=()
        [ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
        inside=(unshare "${user[@]}" --net --mount --pid --fork --mount-proc --kill-child)
        if ! "${inside[@]}" true 2>/dev/null; then
                echo 'SKIP: no namespaces can be made here'
                exit 77
        fi
        INSIDE=yes exec "${inside[@]}" "$0" "$@"
fi
ip link set lo up

source=${CAIRN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${CAIRN_BUILD:-$source/build/release}
work=$(mktemp -d)
others=
trap finish EXIT

finish() {
        for pid in $others; do
                kill "$pid" 2>/dev/null && kill -CONT "$pid" 2>/dev/null # one that a test has stopped could not end
        done
        wait
        rm -rf "$work"
}

# fail WHAT: with the end of what the programs wrote.
fail() {
        echo "FAIL $*"
        tail -n 20 "$work"/*.log
        exit 1
}

# wait_for WHAT COMMAND...: until the command succeeds; a minute at most, as the machine may be busy with others.
wait_for() {
        local what=$1
        shift
        for _ in $(seq 600); do
                "$@" >/dev/null 2>&1 && return 0
                sleep 0.1
        done
        fail "$what did not come"
}
