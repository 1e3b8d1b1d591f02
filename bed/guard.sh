#!/usr/bin/env bash
# Cleans up after a bed, however its process ends: it waits on its standard input, which the kernel closes for a killed
# process too. While it lives it holds the bed's lock, and a share in the engine.
#
#   guard.sh watch <bed> <folder>   say "ready", wait for the end of standard input, remove everything of the bed
#   guard.sh sweep                  remove what beds left whose guard is gone as well (a reboot, an out-of-memory kill)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
beds=/tmp/korrigo-beds

main() {
  case ${1:-} in
    watch) watch "$2" "$3" ;;
    sweep) sweep ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
  esac
}

watch() {
  local bed=$1 folder=$2
  exec 9>"$beds/$bed.lock" 8>"$beds/users"
  flock 9
  flock --shared 8
  echo ready
  # Whoever reads this pipe may be dead when there is something to complain about: complain to a file.
  exec 2>"$beds/$bed.log"
  cat >/dev/null
  clean "$bed" "$folder"
  exec 8>&-
  # The last one out stops the engine, unless somebody asked to keep it.
  "$here/engine.sh" release 9>&-
  rm -f "$beds/$bed.lock" "$beds/$bed.log"
}

sweep() {
  local bed
  use_engine || return 0
  for bed in $({ labels; find "$beds" -name '*.lock' -exec basename {} .lock \;; } | sort -u); do
    exec 7>"$beds/$bed.lock"
    if flock --nonblock 7; then
      clean "$bed" "$beds/$bed"
      rm -f "$beds/$bed.lock" "$beds/$bed.log"
    fi
    exec 7>&-
  done
}

clean() {
  local bed=$1 folder=$2 certs
  # An engine that was stopped meanwhile has removed its containers then.
  if use_engine; then
    docker ps --all --quiet --filter "label=korrigo.bed=$bed" | xargs -r docker rm --force --volumes >/dev/null
    docker network ls --quiet --filter "label=korrigo.bed=$bed" | xargs -r docker network rm >/dev/null
    docker volume ls --quiet --filter "label=korrigo.bed=$bed" | xargs -r docker volume rm --force >/dev/null
  fi
  if [ -f "$folder/certs" ]; then
    while read -r certs; do
      remove_images "${certs##*/}" || true
      as_root rm -rf "$certs"
    done <"$folder/certs"
  fi
  # Engines inside servers make cgroups in the machine's tree, and leave them.
  find /sys/fs/cgroup -depth -type d -path "*/korrigo-bed/$bed*" -exec rmdir {} + 2>/dev/null || true
  rm -rf "$folder"
}

# What builds left in the engine that ran them: names in a registry that is gone. The builder's cache stays.
remove_images() {
  local registry=$1
  use_engine || return 0
  docker images --digests --format '{{.Repository}} {{.Tag}} {{.Digest}}' |
    awk -v own="$registry/" 'index($1, own) == 1 {
      if ($2 != "<none>") print $1 ":" $2
      if ($3 != "<none>") print $1 "@" $3
    }' | sort -u | xargs -r docker rmi --force >/dev/null 2>&1 # the last tag takes its digest along
}

labels() {
  { docker ps --all --format '{{.Label "korrigo.bed"}}' --filter label=korrigo.bed
    docker network ls --format '{{.Label "korrigo.bed"}}' --filter label=korrigo.bed; } | sort -u
}

use_engine() {
  local engine
  engine=$("$here/engine.sh" env 2>/dev/null) || return 1
  eval "$engine"
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

main "$@"
