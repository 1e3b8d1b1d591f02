#!/usr/bin/env bash
# Unpacks Docker Engine 26.1, Compose 2.26 and buildx 0.13 of Debian trixie into a folder, on a Debian that may be older,
# leaving the machine's apt sources as they are.   engine-fetch.sh <folder>
set -euo pipefail

folder=$1
# runc is taken from the machine's own release: trixie's wants a newer libc than Debian 12 has (the others do not).
trixie_packages='docker.io docker-cli docker-compose docker-buildx containerd tini'
own_packages='runc libseccomp2'
tools='iptables:iptables ip:iproute2 flock:util-linux openssl:openssl ssh-keygen:openssh-client mmdebstrap:mmdebstrap'

main() {
  if ! grep -qxE 'ID="?debian"?' /etc/os-release 2>/dev/null || [ "$(id -u)" != 0 ]; then
    fail "No Docker Engine answers, and one can be set up here only as root on Debian." \
      "Install Docker Engine with Compose v2 and buildx, start it, and make sure that 'docker info' works for $(id -un)."
  fi
  install_tools
  [ ! -e "$folder/complete" ] || return 0
  rm -rf "$folder"
  mkdir -p "$folder/debs" "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
  echo "bed: fetching Docker Engine from Debian trixie" >&2
  cd "$folder/debs"
  trixie update >/dev/null
  # shellcheck disable=SC2086 # lists of names
  trixie download $trixie_packages >/dev/null
  # shellcheck disable=SC2086
  apt-get -qq -o APT::Sandbox::User=root download $own_packages
  for deb in *.deb; do dpkg -x "$deb" "$folder"; done
  rm -rf "$folder/debs" "$folder/apt"
  touch "$folder/complete"
}

install_tools() {
  local missing=() tool
  for tool in $tools; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool#*:}")
  done
  [ -n "$(apt-cache madison runc)" ] || apt-get -qq update # a fresh machine has no package lists yet
  [ ${#missing[@]} = 0 ] || DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install --no-install-recommends "${missing[@]}" >/dev/null
}

# apt-get with trixie as its only source, from whichever mirror the machine itself uses.
trixie() {
  local mirror
  # shellcheck disable=SC2016 # the format is apt's
  mirror=$(apt-get indextargets 'Identifier: Packages' 'Label: Debian' --format '$(REPO_URI)' | head -n 1)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$folder/apt/sources.list"
  apt-get -qq -o Dir::Etc::sourceparts=- -o Dir::Etc::sourcelist="$folder/apt/sources.list" \
    -o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache" -o APT::Sandbox::User=root "$@"
}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

main
