#!/usr/bin/env bash
# The page test, where there is a browser: run.sh PROGRAM. Says loudly when it is skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
    printf '\n!!! SKIPPED: the page test (tests/web): %s\n\n' "$*" >&2
    exit 0
}

program=$1
browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$browser" ] || skip 'no chromium: install it, or name it in CHROMIUM'
command -v node >/dev/null || skip 'no node'

client=.local/web
if [ ! -d "$client/node_modules/playwright-core" ]; then
    command -v npm >/dev/null || skip 'no npm to install playwright-core with'
    mkdir -p "$client"
    npm install --silent --no-audit --no-fund --prefix "$client" playwright-core@1 || skip 'playwright-core could not be installed'
fi

HUILIU_BIN=$program CHROMIUM=$browser PLAYWRIGHT_DIR=$client node --test tests/web/page.test.mjs
