#!/usr/bin/env bash
# The base images of the tests, in the engine that `engine.sh env` names: the official ones where Docker Hub answers,
# otherwise stand-ins made from Debian's packages (images/<name>/) under names that say so.
#
#   images.sh up      pull or build what is missing (keyed by recipe: a second run takes a second)
#   images.sh print   PYTHON_IMAGE=... NODE_IMAGE=... lines, for --env-file, eval and programs
#   images.sh monitoring   Prometheus and its company, which few tests need: makes them and prints their lines
#   images.sh logs         the same of the store of logs, built by Go from its module: minutes, once
#   images.sh bed NAME     what the bed of this name needs besides (kinds.ts): its server, and where its docker is
#
# KORRIGO_BED_IMAGES=official|stand-in decides instead of asking Docker Hub.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${KORRIGO_BED_CACHE:-$(cd "$here/.." && pwd)/.cache/bed}
names='python node nginx nginx_next postgres postgres_tools redis busybox registry proxies server'
declare -A official=([trixie]=debian:trixie-slim [busybox]=busybox:1 [registry]=registry:2 [nginx_next]=nginx:1.30)
# The others are those that users get: the defaults of infra's Dockerfile and compose files.
while IFS='=' read -r name image; do official[${name,,}]=$image; done < <(
  sed -n 's/^ARG \([A-Z_]*\)_IMAGE=\(.*\)/\1=\2/p; s/.*\${\([A-Z_]*\)_IMAGE:-\([^}]*\)}.*/\1=\2/p' \
    "$here"/../infra/docker/{Dockerfile,docker-compose.common.yml,docker-compose.backup.yml})
declare -A stand_in=(
  [bookworm]=korrigo-test/debian:bookworm [trixie]=korrigo-test/debian:trixie
  [python]=korrigo-test/python:3.13 [node]=korrigo-test/node:24 [nginx]=korrigo-test/nginx:1 [nginx_next]=korrigo-test/nginx:1.30
  [postgres]=korrigo-test/postgres:15 [postgres_tools]=korrigo-test/postgres:15 [redis]=korrigo-test/redis:7 [busybox]=korrigo-test/busybox:1
  [registry]=korrigo-test/registry:2 [proxies]=korrigo-test/proxies:1 [server]=korrigo-test/server:1 [newest]=korrigo-test/server:newest
  [compose_5]=korrigo-test/server:compose-5 [alpine_like]=korrigo-test/server:alpine-like
  [systemd]=korrigo-test/server:systemd [seed]=korrigo-test/registry-seeded:2
)
# These have no official image: a bare Debian on which setup.sh was run, and two programs in one.
official[server]=${stand_in[server]}
official[proxies]=${stand_in[proxies]}

main() {
  local engine
  engine=$("$here/engine.sh" env) # on a line of its own: the script has to end when there is none
  eval "$engine"
  mkdir -p "$cache"
  case ${1:-} in
    up) exec 8>"$cache/images.lock"; flock 8; up ;;
    print) print ;;
    # Each of these takes minutes the first time, and those who need none of it do not wait.
    monitoring) exec 8>"$cache/monitoring.lock"; flock 8; monitoring ;;
    logs) exec 8>"$cache/logs.lock"; flock 8; logs ;;
    bed) exec 8>"$cache/bed.lock"; flock 8; bed "$2" ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
  esac
}

up() {
  choose
  if [ "$(kind)" = official ]; then
    for name in trixie python node nginx nginx_next postgres postgres_tools redis busybox registry; do
      docker image inspect "${official[$name]}" >/dev/null 2>&1 || docker pull --quiet "${official[$name]}" >&2
    done
    build server "TRIXIE=${official[trixie]}"
    build proxies "TRIXIE=${official[trixie]}"
    seed official
  else
    # Two chains side by side, one for each Debian.
    chain BOOKWORM bookworm postgres redis node &
    chain TRIXIE trixie busybox registry proxies server nginx python
    wait $!
    build nginx_next "NGINX=${stand_in[nginx]}"
    seed stand_in
  fi
}

