#!/bin/sh
# Each header compiles when it is the only one included, with every compiler at hand.
#
#   headers.sh SOURCE_DIR
set -eu
cd "$1"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=0
cflags="-std=c11 -D_GNU_SOURCE -Ilib -Idaemon -Wall -Wextra -Wstrict-prototypes -Werror $(
        pkg-config --cflags libuv ldns libcrypto yaml-0.1 2>/dev/null || true)"

status=0
count=0
for header in $(find lib daemon -name '*.h' | sort); do
        if [ "$(head -n 1 "$header")" != '#pragma once' ]; then
                echo "$header: the first line is not #pragma once"
                status=1
        fi
        name=${header#lib/}
        name=${name#daemon/}
        # The second time finds a header without its guard.
        printf '#include "%s"\n#include "%s"\n' "$name" "$name" >"$scratch/alone.c"
        for compiler in gcc clang; do
                if ! command -v $compiler >/dev/null; then
                        continue
                fi
                count=$((count + 1))
                # shellcheck disable=SC2086
                if ! $compiler $cflags -fsyntax-only "$scratch/alone.c"; then
                        echo "$header: does not compile alone with $compiler"
                        status=1
                fi
        done
done
echo "$count compilations"
[ $count -gt 0 ] && exit $status
