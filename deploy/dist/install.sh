#!/usr/bin/env bash
# Installs or upgrades Huiliu from this folder, without the internet. 离线安装或升级汇流。
#
#   sudo ./install.sh               install, or upgrade what is there and go back by itself if the new one does not start
#   sudo ./install.sh --server      the same for a machine that is one of three nats-servers: no hub is started
#   sudo ./install.sh --rollback    back to the version before; on such a machine: --server --rollback
#   ./install.sh --root DIR         only lay the files under DIR; nothing is started, no user is made
#
# Settings, directory, packs, keys and data of an earlier installation are never touched.
set -euo pipefail
# What is laid down is for the hub's user to read, however careful root's own files are.
umask 022
# `su` and cron leave out where useradd and runuser are.
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
root=
action=install
unit=huiliu

say() { printf '%s\n' "$*"; }
fail() { printf '错误 error: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
        --root) root=$(mkdir -p "${2:?--root needs a folder}" && cd "$2" && pwd); shift ;;
        --rollback) action=rollback ;;
        --server) unit=huiliu-nats ;;
        *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift
done

opt=$root/opt/huiliu
etc=$root/etc/huiliu
data=$root/var/lib/huiliu
units=$root/etc/systemd/system

# A nats-server and a gateway on one machine go forth and back each by itself.
is_server() { [ "$unit" = huiliu-nats ]; }
if is_server; then links=nats-; else links=; fi
current=$opt/${links}current
previous=$opt/${links}previous

# Whether this is the machine itself, and whether systemd runs on it.
real() { [ -z "$root" ]; }
systemd() { [ -d "$root/run/systemd/system" ]; }
service() { real && systemd; }

# point LINK TARGET: at any moment the link is the old one or the new one.
point() { ln -sfn "$2" "$1.new" && mv -T "$1.new" "$1"; }

# The version that LINK leads to.
leads_to() { basename "$(readlink "$1" 2>/dev/null || true)"; }

# at_least HAVE WANT: by their numbers.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# What a server of three cannot do without and nobody but its office can write.
unwritten() {
    is_server || return 1
    [ ! -e "$etc/huiliu-users.conf" ] || grep -q '^[^#]*change-me' "$etc/nats.env"
}

# Starts what $current leads to; whether it comes to take work. A large store takes its time after a power cut: for as long as
# the hub is at it, it is left to it, up to half an hour. A nats-server does not say when it is up: that it lives on must do.
start() {
    if unwritten; then
        say "未启动：请填写 $etc/nats.env，放入 $etc/huiliu-users.conf（在网关上：huiliu keys nats），再次运行本脚本" \
            "(not started: fill in the one, put the other there, run this again)"
        return 0
    fi
    service || { say "未使用 systemd，请自行启动 (no systemd here: start it yourself)：$unit"; return 0; }
    systemctl daemon-reload
    systemctl --quiet enable "$unit"
    systemctl stop "$unit" || true
    systemctl start --no-block "$unit"
    for second in $(seq 1800); do
        sleep 1
        ended=$(systemctl show --property NRestarts --value "$unit")
        case $(systemctl is-active "$unit") in
            active) is_server && [ "$second" -lt $((5 * (ended + 1))) ] || return 0 ;;
            activating | reloading) [ "$ended" -lt 3 ] || return 1 ;;
            # Its start waits in the queue: for the network, say.
            inactive) queued || return 1 ;;
            *) return 1 ;;
        esac
        [ $((second % 30)) != 0 ] || say "仍在启动，已 $second 秒：journalctl -u $unit (still starting)"
    done
    return 1
}

queued() { job=$(systemctl show --property Job --value "$unit"); [ -n "$job" ] && [ "$job" != 0 ]; }

# put VERSION: in place of what runs, and started. A terminal that is lost must not leave it stopped; what a power cut would
# take is on the disk before anything leads there.
put() {
    trap '' HUP PIPE
    point "$current" "$1"
    lay_units "$opt/$1"
    sync
    start
}

