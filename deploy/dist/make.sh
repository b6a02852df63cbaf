#!/usr/bin/env bash
# Makes dist/huiliu-<version>-<architecture>.tar.gz: everything an office needs to install without the internet.
# The program is linked for an old C library where cargo-zigbuild can be had, so that it runs on what offices have.
set -euo pipefail
# The archive keeps its files' modes, and is for others to read.
umask 022
cd "$(dirname "$0")/../.."
command -v python3 >/dev/null || { echo 'dist: python3 is needed' >&2; exit 1; }

glibc=2.17
tools=.local/dist-tools
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
architecture=$(uname -m)
name=huiliu-$version-$architecture
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH

say() { printf 'dist: %s\n' "$*" >&2; }

old_linker() {
    [ -x "$tools/bin/cargo-zigbuild" ] && return 0
    say "installing cargo-zigbuild and ziglang into $tools"
    python3 -m pip install --quiet --disable-pip-version-check --no-warn-script-location --target "$tools" \
        cargo-zigbuild==0.24.0 ziglang==0.17.1
}

if old_linker; then
    export PATH=$PWD/$tools/bin:$PATH PYTHONPATH=$PWD/$tools CARGO_ZIGBUILD_PYTHON_PATH=python3
    target=$architecture-unknown-linux-gnu
    cargo-zigbuild zigbuild --release --locked -p huiliu --target "$target.$glibc"
    program=${CARGO_TARGET_DIR:-target}/$target/release/huiliu
else
    say "cargo-zigbuild could not be had: the program will need a C library as new as this machine's"
    cargo build --release --locked -p huiliu
    program=${CARGO_TARGET_DIR:-target}/release/huiliu
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
tree=$stage/$name
mkdir -p "$tree/bin" "$tree/docs" dist
install -m 0755 "$program" "$tree/bin/huiliu"
install -m 0755 "$(realpath .local/nats/bin/nats-server)" "$tree/bin/nats-server"
strip "$tree/bin/huiliu"
install -m 0755 deploy/dist/install.sh "$tree/install.sh"
cp -R deploy/directory/330205 "$tree/directory"
cp -R adapters/packs "$tree/packs"
cp -R deploy/systemd deploy/cluster deploy/prometheus deploy/grafana "$tree/"
cp -R docs/*.md docs/examples "$tree/docs/"
cp -R schemas/json "$tree/schemas"
cp LICENSE NOTICE README.md README.zh-CN.md "$tree/"
printf '%s\n' "$version" > "$tree/VERSION"
cargo metadata --format-version 1 --locked --filter-platform "$architecture-unknown-linux-gnu" |
    python3 -c '
import json, sys
for p in sorted(json.load(sys.stdin)["packages"], key=lambda p: p["name"]):
    if p["source"]:
        print(p["name"], p["version"], p["license"] or "see " + str(p["license_file"]), p["repository"] or "", sep="\t")
' > "$tree/THIRD-PARTY.tsv"

(cd "$tree" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum > SHA256SUMS)
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$stage" -c "$name" |
    gzip -9n > "dist/$name.tar.gz"
needs=$(objdump -T "$tree/bin/huiliu" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
say "dist/$name.tar.gz, $(du -h "dist/$name.tar.gz" | cut -f1); the program needs $needs or newer"
