#!/usr/bin/env bash
# What the hub says of itself, held by other people's tools: run.sh PROGRAM. The tools come from their registries into
# .local/conformance. What cannot be had is skipped and said loudly; what does not hold fails.
set -euo pipefail
cd "$(dirname "$0")/../.."

program=$(realpath "$1")
nats_server=${HUILIU_NATS_SERVER:-$(command -v nats-server || true)}
here=tests/conformance
tools=.local/conformance
bin=$tools/venv/bin
site=
logs=$tools/logs
results=()
failed=0

note() { results+=("$(printf '%-9s %-46s %s' "$1" "$2" "$3")"); }

# skip WHAT WHY
skip() {
    printf '\n!!! SKIPPED: %s: %s\n' "$1" "$2" >&2
    note SKIPPED "$1" "$2"
}

# held WHAT COMMAND…: runs it; its last line stands in the table.
held() {
    local what=$1 log
    shift
    log=$logs/$(tr -cs 'A-Za-z0-9' '-' <<<"$what").log
    printf '=== %s\n' "$what"
    if "$@" >"$log" 2>&1; then
        note ok "$what" "$(grep -v '^[[:space:]]*$' "$log" | tail -n 1 | tr -s '= ' ' ' | cut -c 1-90)"
    else
        failed=1
        tail -n "${SHOWN:-60}" "$log"
        note FAILED "$what" "see $log"
    fi
}

table() {
    printf '\n'
    printf '%s\n' "${results[@]}" | tee $tools/results
}

stop() {
    [ -z "${site_process:-}" ] || { kill "$site_process" && wait "$site_process"; } 2>/dev/null || true
    [ -z "$site" ] || rm -rf "$site"
}
trap stop EXIT

install_python() {
    cmp -s $here/requirements.txt $tools/requirements.txt && return
    python3 -m venv $tools/venv
    $bin/pip install --quiet --disable-pip-version-check -r $here/requirements.txt
    cp $here/requirements.txt $tools/requirements.txt
}

install_node() {
    cmp -s $here/package.json $tools/package.json && return
    cp $here/package.json $tools/package.json.new
    mkdir -p $tools/node && cp $here/package.json $tools/node/package.json
    npm install --silent --no-audit --no-fund --prefix $tools/node
    mv $tools/package.json.new $tools/package.json
}

# The one program out of Debian's package: nothing is installed on the machine.
install_promtool() {
    command -v promtool >/dev/null && { promtool=$(command -v promtool); return; }
    promtool=$PWD/$tools/promtool/usr/bin/promtool
    [ -x "$promtool" ] && return
    command -v apt-get >/dev/null || return
    mkdir -p $tools/promtool
    [ "$(id -u)" != 0 ] || apt-get update -qq
    (cd $tools/promtool && apt-get download -qq prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xf - ./usr/bin/promtool && rm -f prometheus_*.deb)
}

mkdir -p $tools && rm -rf $logs && mkdir -p $logs
printf '=== tools\n'
if ! install_python >"$logs/pip.log" 2>&1 || ! install_node >"$logs/npm.log" 2>&1; then
    skip 'all of it' "the tools could not be installed (needs python3, npm and their registries): see $logs"
    table
    exit 0