chain() {
  local argument=$1 suite=$2 name
  base "$suite"
  for name in "${@:3}"; do build "$name" "$argument=${stand_in[$suite]}"; done
}

seed() {
  local -n image=$1
  "$here/registry-seed.sh" "${image[registry]}" "${stand_in[seed]}" \
    "${image[busybox]}" "${image[nginx]}" "${image[postgres]}" "${image[redis]}"
}

print() {
  local -n image=stand_in
  [ "$(kind)" != official ] || local -n image=official
  for name in $names; do
    [ "${image[$name]}" = "${official[$name]}" ] || echo "# ${image[$name]} stands for ${official[$name]}"
    echo "${name^^}_IMAGE=${image[$name]}"
  done
  echo "SEED_IMAGE=${stand_in[seed]}"
}

# The official ones need no line: they are what the compose files name.
monitoring() {
  [ "$(kind)" != official ] || return 0
  local context=$here/images/monitoring name tag key
  key=$({ cat "$context"/*; docker image inspect --format '{{.Id}}' "${stand_in[trixie]}"; } | sha256sum | cut -c 1-16)
  for name in prometheus alertmanager grafana node-exporter postgres-exporter redis-exporter blackbox-exporter; do
    tag=korrigo-test/$name:1
    [ "$(docker image inspect --format '{{index .Config.Labels "korrigo.recipe"}}' "$tag" 2>/dev/null)" = "$key" ] || {
      echo "bed: $tag" >&2
      docker build --quiet --label korrigo.recipe="$key" --build-arg "TRIXIE=${stand_in[trixie]}" --target "$name" \
        --tag "$tag" "$context" >/dev/null
    }
    name=${name^^}
    echo "${name//-/_}_IMAGE=$tag"
  done
}

logs() {
  [ "$(kind)" != official ] || return 0
  local version tag folder=$cache/context/victoria-logs
  version=$(sed -n 's/.*victoria-logs:\(v[0-9.]*\)}.*/\1/p' "$here/../infra/docker/docker-compose.logs.yml")
  tag=korrigo-test/victoria-logs:$version
  docker image inspect "$tag" >/dev/null 2>&1 || {
    echo "bed: $tag" >&2
    command -v go >/dev/null || { echo "Docker Hub does not answer, and VictoriaLogs can be built only by Go, which is missing." >&2; return 1; }
    mkdir -p "$folder"
    CGO_ENABLED=0 GOBIN=$folder go install -ldflags '-s -w' "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@$version" >&2
    printf 'FROM scratch\nCOPY victoria-logs /\nENTRYPOINT ["/victoria-logs"]\n' >"$folder/Dockerfile"
    docker build --quiet --tag "$tag" "$folder" >/dev/null
    rm -rf "$folder"
  }
  printf 'VICTORIA_LOGS_IMAGE=%s\nDEBIAN_IMAGE=%s\n' "$tag" "${stand_in[trixie]}"
}

bed() {
  case $1 in
    newest | alpine_like | systemd) build "$1" "SERVER=${stand_in[server]}" ;;
    compose_5) build newest "SERVER=${stand_in[server]}"; build compose_5 "SERVER=${stand_in[newest]}" ;;
  esac
  echo "SERVER_IMAGE=${stand_in[$1]}"
  case $1 in newest | compose_5) runner_tools "$1" ;; esac
}

# The same docker, Compose and buildx for the runner.
runner_tools() {
  local folder=$cache/$1 image id
  image=$(docker image inspect --format '{{.Id}}' "${stand_in[$1]}")
  [ "$(cat "$folder/complete" 2>/dev/null)" = "$image" ] || {
    rm -rf "$folder"
    mkdir -p "$folder/bin"
    id=$(docker create "${stand_in[$1]}")
    docker cp "$id:/usr/bin/docker" "$folder/bin/docker" >&2
    docker cp "$id:/usr/libexec/docker/cli-plugins" "$folder/cli-plugins" >&2
    docker rm --volumes "$id" >/dev/null
    echo "$image" >"$folder/complete"
  }
  echo "TOOLS=$folder"
}

