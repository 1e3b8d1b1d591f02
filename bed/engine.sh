#!/usr/bin/env bash
# The Docker Engine of the test bed: the machine's own if it has one that answers, otherwise one of the bed's own.
#
#   engine.sh up      make an engine answer (idempotent; concurrent callers wait for each other)
#   engine.sh env     print the lines to eval:  eval "$(bed/engine.sh env)"
#   engine.sh status  "machine", "bed" or "none"; exit code 1 when there is none
#   engine.sh down    stop the bed's own engine and remove what it left on the machine; its images stay cached
#
# An engine started by `up` runs until `down`. Beds call `up --for-bed`, and `release` at their end: the last one stops it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${KORRIGO_BED_CACHE:-$(cd "$here/.." && pwd)/.cache/bed}
run=/run/korrigo-bed # short, because the paths of unix sockets are limited to 108 bytes
socket=unix://$run/docker.sock
engine=$cache/engine
beds=/tmp/korrigo-beds

main() {
  case ${1:-} in
    up) locked up; [ "${2:-}" = --for-bed ] || [ ! -d $run ] || touch $run/keep ;;
    release) locked release ;;
    down) locked down ;;
    env) environment ;;
    status) status ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
  esac
}

up() {
  case $(status) in
    machine) need_plugins; return ;;
    bed) return ;;
  esac
  # One that runs and does not answer may only be busy: stopping it would take others' containers with it.
  for _ in $(seq 10); do
    [ "$(cat "/proc/$(cat $run/dockerd.pid 2>/dev/null)/comm" 2>/dev/null)" = dockerd ] || break
    sleep 1
    [ "$(status)" != bed ] || return 0
  done
  # A daemon that was killed leaves its pid file, and perhaps its containerd: clear them away first.
  [ ! -e $run/dockerd.pid ] || down
  "$here/engine-fetch.sh" "$engine"
  mkdir -p "$cache/docker" "$cache/docker-config"
  ln -sfn "$engine/usr/libexec/docker/cli-plugins" "$cache/docker-config/cli-plugins"
  mkdir -p $run
  "$here/engine-network.sh" remember $run
  start_daemon
}

status() {
  if [ -S $run/docker.sock ] && DOCKER_HOST=$socket client info >/dev/null 2>&1; then
    echo bed
  elif [ "${DOCKER_HOST:-}" != "$socket" ] && docker info >/dev/null 2>&1; then
    echo machine
  else
    echo none
    return 1
  fi
}

environment() {
  case $(status) in
    machine) echo "# the machine's own engine: nothing to set" ;;
    bed)
      [ ! -f $run/cache ] || cache=$(cat $run/cache) # another checkout may have started it
      echo "export DOCKER_HOST='$socket'"
      echo "export DOCKER_CONFIG='$cache/docker-config'"
      case :$PATH: in
        *":$cache/engine/usr/bin:"*) ;;
        *) echo "export PATH='$cache/engine/usr/bin:$cache/engine/usr/sbin':\"\$PATH\"" ;;
      esac ;;
    *) echo "No engine runs: $0 up" >&2; exit 1 ;;
  esac
}

down() {
  [ -d $run ] || return 0
  [ ! -f $run/cache ] || cache=$(cat $run/cache)
  engine=$cache/engine
  if [ "$(status)" = bed ]; then
    export DOCKER_HOST=$socket
    client ps -aq | xargs -r "$engine/usr/bin/docker" rm --force --volumes >/dev/null
    client system prune --force --volumes --filter label=korrigo.bed >/dev/null
    client network prune --force >/dev/null
    client image prune --force >/dev/null # recipes change, and the images they made before pile up
  fi
  stop_process "$(cat $run/dockerd.pid 2>/dev/null || true)" dockerd
  stop_process "$(cat $run/exec/containerd/containerd.pid 2>/dev/null || true)" containerd
  "$here/engine-network.sh" restore $run
  grep -oE " $run/[^ ]+" /proc/self/mounts | xargs -r umount --lazy 2>/dev/null || true
  find /sys/fs/cgroup -depth -type d -path '*/korrigo-bed*' -exec rmdir {} + 2>/dev/null || true
  rm -rf $run
}

release() {
  if [ -e $run/keep ]; then return; fi
  # Each bed's guard holds a share of this lock.
  mkdir -p $beds
  if flock --nonblock --exclusive $beds/users true; then down; fi
}

start_daemon() {
  echo "$cache" >$run/cache
  # Its own subnets: the engines inside the servers take Docker's default ones. fd 9 is the lock: not to be inherited.
  PATH=$engine/usr/bin:$engine/usr/sbin:$PATH GOGC=400 setsid nohup dockerd \
    --host $socket --pidfile $run/dockerd.pid --exec-root $run/exec --data-root "$cache/docker" \
    --bip 10.213.0.1/24 --default-address-pool base=10.213.128.0/17,size=24 --cgroup-parent /korrigo-bed \
    --shutdown-timeout 3 >$run/dockerd.log 2>&1 </dev/null 9>&- &
  for _ in $(seq 300); do
    if DOCKER_HOST=$socket client info >/dev/null 2>&1; then return; fi
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 $run/dockerd.log >&2
  fail "The bed's Docker Engine did not start; its log ends above."
}

stop_process() {
  local pid=$1 name=$2
  # The pid may be another's by now: ask for the name too.
  [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$name" ] || return 0
  kill "$pid"
  for _ in $(seq 150); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid"
}

need_plugins() {
  docker compose version >/dev/null 2>&1 || fail "The machine's docker lacks Compose v2: install docker-compose-plugin."
  docker buildx version >/dev/null 2>&1 || fail "The machine's docker lacks buildx: install docker-buildx-plugin."
}

client() { if [ -x "$engine/usr/bin/docker" ]; then "$engine/usr/bin/docker" "$@"; else docker "$@"; fi; }

locked() {
  exec 9>/tmp/korrigo-bed.lock
  flock 9
  "$@"
}

fail() {
  echo "$*" >&2
  exit 1
}

main "$@"
