#!/usr/bin/env bash
# Measures the hub beside three others that could do part of its work: run.sh PROGRAM NATS_SERVER.
# Installs them from their registries into .local/peers; what is measured, and how, stands in measure.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$1
nats_server=$2
peers=.local/peers

say() { printf 'bench-peers: %s\n' "$*" >&2; }

lack() {
    say "$*"
    exit 1
}

# The load generator is Debian's; root in a container, as in CI, is served.
if ! command -v wrk >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say 'installing wrk with apt-get'
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends wrk; } >/dev/null || true
fi
command -v wrk >/dev/null || lack 'no wrk: install it (apt-get install wrk; brew install wrk) and try again'
command -v python3 >/dev/null || lack 'no python3, which mq-bridge and FastStream need: install Python 3.10 or newer'
command -v npm >/dev/null || lack 'no npm, which Node-RED needs: install Node.js 20 or newer'

# Anew when a version was changed.
if ! cmp -s tests/peers/requirements.txt "$peers/requirements.txt"; then
    say "installing mq-bridge and FastStream into $peers/python"
    rm -rf "$peers/python"
    python3 -m venv "$peers/python"
    "$peers/python/bin/pip" install --quiet --disable-pip-version-check -r tests/peers/requirements.txt
    cp tests/peers/requirements.txt "$peers/requirements.txt"
fi
if ! cmp -s tests/peers/node-red/package.json "$peers/node/package.json"; then
    say "installing Node-RED into $peers/node"
    rm -rf "$peers/node"
    mkdir -p "$peers/node"
    cp tests/peers/node-red/package.json "$peers/node/"
    npm install --silent --no-audit --no-fund --prefix "$peers/node" ||
        { rm -rf "$peers/node"; lack 'npm could not install Node-RED'; }
fi

export PYTHONDONTWRITEBYTECODE=1
exec "$peers/python/bin/python" tests/peers/measure.py "$program" "$nats_server"