# remember VERSION: the way back leads there; without one there is none.
remember() {
    if [ -n "$1" ]; then point "$previous" "$1"; else rm -f "$previous"; fi
}

# Its own ones: what else is on the machine may be another version.
lay_units() {
    mkdir -p "$units"
    if is_server; then cp "$1/systemd/huiliu-nats.service" "$units/"; else cp "$1"/systemd/huiliu{,-backup}.* "$units/"; fi
}

last_words() { ! service || journalctl -u "$unit" -n 20 --no-pager >&2; }

# A hub of its own, with a store of its own, must not begin beside the one that three servers keep.
if ! is_server && [ -e "$etc/nats-server.conf" ] && [ ! -e "$etc/huiliu.toml" ]; then
    fail "本机是三台服务器之一，请用 --server；若也作网关，先写 $etc/huiliu.toml (one of three servers: say --server; to be a gateway as well, write that file first)"
fi

if [ "$action" = rollback ]; then
    before=$(leads_to "$previous")
    ran=$(leads_to "$current")
    { [ -n "$before" ] && [ -x "$opt/$before/bin/huiliu" ]; } ||
        fail "没有可退回的版本 (there is no version to go back to)：$previous"
    if ! put "$before"; then
        last_words || true
        put "$ran" || fail "$before 未能启动，重新启动 $ran 也未成功 (did not start, and neither did $ran again)"
        fail "$before 未能启动，仍用 $ran (did not start; $ran runs as before)"
    fi
    remember "$ran"
    say "已退回 (went back to) $before"
    exit 0
fi

# What is in this folder, and whether it runs here.
cd "$here"
sha256sum --check --quiet SHA256SUMS || fail "文件不完整，请重新解压 (files are damaged: unpack again)"
version=$(cat VERSION)
# Another build of the same version has a place of its own: what runs is never written over.
if [ -e "$opt/$version" ] && ! cmp -s SHA256SUMS "$opt/$version/SHA256SUMS"; then
    version=$version-$(sha256sum SHA256SUMS | cut -c1-8)
fi
bin/huiliu --version >/dev/null || fail "此程序不能在本机运行，见上一行 (the program does not run on this machine)：$(uname -m)"
bin/nats-server --version >/dev/null || fail "nats-server 不能在本机运行 (nats-server does not run on this machine)：$(uname -m)"

# The units say SystemCallFilter=@system-service: an older systemd knows no such group, and the hub would be allowed nothing.
kernel=$(uname -r)
at_least "${kernel%%-*}" 3.10 || fail "内核过旧，须 3.10 或更新 (this kernel is too old: 3.10 or newer is needed)：$kernel"
if systemd; then
    found=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
    at_least "${found:-0}" 239 ||
        fail "systemd 过旧，须 239 或更新 (this systemd is too old: 239 or newer is needed)：${found:-?}"
fi

if real; then
    [ "$(id -u)" = 0 ] || fail "请用 root 运行，或用 --root 指定目录 (run it as root, or say --root DIR)"
    getent passwd huiliu >/dev/null ||
        useradd --system --user-group --home-dir "$data" --shell /usr/sbin/nologin --comment Huiliu huiliu
fi

# What is there and whole is left alone: it may be the way back, or the very folder this runs from.
whole() { (cd "$1" 2>/dev/null && sha256sum --check --status SHA256SUMS 2>/dev/null); }
# A server laid by a version that had one link for both units.
if is_server && [ ! -L "$current" ] && [ -L "$opt/current" ] &&
    grep -qs '^ExecStart=/opt/huiliu/current/' "$units/huiliu-nats.service"; then
    point "$current" "$(leads_to "$opt/current")"
fi
before=$(leads_to "$current")
if ! whole "$opt/$version"; then
    partial=$opt/$version.partial
    rm -rf "$partial"
    { mkdir -p "$partial" && cp -R . "$partial/" && chmod -R go-w,a+rX "$partial"; } || {
        rm -rf "$partial"
        fail "未能复制，未作更换 (could not be copied, nothing was changed)：$opt"
    }
    sync
    rm -rf "${opt:?}/$version"
    mv "$partial" "$opt/$version"
