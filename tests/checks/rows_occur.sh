#!/bin/sh
# Each step of trace.def and each metric of metrics.def occurs in some scenario: a row that nothing makes is no row.
#
#   rows_occur.sh SOURCE_DIR
#
# Needs the replayer in $CAIRN_BUILD. Rows that do not occur there are listed below with the reason; of one that occurs all
# the same, the check says so.
set -eu
cd "$1"

replay=${CAIRN_BUILD:-build/debug}/tests/replay
if [ ! -x "$replay" ]; then
        echo "$replay is not there"
        exit 77
fi

elsewhere='
step note                 no scenario yet
step signature            no scenario of ours is signed
step denied               no scenario of ours is signed
step dropped              no scenario yet
step outage               no scenario yet
metric connections        counted by the daemon
metric traces_kept        counted by the daemon
metric traces_dropped     counted by the daemon
metric puts_dropped       counted by the daemon
metric evictions          counted by the daemon
metric unexpected_replies counted by the daemon
metric puts               counted by the daemon
metric cache_entries      counted by the daemon
metric cache_used_bytes   counted by the daemon
metric cache_size_bytes   counted by the daemon
metric otlp_sent          counted by the daemon
metric otlp_dropped       counted by the daemon
metric dnstap_sent        counted by the daemon
metric dnstap_dropped     counted by the daemon
metric start_time_seconds counted by the daemon
metric turn_high_water counted by the daemon
metric checks             no scenario of ours is signed
metric message_checks_high_water no scenario of ours is signed
metric expect_failures    a broken invariant ends the replayer
'

output=$(mktemp)
trap 'rm -f "$output"' EXIT
"$replay" --verbose tests/scenario >"$output" 2>&1 || true # whether they pass is another test

{
        sed -n 's/^STEP(\([A-Z_]*\),.*/step \1/p' lib/watch/trace.def | tr '[:upper:]' '[:lower:]'
        sed -n 's/^METRIC(\([a-z_]*\),.*/metric \1/p' lib/watch/metrics.def
        echo "$elsewhere" | sed -n 's/^\([a-z]\)/elsewhere \1/p'
        sed -n 's/^ *[0-9.]*  \[[0-9]*\] \([a-z_]*\):.*/seen step \1/p; s/^ *\(metric [a-z_]*\):.*/seen \1/p' "$output"
} | awk '
$1 == "elsewhere" { reason[$2 " " $3] = 1; next }
$1 == "seen"      { seen[$2 " " $3] = 1; next }
                  { row[$1 " " $2] = 1; rows++ }
END {
        for (r in row) {
                if (!(r in seen) && !(r in reason)) {
                        print r ": occurs in no scenario"
                        bad = 1
                }
        }
        for (r in reason) {
                if (!(r in row)) {
                        print r ": is no row any more"
                        bad = 1
                } else if (r in seen) {
                        print r ": need not be on the list of this check any more"
                }
        }
        print rows " rows"
        exit bad || rows < 20
}'
