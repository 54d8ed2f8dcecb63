#!/bin/sh
# The order of the rooms, read from the #include lines:
#
#     base -> wire -> watch -> config -> store -> dnssec -> cache -> policy -> resolve -> resolver.h
#
# A room uses only itself and those before it; daemon/ sees lib/ through a few doors; each outside library is behind
# one fence; nothing includes itself in a circle.
#
#   includes.sh SOURCE_DIR
set -eu
cd "$1"

edges=$(mktemp)
trap 'rm -f "$edges"' EXIT

# One line per include: FILE:LINE <name> or FILE:LINE "name".
find lib daemon -name '*.[ch]' | sort | xargs grep -nH '^[ 	]*#[ 	]*include' /dev/null |
        sed -n 's/^\([^:]*:[0-9]*\):[ \t]*#[ \t]*include[ \t]*\([<"][^>"]*[>"]\).*/\1 \2/p' >"$edges"

status=0
awk '
BEGIN {
        count = split("base wire watch config store dnssec cache policy resolve", order)
        for (i = 1; i <= count; i++)
                rank[order[i]] = i

        # What daemon/ may see of lib/: a whole room, or one header. base and wire are vocabulary: errors, addresses,
        # names. Anchors that are followed are kept by the process and not by a worker.
        split("base wire config policy watch resolver.h cache/settle.h cache/inspect.h store/store.h " \
              "dnssec/follow.h dnssec/ledger.h dnssec/negative.h", words)
        for (i in words)
                door[words[i]] = 1

        # An outside header (or folder of headers), and the only files that may include it; a folder ends with "/".
        fence("lmdb.h", "lib/store/store_lmdb.c")
        fence("ldns/", "lib/wire/text.c lib/dnssec/crypto.c")
        fence("openssl/", "lib/dnssec/crypto.c")
        fence("yaml.h", "lib/config/config.c")
        fence("uv.h", "daemon/")
        fence("gnutls/", "daemon/tls.c")
        fence("nghttp2/", "daemon/http.c")
        fence("microhttpd.h", "daemon/web.c")
        fence("curl/", "daemon/export.c")
        fence("fstrm.h", "daemon/dnstap.c")

        # lib/ opens no socket, reads no clock, rolls no dice, starts no thread. (A store has its file, and
        # a lock between its writer and its readers.)
        split("pthread.h threads.h time.h sys/time.h sys/timerfd.h sys/random.h poll.h sys/epoll.h " \
              "sys/select.h sys/socket.h sys/un.h net/if.h unistd.h fcntl.h netdb.h signal.h syslog.h", words)
        for (i in words)
                fence(words[i], "daemon/ lib/store/")
        fence("time.h", "daemon/ lib/store/ lib/base/date.c") # the calendar; words.sh sees to it that no clock is read
}

function fence(header, files)
{
        allowed[header] = files
}

function complain(text)
{
        print $1 ": " text
        bad = 1
}

# The fence around a system header: by its whole name, or by its folder.
function fenced(header, folder, list, n, i)
{
        folder = header
        sub(/\/.*/, "/", folder)
        if (!(header in allowed)) {
                if (!(folder in allowed))
                        return 0
                header = folder
        }
        n = split(allowed[header], list, " ")
        for (i = 1; i <= n; i++) {
                if (list[i] == file || (list[i] ~ /\/$/ && index(file, list[i]) == 1))
                        return 0
        }
        return 1
}

# Where a file of lib/ stands in the row; resolver.[ch] stands behind all rooms.
function place(path, room)
{
        if (path ~ /^resolver\.[ch]$/)
                return count + 1
        room = path
        sub(/\/.*/, "", room)
        return rank[room]
}

{
        file = $1
        sub(/:.*/, "", file)
        kind = substr($2, 1, 1)
        name = substr($2, 2, length($2) - 2)
        lines++
}

kind == "<" {
        if (fenced(name))
                complain("<" name "> belongs to " allowed[name] allowed[substr(name, 1, index(name, "/"))])
        next
}

file ~ /^lib\// {
        inner = substr(file, 5)
        if (!place(name))
                complain("\"" name "\" is in no room of lib/ (write the path from lib/)")
        else if (place(name) > place(inner))
                complain("the arrow points back: " inner " includes " name)
        next
}

name !~ /\// && name != "resolver.h" { next } # a neighbour in daemon/

{
        room = name
        sub(/\/.*/, "", room)
        if (!(name in door) && !(room in door))
                complain("daemon/ may not look that deep: " name)
}

END {
        if (lines < 1) {
                print "no #include line found: is this the source tree?"
                bad = 1
        }
        exit bad
}' "$edges" || status=1

# Circles: tsort wants pairs, from the including header to the included one, both as written in an #include.
if ! sed -n 's|^\([^:]*\.h\):[0-9]* "\(.*\)"$|\1 \2|p' "$edges" | sed 's|^lib/||; s|^daemon/||' | tsort >/dev/null; then
        echo "headers include each other in a circle (above)"
        status=1
fi
exit $status