fi

first=no
mkdir -p "$etc/packs" "$data" "$root/usr/local/bin"
if is_server; then
    [ -e "$etc/nats-server.conf" ] || install -m 0640 cluster/nats-server.conf "$etc/nats-server.conf"
    # systemd reads it, as root.
    [ -e "$etc/nats.env" ] || install -m 0600 cluster/nats.env "$etc/nats.env"
elif [ ! -e "$etc/directory" ]; then
    cp -R "$opt/$version/directory" "$etc/directory"
fi
if ! is_server && [ ! -e "$etc/huiliu.toml" ]; then
    first=yes
    cat > "$etc/huiliu.toml" <<EOT
# 汇流的设置；全部设置及说明：huiliu settings     Settings of Huiliu; all of them: huiliu settings
[http]
listen = "127.0.0.1:8210"

[data]
dir = "$data"
directory_dir = "$etc/directory"
packs_dir = "$etc/packs"

# 每个来源系统一节 one section for each source
# [channels.hotline-12345]
EOT
fi
if real; then
    chown root:huiliu "$etc" && chmod 0750 "$etc"
    for file in huiliu.toml nats-server.conf huiliu-users.conf; do
        [ ! -e "$etc/$file" ] || { chown root:huiliu "$etc/$file" && chmod 0640 "$etc/$file"; }
    done
    [ ! -e "$etc/nats.env" ] || { chown root:root "$etc/nats.env" && chmod 0600 "$etc/nats.env"; }
    for folder in directory packs; do
        [ ! -e "$etc/$folder" ] || chgrp -R huiliu "$etc/$folder"
    done
    chown huiliu:huiliu "$data" && chmod 0700 "$data"
fi

if ! is_server; then
    # As root it becomes the hub's user: what it writes must be readable to the hub.
    cat > "$root/usr/local/bin/huiliu" <<EOT
#!/bin/sh
PATH=\$PATH:/usr/sbin:/sbin
HUILIU_SETTINGS=\${HUILIU_SETTINGS:-$etc/huiliu.toml}; export HUILIU_SETTINGS
if [ "\$(id -u)" = 0 ] && id huiliu >/dev/null 2>&1 && [ -z "$root" ]; then
    exec runuser -u huiliu -- $current/bin/huiliu "\$@"
fi
exec $current/bin/huiliu "\$@"
EOT
    chmod 0755 "$root/usr/local/bin/huiliu"

    # The new program must understand this office's settings and directory before the old one is stopped.
    as_hub() { if real; then runuser -u huiliu -- "$@"; else "$@"; fi; }
    as_hub env HUILIU_SETTINGS="$etc/huiliu.toml" "$opt/$version/bin/huiliu" check > "$opt/$version/check.txt" 2>&1 || {
        cat "$opt/$version/check.txt" >&2
        fail "新版本不接受现有的目录或设置，未作更换 (the new version does not accept the directory or the settings as they are; nothing was changed)"
    }
fi

former=$(leads_to "$previous")
upgrade=no
[ -z "$before" ] || [ "$before" = "$version" ] || upgrade=yes
[ "$upgrade" = no ] || remember "$before"
if ! put "$version"; then
    last_words || true
    if [ "$upgrade" = yes ]; then
        # What never took work is no way back.
        remember "$former"
        put "$before" || fail "$version 未能启动，退回 $before 也未成功 (did not start, and neither did $before again)"
        fail "$version 未能启动，已退回 $before (did not start; went back)"
    fi
    fail "$version 未能启动，见上 (did not start, see above)"
fi

say "汇流 $version 已就绪${before:+（此前 $before）} (Huiliu $version is in place)"
if is_server && [ -e "$etc/huiliu.toml" ]; then
    say "本机的网关不变，待各服务器都升级后再运行 install.sh，不带 --server (the gateway here stays what it is: after all servers, install.sh without --server)"
elif [ "$first" = yes ]; then
    say "下一步 next: $opt/$version/docs/install.md"
fi
