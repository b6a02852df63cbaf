#!/bin/bash
# run.sh TARGET SECONDS: fuzzes one target, guided by coverage. Works on stable Rust: libFuzzer asks the compiler for nothing
# but the instrumentation below. What it finds lies in findings/TARGET-*; a corpus grows in corpus/TARGET.
set -euo pipefail
cd "$(dirname "$0")"
target=${1:?which target: form, map, signature, envelope or judge} seconds=${2:-60}
host=$(rustc -vV | sed -n 's/^host: //p')
passes="-Cpasses=sancov-module -Ccodegen-units=1"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    passes+=" -Cllvm-args=-sanitizer-coverage-$option"
done
# The flags go to the targets only, not to build scripts: hence the explicit --target.
RUSTFLAGS="$passes" ${CARGO:-cargo} build --quiet --locked --target "$host" --bin "$target"
mkdir -p "corpus/$target" findings
seeds() {
    case $target in
        form) for file in ../../adapters/packs/*/fixtures/*.json; do
                [[ $file == *.expected.json ]] || { printf 'application/json\n'; cat "$file"; } > "$1/$(echo "$file" | sha1sum | cut -c 1-16)"
              done
              printf 'application/x-www-form-urlencoded\njsonData=%%5B%%7B%%7D%%5D&charset=gbk' > "$1/form" ;;
        map) cp --backup=numbered $(ls ../../adapters/packs/*/fixtures/*.json | grep -v expected) "$1" ;;
        signature) printf 'msg_1\n1772328600\nv1,iQEWSsPtwdIQ6FfS0yUU35wGVXPtnUeGQ6NOUJ0XXj0=\n{"a":1}' > "$1/webhook"
                   printf 'httpRequestVerify=d562d7d5d47708b89108fc92404b6a99&jsonData=%%5B%%5D' > "$1/exchange" ;;
        envelope) for file in ../../schemas/tests/fixtures/events/*.json; do
                      { printf '['; cat "$file"; printf ']'; } > "$1/$(basename "$file")"
                  done ;;
        judge) head -c 400 /dev/urandom > "$1/words" ;;
        *) echo "no such target: $target" >&2; exit 1 ;;
    esac
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/seeds"
seeds "$work/seeds"
# Words of the formats. libFuzzer takes plain ASCII only.
LC_ALL=C grep -ohE '"[A-Za-z0-9_.:/ -]{2,40}"' ../../adapters/packs/*/map.toml ../../adapters/packs/*/fixtures/*.json \
    ../../schemas/tests/fixtures/events/*.json | sort -u > "$work/words"
"${CARGO_TARGET_DIR:-target}/$host/debug/$target" "corpus/$target" "$work/seeds" \
    -max_total_time="$seconds" -dict="$work/words" -rss_limit_mb=1024 -timeout=10 -max_len=8192 \
    -artifact_prefix="findings/$target-" -print_final_stats=1
