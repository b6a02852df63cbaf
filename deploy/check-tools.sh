#!/usr/bin/env bash
# Says in one go which of the tools Huiliu is built and shown with are missing or too old.
set -euo pipefail

missing=0

lack() {
    printf 'setup: %s\n' "$*" >&2
    missing=1
}

# at_least WANTED FOUND
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if command -v cargo >/dev/null; then
    found=$(cargo --version | cut -d' ' -f2)
    at_least "$rust" "$found" || lack "cargo is $found, Rust $rust or newer is needed (https://rustup.rs)"
else
    lack "no cargo: install Rust $rust or newer (https://rustup.rs)"
fi

# The bundled SQLite and the TLS library are C.
command -v cc >/dev/null || lack 'no C compiler (cc): install gcc or clang'

for optional in python3 node; do
    command -v "$optional" >/dev/null || printf 'setup: no %s; needed only for the client examples, their tests and (python3) `make dist`\n' "$optional" >&2
done

exit "$missing"
