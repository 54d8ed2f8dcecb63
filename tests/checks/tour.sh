#!/bin/sh
# The source tour is true: each path that lib/README.md names exists, and each function that it names is somebody's.
#
#   tour.sh SOURCE_DIR
set -eu
cd "$1"

tour=lib/README.md
status=0
count=0

for path in $(grep -o '`[a-z_]*/[A-Za-z_./]*`' $tour | tr -d '`' | sort -u); do
        count=$((count + 1))
        if [ ! -e "lib/$path" ] && [ ! -e "$path" ]; then
                echo "$tour: there is no $path"
                status=1
        fi
done
for path in $(grep -o '`[a-z]*\.h`' $tour | tr -d '`' | sort -u); do
        if [ ! -e "lib/$path" ]; then
                echo "$tour: there is no $path"
                status=1
        fi
done
# A definition begins its line; a macro is one too.
for function in $(grep -o '`[a-zA-Z_]*()`' $tour | tr -d '`()' | sort -u); do
        count=$((count + 1))
        if ! grep -rqE "^([a-z_].*[ *])?$function\(|define $function\(" --include='*.[ch]' lib daemon; then
                echo "$tour: there is no function $function"
                status=1
        fi
done
echo "$count names"
[ $count -gt 20 ] && exit $status
