# Sourced before lab_daemon.sh by tests that look at the page: a Chromium, Node.js and playwright-core, or SKIP.
#
# playwright-core comes from the npm registry once and stays in the build directory. In $PLAYWRIGHT: where it is.

need_browser() {
        [ -z "${CAIRN_SANITIZE:-}" ] || { echo 'SKIP: the page is looked at once, beside the release'; exit 77; }
        for program in chromium node npm; do
                command -v $program >/dev/null || { echo "SKIP: $program is not installed (tests/run --full does)"; exit 77; }
        done
        local folder=${CAIRN_BUILD:-build/release}/npm
        export PLAYWRIGHT=$folder/node_modules/playwright-core
        mkdir -p "$folder"
        (
                flock 9 # another test may be at it
                [ -d "$PLAYWRIGHT" ] || npm install --silent --no-audit --no-fund --prefix "$folder" playwright-core@1 >/dev/null 2>&1
        ) 9>"$folder/lock" || { echo 'SKIP: playwright-core cannot be had from the npm registry'; exit 77; }
}
