#!/bin/sh
# Installs the Debian packages named on the command line that this machine lacks, and says so.
set -eu
missing=
for package in "$@"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
run=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || {
    echo "These Debian packages are missing; install them as root, then run make again: apt-get install$missing" >&2
    exit 1
  }
  run=sudo
fi
echo "Installing missing Debian packages:$missing"
$run apt-get update -qq
# shellcheck disable=SC2086 # word splitting wanted: a list of package names
DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null
