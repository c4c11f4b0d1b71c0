#!/usr/bin/env bash
# Install the programs that the tests talk to, or those of them that are named as arguments. What
# cannot be installed here is named, and the tests that want it are skipped. No service is started:
# the tests start their own.
set -eu
cd "$(dirname "$0")"

install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  [ -n "${updated:-}" ] || apt-get -qq update || return 1
  updated=yes
  forbid_services
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$1" \
    </dev/null >/dev/null
}

# Packages ask this program before they start a service; 101 is "no".
policy=/usr/sbin/policy-rc.d
forbid_services() {
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
}

while read -r package needless; do
  case "$package" in "" | "#"*) continue ;; esac
  case " ${*:-$package} " in *" $package "*) ;; *) continue ;; esac
  eval "$needless" >/dev/null 2>&1 || install "$package" ||
    echo "not installed: $package; the tests that need it are skipped (or: apt-get install $package)"
done <system-packages.txt
