#!/bin/bash
# cairnd as the resolver of a whole system: /etc/resolv.conf points at it, and glibc resolves names, an address back to
# its name, and learns that a name is missing. Also: systemd finds nothing wrong with the unit.
#
# Runs in a mount and network namespace of its own, so nothing outside changes.
. "$(dirname "$0")/../support/namespace.sh"
set -eu

failures=0

# check WHAT EXPECTED COMMAND...: the command's output, in one line, matches the pattern.
check() {
        local what=$1 expected=$2 output
        shift 2
        output=$("$@" 2>&1 | tr -s ' \t\n' ' ' | sed 's, $,,') || true
        # shellcheck disable=SC2053
        if [[ $output != $expected ]]; then
                echo "$what: expected '$expected', got '$output'"
                failures=$((failures + 1))
        fi
}

check_unit() {
        if ! command -v systemd-analyze >/dev/null; then
                echo "systemd-analyze is not here: the unit is not verified"
                return
        fi
        # verify looks for the program where the unit will find it.
        sed "s|/usr/sbin/cairnd|$build/cairnd|" "$source/daemon/cairnd.service" >"$work/cairnd.service"
        check 'systemd-analyze verify' '' systemd-analyze verify --man=no "$work/cairnd.service"
        check 'systemd-analyze security' '*Overall exposure level*OK*' \
                systemd-analyze security --offline=true --threshold=15 "$work/cairnd.service"
}

start_cairnd() {
        cat >"$work/cairn.yaml" <<EOF
listen: [127.0.0.53]
cache-dir: $work/cache
state-dir: $work/state
control-socket: $work/control
trace-log: "off"
local-data:
  - www.lab.test. A 192.0.2.77
  - www.lab.test. AAAA 2001:db8::77
  - 77.2.0.192.in-addr.arpa. PTR www.lab.test.
  - alias.lab.test. CNAME www.lab.test.
  - lab.test. SOA ns.lab.test. host.lab.test. 1 1 1 1 1
EOF
        mkdir "$work/cache" "$work/state"
        "$build/cairnd" --config "$work/cairn.yaml" >"$work/cairnd.log" 2>&1 &
        others=$!
        wait_for cairnd dig +time=1 +tries=1 @127.0.0.53 www.lab.test
}

ip addr add 198.51.100.1/32 dev lo # without a routable address glibc asks for none (AI_ADDRCONFIG)
ip addr add 2001:db8::1/128 dev lo nodad
printf 'nameserver 127.0.0.53\noptions edns0 trust-ad timeout:1 attempts:1\n' >"$work/resolv.conf"
printf 'hosts: files dns\n' >"$work/nsswitch.conf"
printf '127.0.0.1 localhost\n' >"$work/hosts"
for file in resolv.conf nsswitch.conf hosts; do
        mount --bind "$work/$file" /etc/$file
done

check_unit
start_cairnd
check 'IPv4 addresses' '192.0.2.77 STREAM www.lab.test *' getent ahostsv4 www.lab.test
check 'IPv6 addresses' '2001:db8::77 STREAM www.lab.test *' getent ahostsv6 www.lab.test
check 'both families' '*2001:db8::77*192.0.2.77*' getent ahosts www.lab.test
check 'an alias' '192.0.2.77 STREAM www.lab.test *' getent ahostsv4 alias.lab.test
check 'an address back to its name' '192.0.2.77 www.lab.test' getent hosts 192.0.2.77
check 'localhost, by cairnd' '127.0.0.1' dig +short @127.0.0.53 localhost
check 'a missing name' '' getent hosts missing.lab.test
getent hosts missing.lab.test && result=0 || result=$?
check 'the exit status for a missing name' '2' echo $result

[ $failures -eq 0 ]