# The choice is made once for a cache: pulling from Docker Hub is rationed, and asking takes seconds where it is cut off.
choose() {
  [ ! -s "$cache/images.kind" ] || return 0
  if timeout 10 docker manifest inspect "${official[busybox]}" >/dev/null 2>&1; then echo official; else echo stand-in; fi \
    >"$cache/images.kind"
}

kind() { echo "${KORRIGO_BED_IMAGES:-$(cat "$cache/images.kind" 2>/dev/null || echo stand-in)}"; }

base() {
  local suite=$1 bare=korrigo-test/debian-bare:$1 mirror
  command -v mmdebstrap >/dev/null || apt-get -qq install --no-install-recommends mmdebstrap >/dev/null ||
    { echo "Docker Hub does not answer, and stand-ins can be made only on Debian: mmdebstrap is missing." >&2; return 1; }
  if ! docker image inspect "$bare" >/dev/null 2>&1; then
    echo "bed: debian $suite" >&2
    # shellcheck disable=SC2016 # the format is apt's
    mirror=$(apt-get indextargets 'Identifier: Packages' 'Label: Debian' --format '$(REPO_URI)' | head -n 1)
    mmdebstrap --quiet --variant=minbase "$suite" - "$mirror" 2>"$cache/$suite.log" | docker import - "$bare" >/dev/null
  fi
  build "$suite" "FROM=$bare"
}

# build NAME BUILD-ARG: from images/NAME, unless the image was built from this very recipe and base.
build() {
  local name=$1 recipe=$1 tag=${stand_in[$1]} context=$cache/context/$1 key
  case $name in bookworm | trixie) recipe=debian ;; esac
  key=$({ cat "$here/images/$recipe"/*; docker image inspect --format '{{.Id}}' "${2#*=}"; machine; } | sha256sum | cut -c 1-16)
  [ "$(docker image inspect --format '{{index .Config.Labels "korrigo.recipe"}}' "$tag" 2>/dev/null)" != "$key" ] || return 0
  echo "bed: $tag" >&2
  rm -rf "$context"
  mkdir -p "$context"
  cp "$here/images/$recipe"/* "$context/"
  case $recipe in
    debian) machine apt >"$context/apt.conf"; cp /etc/ssl/certs/ca-certificates.crt "$context/" ;;
    node) fetch_node "$context" ;;
    compose_5) fetch_compose "$context" ;;
  esac
  docker build --quiet --label korrigo.recipe="$key" --build-arg "$2" --tag "$tag" "$context" >/dev/null
  rm -rf "$context"
}

# What of this machine goes into the images: how apt reaches its mirror, and the certificates.
machine() {
  apt-config dump 2>/dev/null | grep -E '^Acquire::(Check|Retries|https?::Proxy)' || true
  [ "${1:-}" = apt ] || cat /etc/ssl/certs/ca-certificates.crt 2>/dev/null || true
}

fetch_node() {
  local arch=x64
  [ "$(uname -m)" = x86_64 ] || arch=arm64
  npm install --silent --ignore-scripts --no-save --no-package-lock --prefix "$1/fetch" "node-linux-$arch@24" npm@11 >/dev/null
  mv "$1/fetch/node_modules/node-linux-$arch/bin/node" "$1/node"
  mv "$1/fetch/node_modules/npm" "$1/npm"
  rm -rf "$1/fetch"
}

# Compose as its authors do it, in a copy of its module: `go install` refuses a module that excludes others.
fetch_compose() {
  local version source
  version=$(sed -n "s/^LABEL korrigo.compose=//p" "$1/Dockerfile")
  command -v go >/dev/null || { echo "Compose 5 can be built only by Go, which is missing." >&2; return 1; }
  source=$(cd / && go mod download -json "github.com/docker/compose/v5@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  cp -r "$source" "$1/source"
  chmod -R u+w "$1/source"
  (cd "$1/source" && go build -ldflags "-s -w -X github.com/docker/compose/v5/internal.Version=$version" -o ../docker-compose ./cmd)
  rm -rf "$1/source"
}

main "$@"
