# Sourced by tests that want a cairnd that walks the lab, in a namespace of their own (namespace.sh).
#
#   . "$(dirname "$0")/../support/lab_daemon.sh"    executes the script again inside the namespace
#   start_lab [--option VALUE]...                   the lab's server, on port $lab_port
#   start_cairnd 'more: settings'...                cairnd on 127.0.0.1 port 5300, its web port 8053, its files in $work
#   stop_cairnd, stop_lab
. "$(dirname "${BASH_SOURCE[0]}")/namespace.sh"
command -v dig >/dev/null || { echo 'SKIP: dig is not installed'; exit 77; }

lab_port=5301
truth=127.53.255.53 # the lab's server that answers for all its zones
lab=
cairnd=
trap 'others="$cairnd $lab $others"; finish' EXIT

start_lab() {
        : >"$work/lab.log"
        "$build/authority" --zones "$source/zones/lab" --port $lab_port --hints "$work/hints" --anchor "$work/anchor" "$@" \
                >"$work/lab.log" 2>&1 &
        lab=$!
        wait_for 'the lab' grep -q ready "$work/lab.log"
}

stop_lab() {
        kill "$lab"
        wait "$lab"
        lab=
}

# configure_cairnd 'more: settings'...
configure_cairnd() {
        mkdir -p "$work/cache" "$work/state"
        cat >"$work/cairn.yaml" <<EOF
listen: [127.0.0.1]
port: 5300
cache-dir: $work/cache
state-dir: $work/state
control-socket: $work/control
root-hints-file: $work/hints
trust-anchor-file: $work/anchor
do-not-query-localhost: no
EOF
        [[ $* == *upstream-port:* ]] || echo "upstream-port: $lab_port" >>"$work/cairn.yaml"
        [[ $* == *trace-log:* ]] || echo 'trace-log: off' >>"$work/cairn.yaml"
        printf '%s\n' "$@" >>"$work/cairn.yaml"
}

# With the settings as they are written, and without waiting for it.
launch_cairnd() {
        "$build/cairnd" --config "$work/cairn.yaml" >>"$work/cairnd.log" 2>&1 &
        cairnd=$!
}

start_cairnd() {
        configure_cairnd "$@"
        launch_cairnd
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

cairn() {
        "$build/cairn" --socket "$work/control" "$@"
}

# All that lab_names.txt and lab_questions.txt ask for: name, type, and what is to come of it, as the former says it.
lab_questions() {
        grep -v '^#' "$source/tests/daemon/lab_names.txt" | awk 'NF == 3'
        grep -v '^#' "$source/tests/daemon/lab_questions.txt" | awk 'NF == 3 { print $2, $3, "truth" }'
}
