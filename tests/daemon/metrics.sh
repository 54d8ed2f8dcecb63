#!/bin/bash
# What Prometheus reads on the web port: promtool has no complaint, the OpenMetrics form is read by the Prometheus
# project's own parser, and the trace that an exemplar names is there to be looked at.
. "$(dirname "$0")/../support/lab_daemon.sh"
set -u
python=/usr/bin/python3

command -v promtool >/dev/null || { echo 'SKIP: promtool (package prometheus) is not installed'; exit 77; }
$python -c 'import prometheus_client' 2>/dev/null || { echo 'SKIP: python3-prometheus-client is not installed'; exit 77; }

# fetch PATH [ACCEPT]
fetch() {
        $python - "$@" <<'EOF'
import sys, urllib.request
request = urllib.request.Request("http://127.0.0.1:8053" + sys.argv[1])
request.add_header("Accept", sys.argv[2] if len(sys.argv) > 2 else "*/*")
sys.stdout.buffer.write(urllib.request.urlopen(request).read())
EOF
}

start_lab
start_cairnd
for name in www.inside.lab chain.example.org www.bogus.bad nothing.example.com www.refused.bad; do
        ask "$name" >/dev/null
        ask +tcp "$name" >/dev/null
done

fetch /metrics >"$work/metrics.log" || fail 'no metrics'
promtool check metrics <"$work/metrics.log" || fail 'promtool complains'
for line in 'cairn_questions_total{transport="tcp"} 5' 'cairn_answers_total{rcode="NXDOMAIN"} 2' \
        'cairn_verdicts_total{verdict="secure"} [1-9]' 'cairn_verdicts_total{verdict="bogus"} [1-9]' \
        'cairn_hits_total{shelf="[a-z]*"} [1-9]' 'cairn_upstream_outcomes_total{outcome="referral"} [1-9]' \
        'cairn_cache_entries [1-9]' 'cairn_requests_high_water [1-9]' 'cairn_puts_dropped_total 0' \
        'cairn_budget_hits_total{limit="CHECKS"} 0' 'cairn_miss_latency_seconds_bucket{le="+Inf"} [1-9]'; do
        grep -q "^$line" "$work/metrics.log" || fail "no line $line"
done

fetch /metrics application/openmetrics-text >"$work/open.log" || fail 'no OpenMetrics'
$python - "$work/open.log" >"$work/exemplars" <<'EOF' || fail 'the OpenMetrics text is not read'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families

samples = 0
for family in text_string_to_metric_families(open(sys.argv[1]).read()):
        for sample in family.samples:
                samples += 1
                if sample.exemplar:
                        print(sample.exemplar.labels["trace_id"])
assert samples > 200, samples
EOF
[ -s "$work/exemplars" ] || fail 'there is no exemplar'
while read -r id; do
        [[ $id =~ ^[0-9a-f]{32}$ ]] || fail "no trace ID: $id"
done <"$work/exemplars"
echo "$(sort -u "$work/exemplars" | wc -l) exemplars"
