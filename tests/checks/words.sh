#!/bin/sh
# Words that must not be in the code: functions that cannot be used safely, and in lib/ those that touch the world.
# Also lines over 120 columns (140 in tests, whose tables are wide), tabs, and blanks at line ends.
#
#   words.sh SOURCE_DIR
set -eu
cd "$1"

code=$(mktemp)
trap 'rm -f "$code"' EXIT
status=0

find lib daemon -name '*.[ch]' | sort | xargs awk -f tests/checks/code.awk >"$code"

# banned WHERE WHY WORDS [EXCEPT]: no call of these words in files that begin with WHERE (a regular expression).
banned() {
        words=$(printf '%s' "$3" | tr ' ' '|')
        found=$(grep -E "^($1)[^:]*:[0-9]+:(.*[^A-Za-z0-9_>.])?($words)[ ]*\(" "$code" | grep -vE "^(${4:-no such file}):" || true)
        if [ -n "$found" ]; then
                printf '%s\n(%s)\n' "$found" "$2"
                status=1
        fi
}

banned 'lib/|daemon/' 'writes without knowing the room' \
        'sprintf vsprintf strcpy strcat stpcpy strncpy strncat gets scanf sscanf fscanf'
banned 'lib/|daemon/' 'grows the stack by what came from outside' 'alloca'
banned 'lib/|daemon/' 'an invariant is EXPECT(), which fails one question and not the daemon' 'assert'
banned 'lib/|daemon/' 'cannot report an error' 'atoi atol atoll atof'
banned 'lib/|daemon/' 'not random enough for anything here' 'rand random srand srandom drand48 lrand48'
banned 'lib/|daemon/' 'not for programs with threads' \
        'strtok gmtime localtime ctime asctime gethostbyname inet_ntoa readdir_r tmpnam tempnam mktemp'
banned 'lib/|daemon/' 'runs a shell' 'system popen'
banned 'lib/|daemon/' 'ends the daemon' 'abort _exit' 'lib/base/err.c|lib/store/rebuild.c'
banned 'lib/' 'ends the daemon' 'exit quick_exit'
banned 'lib/' 'lib/ does not log: it traces and counts' \
        'printf fprintf vprintf vfprintf puts fputs putchar perror dprintf syslog' 'lib/base/err.c'
banned 'lib/' 'lib/ reads no clock' 'time clock clock_gettime gettimeofday sleep usleep nanosleep'
banned 'lib/' 'lib/ rolls no dice: the host hands in a generator' 'getrandom getentropy arc4random RAND_bytes'
banned 'lib/' 'lib/ starts no thread' 'pthread_create thrd_create'

layout=$(find lib daemon tests -name '*.[ch]' -o -name '*.js' -o -name '*.mjs' | sort | LC_ALL=C xargs awk '
        { columns = $0; gsub(/[\200-\277]/, "", columns) } # the later bytes of a UTF-8 character take no column
        length(columns) > (FILENAME ~ /^tests\// ? 140 : 120) { print FILENAME ":" FNR ": " length(columns) " columns" }
        /\t/ { print FILENAME ":" FNR ": a tab" }
        /[ \t]$/ { print FILENAME ":" FNR ": blanks at the end" }')
if [ -n "$layout" ]; then
        printf '%s\n' "$layout"
        status=1
fi

unfinished=$(grep -nE '(^|[^A-Za-z])(TODO|FIXME|XXX)([^A-Za-z]|$)' -r lib daemon --include='*.[ch]' --include='*.def' || true)
if [ -n "$unfinished" ]; then
        printf '%s\n(unfinished work belongs to an issue)\n' "$unfinished"
        status=1
fi
exit $status
