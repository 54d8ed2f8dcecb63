#!/bin/sh
# Code that fits a screen: the median function has at most 20 lines, none over 120, no file over 900.
#
# A function begins with the line of its signature and ends with the closing brace, both counted; comments before it are
# not. Its braces stand in the first column, as everywhere here; one that opens at the end of the signature's line is a
# complaint, because it would escape the count. The median is that of lib/ and daemon/; the limits hold for tests/ too.
#
#   sizes.sh SOURCE_DIR
set -eu
cd "$1"

sizes=$(mktemp)
trap 'rm -f "$sizes"' EXIT
status=0

find lib daemon tests -name '*.[ch]' -o -path '*/checks/*.sh' | sort | xargs awk -v sizes="$sizes" '
function complain(text)
{
        print FILENAME ":" FNR ": " text
        bad = 1
}

FNR == 1 {
        start = 0
        inside = 0
        comment = 0
}

FNR == 901 { complain("the file has more than 900 lines") }
FILENAME !~ /\.[ch]$/ { next }

# Comments before a function, and preprocessor lines with what they continue, are no part of a signature.
comment {
        if (/\*\//)
                comment = 0
        next
}
!inside && /^[ \t]*\/\*/ {
        if (!/\*\//)
                comment = 1
        next
}
continued || (!inside && /^[ \t]*#/) {
        continued = /\\$/
        next
}

inside {
        if (/^[}]/) {
                lines = FNR - start + 1
                print FILENAME, name, lines >sizes
                if (lines > 120)
                        complain(name "() has " lines " lines")
                inside = 0
                start = 0
        }
        next
}

/^[{]/ {
        if (!start)
                next
        inside = 1
        name = signature
        sub(/\(.*/, "", name)
        sub(/.*[ *]/, "", name)
        if (/[}][ \t]*$/) {
                print FILENAME, name, FNR - start + 1 >sizes
                inside = 0
                start = 0
        }
        next
}

/^[A-Za-z_].*\)[ \t]*[{]/ && !/=/ { complain("the opening brace of a function stands on its own line") }

# A line in the first column begins something; if it holds a parenthesis it may be a signature, which may go on below.
/^[A-Za-z_]/ && !/^(struct|enum|union)[^(]*[{]/ {
        if (!start) {
                start = FNR
                signature = $0
        } else {
                signature = signature " " $0
        }
}
/[;}]/ { start = 0 }

END { exit bad }
' || status=1

summary() {
        sort -n -k 3,3 | awk -v what="$1" -v max="$2" '
        { length_of[NR] = $3 }
        END {
                if (NR == 0)
                        exit
                median = length_of[int((NR + 1) / 2)]
                printf "%s: %d functions, median %d lines, longest %d\n", what, NR, median, length_of[NR]
                exit median > max
        }'
}

grep -E '^(lib|daemon)/' "$sizes" | summary 'lib and daemon' 20 || {
        echo "the median function has more than 20 lines"
        status=1
}
grep '^tests/' "$sizes" | summary 'tests' 1000 || true
exit $status
