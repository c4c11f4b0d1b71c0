#!/usr/bin/env bash
# Install the programs that the tests talk to. What cannot be installed here is named, and the
# tests that want it are skipped.
set -eu
cd "$(dirname "$0")"

install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  [ -n "${updated:-}" ] || apt-get -qq update || return 1
  updated=yes
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$1" \
    </dev/null >/dev/null
}

while read -r package needless; do
  case "$package" in "" | "#"*) continue ;; esac
  eval "$needless" >/dev/null 2>&1 || install "$package" ||
    echo "not installed: $package; the tests that need it are skipped (or: apt-get install $package)"
done <system-packages.txt
