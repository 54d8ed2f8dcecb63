#!/bin/bash
# cairnd resolves from real authoritative servers: the lab's good zones, signed once and written to files, are served on
# the lab's own addresses by NSD, by Knot DNS, and by BIND where it is installed. What cairnd answers must be what the
# lab's server of truth says, in rcode, AD and records.
#
# One process serves all zones on all addresses, as a provider's servers do: it answers for parent and child alike where
# the lab's own servers refer. Zones within bad. are left out; there is nothing to resolve in them.
#
# VERBOSE=1 prints every answer.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
PATH=$PATH:/usr/sbin
for tool in nsd knotd; do
        command -v "$tool" >/dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done

# Of lab.conf: the addresses with a good zone into the file addresses, the good zones (name, file of --dump) into zones.
choose_zones() {
        awk -v addresses="$work/addresses" '
                $1 != "server" { next }
                {
                        good = 0
                        for (i = 3; i <= NF && $i !~ /^[+#]/; i++) {
                                if ($i ~ /\.bad$/) continue
                                good = 1
                                file = $i == "." ? "root" : $i
                                gsub("/", "-", file)
                                if (!seen[$i]++) print $i, file ".zone"
                        }
                        if (good && !bound[$2]++) print $2 >addresses
                }
        ' "$source/zones/lab/lab.conf" >"$work/zones"
}

configure_nsd() {
        cat <<-EOF
                server:
                 port: $server_port
                 username: ""
                 zonesdir: "$work"
                 database: ""
                 zonelistfile: "$work/nsd/list"
                 pidfile: "$work/nsd/pid"
                 xfrdfile: ""
                 xfrdir: "$work/nsd"
                 server-count: 1
EOF
        sed "s/.*/ ip-address: &@$server_port/" "$work/addresses"
        printf 'remote-control:\n control-enable: no\n'
        while read -r name file; do
                printf 'zone:\n name: "%s"\n zonefile: "%s"\n' "$name" "$file"
        done <"$work/zones"
}

configure_knot() {
        cat <<EOF
server:
  rundir: $work/knot
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  listen: [ $(sed "s/.*/\"&@$server_port\"/" "$work/addresses" | paste -sd ,) ]
log:
- target: stderr
  any: warning
database:
  storage: $work/knot
template:
- id: default
  storage: $work
  semantic-checks: off
  zonefile-sync: -1
  journal-content: none
zone:
EOF
        while read -r name file; do
                printf -- '- domain: "%s"\n  file: "%s"\n' "$name" "$file"
        done <"$work/zones"
}

# BIND listens on the addresses of interfaces alone, not on all that are local.
configure_named() {
        local address
        grep -v : "$work/addresses" | while read -r address; do ip address add "$address/32" dev lo; done
        cat <<EOF
options {
        directory "$work/named";
        pid-file none;
        session-keyfile none;
        listen-on port $server_port { $(grep -v : "$work/addresses" | tr '\n' ';') };
        listen-on-v6 port $server_port { $(grep : "$work/addresses" | tr '\n' ';') };
        automatic-interface-scan no;
        recursion no;
        dnssec-validation no;
        notify no;
        check-names primary ignore;
        check-integrity no;
};
controls { };
EOF
        while read -r name file; do
                printf 'zone "%s" { type primary; file "%s/%s"; };\n' "$name" "$work" "$file"
        done <"$work/zones"
}

# Whether the server has loaded its zones: it answers for the last of them with authority.
serves_zones() {
        dig +time=1 +tries=1 +norecurse -p "$server_port" "@$(tail -n 1 "$work/addresses")" \
                "$(tail -n 1 "$work/zones" | cut -d ' ' -f 1)" SOA | grep -q '^;; flags:.* aa'
}

# start_server KIND: nsd, knot or named.
start_server() {
        mkdir "$work/$1"
        "configure_$1" >"$work/$1/conf"
        case $1 in
        nsd) nsd -d -c "$work/nsd/conf" >"$work/nsd.log" 2>&1 & ;;
        knot) knotd -c "$work/knot/conf" >"$work/knot.log" 2>&1 & ;;
        named) named -g -n 1 -c "$work/named/conf" >"$work/named.log" 2>&1 & ;;
        esac
        server=$!
        others="$others $server"
        wait_for "$1" serves_zones
}

# What is asked: all that is to be answered with the truth, outside bad.
choose_questions() {
        lab_questions | awk '!seen[tolower($1), $2]++ && $3 == "truth" && $1 !~ /\.bad$/ { print $1, $2 }' >"$work/questions"
}

# answers ADDRESS PORT: one line to each question: rcode, AD, and the answer's records, sorted; without times to live and
# case, since both servers store names in lower case.
answers() {
        dig -p "$2" "@$1" +time=12 +tries=2 +noall +comments +answer -f "$work/questions" 2>/dev/null | awk '
                function finish_answer(i, j, t) {
                        if (!asked++) return
                        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++)
                                if (record[j] < record[i]) { t = record[i]; record[i] = record[j]; record[j] = t }
                        line = status ad
                        for (i = 1; i <= n; i++) line = line " | " record[i]
                        print line
                }
                function begin_answer(what) { finish_answer(); status = what; ad = ""; n = 0 }
                /^;; Got answer/ { begin_answer("?") }
                /^;; no servers could be reached/ { begin_answer("SILENCE") }
                /->>HEADER<<-/ { match($0, /status: [A-Z]+/); status = substr($0, RSTART + 8, RLENGTH - 8) }
                /^;; flags:/ { ad = / ad[ ;]/ ? " ad" : "" }
                /^[^;]/ { $2 = ""; record[++n] = tolower($0) }
                END { finish_answer() }
        '
}

# judge KIND: compare its answers with the truth; fails if any differs.
judge() {
        local count who
        count=$(wc -l <"$work/questions")
        for who in truth "$1"; do
                [ "$(wc -l <"$work/$who.answers")" -eq "$count" ] ||
                        { echo "$who: $(wc -l <"$work/$who.answers") answers to $count questions"; return 1; }
        done
        paste -d '\n' "$work/questions" "$work/truth.answers" "$work/$1.answers" |
                awk -v kind="$1" -v verbose="${VERBOSE:-}" '
                        NR % 3 == 1 { question = $0 }
                        NR % 3 == 2 { truth = $0 }
                        NR % 3 == 0 {
                                count++
                                if ($0 == truth) good++
                                else print "DIFFERS: " question "\n  truth:  " truth "\n  cairnd: " $0
                                if (verbose) print question ": " $0
                        }
                        END { print kind ": " good + 0 " of " count; exit good != count }
                '
}

# The lab itself serves beside, on another port, to say the truth; it signs the zones, and writes them down.
server_port=5354
start_lab --dump "$work"
choose_zones
choose_questions
[ "$(wc -l <"$work/questions")" -ge 200 ] || { echo "only $(wc -l <"$work/questions") questions"; exit 1; }
answers $truth $lab_port >"$work/truth.answers"

status=0
for kind in nsd knot $(command -v named >/dev/null && echo named); do
        start_server "$kind"
        rm -rf "$work/cache" "$work/state"
        start_cairnd "upstream-port: $server_port"
        answers 127.0.0.1 5300 >"$work/$kind.answers"
        judge "$kind" || status=1
        stop_cairnd
        kill "$server"
        wait "$server"
done
exit $status
