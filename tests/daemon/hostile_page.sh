#!/bin/bash
# 10,000 names of markup, quotes, escape sequences, NUL, right-to-left marks and 255 bytes go through the JSON of the web
# port and, where there is a browser, through the page under its own strict policy: nothing raw comes out, and nothing
# happens but text.
. "$(dirname "$0")/../support/browser.sh"
if [ "${INSIDE:-}" != yes ] && (need_browser) >/dev/null; then
        need_browser
        export WITH_BROWSER=yes
fi
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
groups=50
[ -z "${CAIRN_SANITIZE:-}" ] || groups=5

[ -x /usr/bin/python3 ] || { echo 'SKIP: python3 is not installed'; exit 77; }
start_lab
start_cairnd 'trace-rate: 1000000' 'aggressive-nsec: no'
"$source/tests/support/hostile_names.py" 5300 8053 $groups "${SEED:-1}" || fail 'the JSON'
if [ "${WITH_BROWSER:-}" = yes ]; then
        node "$source/tests/support/hostile.mjs" "$PLAYWRIGHT" http://127.0.0.1:8053 $groups 200 || fail 'the page'
fi
stop_cairnd
