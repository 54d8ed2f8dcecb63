#!/bin/bash
# Does the lab's authority answer as real authoritative servers do? The same zones, signed once and written to files,
# are served by it, by NSD and by Knot DNS; each question of lab_questions.txt goes to all three. An answer of ours must
# be that of at least one of the two (they differ from each other here and there, within what the RFCs allow).
#
# Left out of the comparison, because servers are free there: NS records that NSD adds to the authority section of an
# answer.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
questions=$source/tests/daemon/lab_questions.txt
PATH=$PATH:/usr/sbin
for tool in nsd knotd; do
        command -v "$tool" >/dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done

# The zones that lab.conf gives to an address: name, and file of --dump.
zones_of() {
        awk -v address="$1" '
                $1 == "server" && $2 == address {
                        for (i = 3; i <= NF && $i !~ /^[+#]/; i++) {
                                file = $i == "." ? "root" : $i
                                gsub("/", "-", file)
                                print $i, file ".zone"
                        }
                }
        ' "$source/zones/lab/lab.conf"
}

# start_nsd ADDRESS-OF-THE-LAB OWN-ADDRESS
start_nsd() {
        local dir=$work/nsd-$2
        mkdir "$dir"
        cat >"$dir/conf" <<-EOF
                server:
                 ip-address: $2@$lab_port
                 port: $lab_port
                 username: ""
                 zonesdir: "$work"
                 database: ""
                 zonelistfile: "$dir/list"
                 pidfile: "$dir/pid"
                 xfrdfile: ""
                 xfrdir: "$dir"
                 server-count: 1
                remote-control:
                 control-enable: no
EOF
        zones_of "$1" | while read -r name file; do
                printf 'zone:\n name: "%s"\n zonefile: "%s"\n' "$name" "$file"
        done >>"$dir/conf"
        nsd -d -c "$dir/conf" >"$dir.log" 2>&1 &
        others="$others $!"
}

# start_knot ADDRESS-OF-THE-LAB OWN-ADDRESS
start_knot() {
        local dir=$work/knot-$2
        mkdir "$dir"
        cat >"$dir/conf" <<EOF
server:
  rundir: $dir
  listen: $2@$lab_port
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
- target: stderr
  any: warning
database:
  storage: $dir
template:
- id: default
  storage: $work
  semantic-checks: off
  zonefile-sync: -1
  journal-content: none
zone:
EOF
        zones_of "$1" | while read -r name file; do
                printf -- '- domain: "%s"\n  file: "%s"\n' "$name" "$file"
        done >>"$dir/conf"
        knotd -c "$dir/conf" >"$dir.log" 2>&1 &
        others="$others $!"
}

# Print one line per answer of dig -f: rcode, AA, TC, and the records of its sections, sorted; without case, since both
# judges store names in lower case.
normalise() {
        awk '
                function begin(what) {
                        flush_answer()
                        seen = 1
                        count = answers = aa = tc = 0
                        status = what
                }
                function flush_answer() {
                        if (!seen) return
                        referral = !aa && !answers
                        line = status (aa ? " aa" : "") (tc ? " tc" : "")
                        n = tc ? 0 : count
                        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++)
                                if (record[j] < record[i]) { t = record[i]; record[i] = record[j]; record[j] = t }
                        for (i = 1; i <= n; i++) {
                                split(record[i], f, " ")
                                covered = f[5] == "RRSIG" ? f[6] : f[5]
                                if (f[1] == "AUTHORITY" && !referral && covered == "NS") continue
                                line = line " | " record[i]
                        }
                        print tolower(line)
                }
                /^;; Got answer/ { begin("?") }
                /^;; no servers could be reached/ { begin("none") }
                /->>HEADER<<-/ { match($0, /status: [A-Z]+/); status = substr($0, RSTART + 8, RLENGTH - 8) }
                /^;; flags:/ { aa = / aa[ ;]/; tc = / tc[ ;]/ }
                /^;; [A-Z]+ SECTION:/ { section = $2 }
                /^[^;]/ { $1 = tolower($1); record[++count] = section " " $0; if (section == "ANSWER") answers++ }
                END { flush_answer() }
        '
}

# answers KIND: those of "ours", "nsd" or "knot", a line to each question.
answers() {
        while read -r server name type; do
                case $1 in ours) at=$server ;; nsd) at=${nsd[$server]} ;; knot) at=${knot[$server]} ;; esac
                echo "@$at $name $type"
                echo "@$at +dnssec $name $type"
        done <"$work/questions" >"$work/batch"
        dig -p $lab_port +norecurse +nocookie +ignore +tries=2 +time=2 +noall +comments +answer +authority +additional \
                -f "$work/batch" | normalise
}

start_lab --dump "$work"
grep -v '^#' "$questions" | awk 'NF == 3' >"$work/questions"
declare -A nsd knot
number=0
for server in $(awk '{ print $1 }' "$work/questions" | sort -u); do
        number=$((number + 1))
        nsd[$server]=127.53.240.$number
        knot[$server]=127.53.241.$number
        start_nsd "$server" "${nsd[$server]}"
        start_knot "$server" "${knot[$server]}"
done
for address in "${nsd[@]}" "${knot[@]}"; do
        wait_for "$address" dig +time=1 +tries=1 +short -p $lab_port "@$address" version.bind CH TXT
done

for kind in ours nsd knot; do answers "$kind" >"$work/$kind.answers"; done
awk '{ print; print $0 " +dnssec" }' "$work/questions" >"$work/asked"
for kind in ours nsd knot; do
        [ "$(wc -l <"$work/$kind.answers")" = "$(wc -l <"$work/asked")" ] ||
                { echo "$kind: $(wc -l <"$work/$kind.answers") answers to $(wc -l <"$work/asked") questions"; exit 1; }
done

paste -d '\n' "$work/asked" "$work"/{ours,nsd,knot}.answers | awk -v verbose="${VERBOSE:-}" '
        function tell(what, theirs) { print what question "\n  ours: " ours "\n  " theirs }
        NR % 4 == 1 { question = $0 }
        NR % 4 == 2 { ours = $0 }
        NR % 4 == 3 { nsd = $0 }
        NR % 4 == 0 {
                asked++
                if (ours == nsd && ours == $0) both++
                else if (ours == nsd) { only_nsd++; if (verbose) tell("as NSD, not Knot: ", "knot: " $0) }
                else if (ours == $0) { only_knot++; if (verbose) tell("as Knot, not NSD: ", "nsd:  " nsd) }
                else { bad++; tell("DIFFERS: ", "nsd:  " nsd "\n  knot: " $0) }
        }
        END {
                printf "%d answers: %d as both, %d as NSD alone, %d as Knot alone, %d as neither\n",
                        asked, both, only_nsd, only_knot, bad
                exit bad > 0
        }'
