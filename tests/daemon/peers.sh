#!/bin/bash
# Does cairnd answer as Unbound, BIND and Knot Resolver do? See peers.py; CAIRN_FULL asks ten times as much.
#
# CAIRN_OTHER_LAB=DIR:NAMESPACE asks in one more lab, which has to be up: a directory with root.hints, root.ds and zones.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${CAIRN_BUILD:-$here/../../build/release}
PATH=$PATH:/usr/sbin
for tool in unbound named kresd unshare; do
        command -v $tool >/dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done
/usr/bin/python3 -c 'import dns.message' 2>/dev/null || { echo 'SKIP: python3-dnspython is not installed'; exit 77; }
unshare --user --map-root-user --net true 2>/dev/null || unshare --net true 2>/dev/null ||
        { echo 'SKIP: no namespaces can be made here'; exit 77; }

export PYTHONDONTWRITEBYTECODE=1
many=1000
allowed=1 # few questions: one more or less is a tenth of a percent
few=300
if [ -n "${CAIRN_FULL:-}" ]; then
        many=10000
        allowed=0.3
        few=2000
fi
bad=0
/usr/bin/python3 "$here/peers.py" --build "$build" --questions $many --allowed $allowed || bad=1
/usr/bin/python3 "$here/peers.py" --build "$build" --lab odd --questions $few || bad=1
if [ -n "${CAIRN_OTHER_LAB:-}" ]; then
        ip netns exec "${CAIRN_OTHER_LAB#*:}" /usr/bin/python3 "$here/peers.py" --build "$build" \
                --lab "${CAIRN_OTHER_LAB%%:*}" --questions 10000 --allowed 0.3 || bad=1
fi
exit $bad
