#!/bin/bash
# The page in a real browser: what it shows of the lab, by mouse, by keyboard, on a phone, in light and dark, under its
# own strict policy. page.mjs says what is looked at. Pictures stay in the build directory, in screenshots/.
. "$(dirname "$0")/../support/browser.sh"
[ "${INSIDE:-}" = yes ] || need_browser
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u

start_lab
start_cairnd
for name in www.inside.lab chain.example.org nothing.example.com www.bogus.bad www.refused.bad www.silent.bad www.slow.lab; do
        ask "$name" >/dev/null
        ask "$name" >/dev/null
done
mkdir -p "$build/screenshots"
node "$source/tests/support/page.mjs" "$PLAYWRIGHT" "$build/screenshots" http://127.0.0.1:8053 || fail 'the page'