fi
install_promtool >"$logs/apt.log" 2>&1 || true
cp $here/*.mjs $tools/node/
[ -n "$nats_server" ] || { echo 'no nats-server: run `make setup`, or name it in HUILIU_NATS_SERVER' >&2; exit 1; }

# ---- what needs no hub

documents=(schemas/json/openapi.json schemas/json/asyncapi.json)
mapfile -t schemas < <(printf '%s\n' schemas/json/*.json | grep -vxF "$(printf '%s\n' "${documents[@]}")")
held 'redocly lint (OpenAPI 3.1)' $tools/node/node_modules/.bin/redocly lint --config $here/redocly.yaml schemas/json/openapi.json
held '@asyncapi/parser (AsyncAPI 3)' node $tools/node/asyncapi.mjs schemas/json/asyncapi.json
held 'JSON Schemas against 2020-12 (check-jsonschema)' $bin/check-jsonschema --check-metaschema "${schemas[@]}"

# ---- what needs one

site=$(mktemp -d)
printf '=== a hub\n'
$bin/python $here/site.py "$program" "$nats_server" "$site" &
site_process=$!
while [ ! -e "$site/site.json" ]; do
    kill -0 "$site_process" 2>/dev/null || { cat "$site/site.log"; exit 1; }
    sleep 0.2
done
of() { $bin/python -c 'import json, sys; print(json.load(open(sys.argv[1]))'"$1"')' "$site/site.json"; }
url=$(of '["url"]')

held 'what the hub stored and answered, collected' $bin/python $here/collect.py "$site/site.json" "$site/messages"
by_jsonschema() {
    local name
    for name in "$site"/messages/*; do
        $bin/check-jsonschema --schemafile "schemas/json/$(basename "$name").json" "$name"/*.json || return 1
    done
    echo "$(find "$site/messages" -name '*.json' | wc -l) messages"
}
held 'real messages against their schemas (jsonschema)' by_jsonschema
held 'real messages against their schemas (ajv)' node $tools/node/ajv.mjs schemas/json "$site/messages"
held 'stored events against CloudEvents 1.0 (its SDK)' node $tools/node/cloudevents.mjs "$site/messages/events"
held 'standardwebhooks (Python) as a sender' $bin/python $here/webhooks.py "$site/site.json"
held 'standardwebhooks (Node) as a sender' node $tools/node/webhooks.mjs "$site/site.json"
held 'standardwebhooks (Python) as a receiver' $bin/python $here/told.py "$site/site.json"
held 'standardwebhooks (Node) as a receiver' node $tools/node/told.mjs "$site/site.json"

if [ -x "${promtool:-}" ]; then
    check_metrics() { curl --silent --fail "$url/metrics" | tee "$logs/metrics.txt" | "$promtool" check metrics && echo "$(grep -c '^# TYPE' "$logs/metrics.txt") metrics"; }
    held 'promtool check metrics' check_metrics
    held 'promtool check rules' "$promtool" check rules deploy/prometheus/huiliu.rules.yml
    for tests in deploy/prometheus/*.test.yml; do
        [ ! -e "$tests" ] || held "promtool test rules ($(basename "$tests"))" "$promtool" test rules "$tests"
    done
else
    skip 'promtool' 'neither promtool nor a Debian to take it from'
fi

# tried KEY TAG…: what this key's holder does, all checks.
tried() {
    local key=$1 include=()
    shift
    for tag in "$@"; do include+=(--include-tag "$tag"); done
    CASE=$(of '["case"]') RECEIPT=$(of '["receipt"]') DEAD=$(of '["dead"]') \
        $bin/schemathesis --no-color --config-file $here/schemathesis.toml run schemas/json/openapi.json --url "$url" \
        --header "Authorization: Bearer $(of "[\"keys\"][\"$key\"]")" --checks all "${include[@]}" \
        --seed 1 --rate-limit 40/s --max-examples "${EXAMPLES:-25}" --continue-on-failure --no-shrink | tee "$logs/tried.log"
    local ended=${PIPESTATUS[0]}
    grep 'generated' "$logs/tried.log" || true
    return "$ended"
}
SHOWN=400
held 'schemathesis, all checks: an operator' tried desk cases centre site
held 'schemathesis, all checks: a department' tried jb-ecology queue commands
held 'schemathesis, all checks: an upstream system' tried hotline-12345 push
held 'the department examples (nats-py, nats)' \
    env HUILIU_NATS_SERVER="$nats_server" $bin/python $here/examples.py "$program" $tools/node/node_modules
held 'the hub still takes work' curl --silent --fail "$url/readyz"

table
exit "$failed"
