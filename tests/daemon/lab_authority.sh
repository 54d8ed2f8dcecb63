#!/bin/bash
# Does the lab's authority answer as real authoritative servers do? The same zones, signed once and written to files,
# are served by it, by NSD and by Knot DNS; each question of lab_questions.txt goes to all three. An answer of ours must
# be that of at least one of the two (they differ from each other here and there, within what the RFCs allow).
#
# Left out of the comparison, because servers are free there: NS records that NSD adds to the authority section of an
# answer.
#
# In a network namespace of its own, where all ports are free.
set -u
if [ "${1:-}" != inside ]; then
        user=()
        [ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
        unshare "${user[@]}" --net true 2>/dev/null || { echo 'SKIP: no namespaces can be made here'; exit 77; }
        exec unshare "${user[@]}" --net --pid --fork --kill-child "$0" inside
fi
ip link set lo up

source=${CAIRN_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
authority=${CAIRN_BUILD:-$source/build/release}/authority
questions=$source/tests/daemon/lab_questions.txt
PATH=$PATH:/usr/sbin
for tool in nsd knotd dig; do
        command -v "$tool" >/dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done

work=$(mktemp -d)
pids=()
finish() {
        for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
        wait
        rm -rf "$work"
}
trap finish EXIT

# Wait until a server answers at this address; 10 s at most.
answers() {
        for _ in $(seq 100); do
                dig +time=1 +tries=1 +short -p "$port" "@$1" version.bind CH TXT >/dev/null 2>&1 && return 0
                sleep 0.1
        done
        echo "no answer from $1 port $port"
        return 1
}

start_authority() {
        "$authority" --zones "$source/zones/lab" --port "$port" --dump "$work" >"$work/ready" 2>"$work/errors" &
        pids+=($!)
        answers 127.53.0.1 || { cat "$work/errors"; exit 1; }
}

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
                 ip-address: $2@$port
                 port: $port
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
        nsd -d -c "$dir/conf" >"$dir/log" 2>&1 &
        pids+=($!)
}

# start_knot ADDRESS-OF-THE-LAB OWN-ADDRESS
start_knot() {
        local dir=$work/knot-$2
        mkdir "$dir"
        cat >"$dir/conf" <<EOF
server:
  rundir: $dir
  listen: $2@$port
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
        knotd -c "$dir/conf" >"$dir/log" 2>&1 &
        pids+=($!)
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

# ask KIND: the answers of "ours", "nsd" or "knot", a line to each question.
ask() {
        while read -r server name type; do
                case $1 in ours) at=$server ;; nsd) at=${nsd[$server]} ;; knot) at=${knot[$server]} ;; esac
                echo "@$at $name $type"
                echo "@$at +dnssec $name $type"
        done <"$work/questions" >"$work/batch"
        dig -p "$port" +norecurse +nocookie +ignore +tries=2 +time=2 +noall +comments +answer +authority +additional \
                -f "$work/batch" | normalise
}

port=5354
start_authority
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
for address in "${nsd[@]}" "${knot[@]}"; do answers "$address" || exit 1; done

for kind in ours nsd knot; do ask "$kind" >"$work/$kind.answers"; done
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
