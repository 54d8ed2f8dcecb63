#!/bin/sh
# The other checks can fail: each finds what is planted in a small tree, and nothing in the same tree without it.
#
#   can_fail.sh SOURCE_DIR
set -eu
checks=$1/tests/checks
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
status=0

# An innocent tree; each call starts anew.
fresh() {
        rm -rf "$tree/lib" "$tree/daemon" "$tree/tests"
        mkdir -p "$tree/lib/base" "$tree/lib/wire" "$tree/lib/cache" "$tree/daemon" "$tree/tests/checks"
        cp "$checks/code.awk" "$tree/tests/checks/"
        printf '#pragma once\n#include <stdint.h>\n\n/* strcpy( in words is no call. */\nint one(void);\n' \
                >"$tree/lib/base/one.h"
        printf '#include "base/one.h"\n\nint one(void)\n{\n        return 1;\n}\n' >"$tree/lib/base/one.c"
        printf '#pragma once\n#include "base/one.h"\n' >"$tree/lib/wire/two.h"
        printf '#pragma once\n#include "base/one.h"\n' >"$tree/daemon/three.h"
}

# expect RESULT CHECK WHAT: RESULT is "pass" or "fail".
expect() {
        if sh "$checks/$2.sh" "$tree" >"$tree/output" 2>&1; then
                result=pass
        else
                result=fail
        fi
        if [ $result != "$1" ]; then
                echo "$2: $3: expected $1, got $result"
                cat "$tree/output"
                status=1
        fi
}

fresh
for check in includes headers sizes words; do
        expect pass $check 'an innocent tree'
done

fresh
echo '#include "wire/two.h"' >>"$tree/lib/base/one.c"
expect fail includes 'an arrow that points back'
fresh
echo '#include <lmdb.h>' >>"$tree/lib/base/one.c"
expect fail includes 'a fence crossed'
fresh
echo '#include <openssl/evp.h>' >>"$tree/daemon/three.h"
expect fail includes 'a fenced folder entered'
fresh
echo '#include <pthread.h>' >>"$tree/lib/base/one.c"
expect fail includes 'a thread in lib/'
fresh
echo '#include "cache/cache.h"' >>"$tree/daemon/three.h"
expect fail includes 'a daemon that looks too deep'
fresh
echo '#include "one.h"' >>"$tree/lib/wire/two.h"
expect fail includes 'a path that does not start at lib/'
fresh
printf '#pragma once\n#include "base/four.h"\n' >"$tree/lib/base/one.h"
printf '#pragma once\n#include "base/one.h"\n' >"$tree/lib/base/four.h"
expect fail includes 'a circle'

fresh
echo 'uint_unknown_t missing(void);' >>"$tree/lib/wire/two.h"
expect fail headers 'a header that needs another'
fresh
printf 'struct twice { int x; };\n' >"$tree/lib/base/one.h"
expect fail headers 'a header without its guard'

# function LINES: a function of that many lines.
function_of() {
        printf 'int long_one(int a,\n             int b)\n{\n'
        awk -v lines=$(($1 - 4)) 'BEGIN { while (lines-- > 0) print "        a++;" }'
        printf '}\n'
}
fresh
function_of 121 >>"$tree/lib/base/one.c"
expect fail sizes 'a function of 121 lines'
fresh
function_of 120 >>"$tree/lib/base/one.c"
expect pass sizes 'a function of 120 lines'
fresh
function_of 21 >"$tree/lib/base/one.c"
expect fail sizes 'a median of 21 lines'
fresh
awk 'BEGIN { while (n++ < 901) print "" }' >"$tree/lib/base/four.c"
expect fail sizes 'a file of 901 lines'
fresh
echo 'int four(void) {' >"$tree/lib/base/four.c"
expect fail sizes 'a brace at the end of the line'

for call in 'strcpy(a, b)' 'sprintf(a, b)' 'assert(a)' 'x = alloca(3)' 'time(NULL)' 'printf("a")' 'abort()'; do
        fresh
        printf 'void four(void)\n{\n        %s;\n}\n' "$call" >"$tree/lib/base/four.c"
        expect fail words "$call"
done
fresh
printf 'void four(void)\n{\n        f->send(1);\n        x_send(1); /* time(0) */\n        g("strcpy(a)");\n}\n' \
        >"$tree/lib/base/four.c"
expect pass words 'words that only look like banned calls'
fresh
printf '/* T''ODO */\n' >"$tree/lib/base/four.c"
expect fail words 'unfinished work'
fresh
awk 'BEGIN { while (n++ < 121) printf "x"; print "" }' >"$tree/lib/base/four.c"
expect fail words 'a line of 121 columns'
exit $status
